/*
 * history.c
 *		The chain of hashes through the history, and its guard.
 *
 * Every event carries a hash over itself and over the hash of the event before
 * it about the same person.  Chains are per person, since all acts about one
 * person wait for each other anyway; so the chains make nobody wait.  Events
 * about the registry itself, which name nobody, are one chain among them.
 *
 * What an event says of a person can be erased, Art. 17, and the chain must
 * hold nevertheless.  So that part enters the hash only through a digest of its
 * own, salted so that nobody can guess what was erased by trying.  As long as
 * the event is whole, the digest is computed from it; erasing takes away the
 * salt and the personal part, and leaves the digest in their place.
 *
 * The hash also covers the tombstone that the subject has or would have.  It
 * stays when the subject is erased, so that the emptied events of one subject
 * cannot be passed off as those of another.  It also covers a digest of the
 * secret of the tombstones: with another secret no event about a subject fits.
 *
 * The order of the columns, and how a column is written for hashing, may never
 * change: hashes of old events were made that way.
 */
#include "compat.h"

#include "access/detoast.h"
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "consent.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "iso8601.h"
#include "mb/pg_wchar.h"
#include "objection.h"
#include "port/pg_bswap.h"
#include "registry.h"
#include "storage/lmgr.h"
#include "tombstone.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(chain_event);
PG_FUNCTION_INFO_V1(keep_event);
PG_FUNCTION_INFO_V1(event_content);
PG_FUNCTION_INFO_V1(event_fits);

#define SALT_LEN 16

/*
 * As much as anybody needs, and little enough for reports to hold it, which are
 * one value, and for pg_dump, to which an event is one line.
 */
#define MAX_VALUE_MEGABYTES 1
#define MAX_EVIDENCE_LEVELS 100

/* What stands in place of the grounds of an override that were erased. */
#define ERASED_GROUNDS "(erased)"

/* An event taken apart; what is NULL in "nulls" is not looked at. */
typedef struct EventRow
{
	Datum		values[EVENT_NATTS];
	bool		nulls[EVENT_NATTS];
} EventRow;

/* What the tombstones are made with, and by what the secret is known. */
typedef struct HashKey
{
	bytea	   *secret;			/* NULL: there is none */
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
} HashKey;

#define EventIsNull(row, column)	((row)->nulls[(column) - 1])
#define EventValue(row, column)		((row)->values[(column) - 1])

/*
 * A hash in the making.  A field is written as the length of its bytes, or all
 * ones for NULL, and the bytes, so that no two rows look alike.
 */
typedef pg_cryptohash_ctx Digest;

static void
AddBytes(Digest *digest, const void *bytes, size_t len)
{
	if (pg_cryptohash_update(digest, bytes, len) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s",
			 pg_cryptohash_error(digest));
}

/* Begin a hash; the name keeps one kind of hash from passing for another. */
static Digest *
BeginDigest(const char *name)
{
	Digest	   *digest = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(digest) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s",
			 pg_cryptohash_error(digest));
	AddBytes(digest, name, strlen(name) + 1);
	return digest;
}

