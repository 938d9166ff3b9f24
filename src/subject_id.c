/*
 * subject_id.c
 *		The SQL type subject_id: the key of a natural person.
 *
 * Applications know people by an integer, by a UUID or by some other text, and
 * one application's bigint column is another's text column.  The type takes
 * all of them and stores each as what it is, and there is exactly one form for
 * each key: '42' and 42 are the same eight bytes, and so are a UUID and its
 * text in either case.  A text becomes an integer or a UUID only when it is
 * written the way PostgreSQL would write it back (the case of hexadecimal
 * digits aside): '007' and '+7' are other keys than 7, for they may be other
 * people.
 *
 * The order, equality and hash of the type are in subject_id_ops.c.
 */
#include "postgres.h"

#include "common/int.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"

#include "compat.h"
#include "subject_id.h"
#include "type_input.h"

#define INTEGER_KEY_LENGTH	(1 + (int) sizeof(uint64))
#define UUID_KEY_LENGTH		(1 + UUID_LEN)
#define UUID_TEXT_LENGTH	36

/* The longest canonical integer: "-9223372036854775808" */
#define INTEGER_TEXT_MAX	20

#define SIGN_BIT			(UINT64CONST(1) << 63)

PG_FUNCTION_INFO_V1(subject_id_in);
PG_FUNCTION_INFO_V1(subject_id_out);
PG_FUNCTION_INFO_V1(subject_id_recv);
PG_FUNCTION_INFO_V1(subject_id_send);
PG_FUNCTION_INFO_V1(subject_id_from_int2);
PG_FUNCTION_INFO_V1(subject_id_from_int4);
PG_FUNCTION_INFO_V1(subject_id_from_int8);
PG_FUNCTION_INFO_V1(subject_id_from_uuid);
PG_FUNCTION_INFO_V1(subject_id_from_text);
PG_FUNCTION_INFO_V1(subject_id_from_bpchar);
PG_FUNCTION_INFO_V1(subject_id_problem);


/* ----------------------------------------------------------------
 *		Keys
 * ----------------------------------------------------------------
 */

/*
 * The key of an integer.  Flipping the sign bit makes the order of the bytes
 * the order of the numbers.
 */
void
SubjectKeyFromInt64(SubjectKey *key, int64 value)
{
	uint64		ordered = pg_hton64((uint64) value ^ SIGN_BIT);

	key->len = INTEGER_KEY_LENGTH;
	key->bytes[0] = SUBJECT_INTEGER;
	memcpy(key->bytes + 1, &ordered, sizeof(ordered));
}

/*
 * The integer of a key whose kind is SUBJECT_INTEGER.
 */
int64
SubjectKeyToInt64(const SubjectKey *key)
{
	uint64		ordered;

	Assert(SubjectKeyKind(key) == SUBJECT_INTEGER);
	memcpy(&ordered, key->bytes + 1, sizeof(ordered));
	return (int64) (pg_ntoh64(ordered) ^ SIGN_BIT);
}

/*
 * The key of a UUID.
 */
void
SubjectKeyFromUuid(SubjectKey *key, const pg_uuid_t *value)
{
	key->len = UUID_KEY_LENGTH;
	key->bytes[0] = SUBJECT_UUID;
	memcpy(key->bytes + 1, value->data, UUID_LEN);
}

/*
 * Whether the text is an integer of 64 bits exactly as PostgreSQL writes it.
 */
static bool
ParseCanonicalInt64(const char *text, int len, int64 *result)
{
	bool		negative = len > 0 && text[0] == '-';
	int			i = negative ? 1 : 0;
	int64		value = 0;

	if (i >= len || len > INTEGER_TEXT_MAX)
		return false;
	/* Zero has one form: no sign before it and nothing after it. */
	if (text[i] == '0' && len > 1)
		return false;

	/* Counting downwards reaches the least integer, which has no opposite. */
	for (; i < len; i++)
	{
		if (text[i] < '0' || text[i] > '9' ||
			pg_mul_s64_overflow(value, 10, &value) ||
			pg_sub_s64_overflow(value, text[i] - '0', &value))
			return false;
	}
	if (!negative && pg_sub_s64_overflow(0, value, &value))
		return false;

	*result = value;
	return true;
}

