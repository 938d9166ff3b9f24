/*
 * protect.c
 *		What protect() and its event triggers need from the server's inside.
 */
#include "compat.h"

#include "access/table.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "gate.h"
#include "nodes/parsenodes.h"
#include "rewrite/rowsecurity.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(consent_profiling_base_type);
PG_FUNCTION_INFO_V1(count_gates);
PG_FUNCTION_INFO_V1(close_before_drop);

#define GATE_PREFIX EXTENSION_SCHEMA "_"

/* base_type(type): the type beneath all domains. */
Datum
consent_profiling_base_type(PG_FUNCTION_ARGS)
{
	PG_RETURN_OID(getBaseType(PG_GETARG_OID(0)));
}

/*
 * count_gates(relation): how many restrictive policies of ours a relation has
 * right now.  A query of the catalogue goes by the transaction's snapshot and
 * can miss a gate that another transaction has just committed; this cannot.
 */
Datum
count_gates(PG_FUNCTION_ARGS)
{
	Relation	rel = table_open(PG_GETARG_OID(0), AccessShareLock);
	int32		count = 0;

	if (rel->rd_rsdesc != NULL)
	{
		ListCell   *lc;

		foreach(lc, rel->rd_rsdesc->policies)
		{
			RowSecurityPolicy *policy = (RowSecurityPolicy *) lfirst(lc);

			if (!policy->permissive &&
				strncmp(policy->policy_name, GATE_PREFIX,
						strlen(GATE_PREFIX)) == 0)
				count++;
		}
	}
	table_close(rel, NoLock);
	PG_RETURN_INT32(count);
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
 * May this command take the extension along?  It does when it drops the
 * extension, its schema, the language it requires, or all that a role owns;
 * for the last it costs too much to know, so any DROP OWNED ... CASCADE by
 * which the extension would go is taken for one.
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
	if (MayDropExtension(trigdata->parsetree))
	{
		SPI_connect();
		if (SPI_execute("SELECT " EXTENSION_SCHEMA ".close_protected()",
						false, 0) != SPI_OK_SELECT)
			elog(ERROR, "could not close the protected tables");
		SPI_finish();
	}
	PG_RETURN_NULL();
}
