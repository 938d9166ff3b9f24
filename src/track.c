/*
 * track.c
 *		The triggers of track_subjects().
 *
 * One trigger names the columns of the subject and of the birth date in UPDATE OF.
 * The other fires on every update, for a value that another trigger put in, and
 * where rows leave a partition.
 *
 * Both run with the rights of the role that changes the table.  Only the call that
 * writes the registry has the rights of the owner of the extension, and only
 * values reach it.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "gate.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/combocid.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* The trigger without columns; it may outlive the one that names them. */
#define CHANGES_TRIGGER "consent_profiling_track_changes"

PG_FUNCTION_INFO_V1(track_subject_change);

/* What a row says of a person. */
typedef struct Claim
{
	char	   *subject;		/* NULL for none */
	bool		has_birth_date;
	DateADT		birth_date;
} Claim;

/*
 * A row that an update moves to another partition is deleted there and inserted
 * here.  This is what it said, until the row that it has become arrives, which has
 * the same transaction and command.
 */
typedef struct Departure
{
	TransactionId xid;
	CommandId	cid;
	bool		marked;			/* by the update that moves the row */
	Claim		claim;
} Departure;

/* The departures of this transaction, the newest first. */
static List *departures = NIL;
static LocalTransactionId departures_lxid = InvalidLocalTransactionId;

/* The text of a subject, blank padding of char(n) removed. */
static char *
SubjectText(Datum value, Oid type)
{
	Oid			output;
	bool		is_varlena;
	char	   *result;

	getTypeOutputInfo(type, &output, &is_varlena);
	result = OidOutputFunctionCall(output, value);
	if (getBaseType(type) == BPCHAROID)
	{
		int			len = strlen(result);

		while (len > 0 && result[len - 1] == ' ')
			result[--len] = '\0';
	}
	return result;
}

/*
 * The trigger of the table that names its columns, first that of the subject, then
 * that of the birth date.  So they follow a rename, and a partition where they have
 * other numbers.  NULL when it was dropped with a column, which ended the tracking.
 */
static const Trigger *
ColumnTrigger(const TriggerData *trigdata)
{
	const TriggerDesc *triggers = trigdata->tg_relation->trigdesc;

	if (trigdata->tg_trigger->tgnattr == 2)
		return trigdata->tg_trigger;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgfoid == trigdata->tg_trigger->tgfoid &&
			trigger->tgnattr == 2)
			return trigger;
	}
	return NULL;
}

/* Read what a row says; the columns are those that the trigger names. */
static Claim
ReadClaim(const TriggerData *trigdata, const Trigger *columns, HeapTuple row)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	AttrNumber	subject_column = columns->tgattr[0];
	AttrNumber	birth_date_column = columns->tgattr[1];
	Claim		claim = {0};
	Datum		value;
	bool		isnull;

	if (getBaseType(TupleDescAttr(tupdesc, birth_date_column - 1)->atttypid) != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the second column of a trigger with track_subject_change() must be of type date")));

	value = heap_getattr(row, subject_column, tupdesc, &isnull);
	if (!isnull)
		claim.subject = SubjectText(value,
									TupleDescAttr(tupdesc, subject_column - 1)->atttypid);
	value = heap_getattr(row, birth_date_column, tupdesc, &isnull);
	claim.has_birth_date = !isnull;
	if (!isnull)
		claim.birth_date = DatumGetDateADT(value);
	return claim;
}

static bool
ClaimsEqual(const Claim *a, const Claim *b)
{
	if ((a->subject == NULL) != (b->subject == NULL) ||
		a->has_birth_date != b->has_birth_date)
		return false;
	return (a->subject == NULL || strcmp(a->subject, b->subject) == 0) &&
		(!a->has_birth_date || a->birth_date == b->birth_date);
}

