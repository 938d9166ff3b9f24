/*
 * gate_policy.c
 *		Reading row security policies: which is a gate, and is it intact?
 *
 * A gate is known by the function that it calls, not by its name: names can be
 * changed, and tools that write schemas give them names of their own.  So is
 * the helper, the permissive policy that lets rows be seen where protect()
 * switched row security on.  The expressions are read as nodes.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "gate_policy.h"
#include "nodes/nodeFuncs.h"
#include "registry.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(read_policy);
PG_FUNCTION_INFO_V1(dropped_policy);
PG_FUNCTION_INFO_V1(altered_policy);
PG_FUNCTION_INFO_V1(dropped_gate_roles);
PG_FUNCTION_INFO_V1(dropped_tracker);
PG_FUNCTION_INFO_V1(made_here);

/* What is looked for in an expression: a call of a function of ours. */
typedef struct CallSearch
{
	const char *function;
	FuncExpr   *call;
	Index		depth;			/* of subqueries, where it was found */
} CallSearch;

/* What is looked for in an argument: a column of the policy's own table. */
typedef struct ColumnSearch
{
	Var		   *var;
	Index		depth;			/* of subqueries */
} ColumnSearch;

/* Is this a call of the function of ours with this name? */
static bool
IsCallOf(Node *node, const char *function)
{
	Oid			funcid;
	char	   *name;

	if (node == NULL || !IsA(node, FuncExpr))
		return false;
	funcid = ((FuncExpr *) node)->funcid;
	if (get_func_namespace(funcid) != get_namespace_oid(EXTENSION_SCHEMA, true))
		return false;
	name = get_func_name(funcid);
	return name != NULL && strcmp(name, function) == 0;
}

/* Find the first call, at any depth. */
static bool
FindCallWalker(Node *node, CallSearch *search)
{
	if (node == NULL)
		return false;
	if (IsCallOf(node, search->function))
	{
		search->call = (FuncExpr *) node;
		return true;
	}
	if (IsA(node, Query))
	{
		bool		found;

		search->depth++;
		found = query_tree_walker((Query *) node, FindCallWalker, search, 0);
		/* Where it was found is what is asked for. */
		if (!found)
			search->depth--;
		return found;
	}
	return expression_tree_walker(node, FindCallWalker, search);
}

/*
 * The first call of a function of ours in either expression, or NULL; and how
 * many subqueries it stands in.
 */
static FuncExpr *
FindCall(Node *qual, Node *check, const char *function, Index *depth)
{
	CallSearch	search = {.function = function};

	if (!FindCallWalker(qual, &search))
		FindCallWalker(check, &search);
	*depth = search.depth;
	return search.call;
}

/* Find the first column of the policy's table, at any depth. */
static bool
FindVarWalker(Node *node, ColumnSearch *search)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		/* In a policy its table is the first relation of the outermost level. */
		if (((Var *) node)->varno != 1 ||
			((Var *) node)->varlevelsup != search->depth)
			return false;
		search->var = (Var *) node;
		return true;
	}
	if (IsA(node, Query))
	{
		bool		found;

		search->depth++;
		found = query_tree_walker((Query *) node, FindVarWalker, search, 0);
		search->depth--;
		return found;
	}
	return expression_tree_walker(node, FindVarWalker, search);
}

/* The arguments of a call of may_profile() that are columns. */
static int
ColumnArguments(const FuncExpr *call)
{
	return list_length(call->args) == 3 ? 3 : 1;
}

/* A column of the relation, or one that is cast as the parser does by itself? */
static bool
IsPlainColumn(Node *node)
{
	while (node != NULL)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, FuncExpr) &&
				 ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST &&
				 list_length(((FuncExpr *) node)->args) > 0)
			node = linitial(((FuncExpr *) node)->args);
		else
			return IsA(node, Var) && ((Var *) node)->varlevelsup == 0 &&
				((Var *) node)->varattno > 0;
	}
	return false;
}

