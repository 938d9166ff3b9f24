/*
 * tombstone.c
 *		What is left of the key of somebody erased.
 *
 * A key may identify by itself, an e-mail address say, so that it must go when
 * a person is erased, Art. 17.  Yet whoever brings the same key again must not
 * bring the person back.  So a keyed hash (HMAC-SHA256) of it stays, as a
 * subject of its own: "erased:" and 64 hexadecimal digits.  Who does not have
 * the hash's secret, a random one in the table "tombstone_secret", can neither
 * tell whose tombstone it is nor try keys until one fits; but officers may ask
 * for a key's report, since a person may ask them.
 *
 * The history is hashed with these keyed hashes too, see history.c, so the secret
 * is made with the first event about a subject.  CREATE EXTENSION cannot make
 * it: a dump brings the secret that its history was recorded with.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "commands/trigger.h"
#include "common/cryptohash.h"
#include "common/hmac.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "tombstone.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

PG_FUNCTION_INFO_V1(tombstone);
PG_FUNCTION_INFO_V1(known_as);
PG_FUNCTION_INFO_V1(refuse_erased);
PG_FUNCTION_INFO_V1(make_secret);
PG_FUNCTION_INFO_V1(secret_digest);

#define TOMBSTONE_PREFIX "erased:"
#define TOMBSTONE_LEN ((int) strlen(TOMBSTONE_PREFIX) + 2 * PG_SHA256_DIGEST_LENGTH)
#define SECRET_LEN 32

/*
 * The secret that there is now, whatever the snapshot of the query: a copy, or
 * NULL when there is none.
 */
bytea *
ReadSecret(void)
{
	Relation	rel = table_open(GetRegistry()->tombstone_secret,
								 AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, SnapshotSelf,
										  0, NULL);
	HeapTuple	tuple = systable_getnext(scan);
	bytea	   *secret = NULL;

	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;

		secret = (bytea *) PG_DETOAST_DATUM_COPY(heap_getattr(tuple,
															  TOMBSTONE_SECRET_SECRET,
															  RelationGetDescr(rel),
															  &isnull));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return secret;
}

/* Does the history have an event about a subject? */
static bool
HistoryHasSubjects(const Registry *registry)
{
	Relation	rel = table_open(registry->event, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	bool		found;

	ScanKeyEntryInitialize(&scankey, SK_ISNULL | SK_SEARCHNOTNULL,
						   EVENT_SUBJECT, InvalidStrategy, InvalidOid,
						   InvalidOid, InvalidOid, (Datum) 0);
	scan = systable_beginscan(rel, registry->event_link, true, SnapshotSelf, 1,
							  &scankey);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* Does the registry have a subject that was erased? */
static bool
RegistryHasErased(const Registry *registry)
{
	Relation	rel = table_open(registry->subject, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, SnapshotSelf,
										  0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = !heap_attisnull(tuple, SUBJECT_ERASED_AT, RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * The secret, which is made where there is none: by one session at a time, and
 * kept from the others until that one commits or rolls back.
 *
 * Throws object_not_in_prerequisite_state where something was recorded with a
 * secret that is missing now.  With another secret, the subjects that were
 * erased would be unknown, and no event about a subject could be verified.
 */
bytea *
RequireSecret(void)
{
	const Registry *registry = GetRegistry();
	bytea	   *secret = ReadSecret();
	Relation	rel;

	if (secret != NULL)
		return secret;

	rel = table_open(registry->tombstone_secret, ShareRowExclusiveLock);
	secret = ReadSecret();
	if (secret == NULL)
	{
		Datum		values[TOMBSTONE_SECRET_NATTS];
		bool		nulls[TOMBSTONE_SECRET_NATTS] = {false, false};

		if (HistoryHasSubjects(registry) || RegistryHasErased(registry))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("the secret of the tombstones is missing"),
					 errhint("Restore consent_profiling.tombstone_secret from a dump.")));
		secret = palloc(VARHDRSZ + SECRET_LEN);
		SET_VARSIZE(secret, VARHDRSZ + SECRET_LEN);
		if (!pg_strong_random(VARDATA(secret), SECRET_LEN))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		values[TOMBSTONE_SECRET_SECRET - 1] = PointerGetDatum(secret);
		values[TOMBSTONE_SECRET_ONE - 1] = BoolGetDatum(true);
		CatalogTupleInsert(rel, heap_form_tuple(RelationGetDescr(rel), values,
												nulls));
	}
	table_close(rel, NoLock);
	return secret;
}

/* SHA-256 of the secret, which identifies it and does not reveal it. */
void
DigestSecret(const bytea *secret, uint8 *digest)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) VARDATA(secret),
							 VARSIZE(secret) - VARHDRSZ) < 0 ||
		pg_cryptohash_final(context, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s",
			 pg_cryptohash_error(context));
	pg_cryptohash_free(context);
}

/* Does a key have the form of a tombstone? */
bool
IsTombstone(const SubjectKey *key)
{
	const char *text = (const char *) key->bytes + 1;

	return SubjectKeyKind(key) == SUBJECT_TEXT &&
		key->len - 1 == TOMBSTONE_LEN &&
		memcmp(text, TOMBSTONE_PREFIX, strlen(TOMBSTONE_PREFIX)) == 0 &&
		strspn(pnstrdup(text, key->len - 1) + strlen(TOMBSTONE_PREFIX),
			   "0123456789abcdef") == 2 * PG_SHA256_DIGEST_LENGTH;
}

