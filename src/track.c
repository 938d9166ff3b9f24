/*
 * track.c
 *		The trigger of track_subjects().
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "gate.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

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

/*
 * Tell the registry about a row that was inserted or updated.  The columns are
 * those of the trigger's UPDATE OF: first the subject, then the birth date.
 * Throws when the registry cannot take the row, so that the table that is the
 * source of truth never gets ahead of it.
 */
Datum
track_subject_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Oid			types[2] = {TEXTARRAYOID, get_array_type(DATEOID)};
	Datum		arguments[2];
	TupleDesc	tupdesc;
	HeapTuple	row;
	Datum		subject;
	Datum		birth_date;
	bool		subject_null;
	bool		birth_date_null;
	int			dims[1] = {1};
	int			lbounds[1] = {1};
	bool		isnull;
	Datum		result;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		trigdata->tg_trigger->tgnattr != 2)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("track_subject_change() can only be called by a trigger that track_subjects() made")));

	tupdesc = RelationGetDescr(trigdata->tg_relation);
	if (getBaseType(TupleDescAttr(tupdesc, trigdata->tg_trigger->tgattr[1] - 1)->atttypid) != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the second column of a trigger with track_subject_change() must be of type date")));
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	subject = heap_getattr(row, trigdata->tg_trigger->tgattr[0], tupdesc,
						   &subject_null);
	birth_date = heap_getattr(row, trigdata->tg_trigger->tgattr[1], tupdesc,
							  &birth_date_null);

	/* A row about nobody, which the gate denies anyway. */
	if (subject_null)
		return PointerGetDatum(NULL);

	subject = CStringGetTextDatum(SubjectText(subject,
											  TupleDescAttr(tupdesc, trigdata->tg_trigger->tgattr[0] - 1)->atttypid));
	arguments[0] = PointerGetDatum(construct_array(&subject, 1, TEXTOID, -1,
												   false, TYPALIGN_INT));
	arguments[1] = PointerGetDatum(construct_md_array(&birth_date,
													  &birth_date_null, 1, dims,
													  lbounds, DATEOID, 4, true,
													  TYPALIGN_INT));

	SPI_connect();
	if (SPI_execute_with_args("SELECT " EXTENSION_SCHEMA ".sync_subjects_batch(1, $1, $2)",
							  2, types, arguments, NULL, false, 1) != SPI_OK_SELECT ||
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
	return PointerGetDatum(NULL);
}