/* The hash, as a new bytea. */
static bytea *
EndDigest(Digest *digest)
{
	bytea	   *result = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (pg_cryptohash_final(digest, (uint8 *) VARDATA(result),
							PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s",
			 pg_cryptohash_error(digest));
	pg_cryptohash_free(digest);
	return result;
}

static void
AddNull(Digest *digest)
{
	uint32		mark = PG_UINT32_MAX;

	AddBytes(digest, &mark, sizeof(mark));
}

static void
AddField(Digest *digest, const void *bytes, size_t len)
{
	uint32		netlen = pg_hton32((uint32) len);

	AddBytes(digest, &netlen, sizeof(netlen));
	AddBytes(digest, bytes, len);
}

/*
 * A text, in UTF-8 whatever the encoding of the database.  SQL_ASCII is none:
 * what it calls a text are bytes, and they stay what they are.
 */
static void
AddText(Digest *digest, const char *text, int len)
{
	char	   *utf8 = GetDatabaseEncoding() == PG_SQL_ASCII ? unconstify(char *, text) :
		pg_server_to_any(text, len, PG_UTF8);

	AddField(digest, utf8, utf8 == text ? len : strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

/*
 * A jsonb, as a database in UTF-8 writes it.  The keys of an object stand in the
 * order of their lengths in bytes, so that where texts have other bytes it has
 * to be put together anew.
 */
static void
AddJson(Digest *digest, Jsonb *json)
{
	char	   *string;

	if (GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII)
	{
		JsonbIterator *iterator = JsonbIteratorInit(&json->root);
		JsonbParseState *state = NULL;
		JsonbValue *whole = NULL;
		JsonbValue	value;
		JsonbIteratorToken token;

		while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
		{
			bool		single = (token == WJB_KEY || token == WJB_VALUE ||
								  token == WJB_ELEM);

			if (single && value.type == jbvString)
			{
				value.val.string.val =
					pg_server_to_any(pnstrdup(value.val.string.val,
											  value.val.string.len),
									 value.val.string.len, PG_UTF8);
				value.val.string.len = strlen(value.val.string.val);
			}
			if (token == WJB_BEGIN_ARRAY && value.val.array.rawScalar)
				single = true;
			whole = pushJsonbValue(&state, token, single ? &value : NULL);
		}
		json = JsonbValueToJsonb(whole);
	}
	string = JsonbToCString(NULL, &json->root, VARSIZE(json));
	AddField(digest, string, strlen(string));
}

static void
AddInteger(Digest *digest, int64 value)
{
	uint64		net = pg_hton64((uint64) value);

	AddField(digest, &net, sizeof(net));
}

/* A column, in a form that depends on no setting and no machine. */
static void
AddColumn(Digest *digest, const EventRow *row, int column)
{
	Datum		value = EventValue(row, column);

	if (EventIsNull(row, column))
	{
		AddNull(digest);
		return;
	}
	switch (column)
	{
		case EVENT_ACT:
		case EVENT_PURPOSE:
		case EVENT_ACTOR:
		case EVENT_GROUND:
		case EVENT_NOTICE:
			{
				text	   *string = DatumGetTextPP(value);

				AddText(digest, VARDATA_ANY(string), VARSIZE_ANY_EXHDR(string));
				break;
			}
		case EVENT_SUBJECT:
			{
				SubjectKey	key;
				char	   *string;

				SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(value));
				string = SubjectKeyToCString(&key);
				AddText(digest, string, strlen(string));
				break;
			}
		case EVENT_SESSION_ROLE:
		case EVENT_CALLER:
			{
				const char *string = NameStr(*DatumGetName(value));

				AddText(digest, string, strlen(string));
				break;
			}
		case EVENT_ID:
			AddInteger(digest, DatumGetInt64(value));
			break;
		case EVENT_LINK:
			AddInteger(digest, DatumGetInt32(value));
			break;
		case EVENT_AT:
		case EVENT_RECORDED_AT:
		case EVENT_INFORMED_AT:
			AddInteger(digest, DatumGetTimestampTz(value));
			break;
		case EVENT_BIRTH_DATE:
			AddInteger(digest, DatumGetDateADT(value));
			break;
		case EVENT_CONSENT:
			{
				char	   *string = FormatConsent(DatumGetConsentP(value));

				AddText(digest, string, strlen(string));
				break;
			}
		case EVENT_OBJECTION:
			{
				char	   *string = FormatObjection(DatumGetObjectionP(value));

				AddText(digest, string, strlen(string));
				break;
			}
		case EVENT_EVIDENCE:
		case EVENT_DETAIL:
			AddJson(digest, DatumGetJsonbP(value));
			break;
		case EVENT_PREVIOUS:
		case EVENT_SALT:
			{
				bytea	   *bytes = DatumGetByteaPP(value);

				AddField(digest, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
				break;
			}
		default:
			elog(ERROR, "column %d of an event is not hashed", column);
	}
}

/* The digest of what an event says of a person and erasing takes away. */
static bytea *
ContentDigest(const EventRow *row)
{
	static const int columns[] = {
		EVENT_SALT, EVENT_SUBJECT, EVENT_ACTOR, EVENT_BIRTH_DATE,
		EVENT_OBJECTION, EVENT_GROUND, EVENT_NOTICE, EVENT_EVIDENCE,
		EVENT_DETAIL
	};
	Digest	   *digest = BeginDigest("consent_profiling event content");

	for (int i = 0; i < (int) lengthof(columns); i++)
		AddColumn(digest, row, columns[i]);
	return EndDigest(digest);
}

/*
 * The secret for the hashes of one command, in the memory of the function that
 * the command calls, so that it is not read for every row.  Where there is none,
 * it is made, or looked for again next time.
 */
static const HashKey *
GetHashKey(FunctionCallInfo fcinfo, bool make)
{
	HashKey    *key = fcinfo->flinfo->fn_extra;
	MemoryContext context;

	if (key == NULL)
		key = fcinfo->flinfo->fn_extra =
			MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(HashKey));
	if (key->secret == NULL)
	{
		context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		key->secret = make ? RequireSecret() : ReadSecret();
		MemoryContextSwitchTo(context);
		if (key->secret != NULL)
			DigestSecret(key->secret, key->digest);
	}
	return key;
}

/* The tombstone that the subject of an event has, or would have. */
static void
EventTombstone(const EventRow *row, const HashKey *key, SubjectKey *tombstone)
{
	SubjectKey	subject;

	SubjectKeyFromVarlena(&subject,
						  PG_DETOAST_DATUM_PACKED(EventValue(row, EVENT_SUBJECT)));
	if (IsTombstone(&subject))
		*tombstone = subject;
	else
		MakeTombstone(key->secret, &subject, tombstone);
}

/*
 * The hash of an event: what stays of it, the digest of the rest, the link.  An
 * event about a subject has none without the secret.
 */
static bytea *
EventHash(const EventRow *row, const HashKey *key)
{
	static const int columns[] = {
		EVENT_PREVIOUS, EVENT_LINK, EVENT_ID, EVENT_ACT, EVENT_PURPOSE,
		EVENT_AT, EVENT_RECORDED_AT, EVENT_SESSION_ROLE, EVENT_CALLER,
		EVENT_CONSENT, EVENT_INFORMED_AT
	};
	Digest	   *digest = BeginDigest("consent_profiling event");
	bytea	   *content;

	for (int i = 0; i < (int) lengthof(columns); i++)
		AddColumn(digest, row, columns[i]);

	if (EventIsNull(row, EVENT_SUBJECT))
		AddNull(digest);
	else
	{
		SubjectKey	tombstone;

		EventTombstone(row, key, &tombstone);
		AddField(digest, tombstone.bytes + 1, tombstone.len - 1);
		AddField(digest, key->digest, sizeof(key->digest));
	}

	/* Of an objection erasing leaves everything but the grounds. */
	if (EventIsNull(row, EVENT_OBJECTION))
		AddNull(digest);
	else
	{
		Objection  *objection = DatumGetObjectionP(EventValue(row, EVENT_OBJECTION));

		AddInteger(digest, objection->status);
		AddInteger(digest, objection->at);
	}

	content = EventIsNull(row, EVENT_CONTENT) ? ContentDigest(row) :
		DatumGetByteaPP(EventValue(row, EVENT_CONTENT));
	AddField(digest, VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content));
	return EndDigest(digest);
}

static bool
SameBytes(bytea *a, bytea *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

/* Take a row of "event" apart, whose columns GetRegistry() has checked. */
static void
DeformEvent(HeapTuple tuple, TupleDesc tupdesc, EventRow *row)
{
	Assert(tupdesc->natts == EVENT_NATTS);
	heap_deform_tuple(tuple, tupdesc, row->values, row->nulls);
}

/* Is this a call by a trigger on "event"? */
static bool
IsHistoryTrigger(FunctionCallInfo fcinfo)
{
	return CALLED_AS_TRIGGER(fcinfo) &&
		RelationGetRelid(((TriggerData *) fcinfo->context)->tg_relation) ==
		GetRegistry()->event;
}

/*
 * Fill in the link of an event: its number in the chain of its subject, and the
 * hash of the one before.
 *
 * The last link is looked for among all there are, whatever the snapshot, and
 * with what this very command has written: an import writes several events
 * about one person.  Nobody else adds to the chain meanwhile, as the row of the
 * subject is locked; would somebody, the unique index refuses the second.
 */
static void
LinkEvent(Relation rel, EventRow *row)
{
	const Registry *registry = GetRegistry();
	Relation	index = index_open(registry->event_link, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	last;

	if (EventIsNull(row, EVENT_SUBJECT))
	{
		/* No row of a subject is locked here, so something else must be. */
		LockDatabaseObject(RelationRelationId, RelationGetRelid(rel), 0,
						   ExclusiveLock);
		/* The times of a chain do not go back, however long that took. */
		EventValue(row, EVENT_RECORDED_AT) =
			TimestampTzGetDatum(GetCurrentTimestamp());
		EventIsNull(row, EVENT_RECORDED_AT) = false;
		ScanKeyEntryInitialize(&scankey, SK_ISNULL | SK_SEARCHNULL,
							   EVENT_SUBJECT, InvalidStrategy, InvalidOid,
							   InvalidOid, InvalidOid, (Datum) 0);
	}
	else
		SubjectScanKey(&scankey, EVENT_SUBJECT, registry,
					   EventValue(row, EVENT_SUBJECT));
	scan = systable_beginscan_ordered(rel, index, SnapshotSelf, 1, &scankey);
	last = systable_getnext_ordered(scan, BackwardScanDirection);
	if (HeapTupleIsValid(last))
	{
		EventRow	before;

		DeformEvent(last, RelationGetDescr(rel), &before);
		EventValue(row, EVENT_LINK) =
			Int32GetDatum(DatumGetInt32(EventValue(&before, EVENT_LINK)) + 1);
		EventValue(row, EVENT_PREVIOUS) =
			PointerGetDatum(PG_DETOAST_DATUM_COPY(EventValue(&before, EVENT_HASH)));
		EventIsNull(row, EVENT_PREVIOUS) = false;
	}
	else
	{
		EventValue(row, EVENT_LINK) = Int32GetDatum(1);
		EventIsNull(row, EVENT_PREVIOUS) = true;
	}
	EventIsNull(row, EVENT_LINK) = false;
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
}

/*
 * Throws character_not_in_repertoire for names that are not valid text here.
 * PostgreSQL takes them from elsewhere as they are: a setting out of the message
 * that starts a session, a role's name out of a database of another encoding.
 * A history with them in it could be dumped and not be restored.
 */
static void
CheckNames(const EventRow *row)
{
	static const int names[] = {EVENT_SESSION_ROLE, EVENT_CALLER};

	for (int i = 0; i < (int) lengthof(names); i++)
	{
		const char *role;

		if (EventIsNull(row, names[i]))
			continue;
		role = NameStr(*DatumGetName(EventValue(row, names[i])));
		(void) pg_verifymbstr(role, strlen(role), false);
	}
	if (!EventIsNull(row, EVENT_ACTOR))
	{
		text	   *actor = DatumGetTextPP(EventValue(row, EVENT_ACTOR));

		(void) pg_verifymbstr(VARDATA_ANY(actor), VARSIZE_ANY_EXHDR(actor),
							  false);
	}
}

/*
 * Throws program_limit_exceeded for an event that could not be dumped, or which
 * no report could show.
 */
static void
CheckSizes(const EventRow *row, TupleDesc tupdesc)
{
	static const int columns[] = {
		EVENT_ACTOR, EVENT_OBJECTION, EVENT_GROUND, EVENT_NOTICE,
		EVENT_EVIDENCE, EVENT_DETAIL
	};
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue	value;
	int			level = 0;

	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		if (!EventIsNull(row, columns[i]) &&
			toast_raw_datum_size(EventValue(row, columns[i])) >
			MAX_VALUE_MEGABYTES * 1024 * 1024)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("%s is longer than %d MB",
							NameStr(TupleDescAttr(tupdesc, columns[i] - 1)->attname),
							MAX_VALUE_MEGABYTES),
					 errhint("Keep it elsewhere, and record where, with a hash of it.")));
	}

	if (EventIsNull(row, EVENT_EVIDENCE))
		return;
	iterator = JsonbIteratorInit(&DatumGetJsonbP(EventValue(row, EVENT_EVIDENCE))->root);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if (token == WJB_BEGIN_ARRAY || token == WJB_BEGIN_OBJECT)
			level++;
		else if (token == WJB_END_ARRAY || token == WJB_END_OBJECT)
			level--;
		if (level > MAX_EVIDENCE_LEVELS)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("evidence is nested more than %d levels deep",
							MAX_EVIDENCE_LEVELS)));
	}
}

