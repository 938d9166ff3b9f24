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
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "commands/tablecmds.h"
#include "commands/user.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "fmgr.h"
#include "gate.h"
#include "gate_hook.h"
#include "gate_policy.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "tcop/deparse_utility.h"
#include "utils/acl.h"
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
PG_FUNCTION_INFO_V1(gate_ddl);
PG_FUNCTION_INFO_V1(in_gate_ddl);
PG_FUNCTION_INFO_V1(settle_helper);
PG_FUNCTION_INFO_V1(guard_gates);

/* Is the command that runs one of ours, and not to be refused? */
static bool in_own_ddl = false;

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

/* Is a policy for everybody? */
static bool
IsForPublic(Relation catalog, HeapTuple tuple)
{
	bool		isnull;
	ArrayType  *roles = DatumGetArrayTypeP(heap_getattr(tuple, Anum_pg_policy_polroles,
														RelationGetDescr(catalog), &isnull));

	return ARR_NDIM(roles) == 1 && ARR_DIMS(roles)[0] == 1 &&
		*(Oid *) ARR_DATA_PTR(roles) == ACL_ID_PUBLIC;
}

/* Run commands on policies and row security that are part of our own work. */
static void
RunOwnDdl(const char *commands)
{
	bool		outer = in_own_ddl;

	SPI_connect();
	in_own_ddl = true;
	PG_TRY();
	{
		if (SPI_execute(commands, false, 0) < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cannot execute \"%s\"", commands)));
	}
	PG_FINALLY();
	{
		in_own_ddl = outer;
	}
	PG_END_TRY();
	SPI_finish();
}

/*
 * gate_ddl(commands): run them with the caller's rights.  The event triggers do
 * not refuse them: they are for mistakes, and an owner may take a gate off.
 */
Datum
gate_ddl(PG_FUNCTION_ARGS)
{
	RunOwnDdl(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/* in_gate_ddl(): is this called while such a command runs? */
Datum
in_gate_ddl(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(in_own_ddl);
}

/*
 * Bring the helper of a relation, its permissive policy, in order.  It exists
 * as long as row security is on for the gates' sake alone, and shows rows as
 * long as no other permissive policy does: it must never widen what those
 * allow.  Where they are, the helper stays as NOT ungated(), so that it is still
 * known who switched row security on.
 *
 * "wanted" says whether there is to be a helper; -1 leaves that as it is.
 * Returns what became of it, or NULL where all was in order.
 */
static const char *
SettleHelper(Oid relation, int wanted)
{
	char	   *relname = get_rel_name(relation);
	char	   *table;
	Relation	catalog;
	const char *name = "consent_profiling_ungated";
	int			helpers = 0;
	bool		right = true;
	bool		open = false;
	bool		others = false;
	StringInfoData ddl;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* It may have been dropped. */
	if (relname == NULL)
		return NULL;
	table = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)),
									   relname);
	initStringInfo(&ddl);
	catalog = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyInit(&scankey, Anum_pg_policy_polrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relation));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true,
							  NULL, 1, &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_policy policy = (Form_pg_policy) GETSTRUCT(tuple);
		PolicyFacts facts;

		JudgePolicyTuple(catalog, tuple, &facts);
		if (facts.kind == POLICY_HELPER)
		{
			name = pstrdup(NameStr(policy->polname));
			open = facts.open;
			right = facts.intact && IsForPublic(catalog, tuple);
			helpers++;
			appendStringInfo(&ddl, "DROP POLICY %s ON %s;",
							 quote_identifier(name), table);
		}
		else if (policy->polpermissive &&
				 !(facts.kind == POLICY_GATE && facts.whole && GatesAreRestrictive()))
			others = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	if (wanted < 0)
		wanted = ddl.len > 0;
	if (wanted ? helpers == 1 && right && open == !others : ddl.len == 0)
		return NULL;
	if (wanted)
		appendStringInfo(&ddl, "CREATE POLICY %s ON %s AS PERMISSIVE FOR ALL TO PUBLIC USING (%s"
						 EXTENSION_SCHEMA ".ungated())",
						 quote_identifier(name), table, others ? "NOT " : "");
	RunOwnDdl(ddl.data);
	return !wanted ? "gone" : others ? "shut" : "open";
}

