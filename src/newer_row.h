/*
 * newer_row.h
 *		Rows that the snapshot of their query does not see.
 */
#ifndef CONSENT_PROFILING_NEWER_ROW_H
#define CONSENT_PROFILING_NEWER_ROW_H

#include "query_clock.h"

extern bool Upserts(const PlannedStmt *statement);
extern bool IsCallOfScan(const FmgrInfo *flinfo);
extern bool HasRecheck(QueryDesc *query);
extern Snapshot RegisterNewerSnapshot(void);

/*
 * May this call be about a row that the query's snapshot does not see?  A call
 * that is the query's own is not, unless INSERT ... ON CONFLICT DO UPDATE makes
 * it, or the query is run by a function that is called about such a row.
 */
static inline bool
MayBeNewerRow(const FmgrInfo *flinfo)
{
	if (likely(IsCallOfQuery(flinfo)))
		return unlikely(query_run.newer_rows) ||
			(unlikely(query_run.upserts) && !IsCallOfScan(flinfo));
	return query_run.query != NULL &&
		(query_run.newer_rows || query_run.upserts ||
		 HasRecheck(query_run.query));
}

#endif							/* CONSENT_PROFILING_NEWER_ROW_H */