/* The owner of the trigger's function, and so of the extension. */
static Oid
FunctionOwner(const TriggerData *trigdata)
{
	Oid			function = trigdata->tg_trigger->tgfoid;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Tell the registry what a row says and, where the row was updated, what it said
 * before; that is NULL for a new row.  Throws when the registry cannot take the
 * row, so that the table that is the source never gets ahead of it.
 */
static void
SyncSubject(const TriggerData *trigdata, const Claim *before, const Claim *after)
{
	Oid			types[4] = {TEXTARRAYOID, get_array_type(DATEOID), TEXTOID, DATEOID};
	Datum		arguments[4] = {0};
	char		nulls[5] = "  nn";
	Datum		subject;
	Datum		birth_date = DateADTGetDatum(after->birth_date);
	bool		no_birth_date = !after->has_birth_date;
	int			dims[1] = {1};
	int			lbounds[1] = {1};
	bool		isnull;
	Datum		result;
	Oid			save_userid;
	int			save_sec_context;

	/* A row without a subject, which the gate denies anyway. */
	if (after->subject == NULL)
		return;
	subject = CStringGetTextDatum(after->subject);
	arguments[0] = PointerGetDatum(construct_array(&subject, 1, TEXTOID, -1,
												   false, TYPALIGN_INT));
	arguments[1] = PointerGetDatum(construct_md_array(&birth_date, &no_birth_date, 1,
													  dims, lbounds, DATEOID, 4,
													  true, TYPALIGN_INT));
	if (before != NULL && before->subject != NULL)
	{
		arguments[2] = CStringGetTextDatum(before->subject);
		nulls[2] = ' ';
	}
	if (before != NULL && before->has_birth_date)
	{
		arguments[3] = DateADTGetDatum(before->birth_date);
		nulls[3] = ' ';
	}

	GetUserIdAndSecContext(&save_userid, &save_sec_context);
	SetUserIdAndSecContext(FunctionOwner(trigdata),
						   save_sec_context | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	if (SPI_execute_with_args("SELECT " EXTENSION_SCHEMA ".sync_subjects_batch(1, $1, $2, $3, $4)",
							  4, types, arguments, nulls, false, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not keep the registry in step");
	result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						   &isnull);
	if (!isnull)
	{
		Datum	   *problems;
		int			nproblems;
		const char *problem;

		deconstruct_array(DatumGetArrayTypeP(result), TEXTOID, -1, false,
						  TYPALIGN_INT, &problems, NULL, &nproblems);
		problem = TextDatumGetCString(problems[0]);
		/* It is the only row of its batch, and of no number in the table. */
		if (strncmp(problem, "row 1: ", 7) == 0)
			problem += 7;
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the registry cannot take this row of table \"%s\"",
						RelationGetRelationName(trigdata->tg_relation)),
				 errdetail_internal("%s", problem)));
	}
	SPI_finish();
	SetUserIdAndSecContext(save_userid, save_sec_context);
}

/*
 * Throws insufficient_privilege unless the owner of the table may record.  The
 * trigger writes with the rights of the extension's owner for every role that
 * changes the table, so it has to end with the duty of the role that answers for
 * the table, also when the table goes to another owner.
 */
static void
CheckOwner(Oid function, Relation rel)
{
	Oid			owner = rel->rd_rel->relowner;

	if (!MayExecute(function, owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\", which owns table \"%s\", is not a recorder",
						GetUserNameFromId(owner, false),
						RelationGetRelationName(rel)),
				 errhint("An administrator can grant the duty with consent_profiling.grant_duty(); consent_profiling.untrack_subjects() ends the tracking of the table.")));
}

/*
 * Remember what a row said that leaves its partition for another one of the tracked
 * table.  Such a row is marked so.  Logical replication does not mark it, but
 * deletes and inserts in one command only where it moves a row.
 */
static void
RememberDeparture(const TriggerData *trigdata, const Trigger *columns)
{
	HeapTuple	row = trigdata->tg_trigtuple;
	bool		marked;
	TransactionId xid;
	CommandId	cid;
	Departure  *departure;
	MemoryContext oldcontext;

	if (!trigdata->tg_trigger->tgisclone ||
		trigdata->tg_relation->rd_rel->relkind != RELKIND_RELATION)
		return;
	marked = HeapTupleHeaderIndicatesMovedPartitions(row->t_data);
	if (!marked && !IsLogicalWorker())
		return;

	if (departures_lxid != MyLocalTransactionId)
	{
		departures = NIL;
		departures_lxid = MyLocalTransactionId;
	}
	xid = HeapTupleHeaderGetUpdateXid(row->t_data);
	cid = HeapTupleHeaderGetCmax(row->t_data);
	/* Rows arrive one by one, so what has not arrived yet never will. */
	while (departures != NIL)
	{
		Departure  *last = linitial(departures);

		if (last->marked && !(last->xid == xid && last->cid == cid))
			break;
		departures = list_delete_first(departures);
	}
	oldcontext = MemoryContextSwitchTo(TopTransactionContext);
	departure = palloc(sizeof(Departure));
	departure->xid = xid;
	departure->cid = cid;
	departure->marked = marked;
	departure->claim = ReadClaim(trigdata, columns, row);
	departures = lcons(departure, departures);
	MemoryContextSwitchTo(oldcontext);
}

