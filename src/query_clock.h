/*
 * query_clock.h
 *		The time that the gate goes by.
 */
#ifndef CONSENT_PROFILING_QUERY_CLOCK_H
#define CONSENT_PROFILING_QUERY_CLOCK_H

#include "executor/execdesc.h"
#include "fmgr.h"
#include "nodes/execnodes.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A query that the executor is running, and when it began to. */
typedef struct QueryRun
{
	QueryDesc  *query;			/* NULL: none */
	TimestampTz clock;
	bool		upserts;		/* these two are about rows that the snapshot */
	bool		newer_rows;		/* does not see, see newer_row.h */
} QueryRun;

/* The innermost query that the executor is running in this process. */
extern QueryRun query_run;

extern TimestampTz ReadClock(void);

/*
 * The time that goes with a snapshot: the start of the query that the executor
 * is running under it; the present where that query has another, as for a query
 * of a VOLATILE function, or where it runs none.
 */
static inline TimestampTz
ClockOf(Snapshot snapshot)
{
	return likely(query_run.query != NULL &&
				  query_run.query->snapshot == snapshot) ?
		query_run.clock : ReadClock();
}

/*
 * Is this a call of the query that the executor is running, whose snapshot and
 * clock are the same for every row?  What PL/pgSQL evaluates without the
 * executor from one statement to the next is another matter.
 */
static inline bool
IsCallOfQuery(const FmgrInfo *flinfo)
{
	return query_run.query != NULL &&
		flinfo->fn_mcxt == query_run.query->estate->es_query_cxt;
}

/* The time that a call goes by. */
static inline TimestampTz
QueryClock(const FmgrInfo *flinfo)
{
	if (likely(IsCallOfQuery(flinfo)))
		return query_run.clock;
	return ClockOf(ActiveSnapshotSet() ? GetActiveSnapshot() : NULL);
}

extern QueryRun BeginRun(QueryDesc *query);
extern QueryRun BeginFinish(QueryDesc *query);
extern void EndRun(QueryRun outer);
extern void InitQueryClock(void);

#endif							/* CONSENT_PROFILING_QUERY_CLOCK_H */