/* The tombstone that a key has or would have. */
void
MakeTombstone(const bytea *secret, const SubjectKey *key, SubjectKey *tombstone)
{
	char	   *text = SubjectKeyToCString(key);
	char	   *utf8;
	pg_hmac_ctx *context;
	uint8		hash[PG_SHA256_DIGEST_LENGTH];
	char		name[sizeof(TOMBSTONE_PREFIX) + 2 * PG_SHA256_DIGEST_LENGTH];
	const char *problem;

	/* SQL_ASCII is no encoding: its texts are bytes, and stay what they are. */
	utf8 = GetDatabaseEncoding() == PG_SQL_ASCII ? text :
		pg_server_to_any(text, strlen(text), PG_UTF8);
	context = pg_hmac_create(PG_SHA256);
	if (pg_hmac_init(context, (const uint8 *) VARDATA(secret),
					 VARSIZE(secret) - VARHDRSZ) < 0 ||
		pg_hmac_update(context, (uint8 *) utf8, strlen(utf8)) < 0 ||
		pg_hmac_final(context, hash, sizeof(hash)) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(context));
	pg_hmac_free(context);

	strcpy(name, TOMBSTONE_PREFIX);
	hex_encode((char *) hash, sizeof(hash), name + strlen(TOMBSTONE_PREFIX));
	if (!SubjectKeyFromText(tombstone, name, sizeof(name) - 1, &problem))
		elog(ERROR, "%s", problem);
	if (utf8 != text)
		pfree(utf8);
	pfree(text);
}

/* Put the tombstone in place of the key of somebody erased. */
void
KnownAs(SubjectKey *key, Snapshot snapshot)
{
	bytea	   *secret = ReadSecret();
	SubjectKey	tombstone;

	if (secret == NULL)
		return;
	MakeTombstone(secret, key, &tombstone);
	pfree(secret);
	if (SubjectErased(GetRegistry(), &tombstone, snapshot))
		*key = tombstone;
}

/* tombstone(subject): null while there is no secret. */
Datum
tombstone(PG_FUNCTION_ARGS)
{
	bytea	   *secret = ReadSecret();
	SubjectKey	key;
	SubjectKey	result;

	if (secret == NULL)
		PG_RETURN_NULL();
	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	MakeTombstone(secret, &key, &result);
	PG_RETURN_POINTER(SubjectKeyToVarlena(&result));
}

/* make_secret(): makes the secret where there is none, see RequireSecret(). */
Datum
make_secret(PG_FUNCTION_ARGS)
{
	(void) RequireSecret();
	PG_RETURN_VOID();
}

/* secret_digest(): SHA-256 of the secret, in hexadecimal; null without one. */
Datum
secret_digest(PG_FUNCTION_ARGS)
{
	bytea	   *secret = ReadSecret();
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char		hex[2 * PG_SHA256_DIGEST_LENGTH];

	if (secret == NULL)
		PG_RETURN_NULL();
	DigestSecret(secret, digest);
	hex_encode((char *) digest, sizeof(digest), hex);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(hex, sizeof(hex)));
}

/*
 * known_as(subject): the subject, or the tombstone if somebody was erased under
 * that key by now, whatever the snapshot of the query.
 */
Datum
known_as(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	KnownAs(&key, SnapshotSelf);
	PG_RETURN_POINTER(SubjectKeyToVarlena(&key));
}

/*
 * refuse_erased(): the trigger after a row has come into "subject".  Whoever
 * brings it asked beforehand, mostly; it is asked again here, since the person
 * may have been erased while the row waited for just that, and since rows also
 * come by COPY, by replication and by hand.
 *
 * A key in the form of a tombstone is refused with it, unless the subject was
 * erased: what is recorded under one could pass for what was erased of another.
 */
Datum
refuse_erased(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	HeapTuple	row;
	SubjectKey	key;
	SubjectKey	known;
	bool		isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		RelationGetRelid(trigdata->tg_relation) != GetRegistry()->subject)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("refuse_erased() can only be called by a trigger on the registry")));
	row = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ?
		trigdata->tg_newtuple : trigdata->tg_trigtuple;
	SubjectKeyFromVarlena(&key,
						  PG_DETOAST_DATUM_PACKED(heap_getattr(row, SUBJECT_ID,
															   RelationGetDescr(trigdata->tg_relation),
															   &isnull)));
	if (IsTombstone(&key) &&
		heap_attisnull(row, SUBJECT_ERASED_AT,
					   RelationGetDescr(trigdata->tg_relation)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("subject \"%s\" has the form of a tombstone",
						SubjectKeyToCString(&key)),
				 errdetail("Only subjects that were erased have such keys.")));
	known = key;
	KnownAs(&known, SnapshotSelf);
	if (SubjectKeyCompare(&known, &key) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("subject \"%s\" has been erased",
						SubjectKeyToCString(&key))));
	return PointerGetDatum(NULL);
}
