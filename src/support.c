/*
 * support.c
 *		What the planner should know about the gate.
 *
 * PostgreSQL takes a third for the share of rows that a boolean function lets
 * through.  The gate can do better, and a plan for one row in a hundred is not
 * a plan for all.
 *
 * The share is measured by looking up some subjects, so planning may take as
 * long as a query for a few rows.  Therefore it is measured only for a query
 * that judges more rows than that, and then kept for a while: where all
 * sessions find it if the library is preloaded, else by each for itself.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "engine.h"
#include "gate.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "shared_set.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(may_profile_support);

/* The share of a purpose, as this session has found it. */
typedef struct FoundShare
{
	struct FoundShare *next;
	RegistryIdentity registry;
	char		purpose[NAMEDATALEN];
	double		share;
	TimestampTz found_at;
} FoundShare;

static FoundShare *found_shares = NULL;

/* Does an expression call a function that this library estimates? */
static bool
CallsGate(Node *node, void *support)
{
	if (node == NULL)
		return false;
	if (IsA(node, FuncExpr) &&
		get_func_support(((FuncExpr *) node)->funcid) == *(Oid *) support)
		return true;
	return expression_tree_walker(node, CallsGate, support);
}

/* The only table whose columns are among the arguments, or NULL. */
static RelOptInfo *
TableOfArguments(PlannerInfo *root, List *args)
{
	Relids		varnos = pull_varnos(root, (Node *) args);
	RelOptInfo *table = NULL;
	int			varno = -1;

	while ((varno = bms_next_member(varnos, varno)) >= 0)
	{
		RelOptInfo *rel = varno < root->simple_rel_array_size ?
			root->simple_rel_array[varno] : NULL;

		/* From PostgreSQL 16 on, outer joins are numbered among them. */
		if (rel == NULL)
			continue;
		if (table != NULL)
			return NULL;
		table = rel;
	}
	return table;
}

/*
 * About how many rows a query asks the gate about: those of its table that all
 * other conditions leave.  0 when the planner does not say.
 */
static double
RowsToJudge(SupportRequestSelectivity *request)
{
	PlannerInfo *root = request->root;
	RelOptInfo *table = root == NULL ? NULL :
		TableOfArguments(root, request->args);
	Oid			support = get_func_support(request->funcid);
	List	   *others = NIL;
	ListCell   *lc;

	if (table == NULL)
		return 0;

	/* Another call of the gate would ask the same of this one. */
	foreach(lc, table->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst(lc);

		if (!CallsGate((Node *) rinfo->clause, &support))
			others = lappend(others, rinfo);
	}
	return table->tuples *
		clauselist_selectivity(root, others, 0, JOIN_INNER, NULL);
}

/* What this session has found of a purpose, or NULL. */
static FoundShare *
FindFoundShare(const RegistryIdentity *registry, const char *purpose)
{
	FoundShare *found = found_shares;

	while (found != NULL &&
		   (strcmp(found->purpose, purpose) != 0 ||
			memcmp(&found->registry, registry, sizeof(*registry)) != 0))
		found = found->next;
	return found;
}

/* Keep what this session has found of a purpose, which exists. */
static void
KeepShare(const RegistryIdentity *registry, const char *purpose, double share)
{
	FoundShare *found = found_shares;

	while (found != NULL && strcmp(found->purpose, purpose) != 0)
		found = found->next;
	if (found == NULL)
	{
		found = MemoryContextAlloc(TopMemoryContext, sizeof(FoundShare));
		strlcpy(found->purpose, purpose, NAMEDATALEN);
		found->next = found_shares;
		found_shares = found;
	}
	found->registry = *registry;
	found->share = share;
	found->found_at = GetCurrentTimestamp();
}

/*
 * Which share of all subjects is permitted?  Below 0 when there is no telling,
 * or not to this role, since a plan shows the share; or when measuring it would
 * take longer than the query.  Then one that was measured long ago will do.
 *
 * Throws undefined_object for an unknown purpose.
 */
static double
PermittedShare(const char *purpose, SupportRequestSelectivity *request)
{
	const Registry *registry = GetRegistry();
	FoundShare *found;
	double		share;

	if (!ActiveSnapshotSet() || strlen(purpose) >= NAMEDATALEN ||
		!PurposeAllowed(registry, purpose, GetUserId()))
		return -1;
	share = ShareOfKnownSet(purpose, strlen(purpose));
	if (share >= 0)
		return share;

	found = FindFoundShare(&registry->identity, purpose);
	if (found != NULL &&
		!TimestampDifferenceExceeds(found->found_at, GetCurrentTimestamp(),
									SHARE_LIFETIME * 1000))
		return found->share;
	share = PublishedShare(&registry->identity, purpose);
	if (share < 0 && RowsToJudge(request) <= SHARE_SAMPLE)
		return found != NULL ? found->share : -1;
	if (share < 0)
		share = MeasureShare(purpose, strlen(purpose));
	if (share >= 0)
		KeepShare(&registry->identity, purpose, share);
	return share;
}

/*
 * may_profile_support(): estimate the selectivity of may_profile(subject
 * [, purpose]).  A purpose that is not known before execution is not
 * estimated.
 */
Datum
may_profile_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSelectivity *selectivity;
	const char *name = purpose_setting;
	double		share;

	if (!IsA(request, SupportRequestSelectivity))
		PG_RETURN_POINTER(NULL);
	selectivity = (SupportRequestSelectivity *) request;

	if (list_length(selectivity->args) > 1)
	{
		Const	   *purpose = lsecond(selectivity->args);

		if (!IsA(purpose, Const) || purpose->constisnull ||
			purpose->consttype != TEXTOID)
			PG_RETURN_POINTER(NULL);
		name = TextDatumGetCString(purpose->constvalue);
	}
	share = PermittedShare(name, selectivity);
	if (share < 0)
		PG_RETURN_POINTER(NULL);
	selectivity->selectivity = Min(share, 1.0);
	PG_RETURN_POINTER(request);
}
