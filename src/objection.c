/*
 * objection.c
 *		The SQL type objection: a person's No, and what became of it.
 *
 * A value is written as STATUS at TIMESTAMP [grounds "TEXT"].  An objection
 * that was overridden carries the controller's compelling grounds, or it would
 * not be lawful to override it (Art. 21(1) GDPR): no value without them exists.
 *
 * The order of the type is precedence, as for consent: of two records for the
 * same person and purpose the greater prevails.  The later record is the
 * greater; of two at the same time it goes raised, upheld, overridden,
 * withdrawn, so that the person's own withdrawal wins a tie; what is left is
 * decided by the bytes of the grounds, only so that every two values that
 * differ have an order.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "iso8601.h"
#include "objection.h"
#include "type_input.h"

/* The status, the time and the length of the grounds in the binary format. */
#define OBJECTION_BINARY_HEADER (1 + 8 + 4)

/* The length of the grounds in the binary format when there are none. */
#define NO_GROUNDS (-1)

static const char *const status_names[OBJECTION_STATUS_COUNT] = {
	[OBJECTION_RAISED] = "raised",
	[OBJECTION_UPHELD] = "upheld",
	[OBJECTION_OVERRIDDEN] = "overridden",
	[OBJECTION_WITHDRAWN] = "withdrawn",
};

PG_FUNCTION_INFO_V1(objection_in);
PG_FUNCTION_INFO_V1(objection_out);
PG_FUNCTION_INFO_V1(objection_recv);
PG_FUNCTION_INFO_V1(objection_send);
PG_FUNCTION_INFO_V1(objection_problem);
PG_FUNCTION_INFO_V1(make_objection);
PG_FUNCTION_INFO_V1(objection_status);
PG_FUNCTION_INFO_V1(objection_at);
PG_FUNCTION_INFO_V1(objection_grounds);
PG_FUNCTION_INFO_V1(objection_eq);
PG_FUNCTION_INFO_V1(objection_ne);
PG_FUNCTION_INFO_V1(objection_lt);
PG_FUNCTION_INFO_V1(objection_le);
PG_FUNCTION_INFO_V1(objection_gt);
PG_FUNCTION_INFO_V1(objection_ge);
PG_FUNCTION_INFO_V1(objection_cmp);
PG_FUNCTION_INFO_V1(objection_larger);
PG_FUNCTION_INFO_V1(objection_hash);
PG_FUNCTION_INFO_V1(objection_hash_extended);


/* ----------------------------------------------------------------
 *		Values
 * ----------------------------------------------------------------
 */

/*
 * The name of a status, as it is written.
 */
const char *
ObjectionStatusName(ObjectionStatus status)
{
	return status_names[status];
}

/*
 * The ObjectionStatus with this name in whatever case, or -1.
 */
int
FindObjectionStatus(const char *name, int len)
{
	return FindName(name, len, status_names, OBJECTION_STATUS_COUNT);
}

static bool
AllBlank(const char *text, int len)
{
	int			i;

	for (i = 0; i < len; i++)
	{
		if (!IsBlank(text[i]))
			return false;
	}
	return true;
}

/*
 * An objection from its parts, newly allocated; grounds is NULL when there are
 * none.  Every objection is made here, however it came in, so none breaks the
 * rules.  Answers NULL and sets the problem when the parts make none.
 */
Objection *
MakeObjection(int status, TimestampTz at, const char *grounds, int grounds_len,
			  const char **problem)
{
	Objection  *result;
	Size		size;

	if (status < 0 || status >= OBJECTION_STATUS_COUNT)
	{
		*problem = psprintf("there is no objection status %d", status);
		return NULL;
	}
	if (!Iso8601InRange(at))
	{
		*problem = "the time of an objection must be finite and in the years 0001 to 9999";
		return NULL;
	}
	if (grounds == NULL)
		grounds_len = 0;
	else if (AllBlank(grounds, grounds_len))
	{
		*problem = "grounds must not be blank";
		return NULL;
	}
	/* Art. 21(1): only demonstrated grounds override an objection. */
	if (status == OBJECTION_OVERRIDDEN && grounds == NULL)
	{
		*problem = "an objection must not be overridden without grounds";
		return NULL;
	}

	size = OBJECTION_HDRSZ + grounds_len;
	result = palloc(size);
	SET_VARSIZE(result, size);
	result->status = status;
	result->at = at;
	if (grounds_len > 0)
		memcpy(result->grounds, grounds, grounds_len);
	return result;
}

/*
 * Reads grounds in double quotes, within which a doubled quote or a backslash
 * stands for the character after it, as in the text of a composite value.
 * Answers false and sets the problem when the quotes are missing or open.
 */