/* Throws datetime_field_overflow for times that not every report can tell. */
static void
CheckTimes(const EventRow *row)
{
	static const int columns[] = {EVENT_AT, EVENT_INFORMED_AT};

	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		if (!EventIsNull(row, columns[i]) &&
			!Iso8601InRange(DatumGetTimestampTz(EventValue(row, columns[i]))))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_FIELD_OVERFLOW),
					 errmsg("the time of an act must be finite and in the years 0001 to 9999")));
	}
}

/*
 * chain_event(): the trigger that makes a new event a link of the chain.
 *
 * A row that brings its hash along is one that is restored; it stays what it
 * is, and verify_history() sees whether it fits.
 */
Datum
chain_event(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	rel;
	EventRow	row;
	const HashKey *key = NULL;
	bytea	   *salt;

	if (!IsHistoryTrigger(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("chain_event() can only be called by the trigger on the history")));
	rel = trigdata->tg_relation;
	DeformEvent(trigdata->tg_trigtuple, RelationGetDescr(rel), &row);
	if (EventIsNull(&row, EVENT_ID) ||
		DatumGetInt64(EventValue(&row, EVENT_ID)) < 1 ||
		DatumGetInt64(EventValue(&row, EVENT_ID)) == PG_INT64_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number of an event out of range")));
	if (!EventIsNull(&row, EVENT_HASH))
		return PointerGetDatum(trigdata->tg_trigtuple);

	CheckNames(&row);
	CheckTimes(&row);
	CheckSizes(&row, RelationGetDescr(rel));
	if (!EventIsNull(&row, EVENT_SUBJECT))
		key = GetHashKey(fcinfo, true);
	LinkEvent(rel, &row);
	salt = palloc(VARHDRSZ + SALT_LEN);
	SET_VARSIZE(salt, VARHDRSZ + SALT_LEN);
	if (!pg_strong_random(VARDATA(salt), SALT_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	EventValue(&row, EVENT_SALT) = PointerGetDatum(salt);
	EventIsNull(&row, EVENT_SALT) = false;
	EventIsNull(&row, EVENT_CONTENT) = true;
	EventValue(&row, EVENT_HASH) = PointerGetDatum(EventHash(&row, key));
	EventIsNull(&row, EVENT_HASH) = false;
	return PointerGetDatum(heap_form_tuple(RelationGetDescr(rel), row.values,
										   row.nulls));
}

/* Is there nothing left in an event that erasing takes away? */
static bool
ContentErased(const EventRow *row)
{
	static const int columns[] = {
		EVENT_SALT, EVENT_ACTOR, EVENT_BIRTH_DATE, EVENT_GROUND,
		EVENT_NOTICE, EVENT_EVIDENCE, EVENT_DETAIL
	};

	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		if (!EventIsNull(row, columns[i]))
			return false;
	}
	if (!EventIsNull(row, EVENT_OBJECTION))
	{
		Objection  *objection = DatumGetObjectionP(EventValue(row, EVENT_OBJECTION));
		int			len = ObjectionGroundsLen(objection);

		if (len != 0 && (len != (int) strlen(ERASED_GROUNDS) ||
						 memcmp(objection->grounds, ERASED_GROUNDS, len) != 0))
			return false;
	}
	return !EventIsNull(row, EVENT_CONTENT);
}

/*
 * Is an update of an event exactly what erasing does?  The person's key gives
 * way to the tombstone, unless it is one, the personal part to its digest, and
 * the hash still holds for all the rest.
 */
static bool
IsErasure(const EventRow *before, const EventRow *after, const HashKey *key)
{
	SubjectKey	tombstone;
	SubjectKey	subject;

	if (EventIsNull(before, EVENT_SUBJECT) || EventIsNull(after, EVENT_SUBJECT) ||
		EventIsNull(after, EVENT_HASH) || !ContentErased(after) ||
		key->secret == NULL)
		return false;
	EventTombstone(before, key, &tombstone);
	SubjectKeyFromVarlena(&subject,
						  PG_DETOAST_DATUM_PACKED(EventValue(after, EVENT_SUBJECT)));
	if (SubjectKeyCompare(&subject, &tombstone) != 0)
		return false;
	return SameBytes(DatumGetByteaPP(EventValue(before, EVENT_HASH)),
					 DatumGetByteaPP(EventValue(after, EVENT_HASH))) &&
		SameBytes(EventHash(before, key), DatumGetByteaPP(EventValue(after, EVENT_HASH))) &&
		SameBytes(EventHash(after, key), DatumGetByteaPP(EventValue(after, EVENT_HASH)));
}

/*
 * keep_event(): the trigger that keeps the history append-only, against its
 * owner and superusers too.  All it lets through is erasing, Art. 17.
 */
Datum
keep_event(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!IsHistoryTrigger(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("keep_event() can only be called by a trigger on the history")));
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);
		EventRow	before;
		EventRow	after;

		DeformEvent(trigdata->tg_trigtuple, tupdesc, &before);
		DeformEvent(trigdata->tg_newtuple, tupdesc, &after);
		if (IsErasure(&before, &after, GetHashKey(fcinfo, false)))
			return PointerGetDatum(trigdata->tg_newtuple);
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the history is append-only"),
			 errdetail("Events are neither changed nor removed; consent_profiling.erase_subject() takes out of them what they say of a person.")));
}

