/*
 * gate_policy.h
 *		What a row security policy is to us.
 */
#ifndef CONSENT_PROFILING_GATE_POLICY_H
#define CONSENT_PROFILING_GATE_POLICY_H

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "utils/rel.h"

typedef enum PolicyKind
{
	POLICY_OTHER,				/* calls nothing of ours that matters here */
	POLICY_GATE,				/* calls may_profile() */
	POLICY_HELPER,				/* calls ungated() */
	POLICY_CLOSED,				/* closes a table whose gates are gone */
} PolicyKind;

typedef struct PolicyFacts
{
	PolicyKind	kind;
	bool		intact;			/* exactly as protect() makes it */
	bool		whole;			/* the same, but it may be permissive */
	bool		open;			/* a helper that shows rows */
	FuncExpr   *call;			/* the call of may_profile() in a gate */
	Index		depth;			/* of the subqueries that the call stands in */
} PolicyFacts;

extern void JudgePolicy(const char *name, bool permissive, char command,
						Node *qual, Node *check, PolicyFacts *facts);
extern void JudgePolicyTuple(Relation catalog, HeapTuple tuple,
							 PolicyFacts *facts);

#endif							/* CONSENT_PROFILING_GATE_POLICY_H */
