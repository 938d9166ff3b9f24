/*
 * lookahead.h
 *		Fetching into the cache what the rows to come will be asked about.
 */
#ifndef CONSENT_PROFILING_LOOKAHEAD_H
#define CONSENT_PROFILING_LOOKAHEAD_H

#include "executor/execdesc.h"
#include "nodes/execnodes.h"
#include "subject_set.h"

/*
 * Rows between the one asked for in advance and the running one: enough to
 * take as long as memory does, and few of a page's rows.
 */
#define ROWS_AHEAD 7

/* A row's subject, which for a text takes some time to find out. */
typedef struct NextSubject
{
	SubjectKey	key;			/* no bytes: none */
	SetKey		set_key;
} NextSubject;

/* The scan that a call's subjects come from. */
typedef struct Lookahead
{
	ScanState  *scan;
	AttrNumber	attnum;
	Oid			type;
	NextSubject next[ROWS_AHEAD + 1];	/* by the row's number on its page */
} Lookahead;

extern bool HasCall(Node *node, void *call);
extern Lookahead *FindScan(QueryDesc *query, Node *call);
extern void ForgetNext(Lookahead *ahead);
extern void PrefetchNext(Lookahead *ahead, const SubjectSet *set);
extern SetKey SetKeyAhead(const Lookahead *ahead, const SubjectKey *key,
						  const SubjectSet *set);

#endif							/* CONSENT_PROFILING_LOOKAHEAD_H */
