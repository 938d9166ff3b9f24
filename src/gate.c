/*
 * gate.c
 *		may_profile(): the function that the policies call for every row.
 *
 * Each call site keeps a GateState: who asks, for which purpose, under which
 * snapshot, and the answers already found.  An answer holds for exactly one
 * snapshot, transaction, role and statement time; when any of them is not what
 * it was, everything is forgotten.  A cached plan or a cached expression may
 * therefore keep its call site as long as it likes.
 *
 * Permitted() is the one place that turns a subject into an answer.  A faster
 * way to look one up belongs there.
 */
#include "compat.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "gate.h"
#include "miscadmin.h"
#include "objection.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(may_profile_int2);
PG_FUNCTION_INFO_V1(may_profile_int4);
PG_FUNCTION_INFO_V1(may_profile_int8);
PG_FUNCTION_INFO_V1(may_profile_uuid);
PG_FUNCTION_INFO_V1(may_profile_text);
PG_FUNCTION_INFO_V1(may_profile_subject_id);
PG_FUNCTION_INFO_V1(may_profile_columns);

/* The rules of column mode, which are those of the root purpose. */
static const PurposeRules root_rules = {
	.minimum_age = 18,
	.needs_consent = true,
	.needs_explicit = false,
	.direct_marketing = false,
};

/*
 * Everything that the visibility of a row to the running query depends on.
 *
 * Within one transaction two snapshots with the same xmax and the same number
 * of running transactions see the same: the running ones below an unchanged
 * xmax can only become fewer.  curcid and the subtransaction tell apart what
 * the transaction wrote itself, before and after a rollback to a savepoint.
 */
typedef struct SnapshotStamp
{
	LocalTransactionId lxid;
	SubTransactionId subxid;
	TransactionId xmin;
	TransactionId xmax;
	uint32		xcnt;
	int32		subxcnt;
	bool		suboverflowed;
	CommandId	curcid;
	TimestampTz now;
} SnapshotStamp;


/*
 * A subject as the key of the table of answers: the number or the UUID in the
 * words, or a text by pointer.
 */
typedef struct AnswerKey
{
	uint64		words[2];
	const unsigned char *text;	/* NULL for a number or a UUID */
	int32		len;
} AnswerKey;

typedef struct Answer
{
	AnswerKey	key;
	char		status;			/* for simplehash */
	bool		permitted;
} Answer;

static inline uint32
HashAnswerKey(const AnswerKey *key)
{
	if (key->text != NULL)
		return hash_bytes(key->text, key->len);
	return hash_combine(murmurhash32((uint32) (key->words[0] >> 32)) ^
						murmurhash32((uint32) key->words[0]),
						murmurhash32((uint32) (key->words[1] ^
											   (key->words[1] >> 32))));
}

