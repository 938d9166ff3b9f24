/*
 * engine.c
 *		Answers to may_profile() for the running query.
 *
 * Guarantee: a query sees exactly the decisions of its own snapshot, its own
 * transaction's writes included, at the time when the executor began to run it.
 *
 * A backend keeps, for each purpose it was asked about, what it has found out:
 * at first single answers, looked up by index, and once a query has asked
 * about a good part of all subjects, a set of everybody who is permitted.  The
 * set is the truth for one snapshot and one moment.  For another snapshot and
 * another moment it is the truth about all but those who changed in between,
 * by somebody's act or by the clock.  These are collected as "dirty", which
 * takes only a look at the log of changes, and looked up one by one when they
 * are asked about.  Dirty may hold people for nothing, never too few.  When
 * there are too many of them, the set is given up and made anew.
 *
 * A transaction that wrote to the registry itself, or is serializable, is on its
 * own until it ends: what it finds out is kept apart, and forgotten with every
 * command.
 */
#include "compat.h"

#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_statistic.h"
#include "change_log.h"
#include "common/hashfn.h"
#include "engine.h"
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "newer_row.h"
#include "portability/instr_time.h"
#include "storage/bufmgr.h"
#include "storage/proc.h"
#include "shared_set.h"
#include "subject_set.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

int			cache_memory_setting;

/* Single answers that are kept at the most, some 64 MB with their table. */
#define MAX_ANSWERS		(1024 * 1024)

/*
 * Looking up one subject costs about as much as adding two to a set; so a set
 * pays once a query looks up half of all.  It is begun earlier, because a
 * query that has looked up so many is likely to go on, and another to follow.
 */
#define LOOKUPS_PER_SUBJECT	0.1
#define MIN_LOOKUPS			1000

/* More dirty subjects than this share of the set, and the set is given up. */
#define MAX_DIRTY_SHARE		0.05
#define MIN_DIRTY			20000

/* With so few dirty subjects a newer set is not worth having. */
#define FEW_DIRTY			1000

/* A set up to this size stays in the cache by itself. */
#define NEAR_SIZE		(1024 * 1024)

/* A key in a table of answers or of dirty subjects. */
typedef struct Answer
{
	SetKey		key;
	char		status;			/* for simplehash */
	bool		permitted;
} Answer;

/* The hash of a key under the seed by which it was made. */
static inline uint32
HashSetKey(const SetKey *key, const FingerprintSeed *seed)
{
	return (uint32) (HashWords(seed, key->words[0], key->words[1]) >> 32);
}

static inline bool
SameSetKey(const SetKey *a, const SetKey *b)
{
	return a->words[0] == b->words[0] && a->words[1] == b->words[1] &&
		a->is_integer == b->is_integer;
}

#define SH_PREFIX answers
#define SH_ELEMENT_TYPE Answer
#define SH_KEY_TYPE SetKey
#define SH_KEY key
#define SH_HASH_KEY(tb, k) HashSetKey(&(k), (tb)->private_data)
#define SH_EQUAL(tb, a, b) SameSetKey(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct PurposeAnswers
{
	PurposeAnswers *next;
	MemoryContext context;		/* for everything below */
	char		name[NAMEDATALEN];
	int			name_len;
	bool		own;			/* for a transaction that is on its own */
	bool		valid;			/* false after an error, and at first */

	RegistryIdentity registry;	/* that all this is about */
	Purpose    *purpose;
	SubjectFacts facts;			/* scratch space */
	FingerprintSeed seed;		/* of the keys and the tables below */

	/* single answers: for the snapshot "seen", in [answers_from, answers_until) */
	SnapshotImage *seen;
	TimestampTz now;
	TimestampTz answers_from;
	TimestampTz answers_until;
	answers_hash *answers;
	uint64		lookups;		/* by this statement, which began then: */
	TimestampTz statement;

	/* who may use the purpose, as last asked */
	Oid			allowed_userid;
	uint64		allowed_generation;

	/* who is permitted, but for the dirty; ours alone, or shared */
	const SubjectSet *set;
	MemoryContext set_context;	/* of a set that is ours alone */
	SharedSet	shared;
	uint64		shared_version; /* of all shared sets, when last asked */
	answers_hash *dirty;
	uint64		dirty_marks[(1 << DIRTY_MARK_BITS) / 64];
	TimestampTz set_from;		/* clock changes from here ... */
	TimestampTz set_upto;		/* ... up to here are among the dirty */
	TimestampTz set_next;		/* the next one after that */
	int			too_big_for;	/* cache_memory that did not suffice */

	/* for engine_stats() */
	int64		builds;
	int64		refreshes;
	int64		probes;
	double		build_ms;
};