static int
HexDigitValue(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Whether the text is a UUID in its hyphenated form.  uuid_in would read other
 * forms too, and throw over the rest.
 */
static bool
ParseHyphenatedUuid(const char *text, int len, pg_uuid_t *result)
{
	int			in = 0;
	int			out;

	if (len != UUID_TEXT_LENGTH)
		return false;

	for (out = 0; out < UUID_LEN; out++)
	{
		int			high;
		int			low;

		if ((out == 4 || out == 6 || out == 8 || out == 10) &&
			text[in++] != '-')
			return false;
		high = HexDigitValue(text[in++]);
		low = HexDigitValue(text[in++]);
		if (high < 0 || low < 0)
			return false;
		result->data[out] = (unsigned char) (high << 4 | low);
	}
	return true;
}

/*
 * Is a text longer than a key may be, here or in UTF-8, where it must also fit
 * when the database moves there?  A character grows to three times its bytes.
 */
static bool
TooLong(const char *text, int len)
{
	char	   *utf8;
	bool		too_long;

	if (len <= SUBJECT_TEXT_MAX / 3 || len > SUBJECT_TEXT_MAX ||
		GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII)
		return len > SUBJECT_TEXT_MAX;
	utf8 = pg_server_to_any(text, len, PG_UTF8);
	too_long = strlen(utf8) > SUBJECT_TEXT_MAX;
	if (utf8 != text)
		pfree(utf8);
	return too_long;
}

/*
 * The key of a text, which is that of an integer or a UUID where the text is
 * the canonical form of one.  Answers false and sets the problem when no
 * subject can have that text for its key.  Throws only for characters that
 * UTF-8 does not know.
 */
bool
SubjectKeyFromText(SubjectKey *key, const char *text, int len,
				   const char **problem)
{
	int64		integer;
	pg_uuid_t	uuid;

	if (len == 0)
	{
		*problem = "a subject_id must not be empty";
		return false;
	}
	if (TooLong(text, len))
	{
		*problem = "a subject_id must not exceed " CppAsString2(SUBJECT_TEXT_MAX) " bytes in UTF-8";
		return false;
	}

	if (ParseCanonicalInt64(text, len, &integer))
		SubjectKeyFromInt64(key, integer);
	else if (ParseHyphenatedUuid(text, len, &uuid))
		SubjectKeyFromUuid(key, &uuid);
	else
	{
		key->len = 1 + len;
		key->bytes[0] = SUBJECT_TEXT;
		memcpy(key->bytes + 1, text, len);
	}
	return true;
}

/*
 * The key within a stored value that is detoasted, although its header may be
 * of either length.  A length that no key can have means a damaged table.
 */
void
SubjectKeyFromVarlena(SubjectKey *key, const struct varlena *value)
{
	int			len = VARSIZE_ANY_EXHDR(value);

	if (len < 2 || len > (int) sizeof(key->bytes))
		elog(ERROR, "corrupt subject_id of %d bytes", len);
	key->len = len;
	memcpy(key->bytes, VARDATA_ANY(value), len);
}

/*
 * The stored form of a key, newly allocated.
 */
struct varlena *
SubjectKeyToVarlena(const SubjectKey *key)
{
	struct varlena *result = palloc(VARHDRSZ + key->len);

	SET_VARSIZE(result, VARHDRSZ + key->len);
	memcpy(VARDATA(result), key->bytes, key->len);
	return result;
}

/*
 * The text form of a key, newly allocated.
 */
char *
SubjectKeyToCString(const SubjectKey *key)
{
	char	   *result;
	pg_uuid_t	uuid;

	switch (SubjectKeyKind(key))
	{
		case SUBJECT_INTEGER:
			result = palloc(INTEGER_TEXT_MAX + 1);
			pg_lltoa(SubjectKeyToInt64(key), result);
			return result;
		case SUBJECT_UUID:
			memcpy(uuid.data, key->bytes + 1, UUID_LEN);
			return DatumGetCString(DirectFunctionCall1(uuid_out,
													   UUIDPGetDatum(&uuid)));
		case SUBJECT_TEXT:
			return pnstrdup((const char *) key->bytes + 1, key->len - 1);
	}
	elog(ERROR, "unrecognized kind of subject_id: %d", SubjectKeyKind(key));
	return NULL;				/* keep the compiler quiet */
}

/*
 * The stored form of the key of a text; raises, softly where the context asks
 * for that, what SubjectKeyFromText finds wrong with it.
 */
static Datum
SubjectIdFromText(const char *text, int len, Node *escontext)
{
	SubjectKey	key;
	const char *problem;

	if (!SubjectKeyFromText(&key, text, len, &problem))
	{
		if (len > 0)
			ereturn(escontext, (Datum) 0,
					(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
					 errmsg("value too long for type subject_id"),
					 errdetail_internal("%s", ProblemSentence(problem))));
		ereturn(escontext, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"subject_id", pnstrdup(text, len)),
				 errdetail_internal("%s", ProblemSentence(problem))));
	}
	PG_RETURN_POINTER(SubjectKeyToVarlena(&key));
}


/* ----------------------------------------------------------------
 *		Text and binary input and output
 * ----------------------------------------------------------------
 */

/*
 * Text input.  Throws over an empty or too long text.
 */
Datum
subject_id_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);

	return SubjectIdFromText(text, strlen(text), fcinfo->context);
}

/*
 * Text output.
 */
Datum
subject_id_out(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	PG_RETURN_CSTRING(SubjectKeyToCString(&key));
}

