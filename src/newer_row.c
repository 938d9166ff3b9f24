/*
 * newer_row.c
 *		Rows that the snapshot of their query does not see.
 *
 * Under READ COMMITTED a statement that locks or writes a row, and has to wait
 * for another transaction to end, goes on with the version that this one has
 * left.  PostgreSQL evaluates the conditions again for the new version
 * (EvalPlanQual), but with the functions' snapshot being the old one.  The
 * transaction that wrote the version may have withdrawn the consent, too: the
 * snapshot does not see the withdrawal, but the row is of a time after it.
 *
 * So what is permitted by the query's snapshot has to be permitted by the
 * registry's newest state as well, if the call may be about such a row.  These
 * are calls in a plan that EvalPlanQual has set up, which is not the one that
 * the query runs by itself; calls in functions that such a plan may call; and
 * calls in INSERT ... ON CONFLICT DO UPDATE, which takes the newest version of a
 * row without setting up a plan, except those in the scans that the rows to
 * insert come from.
 */
#include "compat.h"

#include "access/xact.h"
#include "engine.h"
#include "newer_row.h"
#include "nodes/nodeFuncs.h"

/* Is it a plan for INSERT ... ON CONFLICT DO UPDATE? */
static bool
UpdatesOnConflict(const Plan *plan)
{
	return plan != NULL && IsA(plan, ModifyTable) &&
		((const ModifyTable *) plan)->onConflictAction == ONCONFLICT_UPDATE;
}

/* Does a statement take the newest versions of rows by ON CONFLICT DO UPDATE? */
bool
Upserts(const PlannedStmt *statement)
{
	ListCell   *lc;

	if (UpdatesOnConflict(statement->planTree))
		return true;
	if (statement->hasModifyingCTE)
	{
		foreach(lc, statement->subplans)
		{
			if (UpdatesOnConflict(lfirst(lc)))
				return true;
		}
	}
	return false;
}

/*
 * Does this part of a plan, or one below, call a function about what it reads?
 * What is written is not that.
 */
static bool
CallsBelow(PlanState *state, void *call)
{
	if (state == NULL)
		return false;
	if (!IsA(state, ModifyTableState) &&
		(HasCall((Node *) state->plan->qual, call) ||
		 HasCall((Node *) state->plan->targetlist, call)))
		return true;
	return planstate_tree_walker(state, CallsBelow, call);
}

/* Is this call of the running query about what it reads by its snapshot? */
bool
IsCallOfScan(const FmgrInfo *flinfo)
{
	ListCell   *lc;

	if (flinfo->fn_expr == NULL)
		return false;
	if (CallsBelow(query_run.query->planstate, flinfo->fn_expr))
		return true;
	foreach(lc, query_run.query->estate->es_subplanstates)
	{
		if (CallsBelow(lfirst(lc), flinfo->fn_expr))
			return true;
	}
	return false;
}

/* Has this part of a plan, or one below, evaluated conditions again? */
static bool
HasRecheckBelow(PlanState *state, void *arg)
{
	if (state == NULL)
		return false;
	if (IsA(state, LockRowsState) &&
		((LockRowsState *) state)->lr_epqstate.recheckestate != NULL)
		return true;
	if (IsA(state, ModifyTableState) &&
		((ModifyTableState *) state)->mt_epqstate.recheckestate != NULL)
		return true;
	return planstate_tree_walker(state, HasRecheckBelow, arg);
}

/* Has a query that is run evaluated conditions again for a newer row? */
bool
HasRecheck(QueryDesc *query)
{
	const PlannedStmt *statement = query->plannedstmt;
	ListCell   *lc;

	if (statement->commandType == CMD_SELECT && statement->rowMarks == NIL &&
		!statement->hasModifyingCTE)
		return false;
	if (HasRecheckBelow(query->planstate, NULL))
		return true;
	foreach(lc, query->estate->es_subplanstates)
	{
		if (HasRecheckBelow(lfirst(lc), NULL))
			return true;
	}
	return false;
}

/*
 * The newest snapshot, to be unregistered by the caller; NULL where it sees
 * what the active one does.  PostgreSQL's own GetLatestSnapshot() must not be
 * called in parallel mode.
 */
Snapshot
RegisterNewerSnapshot(void)
{
	Snapshot	active = GetActiveSnapshot();
	Snapshot	newest;

	/* Such a transaction gets an error in place of a newer row. */
	if (IsolationUsesXactSnapshot())
		return NULL;
	newest = GetNonHistoricCatalogSnapshot(GetRegistry()->subject);
	if (newest->xmax == active->xmax && newest->xcnt == active->xcnt &&
		(newest->xcnt == 0 ||
		 memcmp(newest->xip, active->xip,
				newest->xcnt * sizeof(TransactionId)) == 0))
		return NULL;
	return RegisterSnapshot(newest);
}