RunningQuery running_query;
uint64		purpose_setting_generation = 1;

static ExecutorRun_hook_type next_ExecutorRun_hook = NULL;
static ExecutorFinish_hook_type next_ExecutorFinish_hook = NULL;

static MemoryContext engine_context = NULL;
static PurposeAnswers *all_answers = NULL;

/* Throw away all that is known; the next sync begins from nothing. */
static void
ForgetAnswers(PurposeAnswers *answers)
{
	DetachSharedSet(&answers->shared);
	MemoryContextReset(answers->context);
	answers->valid = false;
	answers->set_context = NULL;
	answers->purpose = NULL;
	answers->seen = NULL;
	answers->answers = NULL;
	answers->set = NULL;
	answers->dirty = NULL;
}

/* Nobody is dirty any more. */
static void
ForgetDirty(PurposeAnswers *answers)
{
	answers_reset(answers->dirty);
	memset(answers->dirty_marks, 0, sizeof(answers->dirty_marks));
}

/* Note that the set does not count for a subject any more. */
static void
AddDirty(PurposeAnswers *answers, SetKey key)
{
	Size		mark = FirstSlot(HashWords(&answers->seed, key.words[0],
										   key.words[1]),
								 DIRTY_MARK_BITS);
	bool		found;

	answers_insert(answers->dirty, key, &found);
	answers->dirty_marks[mark >> 6] |= UINT64CONST(1) << (mark & 63);
}

/* Throw away all that is known about all purposes. */
static void
ForgetAll(void)
{
	running_query.answers = NULL;
	answers_epoch++;
	for (PurposeAnswers *answers = all_answers; answers != NULL;
		 answers = answers->next)
		ForgetAnswers(answers);
}

/* Throw away the set, for instance because too much of it is dirty. */
static void
ForgetSet(PurposeAnswers *answers)
{
	DetachSharedSet(&answers->shared);
	if (answers->set_context != NULL)
		MemoryContextDelete(answers->set_context);
	answers->set_context = NULL;
	answers->set = NULL;
	ForgetDirty(answers);
}

/* Find what is kept about a purpose, or make room for it. */
static PurposeAnswers *
FindAnswers(const char *name, int len, bool own)
{
	PurposeAnswers *unused = NULL;
	PurposeAnswers *answers;

	for (answers = all_answers; answers != NULL; answers = answers->next)
	{
		if (answers->own == own && answers->name_len == len &&
			memcmp(answers->name, name, len) == 0)
			return answers;
		if (!answers->valid)
			unused = answers;
	}

	/* No purpose has so long a name; nor must each mistake take memory. */
	if (len >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("purpose \"%.*s\" does not exist", len, name)));
	if (engine_context == NULL)
		engine_context = AllocSetContextCreate(TopMemoryContext,
											   "consent_profiling",
											   ALLOCSET_DEFAULT_SIZES);
	answers = unused;
	if (answers == NULL)
	{
		MemoryContext context = AllocSetContextCreate(engine_context,
													  "consent_profiling answers",
													  ALLOCSET_DEFAULT_SIZES);

		answers = MemoryContextAllocZero(engine_context,
										 sizeof(PurposeAnswers));
		answers->context = context;
		answers->next = all_answers;
		all_answers = answers;
	}
	ForgetAnswers(answers);
	answers->own = own;
	answers->name_len = len;
	memcpy(answers->name, name, len);
	answers->name[len] = '\0';
	answers->allowed_userid = InvalidOid;
	answers->too_big_for = 0;
	answers->builds = 0;
	answers->refreshes = 0;
	answers->probes = 0;
	answers->build_ms = 0;
	return answers;
}

/*
 * Begin from nothing, for this snapshot.  Throws undefined_object when the
 * snapshot has no such purpose.
 */
