/*
 * import.c
 *		import_subjects(), import_consents(), import_objections(), and the load
 *		with which track_subjects() begins.
 *
 * The query is the caller's and runs with the caller's rights: these functions
 * are not SECURITY DEFINER.  They fetch its rows in batches and hand each
 * batch, as arrays, to a function that is, and that checks and writes it with
 * set-based SQL.  Values travel, never names, so nothing of the caller is
 * looked up or run while the owner's rights are in force.
 */
#include "compat.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "gate.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(import_subjects);
PG_FUNCTION_INFO_V1(import_consents);
PG_FUNCTION_INFO_V1(import_objections);
PG_FUNCTION_INFO_V1(load_tracked);

#define ROWS_PER_BATCH		20000
#define ROWS_PER_NOTICE		100000
#define MAX_PROBLEMS_SHOWN	20
#define MAX_IMPORT_COLUMNS	5

/* A table is analysed that a load has made larger by so much. */
#define MIN_FILLED_PAGES	64
#define MIN_FILLED_SHARE	0.1

/* What a column of the query may hold, and what becomes of it. */
typedef enum ColumnKind
{
	COLUMN_SUBJECT,				/* any type that casts to subject_id; sent as
								 * text */
	COLUMN_TEXT,				/* a text type */
	COLUMN_VALUE,				/* consent or objection, or its text; sent as
								 * text */
	COLUMN_DATE,
	COLUMN_JSONB
} ColumnKind;

typedef struct ImportColumn
{
	const char *name;
	ColumnKind	kind;
	bool		optional;
} ImportColumn;

typedef struct ImportSpec
{
	const char *function;
	const char *batch_command;
	int			ncolumns;
	ImportColumn columns[MAX_IMPORT_COLUMNS];
} ImportSpec;

static const ImportSpec subjects_spec = {
	"import_subjects",
	"SELECT " EXTENSION_SCHEMA ".import_subjects_batch($1, $2, $3, $4, $5)",
	4,
	{
		{"subject", COLUMN_SUBJECT, false},
		{"birth_date", COLUMN_DATE, false},
		{"notice", COLUMN_TEXT, true},
		{"evidence", COLUMN_JSONB, true},
	}
};

/* What track_subjects() loads: the table is right, whatever was registered. */
static const ImportSpec tracked_spec = {
	"track_subjects",
	"SELECT " EXTENSION_SCHEMA ".sync_subjects_batch($1, $2, $3)",
	2,
	{
		{"subject", COLUMN_SUBJECT, false},
		{"birth_date", COLUMN_DATE, false},
	}
};

static const ImportSpec consents_spec = {
	"import_consents",
	"SELECT " EXTENSION_SCHEMA ".import_consents_batch($1, $2, $3, $4, $5, $6)",
	5,
	{
		{"subject", COLUMN_SUBJECT, false},
		{"purpose", COLUMN_TEXT, false},
		{"consent", COLUMN_VALUE, false},
		{"notice", COLUMN_TEXT, true},
		{"evidence", COLUMN_JSONB, true},
	}
};

static const ImportSpec objections_spec = {
	"import_objections",
	"SELECT " EXTENSION_SCHEMA ".import_objections_batch($1, $2, $3, $4, $5, $6)",
	5,
	{
		{"subject", COLUMN_SUBJECT, false},
		{"purpose", COLUMN_TEXT, false},
		{"objection", COLUMN_VALUE, false},
		{"notice", COLUMN_TEXT, true},
		{"evidence", COLUMN_JSONB, true},
	}
};

/* Is it a type whose text is the value, whatever the settings? */
static bool
IsTextType(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == NAMEOID;
}

/* The element type of the array in which a column is handed on. */
static Oid
ElementType(ColumnKind kind)
{
	switch (kind)
	{
		case COLUMN_DATE:
			return DATEOID;
		case COLUMN_JSONB:
			return JSONBOID;
		case COLUMN_SUBJECT:
		case COLUMN_TEXT:
		case COLUMN_VALUE:
			break;
	}
	return TEXTOID;
}

/*
 * Open a cursor for the caller's query.  Throws invalid_parameter_value for
 * what is not one statement that returns rows.
 */
