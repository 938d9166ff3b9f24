/*
 * engine.h
 *		Answers to may_profile() for the running query.
 */
#ifndef CONSENT_PROFILING_ENGINE_H
#define CONSENT_PROFILING_ENGINE_H

#include "access/xact.h"
#include "gate.h"
#include "lookahead.h"
#include "miscadmin.h"
#include "query_clock.h"
#include "storage/proc.h"
#include "subject_set.h"
#include "utils/snapmgr.h"

/* consent_profiling.cache_memory, in kilobytes */
extern int	cache_memory_setting;

typedef struct PurposeAnswers PurposeAnswers;

/*
 * What the last call was about; the next is likely to be about the same.  The
 * transaction, the subtransaction and the command tell apart what a
 * transaction sees of its own writes; xmax and the running transactions, what
 * it sees of others.  To count these would not do: a transaction that is being
 * prepared is listed twice.
 */
typedef struct RunningQuery
{
	PurposeAnswers *answers;	/* NULL: nothing is current */
	const char *name;			/* of its purpose */
	int			name_len;
	uint64		setting;		/* 0: the purpose is not from the setting */
	bool		own;			/* the transaction is on its own */
	SubTransactionId subxid;
	TimestampTz now;
	LocalTransactionId lxid;
	CommandId	curcid;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	TransactionId *xids;		/* copies of xip and, on a standby, subxip */
	Oid			userid;
	uint64		generation;
} RunningQuery;

extern RunningQuery running_query;

/* Counts the assignments to consent_profiling.purpose, from 1 on. */
extern uint64 purpose_setting_generation;

/* Are these transactions running, listed in this order? */
static inline bool
SameRunning(Snapshot snapshot)
{
	if (running_query.xmax != snapshot->xmax ||
		running_query.xcnt != snapshot->xcnt ||
		running_query.subxcnt != snapshot->subxcnt)
		return false;
	if (snapshot->xcnt > 0 &&
		memcmp(running_query.xids, snapshot->xip,
			   snapshot->xcnt * sizeof(TransactionId)) != 0)
		return false;
	return !snapshot->takenDuringRecovery || snapshot->subxcnt == 0 ||
		memcmp(running_query.xids + snapshot->xcnt, snapshot->subxip,
			   snapshot->subxcnt * sizeof(TransactionId)) == 0;
}

/* Does the running query see what the one that running_query is about saw? */
static inline bool
SameView(Snapshot snapshot)
{
	return running_query.lxid == MyLocalTransactionId &&
		running_query.curcid == snapshot->curcid &&
		SameRunning(snapshot) &&
		running_query.userid == GetUserId() &&
		running_query.generation == registry_generation &&
		(!running_query.own ||
		 running_query.subxid == GetCurrentSubTransactionId());
}

/* Is the running query the one that running_query is about? */
static inline bool
SameQuery(void)
{
	Snapshot	snapshot;

	if (unlikely(running_query.answers == NULL || !ActiveSnapshotSet()))
		return false;
	snapshot = GetActiveSnapshot();
	return running_query.now == ClockOf(snapshot) && SameView(snapshot);
}

extern PurposeAnswers *FindAnswersFor(const char *purpose_name,
									  int purpose_len, uint64 setting);

/*
 * What is known about a purpose, for the running query and the current role.
 * It is good for one question; another call may be another query.
 *
 * Throws undefined_object for an unknown purpose and insufficient_privilege
 * for one that the role was not allowed.
 */
static inline PurposeAnswers *
AnswersFor(const char *purpose_name, int purpose_len)
{
	if (likely(SameQuery() && running_query.name_len == purpose_len &&
			   memcmp(running_query.name, purpose_name, purpose_len) == 0))
		return running_query.answers;
	return FindAnswersFor(purpose_name, purpose_len, 0);
}

/* The same for the purpose that the session has set. */
static inline PurposeAnswers *
AnswersForSetting(void)
{
	if (likely(SameQuery() &&
			   running_query.setting == purpose_setting_generation))
		return running_query.answers;
	return FindAnswersFor(purpose_setting, strlen(purpose_setting),
						  purpose_setting_generation);
}

extern bool SubjectPermitted(PurposeAnswers *answers, const SubjectKey *subject);
extern bool NewerRowPermitted(PurposeAnswers *answers, const SubjectKey *subject);
extern void RememberCall(FmgrInfo *flinfo, PurposeAnswers *answers);
extern void InitEngine(void);

/* How many subjects MeasureShare() looks up at the most. */
#define SHARE_SAMPLE 64

extern double ShareOfKnownSet(const char *purpose_name, int purpose_len);
extern double MeasureShare(const char *purpose_name, int purpose_len);

/*
 * What a call of may_profile() keeps in fn_extra for the next row, so that it
 * need not ask anew whether the query is the same.  It is good as long as
 * answers_epoch is what it was.
 */
typedef struct GateCall
{
	uint64		epoch;
	PurposeAnswers *answers;
	const SubjectSet *set;		/* of everybody permitted; or NULL */
	const uint64 *dirty;		/* the dirty, as in MayBeDirty(); NULL: none */
	bool		searched;		/* for the scan to look ahead in */
	Lookahead  *ahead;			/* NULL: there is none, or it does not pay */
} GateCall;

/* What this call has kept, if it is still good; else NULL. */
static inline GateCall *
RememberedCall(const FmgrInfo *flinfo)
{
	GateCall   *call = flinfo->fn_extra;

	return likely(call != NULL && call->epoch == answers_epoch) ? call : NULL;
}

/*
 * Dirty subjects leave a mark among as many bits, so that of the others, whom
 * the set answers for, few need to be looked for among them.
 */
#define DIRTY_MARK_BITS 17

/* Whether a subject that shares the mark of this hash is dirty. */
static inline bool
MayBeDirty(const uint64 *marks, uint64 hash)
{
	Size		mark = FirstSlot(hash, DIRTY_MARK_BITS);

	return (marks[mark >> 6] >> (mark & 63)) & 1;
}

/*
 * Does the set of a call alone answer for a key of these two words, the second
 * being 0 for an integer?
 */
static inline bool
SetAnswers(GateCall *call, uint64 high, uint64 low)
{
	if (unlikely(call == NULL || call->set == NULL))
		return false;
	if (unlikely(call->ahead != NULL))
		PrefetchNext(call->ahead, call->set);
	return call->dirty == NULL ||
		!MayBeDirty(call->dirty, HashWords(&call->set->seed, high, low));
}

#endif							/* CONSENT_PROFILING_ENGINE_H */
