/*
 * decide_gate.c
 *		may_decide(): may a decision that is based solely on automated
 *		processing be taken about somebody?
 *
 * Art. 22 lets fewer such decisions be taken than people may be profiled, and
 * gives the person a right to have a human look at one.  It is asked where a
 * decision is taken, about the person whom it is about.  So there is no set of
 * everybody, as for may_profile(): each call reads the registry's rows, as the
 * query's snapshot has them.
 */
#include "compat.h"

#include "engine.h"
#include "gate.h"
#include "newer_row.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(may_decide_int2);
PG_FUNCTION_INFO_V1(may_decide_int4);
PG_FUNCTION_INFO_V1(may_decide_int8);
PG_FUNCTION_INFO_V1(may_decide_uuid);
PG_FUNCTION_INFO_V1(may_decide_text);
PG_FUNCTION_INFO_V1(may_decide_subject_id);

/*
 * What a call keeps in fn_extra for the next row of the same query.  It is good
 * as long as answers_epoch is what it was.
 */
typedef struct DecideCall
{
	MemoryContext context;		/* of the purpose */
	uint64		epoch;			/* 0: nothing is kept */
	Purpose    *purpose;
} DecideCall;

/*
 * Read a purpose into the current memory context.  Throws undefined_object for
 * an unknown purpose, object_not_in_prerequisite_state for one that is not
 * profiling, insufficient_privilege for one that the role was not allowed.
 */
static Purpose *
ReadAllowedPurpose(const char *name)
{
	const Registry *registry = GetRegistry();
	Purpose    *purpose = ReadPurpose(registry, name, GetActiveSnapshot());

	CheckPurposeAllowed(registry, name, GetUserId());
	return purpose;
}

/* The purpose of the call: its second argument or else the setting. */
static Purpose *
PurposeOfCall(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;
	DecideCall *call = flinfo->fn_extra;
	uint64		epoch = answers_epoch;
	MemoryContext oldcontext;
	const char *name = purpose_setting;

	if (call != NULL && call->epoch == epoch)
		return call->purpose;

	/* PostgreSQL runs no query without one. */
	if (!ActiveSnapshotSet())
		elog(ERROR, "may_decide called without a snapshot");
	if (PG_NARGS() > 1)
	{
		if (PG_ARGISNULL(1))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("purpose must not be null")));
		name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	}
	if (!IsCallOfQuery(flinfo) ||
		(PG_NARGS() > 1 && !get_fn_expr_arg_stable(flinfo, 1)))
		return ReadAllowedPurpose(name);

	if (call == NULL)
	{
		call = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(DecideCall));
		call->context = AllocSetContextCreate(flinfo->fn_mcxt,
											  "consent_profiling purpose",
											  ALLOCSET_SMALL_SIZES);
		flinfo->fn_extra = call;
	}
	call->epoch = 0;
	MemoryContextReset(call->context);
	oldcontext = MemoryContextSwitchTo(call->context);
	call->purpose = ReadAllowedPurpose(name);
	MemoryContextSwitchTo(oldcontext);
	call->epoch = epoch;
	return call->purpose;
}

/* May a decision be taken about this subject, as a snapshot has it? */
static bool
DecisionPermitted(const Purpose *purpose, const SubjectKey *subject,
				  Snapshot snapshot, TimestampTz now)
{
	SubjectFacts facts = {0};
	PurposeRules rules;
	bool		permitted;

	/* Nobody has said that decisions are taken for this purpose. */
	if (!purpose->automated_decision)
		return false;

	/* Art. 22(2) and (4), on top of what profiling takes */
	rules = DecisionRules(&purpose->rules, purpose->basis);
	facts.choices = palloc(purpose->nlevels * sizeof(ChoiceFacts));
	ReadSubject(GetRegistry(), purpose, subject, snapshot, &facts);
	permitted = Permitted(&facts, &rules, now);
	pfree(facts.choices);

	/* Art. 22(3): what is contested waits for a human. */
	return permitted &&
		!ReviewIsOpen(GetRegistry(), purpose, subject, snapshot);
}

/*
 * May a decision be taken about this subject by the newest state of the
 * registry, too?  See newer_row.c.
 */
static bool
NewerDecisionPermitted(const char *purpose_name, const SubjectKey *subject,
					   TimestampTz now)
{
	Snapshot	snapshot = RegisterNewerSnapshot();
	bool		permitted;

	if (snapshot == NULL)
		return true;
	permitted = DecisionPermitted(ReadPurpose(GetRegistry(), purpose_name,
											  snapshot),
								  subject, snapshot, now);
	UnregisterSnapshot(snapshot);
	return permitted;
}

/*
 * May a decision be taken about this subject?  NULL is no subject; the purpose is
 * checked even then, so that a mistake in it does not hide behind the person.
 */
static Datum
DecideAboutSubject(FunctionCallInfo fcinfo, const SubjectKey *subject)
{
	const Purpose *purpose = PurposeOfCall(fcinfo);
	Snapshot	snapshot = GetActiveSnapshot();
	TimestampTz now = ClockOf(snapshot);

	PG_RETURN_BOOL(subject != NULL &&
				   DecisionPermitted(purpose, subject, snapshot, now) &&
				   (!MayBeNewerRow(fcinfo->flinfo) ||
					NewerDecisionPermitted(purpose->names[0], subject, now)));
}

/* The same for a number. */
static Datum
DecideAboutInteger(FunctionCallInfo fcinfo, int64 subject)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		return DecideAboutSubject(fcinfo, NULL);
	SubjectKeyFromInt64(&key, subject);
	return DecideAboutSubject(fcinfo, &key);
}

/* may_decide(smallint [, purpose]) */
Datum
may_decide_int2(PG_FUNCTION_ARGS)
{
	return DecideAboutInteger(fcinfo, PG_GETARG_INT16(0));
}

/* may_decide(integer [, purpose]) */
Datum
may_decide_int4(PG_FUNCTION_ARGS)
{
	return DecideAboutInteger(fcinfo, PG_GETARG_INT32(0));
}

/* may_decide(bigint [, purpose]) */
Datum
may_decide_int8(PG_FUNCTION_ARGS)
{
	return DecideAboutInteger(fcinfo, PG_GETARG_INT64(0));
}

/* may_decide(uuid [, purpose]) */
Datum
may_decide_uuid(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		return DecideAboutSubject(fcinfo, NULL);
	SubjectKeyFromUuid(&key, PG_GETARG_UUID_P(0));
	return DecideAboutSubject(fcinfo, &key);
}

/*
 * may_decide(text [, purpose]).  A text that no subject can be known by is
 * nobody's key, as it is to may_profile().
 */
Datum
may_decide_text(PG_FUNCTION_ARGS)
{
	SubjectKey	key;
	const char *problem;
	text	   *value;

	if (PG_ARGISNULL(0))
		return DecideAboutSubject(fcinfo, NULL);
	value = PG_GETARG_TEXT_PP(0);
	if (!SubjectKeyFromText(&key, VARDATA_ANY(value),
							VARSIZE_ANY_EXHDR(value), &problem))
		return DecideAboutSubject(fcinfo, NULL);
	return DecideAboutSubject(fcinfo, &key);
}

/* may_decide(subject_id [, purpose]) */
Datum
may_decide_subject_id(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		return DecideAboutSubject(fcinfo, NULL);
	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	return DecideAboutSubject(fcinfo, &key);
}
