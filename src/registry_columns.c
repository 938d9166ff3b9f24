/*
 * registry_columns.c
 *		The columns of the tables that the library reads for itself.
 *
 * It takes rows apart by the positions and types of their columns, without
 * asking PostgreSQL each time.  Whoever adds, drops or redefines one, a
 * superuser that is, must get an error and not a crash or a wrong answer.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "registry.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(check_registry);

/* Types as pg_type names them, with an exclamation mark for NOT NULL. */
static const char *const purpose_columns[PURPOSE_NATTS] = {
	"text!", "text", "text!", "bool!", "bool!", "bool!", "int4!", "text",
	"bool!", "bool!", "bool!"
};

static const char *const purpose_version_columns[PURPOSE_VERSION_NATTS] = {
	"text!", "text", "text!", "bool!", "bool!", "bool!", "int4!", "text",
	"bool!", "bool!", "bool!", "timestamptz!", "timestamptz"
};

static const char *const subject_columns[SUBJECT_NATTS] = {
	"subject_id!", "date", "timestamptz!", "timestamptz", "_text",
	"timestamptz", "int8!"
};

static const char *const choice_columns[CHOICE_NATTS] = {
	"subject_id!", "text!", "consent", "consent", "objection", "timestamptz",
	"timestamptz", "timestamptz", "timestamptz"
};

static const char *const change_columns[CHANGE_NATTS] = {
	"xid8!", "subject_id"
};

static const char *const review_columns[REVIEW_NATTS] = {
	"int8!", "subject_id!", "text!", "timestamptz!", "timestamptz", "text",
	"text"
};

static const char *const event_columns[EVENT_NATTS] = {
	"int8!", "text!", "subject_id", "text", "timestamptz!", "timestamptz!",
	"name!", "name!", "text", "date", "consent", "objection", "text",
	"timestamptz", "text", "jsonb", "jsonb", "int4!", "bytea", "bytea",
	"bytea", "bytea!"
};

static const char *const tombstone_secret_columns[TOMBSTONE_SECRET_NATTS] = {
	"bytea!", "bool!"
};

/* Throws object_not_in_prerequisite_state. */
static void
ComplainOfColumns(Oid relid)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the columns of table \"%s.%s\" are not those it was installed with",
					EXTENSION_SCHEMA, get_rel_name(relid)),
			 errdetail("The library reads the registry by the positions and types of its columns.")));
}

/* Is this the type, of PostgreSQL or of the extension, and NOT NULL or not? */
static bool
IsColumn(Form_pg_attribute column, const char *expected, Oid schema)
{
	int			len = strcspn(expected, "!");
	HeapTuple	tuple = SearchSysCache1(TYPEOID,
										ObjectIdGetDatum(column->atttypid));
	Form_pg_type type;
	bool		same;

	/* A dropped column has no type. */
	if (!HeapTupleIsValid(tuple))
		return false;
	type = (Form_pg_type) GETSTRUCT(tuple);
	same = strncmp(NameStr(type->typname), expected, len) == 0 &&
		NameStr(type->typname)[len] == '\0' &&
		(type->typnamespace == PG_CATALOG_NAMESPACE ||
		 type->typnamespace == schema) &&
		(expected[len] == '\0' || column->attnotnull);
	ReleaseSysCache(tuple);
	return same;
}

/* Throws unless a table has exactly these columns, and never had others. */
static void
CheckColumns(Oid relid, const char *const *columns, int natts)
{
	Relation	rel = table_open(AttributeRelationId, AccessShareLock);
	Oid			schema = get_rel_namespace(relid);
	ScanKeyData scankey[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	int			found = 0;

	ScanKeyInit(&scankey[0], Anum_pg_attribute_attrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	ScanKeyInit(&scankey[1], Anum_pg_attribute_attnum, BTGreaterStrategyNumber,
				F_INT2GT, Int16GetDatum(0));
	scan = systable_beginscan(rel, AttributeRelidNumIndexId, true, NULL, 2,
							  scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute column = (Form_pg_attribute) GETSTRUCT(tuple);

		if (column->attnum > natts ||
			!IsColumn(column, columns[column->attnum - 1], schema))
			ComplainOfColumns(relid);
		found++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (found != natts)
		ComplainOfColumns(relid);
}

/* Throws unless every table that is read here is as it was installed. */
void
CheckRegistryColumns(const Registry *registry)
{
	CheckColumns(registry->purpose, purpose_columns, PURPOSE_NATTS);
	CheckColumns(registry->purpose_version, purpose_version_columns,
				 PURPOSE_VERSION_NATTS);
	CheckColumns(registry->subject, subject_columns, SUBJECT_NATTS);
	CheckColumns(registry->choice, choice_columns, CHOICE_NATTS);
	CheckColumns(registry->change, change_columns, CHANGE_NATTS);
	CheckColumns(registry->review, review_columns, REVIEW_NATTS);
	CheckColumns(registry->event, event_columns, EVENT_NATTS);
	CheckColumns(registry->tombstone_secret, tombstone_secret_columns,
				 TOMBSTONE_SECRET_NATTS);
}

/* check_registry(): throws when a table of the registry is not as installed. */
Datum
check_registry(PG_FUNCTION_ARGS)
{
	/* Any change to the tables has it look at them again. */
	(void) GetRegistry();
	PG_RETURN_VOID();
}