static Portal
OpenQuery(const ImportSpec *spec, const char *query)
{
	SPIPlanPtr	plan = SPI_prepare(query, 0, NULL);

	if (plan == NULL || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the query of %s() must be one statement that returns rows",
						spec->function)));
	return SPI_cursor_open(NULL, plan, NULL, NULL, false);
}

/* The oid of a type of the extension, whatever the search_path. */
static Oid
ExtensionType(const char *name)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid,
						   PointerGetDatum(name),
						   ObjectIdGetDatum(get_namespace_oid(EXTENSION_SCHEMA,
															  false)));
}

/* Is the column of a type that can be taken as it is? */
static bool
TypeFits(const ImportColumn *column, Oid type)
{
	type = getBaseType(type);
	switch (column->kind)
	{
		case COLUMN_SUBJECT:
			return IsTextType(type) || type == INT2OID || type == INT4OID ||
				type == INT8OID || type == UUIDOID ||
				type == ExtensionType("subject_id");
		case COLUMN_TEXT:
			return IsTextType(type);
		case COLUMN_VALUE:
			return IsTextType(type) || type == ExtensionType(column->name);
		case COLUMN_DATE:
			return type == DATEOID;
		case COLUMN_JSONB:
			return type == JSONBOID;
	}
	return false;
}

/* What to say about a column of the wrong type. */
static const char *
ExpectedType(const ImportColumn *column)
{
	switch (column->kind)
	{
		case COLUMN_SUBJECT:
			return "a type that casts to consent_profiling.subject_id";
		case COLUMN_TEXT:
			return "text";
		case COLUMN_VALUE:
			return psprintf("consent_profiling.%s or text", column->name);
		case COLUMN_DATE:
			return "date";
		case COLUMN_JSONB:
			return "jsonb";
	}
	return NULL;
}

/*
 * Find the columns of the import among those of the query.  attnums gets 0 for
 * an optional one that is not there.  Throws undefined_column for one that is
 * missing or that the import does not know, duplicate_column, and
 * datatype_mismatch; but returns false when all that does not fit is the type
 * of the subject, which a cast may help.
 */
static bool
MatchColumns(const ImportSpec *spec, TupleDesc tupdesc, int *attnums)
{
	bool		subject_fits = true;

	memset(attnums, 0, MAX_IMPORT_COLUMNS * sizeof(int));
	for (int att = 0; att < tupdesc->natts; att++)
	{
		const char *name = NameStr(TupleDescAttr(tupdesc, att)->attname);
		int			c;

		for (c = 0; c < spec->ncolumns; c++)
		{
			if (strcmp(name, spec->columns[c].name) == 0)
				break;
		}
		if (c == spec->ncolumns)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("the query of %s() returns a column \"%s\" that it does not take",
							spec->function, name)));
		if (attnums[c] != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("the query of %s() returns column \"%s\" twice",
							spec->function, name)));
		attnums[c] = att + 1;
	}
	for (int c = 0; c < spec->ncolumns; c++)
	{
		const ImportColumn *column = &spec->columns[c];
		Oid			type;

		if (attnums[c] == 0)
		{
			if (!column->optional)
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_COLUMN),
						 errmsg("the query of %s() returns no column \"%s\"",
								spec->function, column->name)));
			continue;
		}
		type = TupleDescAttr(tupdesc, attnums[c] - 1)->atttypid;
		if (TypeFits(column, type))
			continue;
		if (column->kind == COLUMN_SUBJECT)
			subject_fits = false;
		else
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of the query of %s() is of type %s",
							column->name, spec->function,
							format_type_be(type)),
					 errhint("Make it %s.", ExpectedType(column))));
	}
	return subject_fits;
}

/*
 * The same query with the subject cast, as the caller would have written it.
 * Throws what the cast throws, cannot_coerce for instance.
 */
static char *
CastSubject(const ImportSpec *spec, const char *query, const int *attnums)
{
	StringInfoData buf;
	int			len = strlen(query);

	/* A semicolon at the end has no place in parentheses. */
	while (len > 0 && strchr("; \t\n\r\f", query[len - 1]) != NULL)
		len--;

	initStringInfo(&buf);
	appendStringInfoString(&buf, "SELECT q.subject::" EXTENSION_SCHEMA ".subject_id AS subject");
	for (int c = 1; c < spec->ncolumns; c++)
	{
		if (attnums[c] != 0)
			appendStringInfo(&buf, ", q.%s", spec->columns[c].name);
	}
	/* The line break ends a comment that the query may close with. */
	appendStringInfo(&buf, " FROM (%.*s\n) AS q", len, query);
	return buf.data;
}

