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
 * There is no secret before somebody is erased, and there are no tombstones.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "commands/trigger.h"
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

#define TOMBSTONE_PREFIX "erased:"

/*
 * The secret that there is now, whatever the snapshot of the query: a copy, or
 * NULL when there is none.
 */
static bytea *
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

/* The tombstone of a key; false when nobody has been erased so far. */
bool
MakeTombstone(const SubjectKey *key, SubjectKey *tombstone)
{
	bytea	   *secret = ReadSecret();
	char	   *text;
	char	   *utf8;
	pg_hmac_ctx *context;
	uint8		hash[PG_SHA256_DIGEST_LENGTH];
	char		name[sizeof(TOMBSTONE_PREFIX) + 2 * PG_SHA256_DIGEST_LENGTH];
	const char *problem;

	if (secret == NULL)
		return false;
	text = SubjectKeyToCString(key);
	/* SQL_ASCII is no encoding: its texts are bytes, and stay what they are. */
	utf8 = GetDatabaseEncoding() == PG_SQL_ASCII ? text :
		pg_server_to_any(text, strlen(text), PG_UTF8);
	context = pg_hmac_create(PG_SHA256);
	if (pg_hmac_init(context, (uint8 *) VARDATA(secret),
					 VARSIZE(secret) - VARHDRSZ) < 0 ||
		pg_hmac_update(context, (uint8 *) utf8, strlen(utf8)) < 0 ||
		pg_hmac_final(context, hash, sizeof(hash)) < 0)
		elog(ERROR, "could not compute HMAC: %s", pg_hmac_error(context));
	pg_hmac_free(context);

	strcpy(name, TOMBSTONE_PREFIX);
	hex_encode((char *) hash, sizeof(hash), name + strlen(TOMBSTONE_PREFIX));
	if (!SubjectKeyFromText(tombstone, name, sizeof(name) - 1, &problem))
		elog(ERROR, "%s", problem);
	return true;
}

/* Put the tombstone in place of the key of somebody erased. */
void
KnownAs(SubjectKey *key, Snapshot snapshot)
{
	SubjectKey	tombstone;

	if (MakeTombstone(key, &tombstone) &&
		SubjectErased(GetRegistry(), &tombstone, snapshot))
		*key = tombstone;
}

/* tombstone(subject): null when nobody has been erased so far. */
Datum
tombstone(PG_FUNCTION_ARGS)
{
	SubjectKey	key;
	SubjectKey	result;

	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	if (!MakeTombstone(&key, &result))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(SubjectKeyToVarlena(&result));
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
	known = key;
	KnownAs(&known, SnapshotSelf);
	if (SubjectKeyCompare(&known, &key) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("subject \"%s\" has been erased",
						SubjectKeyToCString(&key))));
	return PointerGetDatum(NULL);
}