/* Is this a call of columns, and of a constant purpose, and nothing else? */
static bool
IsPlainCall(const FuncExpr *call)
{
	int			ncolumns = ColumnArguments(call);
	ListCell   *lc;

	foreach(lc, call->args)
	{
		if (foreach_current_index(lc) < ncolumns ?
			!IsPlainColumn(lfirst(lc)) :
			!(IsA(lfirst(lc), Const) && !((Const *) lfirst(lc))->constisnull))
			return false;
	}
	return call->args != NIL;
}

/* ungated(), or NOT ungated()? */
static bool
IsPlainHelper(Node *qual, bool *open)
{
	*open = IsCallOf(qual, "ungated");
	return *open ||
		(IsA(qual, BoolExpr) && ((BoolExpr *) qual)->boolop == NOT_EXPR &&
		 IsCallOf(linitial(((BoolExpr *) qual)->args), "ungated"));
}

/*
 * What is this policy?  A gate calls may_profile() somewhere; it is intact when
 * it is restrictive, for all commands, and the call is all there is to it.
 */
void
JudgePolicy(const char *name, bool permissive, char command, Node *qual,
			Node *check, PolicyFacts *facts)
{
	bool		bare = command == '*' && check == NULL && qual != NULL;
	Index		depth;

	memset(facts, 0, sizeof(PolicyFacts));
	if ((facts->call = FindCall(qual, check, "may_profile", &facts->depth)) != NULL)
	{
		facts->kind = POLICY_GATE;
		facts->whole = bare && (Node *) facts->call == qual &&
			IsPlainCall(facts->call);
		facts->intact = facts->whole && !permissive;
	}
	else if (FindCall(qual, check, "ungated", &depth) != NULL)
	{
		facts->kind = POLICY_HELPER;
		facts->open = true;
		facts->whole = bare && IsPlainHelper(qual, &facts->open);
		facts->intact = facts->whole && permissive;
	}
	else if (bare && strcmp(name, "consent_profiling_closed") == 0 &&
			 IsA(qual, Const) && !((Const *) qual)->constisnull &&
			 ((Const *) qual)->consttype == BOOLOID &&
			 !DatumGetBool(((Const *) qual)->constvalue))
	{
		facts->kind = POLICY_CLOSED;
		facts->whole = true;
		facts->intact = !permissive;
	}
}

/* An expression of a policy in the catalogue, or NULL. */
static Node *
PolicyExpression(Relation catalog, HeapTuple tuple, AttrNumber attribute)
{
	bool		isnull;
	Datum		datum = heap_getattr(tuple, attribute,
									 RelationGetDescr(catalog), &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(datum));
}

/* The same for a row of pg_policy. */
void
JudgePolicyTuple(Relation catalog, HeapTuple tuple, PolicyFacts *facts)
{
	Form_pg_policy policy = (Form_pg_policy) GETSTRUCT(tuple);

	JudgePolicy(NameStr(policy->polname), policy->polpermissive, policy->polcmd,
				PolicyExpression(catalog, tuple, Anum_pg_policy_polqual),
				PolicyExpression(catalog, tuple, Anum_pg_policy_polwithcheck),
				facts);
}

/* The names of the columns by which a gate goes; null where there is none. */
static ArrayType *
GateColumns(Oid relation, const FuncExpr *call, Index depth)
{
	int			n = ColumnArguments(call);
	int			lbound = 1;
	Datum		elements[3];
	bool		nulls[3];

	for (int i = 0; i < n; i++)
	{
		ColumnSearch search = {.depth = depth};
		char	   *name = NULL;

		if (i < list_length(call->args) &&
			FindVarWalker(list_nth(call->args, i), &search))
			name = get_attname(relation, search.var->varattno, true);
		nulls[i] = name == NULL;
		elements[i] = nulls[i] ? (Datum) 0 :
			DirectFunctionCall1(namein, CStringGetDatum(name));
	}
	return construct_md_array(elements, nulls, 1, &n, &lbound, NAMEOID,
							  NAMEDATALEN, false, TYPALIGN_CHAR);
}