static bool
TakeQuoted(const char **cursor, StringInfo result, const char **problem)
{
	const char *p = *cursor;

	if (*p != '"')
	{
		*problem = psprintf("expected grounds in double quotes, found %s",
							DescribeToken(p));
		return false;
	}
	for (p++; *p != '\0'; p++)
	{
		if (*p == '"' && p[1] != '"')
		{
			*cursor = p + 1;
			return true;
		}
		if (*p == '"' || *p == '\\')
			p++;
		if (*p == '\0')
			break;
		appendStringInfoCharMacro(result, *p);
	}
	*problem = "the double quotes around the grounds are not closed";
	return false;
}

/*
 * Reads an objection, newly allocated.  Answers NULL and sets the problem when
 * the text is none.  Throws nothing, short of running out of memory.
 */
Objection *
ParseObjection(const char *text, const char **problem)
{
	const char *cursor = text;
	int			status;
	TimestampTz at;
	StringInfoData grounds;

	grounds.data = NULL;
	grounds.len = 0;

	SkipBlanks(&cursor);
	status = TakeName(&cursor, status_names, OBJECTION_STATUS_COUNT);
	if (status < 0)
	{
		*problem = psprintf("expected an objection status, found %s",
							DescribeToken(cursor));
		return NULL;
	}
	if (!TakeWord(&cursor, "at"))
	{
		*problem = psprintf("expected \"at\", found %s", DescribeToken(cursor));
		return NULL;
	}
	if (TakeWord(&cursor, "infinity") || TakeWord(&cursor, "-infinity"))
	{
		*problem = "the time of an objection must be finite";
		return NULL;
	}
	if (!ParseIso8601(&cursor, &at, problem))
		return NULL;
	SkipBlanks(&cursor);

	if (TakeWord(&cursor, "grounds"))
	{
		initStringInfo(&grounds);
		if (!TakeQuoted(&cursor, &grounds, problem))
			return NULL;
		SkipBlanks(&cursor);
	}
	if (*cursor != '\0')
	{
		*problem = psprintf("expected the end of the text, found %s", DescribeToken(cursor));
		return NULL;
	}
	return MakeObjection(status, at, grounds.data, grounds.len, problem);
}

/*
 * The text of an objection, newly allocated.  ParseObjection reads it back.
 */
char *
FormatObjection(const Objection *objection)
{
	int			len = ObjectionGroundsLen(objection);
	char		at[ISO8601_BUFSIZE];
	StringInfoData buf;
	int			i;

	FormatIso8601(objection->at, at);
	initStringInfo(&buf);
	appendStringInfo(&buf, "%s at %s",
					 ObjectionStatusName(objection->status), at);
	if (len > 0)
	{
		appendStringInfoString(&buf, " grounds \"");
		for (i = 0; i < len; i++)
		{
			char		c = objection->grounds[i];

			if (c == '"' || c == '\\')
				appendStringInfoCharMacro(&buf, c);
			appendStringInfoCharMacro(&buf, c);
		}
		appendStringInfoChar(&buf, '"');
	}
	return buf.data;
}

/*
 * Compares two objections by precedence (see the top of this file): -1, 0 or 1.
 */
int
CompareObjections(const Objection *a, const Objection *b)
{
	int			a_len = ObjectionGroundsLen(a);
	int			b_len = ObjectionGroundsLen(b);
	int			result;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->status != b->status)
		return a->status < b->status ? -1 : 1;

	result = memcmp(a->grounds, b->grounds, Min(a_len, b_len));
	if (result != 0)
		return result < 0 ? -1 : 1;
	return (a_len > b_len) - (a_len < b_len);
}


/* ----------------------------------------------------------------
 *		Text and binary input and output
 * ----------------------------------------------------------------
 */

/*
 * Text input.  Throws over a text that is no objection.
 */
Datum
objection_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	const char *problem;
	Objection  *result = ParseObjection(text, &problem);

	if (result == NULL)
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"objection", text),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_OBJECTION_P(result);
}

/*
 * Text output.
 */
Datum
objection_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(FormatObjection(PG_GETARG_OBJECTION_P(0)));
}

/*
 * Reads the binary format; answers NULL and sets the problem when it is no
 * objection.  Grounds must be valid in the client's encoding, or pq_getmsgtext
 * throws.
 */
static Objection *
ReceiveObjection(StringInfo buf, const char **problem)
{
	int			left = buf->len - buf->cursor;
	int			status;
	TimestampTz at;
	int			sent_len;
	char	   *grounds = NULL;
	int			len = 0;

	if (left < OBJECTION_BINARY_HEADER)
	{
		*problem = psprintf("an objection must have at least %d bytes, not %d",
							OBJECTION_BINARY_HEADER, left);
		return NULL;
	}
	status = pq_getmsgbyte(buf);
	at = pq_getmsgint64(buf);
	sent_len = (int32) pq_getmsgint(buf, 4);

	left = buf->len - buf->cursor;
	if (left != (sent_len == NO_GROUNDS ? 0 : sent_len))
	{
		*problem = psprintf("the length of the grounds is announced as %d, but is %d",
							sent_len, left);
		return NULL;
	}
	if (sent_len != NO_GROUNDS)
		grounds = pq_getmsgtext(buf, sent_len, &len);
	return MakeObjection(status, at, grounds, len, problem);
}

