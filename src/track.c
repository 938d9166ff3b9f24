/*
 * track.c
 *		The triggers of track_subjects().
 *
 * They run with the rights of the role that changes the table, since they evaluate
 * expressions of the table's owner, see MovedRow().  Only the call that writes the
 * registry has the rights of the owner of the extension, and only values reach it.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "gate.h"
#include "miscadmin.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/partcache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(track_subject_change);

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

/* The column of a tracked table whose number is in the trigger's UPDATE OF. */
static Form_pg_attribute
TrackedColumn(const TriggerData *trigdata, int i)
{
	return TupleDescAttr(RelationGetDescr(trigdata->tg_relation),
						 trigdata->tg_trigger->tgattr[i] - 1);
}

/* The subject of a row, as a text; false when there is none. */
static bool
GetSubject(const TriggerData *trigdata, HeapTuple row, Datum *subject)
{
	bool		isnull;
	Datum		value = heap_getattr(row, trigdata->tg_trigger->tgattr[0],
									 RelationGetDescr(trigdata->tg_relation),
									 &isnull);

	if (isnull)
		return false;
	*subject = CStringGetTextDatum(SubjectText(value,
											   TrackedColumn(trigdata, 0)->atttypid));
	return true;
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
 * Tell the registry what a row says: the subject, the birth date and, where the
 * row was updated, what both were before.  Throws when the registry cannot take
 * the row, so that the table that is the source never gets ahead of it.
 */
static void
SyncSubject(const TriggerData *trigdata, HeapTuple old_row, HeapTuple row)
{
	TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
	Oid			types[4] = {TEXTARRAYOID, get_array_type(DATEOID), TEXTOID, DATEOID};
	Datum		arguments[4] = {0};
	char		nulls[5] = "  nn";
	Datum		subject;
	Datum		birth_date;
	bool		isnull;
	int			dims[1] = {1};
	int			lbounds[1] = {1};
	Datum		result;
	Oid			save_userid;
	int			save_sec_context;

	/* A row about nobody, which the gate denies anyway. */
	if (!GetSubject(trigdata, row, &subject))
		return;
	arguments[0] = PointerGetDatum(construct_array(&subject, 1, TEXTOID, -1,
												   false, TYPALIGN_INT));
	birth_date = heap_getattr(row, trigdata->tg_trigger->tgattr[1], tupdesc,
							  &isnull);
	arguments[1] = PointerGetDatum(construct_md_array(&birth_date, &isnull, 1,
													  dims, lbounds, DATEOID, 4,
													  true, TYPALIGN_INT));
	if (old_row != NULL)
	{
		if (GetSubject(trigdata, old_row, &arguments[2]))
			nulls[2] = ' ';
		arguments[3] = heap_getattr(old_row, trigdata->tg_trigger->tgattr[1],
									tupdesc, &isnull);
		if (!isnull)
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
 * changes the table, so it has to end with the duty of the one who answers for the table,
 * also when the table goes to another owner.
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
 * The row that an update moves to another partition, with the key filled in if
 * that is a generated column; NULL when the row stays where it is.  To the
 * triggers after it such an update is a DELETE and an INSERT, so that only the
 * one before it sees that both are about one person.
 */
static HeapTuple
MovedRow(const TriggerData *trigdata)
{
	Relation	rel = trigdata->tg_relation;
	TupleDesc	tupdesc = RelationGetDescr(rel);
	HeapTuple	row = trigdata->tg_newtuple;
	AttrNumber	attnum = trigdata->tg_trigger->tgattr[0];
	EState	   *estate;
	ExprContext *econtext;
	TupleTableSlot *slot;

	if (!rel->rd_rel->relispartition)
		return NULL;

	estate = CreateExecutorState();
	econtext = GetPerTupleExprContext(estate);
	slot = MakeSingleTupleTableSlot(tupdesc, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(row, slot, false);
	econtext->ecxt_scantuple = slot;
	if (ExecCheck(ExecPrepareCheck(RelationGetPartitionQual(rel), estate),
				  econtext))
		row = NULL;
	else if (TrackedColumn(trigdata, 0)->attgenerated != '\0')
	{
		Expr	   *expr = (Expr *) build_column_default(rel, attnum);
		int			column = attnum;
		bool		isnull;
		Datum		key = ExecEvalExpr(ExecPrepareExpr(expr, estate), econtext,
									   &isnull);

		row = heap_modify_tuple_by_cols(row, tupdesc, 1, &column, &key, &isnull);
	}
	ExecDropSingleTupleTableSlot(slot);
	FreeExecutorState(estate);
	return row;
}

/*
 * track_subject_change(): the triggers that track_subjects() makes, one after a
 * row was inserted or updated and one before it is updated.  The columns are
 * those of the trigger's UPDATE OF: first the subject, then the birth date.
 */
Datum
track_subject_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ||
		(TRIGGER_FIRED_BEFORE(trigdata->tg_event) &&
		 !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)) ||
		trigdata->tg_trigger->tgnattr != 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("track_subject_change() can only be called by a trigger that track_subjects() made")));
	if (getBaseType(TrackedColumn(trigdata, 1)->atttypid) != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the second column of a trigger with track_subject_change() must be of type date")));
	CheckOwner(fcinfo->flinfo->fn_oid, trigdata->tg_relation);

	if (TRIGGER_FIRED_BEFORE(trigdata->tg_event))
	{
		HeapTuple	moved = MovedRow(trigdata);

		if (moved != NULL)
			SyncSubject(trigdata, trigdata->tg_trigtuple, moved);
		return PointerGetDatum(trigdata->tg_newtuple);
	}
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		SyncSubject(trigdata, trigdata->tg_trigtuple, trigdata->tg_newtuple);
	else
		SyncSubject(trigdata, NULL, trigdata->tg_trigtuple);
	return PointerGetDatum(NULL);
}