/* One column of a batch as an array, allocated in the current context. */
static Datum
ColumnArray(const ImportColumn *column, SPITupleTable *rows, uint64 nrows,
			int attnum)
{
	Datum	   *values = palloc(nrows * sizeof(Datum));
	bool	   *nulls = palloc(nrows * sizeof(bool));
	Oid			element = ElementType(column->kind);
	int			dims[1] = {nrows};
	int			lbounds[1] = {1};
	int16		typlen;
	bool		typbyval;
	char		typalign;

	for (uint64 i = 0; i < nrows; i++)
	{
		nulls[i] = true;
		values[i] = (Datum) 0;
		if (attnum == 0)
			continue;
		if (element == TEXTOID)
		{
			char	   *value = SPI_getvalue(rows->vals[i], rows->tupdesc,
											 attnum);

			nulls[i] = (value == NULL);
			if (value != NULL)
				values[i] = CStringGetTextDatum(value);
		}
		else
			values[i] = SPI_getbinval(rows->vals[i], rows->tupdesc, attnum,
									  &nulls[i]);
	}
	get_typlenbyvalalign(element, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lbounds,
											  element, typlen, typbyval,
											  typalign));
}

/*
 * Hand a batch on to be checked and written.  Returns how many of its rows are
 * bad, after adding what is wrong with them to "problems".
 */
