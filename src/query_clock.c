/*
 * query_clock.c
 *		The time that the gate goes by.
 *
 * A consent ends, and a child comes of age, by the clock alone.  All rows of a
 * query are judged at one time, which is when the executor began to run it.
 * That is not when its statement began: the statements of one query string
 * share a start, and a DO block or a procedure may run for hours.  A query that
 * a function runs is a query, too, and so has a time of its own; but where it
 * sees the snapshot of the query that calls the function, as in a STABLE one,
 * it goes by that query's time, so that the function returns the same for all
 * rows.  A cursor is run again for each FETCH.
 *
 * The executor runs a part of a parallel query in each worker, later than in
 * the leader.  The workers get the leader's time by a setting, because
 * PostgreSQL hands the values of settings over to them, also where the library
 * is not preloaded.
 */
#include "compat.h"

#include <float.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "newer_row.h"
#include "query_clock.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(query_clock);

#define WORKER_CLOCK_SETTING "consent_profiling.worker_clock"

QueryRun	query_run;

/* The run that ended last, which may have to be finished. */
static QueryRun ended_run;

/*
 * The clock of query_run, for workers that are started; in a worker at first
 * that of the leader.  0: there is none.  A double holds any time of the next
 * two centuries exactly.
 */
static double worker_clock;

/*
 * The present; never before the statement began, and never before what was
 * returned last within it, even if the server's clock is set back.
 */
TimestampTz
ReadClock(void)
{
	static TimestampTz statement = 0;
	static TimestampTz latest = 0;

	if (statement != GetCurrentStatementStartTimestamp())
	{
		statement = GetCurrentStatementStartTimestamp();
		latest = statement;
	}
	latest = Max(latest, GetCurrentTimestamp());
	return latest;
}

/* Make a run the innermost.  Returns the one around it, for EndRun(). */
static QueryRun
EnterRun(QueryDesc *query, TimestampTz clock)
{
	QueryRun	outer = query_run;

	query_run.query = query;
	query_run.clock = clock;
	query_run.upserts = Upserts(query->plannedstmt);
	query_run.newer_rows = outer.query != NULL &&
		(outer.newer_rows || outer.upserts || HasRecheck(outer.query));
	worker_clock = (double) clock;
	return outer;
}

/*
 * The executor begins to run a query; in a worker, to help with the one that
 * the leader runs.
 */
QueryRun
BeginRun(QueryDesc *query)
{
	if (query_run.query == NULL && IsParallelWorker() && worker_clock != 0)
		return EnterRun(query, (TimestampTz) worker_clock);
	return EnterRun(query, ClockOf(query->snapshot));
}

/*
 * The executor finishes a query, and so runs what of it writes and has not been
 * read from.  It goes by the clock of the run before.
 */
QueryRun
BeginFinish(QueryDesc *query)
{
	return EnterRun(query, ended_run.query == query ?
					ended_run.clock : ClockOf(query->snapshot));
}

/* A run ends, or fails. */
void
EndRun(QueryRun outer)
{
	ended_run = query_run;
	query_run = outer;
	worker_clock = (double) outer.clock;
}

/* Only this library sets the clock of workers, and PostgreSQL on its behalf. */
static bool
CheckWorkerClock(double *newval, void **extra, GucSource source)
{
	return source == PGC_S_DEFAULT || source == PGC_S_OVERRIDE;
}

/* Called when the library is loaded. */
void
InitQueryClock(void)
{
	DefineCustomRealVariable(WORKER_CLOCK_SETTING,
							 "Time that parallel workers go by.",
							 "It is not for you to set.",
							 &worker_clock,
							 0, -DBL_MAX, DBL_MAX,
							 PGC_SUSET,
							 GUC_NO_SHOW_ALL | GUC_NO_RESET_ALL |
							 GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE,
							 CheckWorkerClock, NULL, NULL);

	/*
	 * Workers are given the values of the settings that have been set.  From
	 * here on this is one of them, whatever the variable holds.  A value of
	 * this source is not rolled back, and so may be set in parallel mode, too,
	 * where a worker may load the library: that takes GUC_ACTION_SAVE.
	 */
	(void) set_config_option(WORKER_CLOCK_SETTING, "0", PGC_SUSET,
							 PGC_S_OVERRIDE, GUC_ACTION_SAVE, true, 0, false);
}

/* query_clock(): the time at which may_profile() would decide here. */
Datum
query_clock(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(QueryClock(fcinfo->flinfo));
}
