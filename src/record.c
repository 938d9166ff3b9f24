/*
 * record.c
 *		What the recording functions need to know that SQL cannot tell them.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "decision.h"
#include "gate.h"
#include "iso8601.h"
#include "miscadmin.h"
#include "objection.h"
#include "registry.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(refuse_on_subscriber);
PG_FUNCTION_INFO_V1(refuse_write_on_subscriber);
PG_FUNCTION_INFO_V1(caller_role);
PG_FUNCTION_INFO_V1(recorded_actor);
PG_FUNCTION_INFO_V1(is_recordable);
PG_FUNCTION_INFO_V1(consent_is_refusal);
PG_FUNCTION_INFO_V1(consent_denies);
PG_FUNCTION_INFO_V1(choice_fits);
PG_FUNCTION_INFO_V1(count_events);

/*
 * caller_role(): the role in force outside of any SECURITY DEFINER function.
 * The recording functions are such functions, so their current_user is always
 * the owner of the extension and would make a worthless history.
 */
Datum
caller_role(PG_FUNCTION_ARGS)
{
	Name		name = palloc0(sizeof(NameData));

	(void) fcinfo;
	namestrcpy(name, GetUserNameFromId(GetOuterUserId(), false));
	PG_RETURN_NAME(name);
}

/* recorded_actor(): the setting consent_profiling.actor, null when empty. */
Datum
recorded_actor(PG_FUNCTION_ARGS)
{
	if (actor_setting == NULL || actor_setting[0] == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(actor_setting));
}

/* is_refusal(consent): is it a refusal or a withdrawal? */
Datum
consent_is_refusal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ConsentStatusIsNo(PG_GETARG_CONSENT_P(0)->status));
}

/* is_recordable(timestamptz): can it be the time of an act? */
Datum
is_recordable(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(Iso8601InRange(PG_GETARG_TIMESTAMPTZ(0)));
}

/*
 * consent_denies(consent): is it an answer that can only deny?  So are a No of
 * the person and what the controller found to be expired or invalid.
 */
Datum
consent_denies(PG_FUNCTION_ARGS)
{
	int32		status = PG_GETARG_CONSENT_P(0)->status;

	PG_RETURN_BOOL(ConsentStatusIsAnswer(status) &&
				   status != CONSENT_GIVEN && status != CONSENT_RENEWED);
}

/*
 * choice_fits(consent, refusal, objection, raised_at, withdrawn_at,
 * overridden_at): do the facts of a row of "choice" fit together?  There is a
 * consent or an objection; the newest refusal is one, and not newer than the
 * consent, which is the same if it is a No; and the objection is the newest act
 * of objecting.
 */
Datum
choice_fits(PG_FUNCTION_ARGS)
{
	Consent    *consent = PG_ARGISNULL(0) ? NULL : PG_GETARG_CONSENT_P(0);
	Consent    *refusal = PG_ARGISNULL(1) ? NULL : PG_GETARG_CONSENT_P(1);
	bool		acted = false;
	TimestampTz newest = DT_NOBEGIN;

	if (consent == NULL && (refusal != NULL || PG_ARGISNULL(2)))
		PG_RETURN_BOOL(false);
	if (refusal != NULL && (!ConsentStatusIsNo(refusal->status) ||
							CompareConsents(refusal, consent) > 0))
		PG_RETURN_BOOL(false);
	if (consent != NULL && ConsentStatusIsNo(consent->status) &&
		(refusal == NULL || CompareConsents(refusal, consent) != 0))
		PG_RETURN_BOOL(false);

	for (int i = 3; i <= 5; i++)
	{
		if (PG_ARGISNULL(i))
			continue;
		acted = true;
		newest = Max(newest, PG_GETARG_TIMESTAMPTZ(i));
	}
	if (acted == PG_ARGISNULL(2))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(!acted ||
				   DatumGetObjectionP(PG_GETARG_DATUM(2))->at == newest);
}

/*
 * count_events(subject): how many events of a subject there are right now.  A
 * query in a REPEATABLE READ transaction misses what has been committed since
 * it began; this does not.
 */
Datum
count_events(PG_FUNCTION_ARGS)
{
	const Registry *registry = GetRegistry();
	Relation	rel;
	ScanKeyData scankey;
	SysScanDesc scan;
	Snapshot	snapshot;
	int64		count = 0;

	SubjectScanKey(&scankey, EVENT_SUBJECT, registry, PG_GETARG_DATUM(0));
	rel = table_open(registry->event, AccessShareLock);
	snapshot = RegisterSnapshot(GetLatestSnapshot());
	scan = systable_beginscan(rel, registry->event_link, true, snapshot, 1,
							  &scankey);
	while (HeapTupleIsValid(systable_getnext(scan)))
		count++;
	systable_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, AccessShareLock);
	PG_RETURN_INT64(count);
}

/*
 * Is this table brought here by a subscription?  Asked of the system cache, which
 * remembers also that there is none, since every act asks.
 */
static bool
IsSubscribed(Oid relid)
{
	CatCList   *subscriptions = SearchSysCacheList1(SUBSCRIPTIONRELMAP,
													ObjectIdGetDatum(relid));
	bool		result = subscriptions->n_members > 0;

	ReleaseSysCacheList(subscriptions);
	return result;
}

/* Throws object_not_in_prerequisite_state where the registry comes by replication. */
static void
RefuseOnSubscriber(void)
{
	const Registry *registry = GetRegistry();

	if (IsSubscribed(registry->purpose) || IsSubscribed(registry->subject) ||
		IsSubscribed(registry->choice))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the registry belongs to a subscription"),
				 errdetail("What is recorded here would be lost or stop the replication."),
				 errhint("Record where the registry is published.")));
}

/* refuse_on_subscriber(): the same for an event about a subject. */
Datum
refuse_on_subscriber(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	RefuseOnSubscriber();
	PG_RETURN_VOID();
}

/* refuse_write_on_subscriber(): the same as a trigger of a table of the registry. */
Datum
refuse_write_on_subscriber(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	RefuseOnSubscriber();
	return PointerGetDatum(NULL);
}