/*
 * Binary input: the status in one byte, the time as timestamptz has it, the
 * length of the grounds in four bytes (-1 when there are none), the grounds.
 * Throws over what text input could not have produced.
 */
Datum
objection_recv(PG_FUNCTION_ARGS)
{
	const char *problem;
	Objection  *result = ReceiveObjection((StringInfo) PG_GETARG_POINTER(0),
										  &problem);

	if (result == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of type %s",
						"objection"),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_OBJECTION_P(result);
}

/*
 * Binary output, in the format that objection_recv reads.
 */
Datum
objection_send(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);
	int			len = ObjectionGroundsLen(objection);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, objection->status);
	pq_sendint64(&buf, objection->at);
	if (len == 0)
		pq_sendint32(&buf, NO_GROUNDS);
	else
	{
		char	   *sent = pg_server_to_client(objection->grounds, len);

		if (sent != objection->grounds)
			len = strlen(sent);
		pq_sendint32(&buf, len);
		pq_sendbytes(&buf, sent, len);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * What is wrong with a text as an objection, or NULL.  For imports, which
 * report every bad row instead of stopping at the first; throws for no text.
 */
Datum
objection_problem(PG_FUNCTION_ARGS)
{
	const char *problem;

	if (ParseObjection(text_to_cstring(PG_GETARG_TEXT_PP(0)), &problem) != NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}


/* ----------------------------------------------------------------
 *		Construction and access
 * ----------------------------------------------------------------
 */

/*
 * An objection from its parts; grounds may be NULL.  Throws over a status or a
 * time that is NULL, an unknown status, a time that cannot be written with
 * four digits for its year, and grounds that are blank or missing.
 */
Datum
make_objection(PG_FUNCTION_ARGS)
{
	text	   *name;
	text	   *grounds = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	int			status;
	TimestampTz at;
	const char *problem;
	Objection  *result;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the status of an objection must not be null")));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the time of an objection must not be null")));

	name = PG_GETARG_TEXT_PP(0);
	status = FindObjectionStatus(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
	if (status < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown objection status %s",
						ClipForMessage(VARDATA_ANY(name),
									   VARSIZE_ANY_EXHDR(name)))));
	at = PG_GETARG_TIMESTAMPTZ(1);
	result = MakeObjection(status, at,
						   grounds ? VARDATA_ANY(grounds) : NULL,
						   grounds ? VARSIZE_ANY_EXHDR(grounds) : 0,
						   &problem);
	if (result == NULL)
		ereport(ERROR,
				(errcode(Iso8601InRange(at) ? ERRCODE_INVALID_PARAMETER_VALUE :
						 ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("invalid objection"),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_OBJECTION_P(result);
}

/*
 * The parts of an objection.
 */
Datum
objection_status(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(ObjectionStatusName(objection->status)));
}

Datum
objection_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_OBJECTION_P(0)->at);
}

Datum
objection_grounds(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);
	int			len = ObjectionGroundsLen(objection);

	if (len == 0)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text_with_len(objection->grounds, len));
}


/* ----------------------------------------------------------------
 *		Order, equality and hash
 * ----------------------------------------------------------------
 */

/*
 * Compares the two arguments of an operator.
 */
static int
CompareArguments(FunctionCallInfo fcinfo)
{
	Objection  *a = PG_GETARG_OBJECTION_P(0);
	Objection  *b = PG_GETARG_OBJECTION_P(1);
	int			result = CompareObjections(a, b);

	/* An index may not leak what it detoasts. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

/*
 * The six operators and the support function of btree.
 */
Datum
objection_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

Datum
objection_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

Datum
objection_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

Datum
objection_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

Datum
objection_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

Datum
objection_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

Datum
objection_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArguments(fcinfo));
}

/*
 * The transition function of max(): the one of two that prevails.
 */
Datum
objection_larger(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(CompareArguments(fcinfo) >= 0 ?
					PG_GETARG_DATUM(0) : PG_GETARG_DATUM(1));
}

/*
 * The two support functions of hash.  Behind its header a value has no padding
 * and one form, so those bytes are equal exactly when the values are.
 */
Datum
objection_hash(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);
	uint32		result;

	result = hash_bytes((unsigned char *) VARDATA(objection),
						VARSIZE(objection) - VARHDRSZ);
	PG_FREE_IF_COPY(objection, 0);
	PG_RETURN_UINT32(result);
}

Datum
objection_hash_extended(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);
	uint64		result;

	result = hash_bytes_extended((unsigned char *) VARDATA(objection),
								 VARSIZE(objection) - VARHDRSZ,
								 PG_GETARG_INT64(1));
	PG_FREE_IF_COPY(objection, 0);
	return UInt64GetDatum(result);
}