/*
 * Reads what follows the kind byte of the binary format; answers false and
 * sets the problem when that is no key of this kind.  Text must be valid in
 * the client's encoding, or pq_getmsgtext throws.
 */
static bool
ReceiveSubjectKey(StringInfo buf, SubjectKey *key, const char **problem)
{
	int			kind;
	int			left;
	int			len;
	char	   *string;
	pg_uuid_t	uuid;

	if (buf->len - buf->cursor < 1)
	{
		*problem = "the kind is missing";
		return false;
	}
	kind = pq_getmsgbyte(buf);
	left = buf->len - buf->cursor;

	switch (kind)
	{
		case SUBJECT_INTEGER:
			if (left != sizeof(int64))
			{
				*problem = psprintf("an integer must have 8 bytes, not %d", left);
				return false;
			}
			SubjectKeyFromInt64(key, pq_getmsgint64(buf));
			return true;

		case SUBJECT_UUID:
			if (left != UUID_LEN)
			{
				*problem = psprintf("a UUID must have 16 bytes, not %d", left);
				return false;
			}
			pq_copymsgbytes(buf, (char *) uuid.data, UUID_LEN);
			SubjectKeyFromUuid(key, &uuid);
			return true;

		case SUBJECT_TEXT:
			string = pq_getmsgtext(buf, left, &len);
			if (!SubjectKeyFromText(key, string, len, problem))
				return false;
			/* One person, one key: a second form of it would be another. */
			if (SubjectKeyKind(key) != SUBJECT_TEXT)
			{
				*problem = "an integer or a UUID must not be sent as text";
				return false;
			}
			return true;
	}
	*problem = psprintf("there is no kind %d", kind);
	return false;
}

/*
 * Binary input: the kind in one byte, then an integer of eight bytes, the 16
 * bytes of a UUID, or text to the end.  Throws over anything else.
 */
Datum
subject_id_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	SubjectKey	key;
	const char *problem;

	if (!ReceiveSubjectKey(buf, &key, &problem))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of type %s",
						"subject_id"),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_POINTER(SubjectKeyToVarlena(&key));
}

/*
 * Binary output, in the format that subject_id_recv reads.
 */
Datum
subject_id_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	SubjectKey	key;

	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	pq_begintypsend(&buf);
	pq_sendbyte(&buf, SubjectKeyKind(&key));
	switch (SubjectKeyKind(&key))
	{
		case SUBJECT_INTEGER:
			pq_sendint64(&buf, SubjectKeyToInt64(&key));
			break;
		case SUBJECT_UUID:
			pq_sendbytes(&buf, (const char *) key.bytes + 1, UUID_LEN);
			break;
		default:
			pq_sendtext(&buf, (const char *) key.bytes + 1, key.len - 1);
			break;
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}


/* ----------------------------------------------------------------
 *		Casts
 * ----------------------------------------------------------------
 */

static Datum
SubjectIdFromInt64(int64 value)
{
	SubjectKey	key;

	SubjectKeyFromInt64(&key, value);
	PG_RETURN_POINTER(SubjectKeyToVarlena(&key));
}

/*
 * The casts from the three integer types.
 */
Datum
subject_id_from_int2(PG_FUNCTION_ARGS)
{
	return SubjectIdFromInt64(PG_GETARG_INT16(0));
}

Datum
subject_id_from_int4(PG_FUNCTION_ARGS)
{
	return SubjectIdFromInt64(PG_GETARG_INT32(0));
}

Datum
subject_id_from_int8(PG_FUNCTION_ARGS)
{
	return SubjectIdFromInt64(PG_GETARG_INT64(0));
}

/*
 * The cast from uuid.
 */
Datum
subject_id_from_uuid(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	SubjectKeyFromUuid(&key, PG_GETARG_UUID_P(0));
	PG_RETURN_POINTER(SubjectKeyToVarlena(&key));
}

/*
 * The cast from text, and from varchar, which has the same bytes.  Throws as
 * text input does.
 */
Datum
subject_id_from_text(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);

	return SubjectIdFromText(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
							 NULL);
}

/*
 * The cast from character(n), whose trailing blanks only fill the column.
 * Throws as text input does.
 */
Datum
subject_id_from_bpchar(PG_FUNCTION_ARGS)
{
	BpChar	   *value = PG_GETARG_BPCHAR_PP(0);

	return SubjectIdFromText(VARDATA_ANY(value),
							 bpchartruelen(VARDATA_ANY(value),
										   VARSIZE_ANY_EXHDR(value)),
							 NULL);
}

/*
 * What is wrong with a text as a subject_id, or NULL.  For imports, which
 * report every bad row instead of stopping at the first; throws for no text.
 */
Datum
subject_id_problem(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	SubjectKey	key;
	const char *problem;

	if (SubjectKeyFromText(&key, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
						   &problem))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
