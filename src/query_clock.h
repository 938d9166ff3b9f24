/*
 * query_clock.h
 *		The time that the gate goes by.
 */
#ifndef CONSENT_PROFILING_QUERY_CLOCK_H
#define CONSENT_PROFILING_QUERY_CLOCK_H

#include "executor/execdesc.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A query that the executor is running, and when it began to. */
typedef struct QueryRun
{
	QueryDesc  *query;			/* NULL: none */
	TimestampTz clock;
} QueryRun;

/* The innermost query that the executor is running in this process. */
extern QueryRun query_run;

extern TimestampTz ReadClock(void);

/*
 * The time that a call with this active snapshot goes by: the start of the
 * query whose snapshot it is; the present where the executor runs none, as for
 * an expression that PL/pgSQL evaluates by itself under a snapshot of its own.
 */
static inline TimestampTz
ClockOf(Snapshot snapshot)
{
	return likely(query_run.query != NULL &&
				  query_run.query->snapshot == snapshot) ?
		query_run.clock : ReadClock();
}

extern TimestampTz QueryClock(void);
extern QueryRun BeginRun(QueryDesc *query);
extern QueryRun BeginFinish(QueryDesc *query);
extern void EndRun(QueryRun outer);
extern void InitQueryClock(void);

#endif							/* CONSENT_PROFILING_QUERY_CLOCK_H */
