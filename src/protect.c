/*
 * protect.c
 *		What protect() and its event triggers need from the server's inside.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/user.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "gate.h"
#include "nodes/parsenodes.h"
#include "tcop/deparse_utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(consent_profiling_base_type);
PG_FUNCTION_INFO_V1(descendants_now);
PG_FUNCTION_INFO_V1(policies_now);
PG_FUNCTION_INFO_V1(concerns_gates);
PG_FUNCTION_INFO_V1(close_before_drop);
PG_FUNCTION_INFO_V1(check_gate_purpose);

/* base_type(type): the type below all domains; null for what is no type. */
Datum
consent_profiling_base_type(PG_FUNCTION_ARGS)
{
	if (!SearchSysCacheExists1(TYPEOID, PG_GETARG_DATUM(0)))
		PG_RETURN_NULL();
	PG_RETURN_OID(getBaseType(PG_GETARG_OID(0)));
}

/* check_gate_purpose(purpose): throws what the gate would throw about it. */
Datum
check_gate_purpose(PG_FUNCTION_ARGS)
{
	(void) ReadPurpose(GetRegistry(), text_to_cstring(PG_GETARG_TEXT_PP(0)),
					   GetActiveSnapshot());
	PG_RETURN_VOID();
}

/* An array of oids, in order. */
static ArrayType *
MakeOidArray(List *oids)
{
	int			n = list_length(oids);
	Datum	   *elements = palloc(n * sizeof(Datum));

	list_sort(oids, list_oid_cmp);
	for (int i = 0; i < n; i++)
		elements[i] = ObjectIdGetDatum(list_nth_oid(oids, i));
	return construct_array(elements, n, OIDOID, sizeof(Oid), true,
						   TYPALIGN_INT);
}

/*
 * descendants_now(relation): a relation and all partitions and children of it.
 * A query of the catalogue goes by the transaction's snapshot and can miss
 * what another transaction has just committed; this cannot.
 */
Datum
descendants_now(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(MakeOidArray(find_all_inheritors(PG_GETARG_OID(0),
														   NoLock, NULL)));
}

/* policies_now(relation): the policies of a relation, likewise. */
Datum
policies_now(PG_FUNCTION_ARGS)
{
	Relation	catalog = table_open(PolicyRelationId, AccessShareLock);
	List	   *policies = NIL;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&scankey, Anum_pg_policy_polrelid, BTEqualStrategyNumber,
				F_OIDEQ, PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true,
							  NULL, 1, &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		policies = lappend_oid(policies,
							   ((Form_pg_policy) GETSTRUCT(tuple))->oid);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	PG_RETURN_ARRAYTYPE_P(MakeOidArray(policies));
}

/*
 * concerns_gates(command): of the many forms of ALTER TABLE only those that
 * give a table a parent or an owner, or take row security or FORCE away.
 */
Datum
concerns_gates(PG_FUNCTION_ARGS)
{
	CollectedCommand *command = (CollectedCommand *) PG_GETARG_POINTER(0);
	ListCell   *lc;

	if (command->type != SCT_AlterTable)
		PG_RETURN_BOOL(true);
	foreach(lc, command->d.alterTable.subcmds)
	{
		CollectedATSubcmd *sub = (CollectedATSubcmd *) lfirst(lc);

		if (!IsA(sub->parsetree, AlterTableCmd))
			continue;
		switch (((AlterTableCmd *) sub->parsetree)->subtype)
		{
			case AT_AttachPartition:
			case AT_AddInherit:
			case AT_ChangeOwner:
			case AT_DisableRowSecurity:
			case AT_NoForceRowSecurity:
				PG_RETURN_BOOL(true);
			default:
				break;
		}
	}
	PG_RETURN_BOOL(false);
}

/* Does a DROP name this object? */
static bool
DropNames(const DropStmt *stmt, const char *name)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Node	   *object = (Node *) lfirst(lc);

		if (IsA(object, String) && strcmp(strVal(object), name) == 0)
			return true;
	}
	return false;
}

/*
 * Does DROP OWNED BY these roles take the extension along?  Any role may ask this,
 * so the query goes by no other name than the catalog's and needs no privilege.
 */
static bool
DropOwnedTakesExtension(const DropOwnedStmt *stmt)
{
	Oid			argtypes[1] = {OIDARRAYOID};
	Datum		values[1];
	bool		isnull;
	List	   *roles = roleSpecsToIds(stmt->roles);

	values[0] = PointerGetDatum(MakeOidArray(roles));
	if (SPI_execute_with_args("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension"
							  "	WHERE (extname OPERATOR(pg_catalog.=) '" EXTENSION_SCHEMA "'"
							  "		   OR extname OPERATOR(pg_catalog.=) 'plpgsql')"
							  "		AND extowner OPERATOR(pg_catalog.=) ANY ($1))"
							  " OR EXISTS (SELECT FROM pg_catalog.pg_namespace"
							  "	WHERE nspname OPERATOR(pg_catalog.=) '" EXTENSION_SCHEMA "'"
							  "		AND nspowner OPERATOR(pg_catalog.=) ANY ($1))",
							  1, argtypes, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not find out who owns the extension");
	return DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0],
									  SPI_tuptable->tupdesc, 1, &isnull));
}

/*
 * May this command take the extension along?  It does when it drops the
 * extension, its schema, the language it requires, or all that the owner of
 * one of these owns.
 */
static bool
MayDropExtension(Node *parsetree)
{
	if (IsA(parsetree, DropStmt))
	{
		DropStmt   *stmt = (DropStmt *) parsetree;

		if (stmt->behavior != DROP_CASCADE)
			return false;
		if (stmt->removeType == OBJECT_EXTENSION)
			return DropNames(stmt, EXTENSION_SCHEMA) ||
				DropNames(stmt, "plpgsql");
		if (stmt->removeType == OBJECT_SCHEMA)
			return DropNames(stmt, EXTENSION_SCHEMA);
	}
	if (IsA(parsetree, DropOwnedStmt))
	{
		DropOwnedStmt *stmt = (DropOwnedStmt *) parsetree;

		return stmt->behavior == DROP_CASCADE && DropOwnedTakesExtension(stmt);
	}
	return false;
}

/*
 * The event trigger that keeps tables closed when the extension goes.  It runs
 * before anything is dropped, while the gates are still there to be read.
 */
Datum
close_before_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *trigdata;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("close_before_drop() can only be called as an event trigger")));
	trigdata = (EventTriggerData *) fcinfo->context;
	SPI_connect();
	if (MayDropExtension(trigdata->parsetree) &&
		SPI_execute("SELECT " EXTENSION_SCHEMA ".close_protected()",
					false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not close the protected tables");
	SPI_finish();
	PG_RETURN_NULL();
}