static void
BeginAnswers(PurposeAnswers *answers, Snapshot snapshot, TimestampTz now)
{
	MemoryContext oldcontext;

	ForgetAnswers(answers);
	oldcontext = MemoryContextSwitchTo(answers->context);
	answers->registry = GetRegistry()->identity;
	answers->purpose = ReadPurpose(GetRegistry(), answers->name, snapshot);
	answers->facts.choices = palloc(answers->purpose->nlevels * sizeof(ChoiceFacts));
	answers->answers = answers_create(answers->context, 16,
									  &answers->seed);
	answers->dirty = answers_create(answers->context, 16,
									&answers->seed);
	memset(answers->dirty_marks, 0, sizeof(answers->dirty_marks));
	if (!pg_strong_random(&answers->seed, sizeof(answers->seed)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	answers->seen = MakeSnapshotImage(snapshot);
	answers->now = now;
	answers->answers_from = DT_NOBEGIN;
	answers->answers_until = DT_NOEND;
	answers->lookups = 0;
	answers->statement = GetCurrentStatementStartTimestamp();
	MemoryContextSwitchTo(oldcontext);
	answers->valid = true;
}

/* What NoteChange() has to say. */
typedef struct Changes
{
	PurposeAnswers *answers;
	bool		any;
	bool		everything;
} Changes;

/* Somebody changed: what is known of them does not count any more. */
static void
NoteChange(const SubjectKey *subject, void *arg)
{
	Changes    *changes = (Changes *) arg;
	PurposeAnswers *answers = changes->answers;
	SetKey		key;

	changes->any = true;
	if (subject == NULL)
	{
		changes->everything = true;
		return;
	}
	key = MakeSetKey(subject, &answers->seed);
	answers_delete(answers->answers, key);
	if (answers->set != NULL)
	{
		if (answers->dirty->members >=
			Max(MIN_DIRTY, answers->set->count * MAX_DIRTY_SHARE))
			ForgetSet(answers);
		else
			AddDirty(answers, key);
	}
}

/* Note who changed between two snapshots.  False: everybody may have. */
static bool
NoteChanges(PurposeAnswers *answers, const SnapshotImage *from,
			const SnapshotImage *to)
{
	Changes		changes = {answers, false, false};

	ForEachChange(GetRegistry(), from, to, NoteChange, &changes);
	answers->refreshes += changes.any;
	return !changes.everything;
}

/* Bring what is known from the last query's time to this one's. */
static void
FollowClock(PurposeAnswers *answers, TimestampTz now)
{
	Changes		changes = {answers, false, false};
	int			minimum_age = answers->purpose->rules.minimum_age;

	if (now < answers->answers_from || now >= answers->answers_until)
	{
		answers_reset(answers->answers);
		answers->answers_from = DT_NOBEGIN;
		answers->answers_until = DT_NOEND;
	}
	answers->now = now;

	if (answers->set == NULL)
		return;
	if (now >= answers->set_next)
	{
		TimestampTz next = ForEachClockChange(GetRegistry(), minimum_age,
											  answers->set_upto, now,
											  NoteChange, &changes);

		answers->set_upto = now;
		answers->set_next = next;
	}
	else if (now < answers->set_from)
	{
		(void) ForEachClockChange(GetRegistry(), minimum_age,
								  now, answers->set_from,
								  NoteChange, &changes);
		answers->set_from = now;
	}
}

/*
 * Might another backend have published a set worth having?  One that serves
 * well enough is kept.
 */
static bool
WantsSharedSet(const PurposeAnswers *answers)
{
	return !answers->own &&
		answers->shared_version != SharedSetsVersion() &&
		(answers->set == NULL || answers->dirty->members > FEW_DIRTY);
}

/*
 * Take over the set that another backend has published, if there is one that
 * this one has not seen, and follow from its snapshot and its time to those of
 * the running query.
 */
static void
AdoptSharedSet(PurposeAnswers *answers, Snapshot snapshot, TimestampTz now)
{
	const PublishedSet *published;
	SnapshotImage *image;
	Size		image_size;

	if (!WantsSharedSet(answers))
		return;
	answers->shared_version = SharedSetsVersion();
	if (!AttachSharedSet(&GetRegistry()->identity, answers->name,
						 &answers->shared))
		return;
	if (answers->set_context != NULL)
		MemoryContextDelete(answers->set_context);
	answers->set_context = NULL;

	published = answers->shared.published;
	answers->set = PublishedSubjects(published);
	answers->set_from = published->time;
	answers->set_upto = published->time;
	answers->set_next = published->next_change;

	/* Texts are known by other bits now. */
	answers->seed = answers->set->seed;
	answers_reset(answers->answers);
	ForgetDirty(answers);

	/* A copy, since following may end in letting go of the set. */
	image_size = SNAPSHOT_IMAGE_SIZE(PublishedImage(published)->nrunning);
	image = palloc(image_size);
	memcpy(image, PublishedImage(published), image_size);
	if (!NoteChanges(answers, image, answers->seen))
		BeginAnswers(answers, snapshot, now);
	pfree(image);
	FollowClock(answers, now);
}

/* Count the lookups of each statement from nothing. */
static void
CountForStatement(PurposeAnswers *answers)
{
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	if (answers->statement != statement)
		answers->lookups = 0;
	answers->statement = statement;
}

/* Bring what is known to the running query's snapshot and time. */
static void
FollowQuery(PurposeAnswers *answers, Snapshot snapshot, TimestampTz now)
{
	SnapshotImage *image = NULL;

	if (answers->valid && !answers->own &&
		memcmp(&answers->registry, &GetRegistry()->identity,
			   sizeof(RegistryIdentity)) == 0)
	{
		MemoryContext oldcontext = MemoryContextSwitchTo(answers->context);

		image = MakeSnapshotImage(snapshot);
		MemoryContextSwitchTo(oldcontext);
		if (now == answers->now && SameImage(image, answers->seen) &&
			!WantsSharedSet(answers))
		{
			/* It is there already: another purpose was asked about. */
			pfree(image);
			return;
		}
	}

	/* Should anything throw below, all is forgotten. */
	answers->valid = false;
	answers_epoch++;
	if (image == NULL)
	{
		/* Whatever shared set there is, it may be taken up. */
		answers->shared.version = 0;
		answers->shared_version = 0;
		BeginAnswers(answers, snapshot, now);
	}
	else if (NoteChanges(answers, answers->seen, image))
	{
		pfree(answers->seen);
		answers->seen = image;
	}
	else
		BeginAnswers(answers, snapshot, now);
	AdoptSharedSet(answers, snapshot, now);
	FollowClock(answers, now);
	CountForStatement(answers);
	answers->valid = true;
}

/*
 * Go on with the answers of running_query for a query that sees the same, but
 * at another time: the next of a function or a transaction, or the one around
 * it.
 */
static PurposeAnswers *
FollowClockOnly(RunningQuery *query, TimestampTz now)
{
	PurposeAnswers *answers = query->answers;

	/* It was the setting that named the purpose, or the other way round. */
	if (now == answers->now)
		return answers;

	/* Should anything throw, all is forgotten. */
	query->answers = NULL;
	answers->valid = false;
	answers_epoch++;
	FollowClock(answers, now);
	CountForStatement(answers);
	answers->valid = true;

	query->now = now;
	query->answers = answers;
	return answers;
}

/* Throws insufficient_privilege for a purpose that the role was not allowed. */
static void
CheckAllowed(PurposeAnswers *answers, Oid userid)
{
	if (answers->allowed_userid == userid &&
		answers->allowed_generation == registry_generation)
		return;
	CheckPurposeAllowed(GetRegistry(), answers->name, userid);
	answers->allowed_userid = userid;
	answers->allowed_generation = registry_generation;
}

/* Keep the lists of running transactions for SameRunning(). */
static void
CopyRunning(RunningQuery *query, Snapshot snapshot)
{
	static Size room = 0;
	Size		size = (snapshot->xcnt + Max(snapshot->subxcnt, 0)) *
		sizeof(TransactionId);

	if (size > room)
	{
		if (query->xids != NULL)
			pfree(query->xids);
		query->xids = NULL;
		room = 0;
		query->xids = MemoryContextAlloc(TopMemoryContext, size);
		room = size;
	}
	if (snapshot->xcnt > 0)
		memcpy(query->xids, snapshot->xip,
			   snapshot->xcnt * sizeof(TransactionId));
	if (snapshot->takenDuringRecovery && snapshot->subxcnt > 0)
		memcpy(query->xids + snapshot->xcnt, snapshot->subxip,
			   snapshot->subxcnt * sizeof(TransactionId));
}

/*
 * Does the transaction have to find out everything itself?  So does one that is
 * serializable: to read the rows is how PostgreSQL notices who has written to
 * them meanwhile, or will.
 */
static bool
OnItsOwn(Snapshot snapshot)
{
	return snapshot->snapshot_type != SNAPSHOT_MVCC ||
		IsolationIsSerializable() ||
		!GetRegistry()->logged || !LogSeen(GetRegistry(), snapshot) ||
		WroteRegistry(GetRegistry());
}

/*
 * What AnswersFor() and AnswersForSetting() do when another query, role or
 * purpose asks than the last time.
 */
PurposeAnswers *
FindAnswersFor(const char *purpose_name, int purpose_len, uint64 setting)
{
	RunningQuery *query = &running_query;
	PurposeAnswers *answers;
	Snapshot	snapshot;
	TimestampTz now;

	/* PostgreSQL runs no query without one. */
	if (!ActiveSnapshotSet())
		elog(ERROR, "may_profile called without a snapshot");
	snapshot = GetActiveSnapshot();
	now = ClockOf(snapshot);
	if (query->answers != NULL && query->name_len == purpose_len &&
		memcmp(query->name, purpose_name, purpose_len) == 0 &&
		SameView(snapshot) && !WantsSharedSet(query->answers))
	{
		query->setting = setting;
		return FollowClockOnly(query, now);
	}

	/* Should anything throw, nothing is current. */
	query->answers = NULL;
	query->now = now;
	query->lxid = MyLocalTransactionId;
	query->subxid = GetCurrentSubTransactionId();
	query->curcid = snapshot->curcid;
	query->xmax = snapshot->xmax;
	query->xcnt = snapshot->xcnt;
	query->subxcnt = snapshot->subxcnt;
	CopyRunning(query, snapshot);
	query->userid = GetUserId();
	query->setting = setting;

	answers = FindAnswers(purpose_name, purpose_len, OnItsOwn(snapshot));
	FollowQuery(answers, snapshot, query->now);
	CheckAllowed(answers, query->userid);

	query->name = answers->name;
	query->name_len = answers->name_len;
	query->own = answers->own;
	query->generation = registry_generation;
	query->answers = answers;
	return answers;
}

/* What AddPermitted() works on. */
typedef struct SetInTheMaking
{
	PurposeAnswers *answers;
	SetBuilder	builder;
	Size		max_bytes;
	bool		too_big;
} SetInTheMaking;

/* Add a subject to the set if permitted. */
static void
AddPermitted(const SubjectKey *key, const SubjectFacts *facts, void *arg)
{
	SetInTheMaking *making = (SetInTheMaking *) arg;

	if (!making->too_big &&
		Permitted(facts, &making->answers->purpose->rules,
				  making->answers->now))
	{
		AddToSet(&making->builder, key);
		making->too_big = SetBuilderSize(&making->builder) > making->max_bytes;
	}
}

/* Nothing to note: only the time of the next change is wanted. */
static void
IgnoreChange(const SubjectKey *subject, void *arg)
{
}

/*
 * Make the set of everybody permitted, for the running query's snapshot and
 * time, in the current memory context.  NULL when it would take more memory
 * than it may; that is logged once and not tried again, since single answers
 * do as well, if slower.
 */
static SubjectSet *
MakeSet(PurposeAnswers *answers)
{
	SetInTheMaking making = {.answers = answers};
	SubjectSet *set = NULL;
	instr_time	start;
	instr_time	duration;

	INSTR_TIME_SET_CURRENT(start);
	making.max_bytes = (Size) cache_memory_setting * 1024;
	BeginSet(&making.builder, &answers->seed);
	ForEachSubject(GetRegistry(), answers->purpose, GetActiveSnapshot(),
				   AddPermitted, &making);
	if (!making.too_big)
		set = FinishSet(&making.builder);
	if (set != NULL && set->size <= making.max_bytes)
	{
		INSTR_TIME_SET_CURRENT(duration);
		INSTR_TIME_SUBTRACT(duration, start);
		answers->builds++;
		answers->build_ms += INSTR_TIME_GET_MILLISEC(duration);
		return set;
	}

	answers->too_big_for = cache_memory_setting;
	ereport(LOG,
			(errmsg("the permitted subjects of purpose \"%s\" do not fit into consent_profiling.cache_memory",
					answers->name),
			 errdetail("They are looked up one by one, which is slower.")));
	return NULL;
}

/* The time at which the clock next changes anything about anybody. */
static TimestampTz
NextClockChange(PurposeAnswers *answers)
{
	return ForEachClockChange(GetRegistry(),
							  answers->purpose->rules.minimum_age,
							  answers->now, answers->now, IgnoreChange, NULL);
}

/* Begin to use a set of this backend alone, in a memory context of its own. */
static void
UsePrivateSet(PurposeAnswers *answers, SubjectSet *set,
			  MemoryContext set_context, TimestampTz next_change)
{
	answers->set_from = answers->now;
	answers->set_upto = answers->now;
	answers->set_next = next_change;

	/* Looking at another's set in between, texts got other bits. */
	answers->seed = set->seed;
	answers_reset(answers->answers);
	ForgetDirty(answers);
	MemoryContextSetParent(set_context, answers->context);
	answers->set_context = set_context;
	answers->set = set;
}

/* Publish a set.  False when that is not to be, and the set is ours alone. */
static bool
TryToPublish(PurposeAnswers *answers, const SubjectSet *set,
			 TimestampTz next_change)
{
	MemoryContext context = CurrentMemoryContext;
	PublishedSet header = {
		.time = answers->now,
		.next_change = next_change
	};
	volatile bool published = false;

	PG_TRY();
	{
		published = PublishSharedSet(&answers->registry, answers->name,
									 &header, answers->seen, set);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();

		/* No shared memory left is no reason to fail a query. */
		if (error->sqlerrcode != ERRCODE_OUT_OF_MEMORY &&
			error->sqlerrcode != ERRCODE_DISK_FULL &&
			error->sqlerrcode != ERRCODE_INSUFFICIENT_RESOURCES)
			ReThrowError(error);
		ereport(LOG,
				(errmsg("could not share the permitted subjects of purpose \"%s\"",
						answers->name),
				 errdetail_internal("%s", error->message)));
		FreeErrorData(error);
	}
	PG_END_TRY();
	return published;
}

/* About how many subjects there are. */
static double
EstimateSubjects(void)
{
	Relation	rel = table_open(GetRegistry()->subject, AccessShareLock);
	double		subjects = rel->rd_rel->reltuples;

	/* Never analyzed: some hundred rows fit a page. */
	if (subjects < 0)
		subjects = RelationGetNumberOfBlocks(rel) * 100.0;
	table_close(rel, NoLock);
	return subjects;
}

/* The share of permitted subjects, by a set. */
static double
ShareOfSet(const SubjectSet *set)
{
	return Min(set->count / Max(EstimateSubjects(), 1), 1);
}

/*
 * Make a set, and publish it for all backends where sets are shared; or leave
 * it to the backend that is already making one.
 */
static void
MakeAndUseSet(PurposeAnswers *answers)
{
	bool		share = HaveSharedSets();
	MemoryContext set_context;
	MemoryContext oldcontext;
	SubjectSet *set = NULL;
	TimestampTz next_change = DT_NOEND;
	volatile bool published = false;

	if (share && !BeginSharedSet(&answers->registry, answers->name))
		return;

	/* Goes with the query if anything throws. */
	set_context = AllocSetContextCreate(CurrentMemoryContext,
										"consent_profiling set",
										ALLOCSET_SMALL_SIZES);
	oldcontext = MemoryContextSwitchTo(set_context);
	PG_TRY();
	{
		set = MakeSet(answers);
		if (set != NULL)
			next_change = NextClockChange(answers);
		if (set != NULL && share)
			published = TryToPublish(answers, set, next_change);
	}
	PG_FINALLY();
	{
		if (share)
			AbandonSharedSet(&answers->registry, answers->name);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(oldcontext);

	if (set != NULL && share)
		PublishShare(&answers->registry, answers->name, ShareOfSet(set));
	if (published)
		AdoptSharedSet(answers, GetActiveSnapshot(), answers->now);
	if (set != NULL && answers->set == NULL)
		UsePrivateSet(answers, set, set_context, next_change);
	else
		MemoryContextDelete(set_context);
}

/* Has this statement asked about so many that a set pays? */
static bool
SetPays(const PurposeAnswers *answers)
{
	if (answers->own || answers->set != NULL ||
		cache_memory_setting <= answers->too_big_for ||
		answers->lookups % MIN_LOOKUPS != 0)
		return false;
	return answers->lookups >= EstimateSubjects() * LOOKUPS_PER_SUBJECT;
}

/* Decide about one subject from its rows, and keep the answer. */
static bool
LookUp(PurposeAnswers *answers, const SubjectKey *subject, const SetKey *key)
{
	Decision	decision;
	bool		found;

	ReadSubject(GetRegistry(), answers->purpose, subject, GetActiveSnapshot(),
				&answers->facts);
	decision = Decide(&answers->facts, &answers->purpose->rules, answers->now);

	/* When there are too many to keep, start over. */
	if (answers->answers->members >= MAX_ANSWERS)
		answers_reset(answers->answers);
	answers_insert(answers->answers, *key, &found)->permitted =
		decision.verdict == VERDICT_PERMITTED;

	/* The clock has changed nothing since what decides came about. */
	answers->answers_from = Max(answers->answers_from,
								Min(decision.since, answers->now));
	answers->answers_until = Min(answers->answers_until, decision.until);
	answers->lookups++;
	answers->probes++;
	return decision.verdict == VERDICT_PERMITTED;
}

/* Get a set from somewhere.  Should anything throw, all is forgotten. */
static void
GetSet(PurposeAnswers *answers)
{
	PurposeAnswers *running = running_query.answers;

	running_query.answers = NULL;
	answers->valid = false;
	answers_epoch++;

	/* Perhaps somebody has just made one. */
	AdoptSharedSet(answers, GetActiveSnapshot(), answers->now);
	if (answers->set == NULL)
		MakeAndUseSet(answers);
	answers->valid = true;

	running_query.answers = running;
}

/* May this subject be profiled, by what is known or else by looking it up? */
static bool
AnswerOrLookUp(PurposeAnswers *answers, const SubjectKey *subject)
{
	SetKey		key = MakeSetKey(subject, &answers->seed);
	Answer	   *answer;

	if (answers->set != NULL &&
		(answers->dirty->members == 0 ||
		 answers_lookup(answers->dirty, key) == NULL))
		return SetHas(answers->set, &key);

	answer = answers_lookup(answers->answers, key);
	if (answer != NULL)
		return answer->permitted;
	return LookUp(answers, subject, &key);
}

/*
 * May this subject be profiled?  To be asked right after AnswersFor...(); the
 * set is made when so many have been asked about that it pays.
 */
bool
SubjectPermitted(PurposeAnswers *answers, const SubjectKey *subject)
{
	uint64		lookups = answers->lookups;
	bool		permitted = AnswerOrLookUp(answers, subject);

	if (answers->lookups != lookups && SetPays(answers))
		GetSet(answers);
	return permitted;
}

/*
 * May this subject, who is permitted by what the running query sees, be
 * profiled by the newest state of the registry, too?  To be asked where the row
 * may be newer than the query's snapshot, see newer_row.c.
 */
bool
NewerRowPermitted(PurposeAnswers *answers, const SubjectKey *subject)
{
	Snapshot	snapshot = RegisterNewerSnapshot();
	Purpose    *purpose;
	SubjectFacts facts = {0};
	bool		permitted;

	if (snapshot == NULL)
		return true;
	purpose = ReadPurpose(GetRegistry(), answers->name, snapshot);
	facts.choices = palloc(purpose->nlevels * sizeof(ChoiceFacts));
	ReadSubject(GetRegistry(), purpose, subject, snapshot, &facts);
	permitted = Permitted(&facts, &purpose->rules, answers->now);
	UnregisterSnapshot(snapshot);
	return permitted;
}

/*
 * The share of permitted subjects among SHARE_SAMPLE of those that ANALYZE kept
 * as the bounds of its histogram, which are spread evenly over all; below 0
 * when it has not been there yet.  A plan waits for it, so it is no better than
 * it has to be.
 */
static double
SampleShare(PurposeAnswers *answers)
{
	HeapTuple	stats = SearchSysCache3(STATRELATTINH,
										ObjectIdGetDatum(GetRegistry()->subject),
										Int16GetDatum(SUBJECT_ID),
										BoolGetDatum(false));
	AttStatsSlot slot;
	double		share = -1;

	if (!HeapTupleIsValid(stats))
		return share;
	if (get_attstatsslot(&slot, stats, STATISTIC_KIND_HISTOGRAM, InvalidOid,
						 ATTSTATSSLOT_VALUES))
	{
		int			asked = Min(slot.nvalues, SHARE_SAMPLE);
		int			permitted = 0;

		for (int i = 0; i < asked; i++)
		{
			int			bound = (2 * i + 1) * slot.nvalues / (2 * asked);
			SubjectKey	key;

			SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(slot.values[bound]));
			permitted += AnswerOrLookUp(answers, &key);
		}

		/*
		 * Laplace's rule of succession: where all of the sample are alike, a
		 * few others may be there all the same.  With none among 64 the share
		 * is taken for 1.5 %, and is below 4.6 % 95 times in 100.
		 */
		share = (permitted + 1.0) / (asked + 2.0);
		free_attstatsslot(&slot);
	}
	ReleaseSysCache(stats);
	return share;
}

/*
 * The share of permitted subjects by the set that this session has of a
 * purpose, for whatever snapshot; below 0 when it has none.
 */
double
ShareOfKnownSet(const char *purpose_name, int purpose_len)
{
	for (PurposeAnswers *answers = all_answers; answers != NULL;
		 answers = answers->next)
	{
		if (answers->valid && answers->set != NULL &&
			answers->name_len == purpose_len &&
			memcmp(answers->name, purpose_name, purpose_len) == 0 &&
			memcmp(&answers->registry, &GetRegistry()->identity,
				   sizeof(RegistryIdentity)) == 0)
			return ShareOfSet(answers->set);
	}
	return -1;
}

/*
 * Find out which share of all subjects is permitted: by the set where there is
 * one, else by a sample; below 0 when there is no telling.
 *
 * Throws undefined_object for an unknown purpose.
 */
double
MeasureShare(const char *purpose_name, int purpose_len)
{
	Snapshot	snapshot = GetActiveSnapshot();
	PurposeAnswers *answers;
	uint64		lookups;
	double		share;

	running_query.answers = NULL;
	answers = FindAnswers(purpose_name, purpose_len, OnItsOwn(snapshot));
	FollowQuery(answers, snapshot, ClockOf(snapshot));

	/* A sample is not what a statement asks. */
	lookups = answers->lookups;
	share = answers->set != NULL ? ShareOfSet(answers->set) :
		SampleShare(answers);
	answers->lookups = lookups;

	/* What others cannot see yet does not count for their plans. */
	if (share >= 0 && !answers->own)
		PublishShare(&answers->registry, answers->name, share);
	return share;
}

/*
 * Keep in a call what it may answer from for the rest of the query.
 *
 * That takes a call of the query, whose purpose is the same for every row, too.
 * The user may change within the query; whether the purpose is allowed is asked
 * when it begins, as are a table's privileges.
 * A transaction on its own is another matter, and so are rows that the query's
 * snapshot does not see.
 */
void
RememberCall(FmgrInfo *flinfo, PurposeAnswers *answers)
{
	GateCall   *call = flinfo->fn_extra;

	if (answers->own || !IsCallOfQuery(flinfo) || MayBeNewerRow(flinfo))
		return;
	if (call == NULL)
	{
		call = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(GateCall));
		flinfo->fn_extra = call;
	}
	call->epoch = answers_epoch;
	call->answers = answers;
	call->set = answers->set;
	call->dirty = answers->dirty->members > 0 ? answers->dirty_marks : NULL;
	if (!call->searched && call->set != NULL && call->set->size > NEAR_SIZE)
	{
		call->ahead = FindScan(query_run.query, flinfo->fn_expr);
		call->searched = true;
	}
	if (call->ahead != NULL)
		ForgetNext(call->ahead);
}

/*
 * The hook on running a query: whose expressions are being evaluated from now
 * on?  What calls have kept is not good for another run, nor after one within
 * it, which may have changed anything.
 */
static void
RunQuery(QueryDesc *queryDesc, ScanDirection direction,
		 uint64 count EXECUTE_ONCE_PARAMETER)
{
	QueryRun	outer;

	/* Nobody will ask again about an extension that was dropped. */
	if (query_run.query == NULL && all_answers != NULL && RegistryGone())
		ForgetAll();

	outer = BeginRun(queryDesc);
	answers_epoch++;
	PG_TRY();
	{
		if (next_ExecutorRun_hook)
			next_ExecutorRun_hook(queryDesc, direction,
								  count EXECUTE_ONCE_ARGUMENT);
		else
			standard_ExecutorRun(queryDesc, direction,
								 count EXECUTE_ONCE_ARGUMENT);
	}
	PG_FINALLY();
	{
		EndRun(outer);
		answers_epoch++;
	}
	PG_END_TRY();
}

/* Finish a query by the hook before or PostgreSQL itself. */
static void
FinishByNext(QueryDesc *queryDesc)
{
	if (next_ExecutorFinish_hook)
		next_ExecutorFinish_hook(queryDesc);
	else
		standard_ExecutorFinish(queryDesc);
}

/*
 * The hook on finishing a query, which runs those writing parts of it whose
 * rows were not all read.
 */
static void
FinishQuery(QueryDesc *queryDesc)
{
	QueryRun	outer;

	if (queryDesc->estate->es_auxmodifytables == NIL)
	{
		FinishByNext(queryDesc);
		return;
	}
	outer = BeginFinish(queryDesc);
	answers_epoch++;
	PG_TRY();
	{
		FinishByNext(queryDesc);
	}
	PG_FINALLY();
	{
		EndRun(outer);
		answers_epoch++;
	}
	PG_END_TRY();
}

/* Called when the library is loaded. */
void
InitEngine(void)
{
	next_ExecutorRun_hook = ExecutorRun_hook;
	ExecutorRun_hook = RunQuery;
	next_ExecutorFinish_hook = ExecutorFinish_hook;
	ExecutorFinish_hook = FinishQuery;
}

PG_FUNCTION_INFO_V1(engine_stats);

/*
 * engine_stats(): what this session keeps of each purpose it was asked about.
 *
 * How many are dirty, and whether an answer had to be looked up, says of a
 * person that an act was recorded lately, for any purpose, and even if it was
 * rolled back.  That is for those who may read the history.
 */
Datum
engine_stats(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		in_full = pg_class_aclcheck(GetRegistry()->event, GetUserId(),
											ACL_SELECT) == ACLCHECK_OK;

	InitMaterializedSRF(fcinfo, 0);
	for (PurposeAnswers *answers = all_answers; answers != NULL;
		 answers = answers->next)
	{
		const SubjectSet *set = answers->set;
		Datum		values[10] = {0};
		bool		nulls[10] = {false};

		if (answers->own ||
			!PurposeAllowed(GetRegistry(), answers->name, GetUserId()))
			continue;
		values[0] = CStringGetTextDatum(answers->name);
		values[1] = BoolGetDatum(set != NULL);
		values[2] = BoolGetDatum(answers->shared.segment != NULL);
		values[3] = Int64GetDatum(set == NULL ? 0 : set->count);
		values[4] = Int64GetDatum(set == NULL ? 0 : set->size);
		values[5] = Int64GetDatum(set == NULL ? 0 : answers->dirty->members);
		values[6] = Int64GetDatum(answers->builds);
		values[7] = Int64GetDatum(answers->refreshes);
		values[8] = Int64GetDatum(answers->probes);
		values[9] = Float8GetDatum(answers->build_ms);
		nulls[5] = nulls[7] = nulls[8] = !in_full;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}