/* The purpose that a gate names, as text, or NULL. */
static text *
GatePurpose(const FuncExpr *call)
{
	Const	   *purpose;

	if (list_length(call->args) != 2 || !IsA(lsecond(call->args), Const))
		return NULL;
	purpose = lsecond(call->args);
	if (purpose->constisnull || purpose->consttype != TEXTOID)
		return NULL;
	return DatumGetTextPP(purpose->constvalue);
}

/* The roles that a policy is for. */
static ArrayType *
PolicyRoles(Relation catalog, HeapTuple tuple)
{
	bool		isnull;

	return DatumGetArrayTypePCopy(heap_getattr(tuple, Anum_pg_policy_polroles,
											   RelationGetDescr(catalog), &isnull));
}

/* What the functions below return about a row of pg_policy. */
static Datum
PolicyRecord(FunctionCallInfo fcinfo, Relation catalog, HeapTuple tuple)
{
	Form_pg_policy policy = (Form_pg_policy) GETSTRUCT(tuple);
	TupleDesc	desc;
	Datum		values[7] = {0};
	bool		nulls[7] = {false, true, true, true, true, true, false};
	PolicyFacts facts;
	text	   *purpose;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	desc = BlessTupleDesc(desc);
	JudgePolicyTuple(catalog, tuple, &facts);
	values[0] = ObjectIdGetDatum(policy->polrelid);
	if (facts.kind == POLICY_GATE || facts.kind == POLICY_HELPER)
	{
		values[1] = CStringGetTextDatum(facts.kind == POLICY_GATE ? "gate" : "helper");
		values[2] = BoolGetDatum(facts.intact);
		nulls[1] = nulls[2] = false;
	}
	if (facts.kind == POLICY_GATE)
	{
		values[3] = BoolGetDatum(ColumnArguments(facts.call) == 3);
		values[4] = PointerGetDatum(GateColumns(policy->polrelid, facts.call, facts.depth));
		nulls[3] = nulls[4] = false;
		if ((purpose = GatePurpose(facts.call)) != NULL)
		{
			values[5] = PointerGetDatum(purpose);
			nulls[5] = false;
		}
	}
	values[6] = PointerGetDatum(PolicyRoles(catalog, tuple));
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* Did the running transaction delete this row, or replace it by a new version? */
static bool
IsOutdatedHere(HeapTuple tuple)
{
	TransactionId xmax = HeapTupleHeaderGetRawXmax(tuple->t_data);

	return !(tuple->t_data->t_infomask & (HEAP_XMAX_INVALID | HEAP_XMAX_IS_MULTI)) &&
		!HEAP_XMAX_IS_LOCKED_ONLY(tuple->t_data->t_infomask) &&
		TransactionIdIsCurrentTransactionId(xmax);
}

/*
 * Was this row deleted by the running transaction, and not just replaced by
 * another version?
 */
static bool
IsDeletedHere(HeapTuple tuple)
{
	return ItemPointerEquals(&tuple->t_self, &tuple->t_data->t_ctid) &&
		IsOutdatedHere(tuple);
}

/* The record of a policy by its oid: one that is there, or was until now. */
static Datum
FindPolicy(FunctionCallInfo fcinfo, bool dropped)
{
	Relation	catalog = table_open(PolicyRelationId, AccessShareLock);
	Datum		result = (Datum) 0;
	bool		found = false;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&scankey, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ,
				PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, PolicyOidIndexId, true,
							  dropped ? SnapshotAny : NULL, 1, &scankey);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (dropped && !IsDeletedHere(tuple))
			continue;
		result = PolicyRecord(fcinfo, catalog, tuple);
		found = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!found)
		PG_RETURN_NULL();
	return result;
}

/* read_policy(policy): what a policy is, as the catalogue has it now. */
Datum
read_policy(PG_FUNCTION_ARGS)
{
	return FindPolicy(fcinfo, false);
}