static int
TakeBatch(const ImportSpec *spec, const int *attnums, int64 first_row,
		  SPITupleTable *rows, uint64 nrows, StringInfo problems, int nproblems)
{
	Oid			types[1 + MAX_IMPORT_COLUMNS] = {INT8OID};
	Datum		values[1 + MAX_IMPORT_COLUMNS] = {Int64GetDatum(first_row)};
	Datum		result;
	bool		isnull;
	Datum	   *elements;
	int			nelements;

	for (int c = 0; c < spec->ncolumns; c++)
	{
		types[c + 1] = get_array_type(ElementType(spec->columns[c].kind));
		values[c + 1] = ColumnArray(&spec->columns[c], rows, nrows,
									attnums[c]);
	}
	if (SPI_execute_with_args(spec->batch_command, spec->ncolumns + 1, types,
							  values, NULL, false, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not take a batch of %s", spec->function);
	result = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
						   &isnull);
	if (isnull)
		return 0;

	deconstruct_array(DatumGetArrayTypeP(result), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, NULL, &nelements);
	for (int i = 0; i < nelements && nproblems + i < MAX_PROBLEMS_SHOWN; i++)
	{
		if (problems->len > 0)
			appendStringInfoChar(problems, '\n');
		appendStringInfoString(problems, TextDatumGetCString(elements[i]));
	}
	return nelements;
}

/* The tables of the registry that a load fills. */
#define FILLED_TABLES		3

typedef struct FilledTable
{
	Oid			relid;
	BlockNumber pages;			/* before the load */
} FilledTable;

static BlockNumber
PagesOf(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	BlockNumber pages = RelationGetNumberOfBlocks(rel);

	table_close(rel, AccessShareLock);
	return pages;
}

/* How large the tables are before the load. */
static void
BeginFilling(FilledTable *tables)
{
	const Registry *registry = GetRegistry();

	tables[0].relid = registry->subject;
	tables[1].relid = registry->choice;
	tables[2].relid = registry->event;
	for (int i = 0; i < FILLED_TABLES; i++)
		tables[i].pages = PagesOf(tables[i].relid);
}

/*
 * ANALYZE a table with its owner's rights.  ANALYZE can run within a
 * transaction of any isolation level; its lock is kept until the end of that.
 * Where another session has the lock, a VACUUM for instance, the load does not
 * wait for it.
 */
static void
AnalyzeTable(Oid relid)
{
	Oid			userid;
	int			sec_context;
	Relation	rel;
	char	   *command;

	if (!ConditionalLockRelationOid(relid, ShareUpdateExclusiveLock))
		return;
	rel = table_open(relid, NoLock);
	command = psprintf("ANALYZE %s",
					   quote_qualified_identifier(EXTENSION_SCHEMA,
												  RelationGetRelationName(rel)));
	GetUserIdAndSecContext(&userid, &sec_context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   sec_context | SECURITY_LOCAL_USERID_CHANGE);
	if (SPI_execute(command, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not analyse \"%s\"", RelationGetRelationName(rel));
	SetUserIdAndSecContext(userid, sec_context);
	table_close(rel, NoLock);
}

/*
 * Analyse the tables of which a sizeable share has come with this load, so that
 * the next query has statistics where autovacuum is off or has not come by yet.
 */
static void
AnalyzeFilled(const FilledTable *tables)
{
	for (int i = 0; i < FILLED_TABLES; i++)
	{
		BlockNumber pages = PagesOf(tables[i].relid);

		if (pages >= tables[i].pages + MIN_FILLED_PAGES &&
			pages - tables[i].pages >= MIN_FILLED_SHARE * pages)
			AnalyzeTable(tables[i].relid);
	}
}

/*
 * Run the query and take its rows, all or none.  Rows are numbered from 1 in
 * the order in which the query returns them; all of them are looked at before
 * the import fails, so that the error can say how many are bad.
 */
static Datum
RunImport(FunctionCallInfo fcinfo, const ImportSpec *spec)
{
	int			attnums[MAX_IMPORT_COLUMNS];
	FilledTable tables[FILLED_TABLES];
	char	   *query;
	Portal		portal;
	MemoryContext batch_context;
	StringInfoData problems;
	int			nproblems = 0;
	int64		nrows = 0;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("query must not be null")));
	query = text_to_cstring(PG_GETARG_TEXT_PP(0));

	BeginFilling(tables);
	initStringInfo(&problems);
	SPI_connect();
	portal = OpenQuery(spec, query);
	if (!MatchColumns(spec, portal->tupDesc, attnums))
	{
		SPI_cursor_close(portal);
		portal = OpenQuery(spec, CastSubject(spec, query, attnums));
		if (!MatchColumns(spec, portal->tupDesc, attnums))
			elog(ERROR, "a cast to subject_id gave another type");
	}

	batch_context = AllocSetContextCreate(CurrentMemoryContext,
										  "import batch",
										  ALLOCSET_DEFAULT_SIZES);
	for (;;)
	{
		MemoryContext oldcontext;
		SPITupleTable *rows;
		uint64		fetched;

		SPI_cursor_fetch(portal, true, ROWS_PER_BATCH);
		fetched = SPI_processed;
		rows = SPI_tuptable;
		if (fetched == 0)
			break;

		oldcontext = MemoryContextSwitchTo(batch_context);
		nproblems += TakeBatch(spec, attnums, nrows + 1, rows, fetched,
							   &problems, nproblems);
		MemoryContextSwitchTo(oldcontext);
		MemoryContextReset(batch_context);
		SPI_freetuptable(SPI_tuptable);
		SPI_freetuptable(rows);

		nrows += fetched;
		if (nrows % ROWS_PER_NOTICE == 0)
			ereport(NOTICE,
					(errmsg("%s: " INT64_FORMAT " rows so far",
							spec->function, nrows)));
		CHECK_FOR_INTERRUPTS();
	}
	SPI_cursor_close(portal);

	if (nproblems > 0)
	{
		if (nproblems > MAX_PROBLEMS_SHOWN)
			appendStringInfo(&problems, "\nand %d more",
							 nproblems - MAX_PROBLEMS_SHOWN);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s: %d of " INT64_FORMAT " rows cannot be taken",
						spec->function, nproblems, nrows),
				 errdetail_internal("%s", problems.data)));
	}
	AnalyzeFilled(tables);
	SPI_finish();
	PG_RETURN_INT64(nrows);
}

/* import_subjects(query) */
Datum
import_subjects(PG_FUNCTION_ARGS)
{
	return RunImport(fcinfo, &subjects_spec);
}

/* import_consents(query) */
Datum
import_consents(PG_FUNCTION_ARGS)
{
	return RunImport(fcinfo, &consents_spec);
}

/* import_objections(query) */
Datum
import_objections(PG_FUNCTION_ARGS)
{
	return RunImport(fcinfo, &objections_spec);
}

/* load_tracked(query): the load with which track_subjects() begins. */
Datum
load_tracked(PG_FUNCTION_ARGS)
{
	return RunImport(fcinfo, &tracked_spec);
}