static inline bool
SameAnswerKey(const AnswerKey *a, const AnswerKey *b)
{
	if (a->len != b->len || (a->text == NULL) != (b->text == NULL))
		return false;
	if (a->text != NULL)
		return memcmp(a->text, b->text, a->len) == 0;
	return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

#define SH_PREFIX answers
#define SH_ELEMENT_TYPE Answer
#define SH_KEY_TYPE AnswerKey
#define SH_KEY key
#define SH_HASH_KEY(tb, k) HashAnswerKey(&(k))
#define SH_EQUAL(tb, a, b) SameAnswerKey(&(a), &(b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Answers that a call site keeps at the most, some 64 MB with their table. */
#define MAX_ANSWERS (1024 * 1024)

typedef struct GateState
{
	MemoryContext context;		/* for everything below; reset when stale */
	bool		valid;
	SnapshotStamp stamp;
	Oid			userid;
	char	   *purpose_name;
	Registry	registry;
	Purpose    *purpose;
	SubjectFacts facts;			/* scratch space */
	answers_hash *answers;
	MemoryContext texts;		/* for the texts among their keys, or NULL */
} GateState;

/* Describe the snapshot and the time of the running query. */
static void
StampSnapshot(SnapshotStamp *stamp, Snapshot snapshot)
{
	memset(stamp, 0, sizeof(*stamp));
	stamp->lxid = MyLocalTransactionId;
	stamp->subxid = GetCurrentSubTransactionId();
	stamp->xmin = snapshot->xmin;
	stamp->xmax = snapshot->xmax;
	stamp->xcnt = snapshot->xcnt;
	stamp->subxcnt = snapshot->subxcnt;
	stamp->suboverflowed = snapshot->suboverflowed;
	stamp->curcid = snapshot->curcid;
	stamp->now = GetCurrentStatementStartTimestamp();
}

/*
 * The state of this call site, made ready for the running query.
 *
 * Throws undefined_object for an unknown purpose and insufficient_privilege
 * for one that the current role was not allowed.
 */
static GateState *
PrepareGate(FmgrInfo *flinfo, const char *purpose_name, int purpose_len,
			Snapshot snapshot)
{
	GateState  *state = (GateState *) flinfo->fn_extra;
	SnapshotStamp stamp;
	MemoryContext oldcontext;

	StampSnapshot(&stamp, snapshot);
	if (state != NULL && state->valid &&
		memcmp(&state->stamp, &stamp, sizeof(stamp)) == 0 &&
		state->userid == GetUserId() &&
		strncmp(state->purpose_name, purpose_name, purpose_len) == 0 &&
		state->purpose_name[purpose_len] == '\0')
		return state;

	if (state == NULL)
	{
		state = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(GateState));
		state->context = AllocSetContextCreate(flinfo->fn_mcxt,
											   "consent_profiling gate",
											   ALLOCSET_DEFAULT_SIZES);
		flinfo->fn_extra = state;
	}

	/* An error below leaves the state invalid, so that it is made anew. */
	state->valid = false;
	MemoryContextReset(state->context);
	oldcontext = MemoryContextSwitchTo(state->context);

	state->stamp = stamp;
	state->userid = GetUserId();
	state->purpose_name = pnstrdup(purpose_name, purpose_len);
	OpenRegistry(&state->registry);
	state->purpose = ReadPurpose(&state->registry, state->purpose_name,
								 snapshot);
	if (!PurposeAllowed(&state->registry, state->purpose_name, state->userid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" is not allowed to profile for purpose \"%s\"",
						GetUserNameFromId(state->userid, false),
						state->purpose_name),
				 errhint("An administrator can allow it with consent_profiling.allow_purpose().")));
	state->facts.choices = palloc(state->purpose->nlevels * sizeof(ChoiceFacts));
	state->answers = answers_create(state->context, 16, NULL);
	state->texts = NULL;

	MemoryContextSwitchTo(oldcontext);
	state->valid = true;
	return state;
}

/* The key under which an answer is kept. */
static AnswerKey
MakeAnswerKey(const SubjectKey *subject)
{
	AnswerKey	key = {{0, 0}, NULL, subject->len};

	if (subject->bytes[0] == SUBJECT_TEXT)
		key.text = subject->bytes;
	else
		memcpy(key.words, subject->bytes + 1, subject->len - 1);
	return key;
}

/* Decide about one subject from its rows in the registry. */
static bool
LookUp(GateState *state, const SubjectKey *subject, Snapshot snapshot)
{
	Decision	decision;

	ReadSubject(&state->registry, state->purpose, subject, snapshot,
				&state->facts);
	decision = Decide(&state->facts, &state->purpose->rules, state->stamp.now);
	return decision.verdict == VERDICT_PERMITTED;
}

/*
 * May this subject be profiled?  Answers from what this query already found,
 * or else looks it up.
 */
static bool
Permitted(GateState *state, const SubjectKey *subject, Snapshot snapshot)
{
	AnswerKey	key = MakeAnswerKey(subject);
	Answer	   *answer = answers_lookup(state->answers, key);
	MemoryContext oldcontext;
	bool		permitted;
	bool		found;

	if (answer != NULL)
		return answer->permitted;

	permitted = LookUp(state, subject, snapshot);

	/* When there are too many to keep, start over. */
	if (state->answers->members >= MAX_ANSWERS)
	{
		answers_reset(state->answers);
		if (state->texts != NULL)
			MemoryContextReset(state->texts);
	}

	oldcontext = MemoryContextSwitchTo(state->context);
	if (key.text != NULL)
	{
		unsigned char *copy;

		if (state->texts == NULL)
			state->texts = AllocSetContextCreate(state->context,
												 "consent_profiling gate texts",
												 ALLOCSET_DEFAULT_SIZES);
		copy = MemoryContextAlloc(state->texts, key.len);
		memcpy(copy, key.text, key.len);
		key.text = copy;
	}
	answers_insert(state->answers, key, &found)->permitted = permitted;
	MemoryContextSwitchTo(oldcontext);
	return permitted;
}