/*
 * dropped_policy(policy): the same for a policy that this transaction has
 * dropped.  The row is dead, but no vacuum removes it before the end of the
 * transaction.
 */
Datum
dropped_policy(PG_FUNCTION_ARGS)
{
	return FindPolicy(fcinfo, true);
}

/*
 * altered_policy(policy): the same for what a policy was before this transaction
 * altered it for the last time; null where it did not.
 */
Datum
altered_policy(PG_FUNCTION_ARGS)
{
	Relation	catalog = table_open(PolicyRelationId, AccessShareLock);
	Datum		result = (Datum) 0;
	bool		found = false;
	ItemPointerData current;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ItemPointerSetInvalid(&current);
	ScanKeyInit(&scankey, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ,
				PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, PolicyOidIndexId, true, NULL, 1, &scankey);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		current = tuple->t_self;
	systable_endscan(scan);

	scan = systable_beginscan(catalog, PolicyOidIndexId, true, SnapshotAny, 1,
							  &scankey);
	while (!found && ItemPointerIsValid(&current) &&
		   HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (ItemPointerEquals(&tuple->t_self, &current) ||
			!ItemPointerEquals(&tuple->t_data->t_ctid, &current) ||
			!IsOutdatedHere(tuple))
			continue;
		result = PolicyRecord(fcinfo, catalog, tuple);
		found = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!found)
		PG_RETURN_NULL();
	return result;
}

/*
 * dropped_gate_roles(relation): the roles of the gates of this relation that
 * this transaction has dropped or altered.
 */
Datum
dropped_gate_roles(PG_FUNCTION_ARGS)
{
	Relation	catalog = table_open(PolicyRelationId, AccessShareLock);
	ArrayBuildState *roles = initArrayResult(OIDOID, CurrentMemoryContext, false);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&scankey, Anum_pg_policy_polrelid, BTEqualStrategyNumber,
				F_OIDEQ, PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, PolicyPolrelidPolnameIndexId, true,
							  SnapshotAny, 1, &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		PolicyFacts facts;
		ArrayType  *array;

		if (!IsOutdatedHere(tuple))
			continue;
		JudgePolicyTuple(catalog, tuple, &facts);
		if (facts.kind != POLICY_GATE)
			continue;
		array = PolicyRoles(catalog, tuple);
		for (int i = 0; i < ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)); i++)
			accumArrayResult(roles, ObjectIdGetDatum(((Oid *) ARR_DATA_PTR(array))[i]),
							 false, OIDOID, CurrentMemoryContext);
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	PG_RETURN_DATUM(makeArrayResult(roles, CurrentMemoryContext));
}

/*
 * dropped_tracker(trigger, relation, names_columns): was this trigger, which this
 * transaction has dropped, one of track_subjects(), on which relation, and did
 * it name the columns?  Null for other triggers, and for those that a partition
 * has from its parent.
 */
Datum
dropped_tracker(PG_FUNCTION_ARGS)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {false, false};
	bool		found = false;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	ScanKeyInit(&scankey, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				PG_GETARG_DATUM(0));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, SnapshotAny, 1,
							  &scankey);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);
		char	   *function;

		if (!IsDeletedHere(tuple) || OidIsValid(trigger->tgparentid) ||
			get_func_namespace(trigger->tgfoid) != get_namespace_oid(EXTENSION_SCHEMA, true) ||
			(function = get_func_name(trigger->tgfoid)) == NULL ||
			strcmp(function, "track_subject_change") != 0)
			continue;
		values[0] = ObjectIdGetDatum(trigger->tgrelid);
		values[1] = BoolGetDatum(trigger->tgattr.dim1 > 0);
		found = true;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!found)
		PG_RETURN_NULL();
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* made_here(xid): is this the running transaction, or a part of it? */
Datum
made_here(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(TransactionIdIsCurrentTransactionId(PG_GETARG_TRANSACTIONID(0)));
}