/*
 * Find what the row said that has arrived from another partition; NULL for a new
 * row.  A row of a foreign table has no transaction and command; it has left last.
 */
static const Claim *
FindDeparture(const TriggerData *trigdata)
{
	HeapTupleHeader row = trigdata->tg_trigtuple->t_data;
	bool		is_foreign = trigdata->tg_relation->rd_rel->relkind == RELKIND_FOREIGN_TABLE;

	if (departures == NIL || departures_lxid != MyLocalTransactionId)
		return NULL;
	for (int i = 0; i < list_length(departures); i++)
	{
		Departure  *departure = list_nth(departures, i);

		if (is_foreign ||
			(departure->xid == HeapTupleHeaderGetXmin(row) &&
			 departure->cid == HeapTupleHeaderGetCmin(row)))
		{
			/* What departed later, in commands within this one, has arrived. */
			departures = list_delete_first_n(departures, i + 1);
			return &departure->claim;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return NULL;
}

/* Has this transaction updated this version of a row again, in its place? */
static bool
IsUpdatedAgain(HeapTuple row)
{
	HeapTupleHeader header = row->t_data;

	return !(header->t_infomask & HEAP_XMAX_INVALID) &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		!HeapTupleHeaderIndicatesMovedPartitions(header) &&
		!ItemPointerEquals(&row->t_self, &header->t_ctid) &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetUpdateXid(header));
}

/*
 * Another trigger may have updated the row again before this one came to know of
 * it, and that update was told to the registry first.  So tell it of each version
 * that came after, in order.
 */
static void
SyncLaterVersions(const TriggerData *trigdata, const Trigger *columns,
				  HeapTuple row, Claim claim)
{
	Relation	rel = trigdata->tg_relation;
	TupleTableSlot *slot;

	if (rel->rd_rel->relkind != RELKIND_RELATION || !IsUpdatedAgain(row))
		return;
	slot = table_slot_create(rel, NULL);
	do
	{
		ItemPointerData next_tid = row->t_data->t_ctid;
		Claim		next;

		CHECK_FOR_INTERRUPTS();
		if (!table_tuple_fetch_row_version(rel, &next_tid, SnapshotAny, slot))
			break;
		row = ExecFetchSlotHeapTuple(slot, true, NULL);
		next = ReadClaim(trigdata, columns, row);
		if (!ClaimsEqual(&claim, &next))
			SyncSubject(trigdata, &claim, &next);
		claim = next;
	} while (IsUpdatedAgain(row));
	ExecDropSingleTupleTableSlot(slot);
}

/*
 * Has the trigger that names the columns been fired by this update, too?  It is
 * when the statement sets one of them.
 */
static bool
ColumnsAreSet(const TriggerData *trigdata, const Trigger *columns)
{
	for (int i = 0; i < columns->tgnattr; i++)
		if (bms_is_member(columns->tgattr[i] - FirstLowInvalidHeapAttributeNumber,
						  trigdata->tg_updatedcols))
			return true;
	return false;
}

/*
 * track_subject_change(): the triggers that track_subjects() makes.
 */
Datum
track_subject_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const Trigger *columns = NULL;
	const Claim *before = NULL;
	Claim		old_claim;
	Claim		claim;

	if (CALLED_AS_TRIGGER(fcinfo))
		columns = ColumnTrigger(trigdata);
	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) ||
		(columns == NULL &&
		 strcmp(trigdata->tg_trigger->tgname, CHANGES_TRIGGER) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("track_subject_change() can only be called by a trigger that track_subjects() made")));
	if (columns == NULL)
		return PointerGetDatum(NULL);

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
	{
		RememberDeparture(trigdata, columns);
		return PointerGetDatum(NULL);
	}
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		if (columns != trigdata->tg_trigger && ColumnsAreSet(trigdata, columns))
			return PointerGetDatum(NULL);
		old_claim = ReadClaim(trigdata, columns, trigdata->tg_trigtuple);
		claim = ReadClaim(trigdata, columns, trigdata->tg_newtuple);
		if (ClaimsEqual(&old_claim, &claim))
			return PointerGetDatum(NULL);
		before = &old_claim;
	}
	else
	{
		claim = ReadClaim(trigdata, columns, trigdata->tg_trigtuple);
		before = FindDeparture(trigdata);
	}
	CheckOwner(fcinfo->flinfo->fn_oid, trigdata->tg_relation);
	SyncSubject(trigdata, before, &claim);
	SyncLaterVersions(trigdata, columns,
					  TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
					  trigdata->tg_newtuple : trigdata->tg_trigtuple,
					  claim);
	return PointerGetDatum(NULL);
}