/*
 * What all the may_profile() functions of a subject do: the purpose is their
 * second argument or else the setting.  "subject" is NULL for a key that is
 * SQL's NULL or that no subject can have.
 *
 * The purpose is checked even then, so that a mistake in it does not hide
 * behind the person.
 */
static bool
GateSubject(FunctionCallInfo fcinfo, const SubjectKey *subject)
{
	const char *purpose_name;
	int			purpose_len;
	Snapshot	snapshot;
	GateState  *state;

	if (PG_NARGS() < 2)
	{
		purpose_name = purpose_setting;
		purpose_len = strlen(purpose_name);
	}
	else
	{
		text	   *purpose;

		if (PG_ARGISNULL(1))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("purpose must not be null")));
		purpose = PG_GETARG_TEXT_PP(1);
		purpose_name = VARDATA_ANY(purpose);
		purpose_len = VARSIZE_ANY_EXHDR(purpose);
	}

	/* PostgreSQL runs no query without one. */
	if (!ActiveSnapshotSet())
		elog(ERROR, "may_profile called without a snapshot");
	snapshot = GetActiveSnapshot();
	state = PrepareGate(fcinfo->flinfo, purpose_name, purpose_len, snapshot);

	/* Row 1 of the truth table. */
	if (subject == NULL)
		return false;
	return Permitted(state, subject, snapshot);
}

/* may_profile(smallint [, purpose]) */
Datum
may_profile_int2(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	SubjectKeyFromInt64(&key, PG_GETARG_INT16(0));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/* may_profile(integer [, purpose]) */
Datum
may_profile_int4(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	SubjectKeyFromInt64(&key, PG_GETARG_INT32(0));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/* may_profile(bigint [, purpose]) */
Datum
may_profile_int8(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	SubjectKeyFromInt64(&key, PG_GETARG_INT64(0));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/* may_profile(uuid [, purpose]) */
Datum
may_profile_uuid(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	SubjectKeyFromUuid(&key, PG_GETARG_UUID_P(0));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/*
 * may_profile(text [, purpose]).  A text that no subject can be known by, such
 * as the empty one, is nobody's key: denied like any unknown subject, not an
 * error that would break the whole query over one row.
 */
Datum
may_profile_text(PG_FUNCTION_ARGS)
{
	SubjectKey	key;
	const char *problem;
	text	   *value;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	value = PG_GETARG_TEXT_PP(0);
	if (!SubjectKeyFromText(&key, VARDATA_ANY(value),
							VARSIZE_ANY_EXHDR(value), &problem))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/* may_profile(subject_id [, purpose]) */
Datum
may_profile_subject_id(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(GateSubject(fcinfo, NULL));
	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	PG_RETURN_BOOL(GateSubject(fcinfo, &key));
}

/*
 * may_profile(birth_date, consent, objection): column mode, where the row
 * carries the facts itself and the root purpose's rules apply.
 *
 * The registry refuses records from the future; here anybody may have written
 * one.  A consent or a lifting that has not happened yet does not count, an
 * objection does.
 */
Datum
may_profile_columns(PG_FUNCTION_ARGS)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	ChoiceFacts choice = {
		.raised_at = DT_NOBEGIN,
		.withdrawn_at = DT_NOBEGIN,
		.overridden_at = DT_NOBEGIN
	};
	SubjectFacts facts = {
		.registered = true,
		.registered_at = DT_NOBEGIN,
		.nlevels = 1,
		.choices = &choice
	};

	facts.has_birth_date = !PG_ARGISNULL(0);
	if (facts.has_birth_date)
		facts.birth_date = PG_GETARG_DATEADT(0);
	if (!PG_ARGISNULL(1))
	{
		choice.consent = *PG_GETARG_CONSENT_P(1);
		choice.has_consent = choice.consent.at <= now ||
			ConsentStatusIsNo(choice.consent.status);
	}
	if (!PG_ARGISNULL(2))
	{
		Objection  *objection = PG_GETARG_OBJECTION_P(2);

		if (objection->status == OBJECTION_RAISED ||
			objection->status == OBJECTION_UPHELD ||
			objection->at > now)
			choice.raised_at = objection->at;
	}
	PG_RETURN_BOOL(Decide(&facts, &root_rules, now).verdict == VERDICT_PERMITTED);
}