/* Take an argument of type "event" apart. */
static void
DeformArgument(HeapTupleHeader header, EventRow *row)
{
	TupleDesc	tupdesc;
	HeapTupleData tuple = {0};

	(void) GetRegistry();
	tupdesc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
									 HeapTupleHeaderGetTypMod(header));
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_data = header;
	DeformEvent(&tuple, tupdesc, row);
	ReleaseTupleDesc(tupdesc);
}

/* event_content(event): the digest that erasing leaves in place of the rest. */
Datum
event_content(PG_FUNCTION_ARGS)
{
	EventRow	row;

	DeformArgument(PG_GETARG_HEAPTUPLEHEADER(0), &row);
	if (!EventIsNull(&row, EVENT_CONTENT))
		PG_RETURN_DATUM(EventValue(&row, EVENT_CONTENT));
	PG_RETURN_BYTEA_P(ContentDigest(&row));
}

/* event_fits(event): is its hash what its contents say it must be? */
Datum
event_fits(PG_FUNCTION_ARGS)
{
	const HashKey *key = GetHashKey(fcinfo, false);
	EventRow	row;

	DeformArgument(PG_GETARG_HEAPTUPLEHEADER(0), &row);
	if (EventIsNull(&row, EVENT_HASH))
		PG_RETURN_BOOL(false);
	if (!EventIsNull(&row, EVENT_SUBJECT) && key->secret == NULL)
		PG_RETURN_BOOL(false);

	/* Either whole or erased. */
	if (EventIsNull(&row, EVENT_CONTENT) == EventIsNull(&row, EVENT_SALT))
		PG_RETURN_BOOL(false);
	if (!EventIsNull(&row, EVENT_CONTENT) && !ContentErased(&row))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(SameBytes(EventHash(&row, key),
							 DatumGetByteaPP(EventValue(&row, EVENT_HASH))));
}