/* settle_helper(relation, wanted) */
Datum
settle_helper(PG_FUNCTION_ARGS)
{
	const char *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	result = SettleHelper(PG_GETARG_OID(0),
						  PG_ARGISNULL(1) ? -1 : PG_GETARG_BOOL(1));
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(result));
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

/*
 * The relation that a command names, locked as the command would lock it, or
 * InvalidOid.  Throws for a caller who is not its owner, as the command would.
 */
static Oid
LockNamed(const RangeVar *name)
{
	return RangeVarGetRelidExtended(name, AccessExclusiveLock, RVR_MISSING_OK,
									RangeVarCallbackOwnsRelation, NULL);
}

/* Throw if this policy is a gate or a helper. */
static void
RefusePolicy(const RangeVar *table, const char *policy)
{
	Oid			relation = LockNamed(table);
	Relation	catalog;
	ScanKeyData scankey[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	PolicyFacts facts = {0};

	if (!OidIsValid(relation))
		return;
	catalog = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyInit(&scankey[0], Anum_pg_policy_polrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relation));
	ScanKeyInit(&scankey[1], Anum_pg_policy_polname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum(policy));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true,
							  NULL, 2, scankey);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		JudgePolicyTuple(catalog, tuple, &facts);
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	/* A gate that does not hold may go. */
	if (!facts.intact || (facts.kind != POLICY_GATE && facts.kind != POLICY_HELPER))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 facts.kind == POLICY_GATE ?
			 errmsg("policy \"%s\" of table \"%s\" is a gate",
					policy, table->relname) :
			 errmsg("policy \"%s\" of table \"%s\" belongs to its gates",
					policy, table->relname),
			 errhint("Call consent_profiling.protect() to change a gate, and consent_profiling.unprotect() to take it off.")));
}

/*
 * ALTER TABLE ... ENABLE ROW LEVEL SECURITY where it is on for the gates' sake:
 * from now on it is on for the owner's sake as well, and the table shows what
 * its policies allow and no more, as it would without gates.  (A dump that is
 * restored enables it where it is off.)
 */
static void
HandOverRowSecurity(const AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = (AlterTableCmd *) lfirst(lc);
		Oid			relation;
		Relation	table;
		bool		enabled;

		if (!IsA(cmd, AlterTableCmd) || cmd->subtype != AT_EnableRowSecurity)
			continue;
		relation = LockNamed(stmt->relation);
		if (!OidIsValid(relation))
			return;
		table = table_open(relation, NoLock);
		enabled = table->rd_rel->relrowsecurity;
		table_close(table, NoLock);
		if (enabled && SettleHelper(relation, false) != NULL)
			ereport(NOTICE,
					(errmsg("table \"%s\" now shows what its own policies allow and no more",
							stmt->relation->relname)));
		return;
	}
}

/*
 * The event trigger that keeps gates from being dropped and altered by hand,
 * or by a tool that does not know them.  It runs before the command, while the
 * policy is still what it was.
 */
Datum
guard_gates(PG_FUNCTION_ARGS)
{
	Node	   *parsetree;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("guard_gates() can only be called as an event trigger")));
	parsetree = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (in_own_ddl || ServesCitus())
		PG_RETURN_NULL();

	if (IsA(parsetree, AlterPolicyStmt))
		RefusePolicy(((AlterPolicyStmt *) parsetree)->table,
					 ((AlterPolicyStmt *) parsetree)->policy_name);
	else if (IsA(parsetree, RenameStmt) &&
			 ((RenameStmt *) parsetree)->renameType == OBJECT_POLICY)
		RefusePolicy(((RenameStmt *) parsetree)->relation,
					 ((RenameStmt *) parsetree)->subname);
	else if (IsA(parsetree, DropStmt) &&
			 ((DropStmt *) parsetree)->removeType == OBJECT_POLICY)
	{
		ListCell   *lc;

		foreach(lc, ((DropStmt *) parsetree)->objects)
		{
			List	   *names = lfirst_node(List, lc);

			RefusePolicy(makeRangeVarFromNameList(list_truncate(list_copy(names),
																list_length(names) - 1)),
						 strVal(llast(names)));
		}
	}
	else if (IsA(parsetree, AlterTableStmt))
		HandOverRowSecurity((AlterTableStmt *) parsetree);
	PG_RETURN_NULL();
}
