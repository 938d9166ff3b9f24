/*
 * consent.c
 *		The SQL type consent: what a person answered, when, and until when.
 *
 * A value is written as STATUS [explicit] at TIMESTAMP [until TIMESTAMP], with
 * W3C DPV's ten statuses, so that a consent carries the facts its controller
 * has to demonstrate (Art. 7(1) GDPR), and "refused" is never stored like
 * "never asked".
 *
 * The order of the type is precedence: of two records for the same person and
 * purpose the greater prevails, so GREATEST() and max() pick it.  Every answer
 * is greater than every question, whatever their times: to ask a person again
 * neither lifts a refusal nor ends a consent.  Of two answers, or of two
 * questions, the later record is the greater.  Of two at the same time it is
 * the one that permits less, since a tie must not be decided against the
 * person: first by status, from "unknown" to "invalidated"; then one that is
 * not explicit; then one that ends earlier.  Only records alike in every field
 * are equal.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "consent.h"
#include "iso8601.h"
#include "type_input.h"

/* The status, the flag and the two times, in bytes of the binary format. */
#define CONSENT_BINARY_LENGTH (1 + 1 + 8 + 8)

static const char *const status_names[CONSENT_STATUS_COUNT] = {
	[CONSENT_UNKNOWN] = "unknown",
	[CONSENT_REQUESTED] = "requested",
	[CONSENT_REQUEST_DEFERRED] = "request_deferred",
	[CONSENT_REFUSED] = "refused",
	[CONSENT_GIVEN] = "given",
	[CONSENT_RENEWED] = "renewed",
	[CONSENT_WITHDRAWN] = "withdrawn",
	[CONSENT_REVOKED] = "revoked",
	[CONSENT_EXPIRED] = "expired",
	[CONSENT_INVALIDATED] = "invalidated",
};

/* Of two statuses recorded at the same time, the higher prevails. */
static const int status_precedence[CONSENT_STATUS_COUNT] = {
	[CONSENT_UNKNOWN] = 0,
	[CONSENT_REQUESTED] = 1,
	[CONSENT_REQUEST_DEFERRED] = 2,
	[CONSENT_GIVEN] = 3,
	[CONSENT_RENEWED] = 4,
	[CONSENT_EXPIRED] = 5,
	[CONSENT_REFUSED] = 6,
	[CONSENT_WITHDRAWN] = 7,
	[CONSENT_REVOKED] = 8,
	[CONSENT_INVALIDATED] = 9,
};

PG_FUNCTION_INFO_V1(consent_in);
PG_FUNCTION_INFO_V1(consent_out);
PG_FUNCTION_INFO_V1(consent_recv);
PG_FUNCTION_INFO_V1(consent_send);
PG_FUNCTION_INFO_V1(consent_problem);
PG_FUNCTION_INFO_V1(make_consent);
PG_FUNCTION_INFO_V1(consent_status);
PG_FUNCTION_INFO_V1(consent_explicit);
PG_FUNCTION_INFO_V1(consent_at);
PG_FUNCTION_INFO_V1(consent_until);
PG_FUNCTION_INFO_V1(consent_eq);
PG_FUNCTION_INFO_V1(consent_ne);
PG_FUNCTION_INFO_V1(consent_lt);
PG_FUNCTION_INFO_V1(consent_le);
PG_FUNCTION_INFO_V1(consent_gt);
PG_FUNCTION_INFO_V1(consent_ge);
PG_FUNCTION_INFO_V1(consent_cmp);
PG_FUNCTION_INFO_V1(consent_larger);
PG_FUNCTION_INFO_V1(consent_hash);
PG_FUNCTION_INFO_V1(consent_hash_extended);


/* ----------------------------------------------------------------
 *		Values
 * ----------------------------------------------------------------
 */

/*
 * The name of a status, as it is written.
 */
const char *
ConsentStatusName(ConsentStatus status)
{
	return status_names[status];
}

/*
 * The ConsentStatus with this name in whatever case, or -1.
 */
int
FindConsentStatus(const char *name, int len)
{
	return FindName(name, len, status_names, CONSENT_STATUS_COUNT);
}

/*
 * Whether a consent, however it came in, is one that may be stored; sets the
 * problem if not.  Throws nothing.
 */
bool
CheckConsent(const Consent *consent, const char **problem)
{
	if (consent->status < 0 || consent->status >= CONSENT_STATUS_COUNT)
	{
		*problem = psprintf("there is no consent status %d", consent->status);
		return false;
	}
	if (consent->is_explicit != 0 && consent->is_explicit != 1)
	{
		*problem = psprintf("the explicit flag of a consent must be 0 or 1, not %d",
							consent->is_explicit);
		return false;
	}
	if (!Iso8601InRange(consent->at))
	{
		*problem = "the time of a consent must be finite and in the years 0001 to 9999";
		return false;
	}
	if (consent->until != DT_NOEND && !Iso8601InRange(consent->until))
	{
		*problem = "the end of a consent must be infinity or in the years 0001 to 9999";
		return false;
	}
	if (consent->until <= consent->at)
	{
		*problem = "a consent must end after the time it is recorded at";
		return false;
	}
	return true;
}

/*
 * Reads a consent.  Answers false and sets the problem when the text is none.
 * Throws nothing.
 */
bool
ParseConsent(const char *text, Consent *result, const char **problem)
{
	const char *cursor = text;

	SkipBlanks(&cursor);
	result->status = TakeName(&cursor, status_names, CONSENT_STATUS_COUNT);
	if (result->status < 0)
	{
		*problem = psprintf("expected a consent status, found %s",
							DescribeToken(cursor));
		return false;
	}

	result->is_explicit = TakeWord(&cursor, "explicit") ? 1 : 0;

	if (!TakeWord(&cursor, "at"))
	{
		*problem = psprintf("expected \"at\", found %s", DescribeToken(cursor));
		return false;
	}
	if (TakeWord(&cursor, "infinity") || TakeWord(&cursor, "-infinity"))
	{
		*problem = "the time of a consent must be finite";
		return false;
	}
	if (!ParseIso8601(&cursor, &result->at, problem))
		return false;
	SkipBlanks(&cursor);

	result->until = DT_NOEND;
	if (TakeWord(&cursor, "until") && !TakeWord(&cursor, "infinity"))
	{
		if (!ParseIso8601(&cursor, &result->until, problem))
			return false;
		SkipBlanks(&cursor);
	}
	if (*cursor != '\0')
	{
		*problem = psprintf("expected the end of the text, found %s", DescribeToken(cursor));
		return false;
	}
	return CheckConsent(result, problem);
}

/*
 * The text of a consent, newly allocated.  ParseConsent reads it back.
 */
char *
FormatConsent(const Consent *consent)
{
	char		at[ISO8601_BUFSIZE];
	char		until[ISO8601_BUFSIZE];
	const char *status = ConsentStatusName(consent->status);
	const char *is_explicit = consent->is_explicit ? " explicit" : "";

	FormatIso8601(consent->at, at);
	if (consent->until == DT_NOEND)
		return psprintf("%s%s at %s", status, is_explicit, at);

	FormatIso8601(consent->until, until);
	return psprintf("%s%s at %s until %s", status, is_explicit, at, until);
}

/*
 * Whether a status is an answer.  Silence and questions are none, Art. 4(11)
 * and Rec. 32.
 */
bool
ConsentStatusIsAnswer(int32 status)
{
	return status != CONSENT_UNKNOWN &&
		status != CONSENT_REQUESTED &&
		status != CONSENT_REQUEST_DEFERRED;
}

/*
 * Whether a status is a No of the person, which also counts for the purposes
 * below its own.  "invalidated" and "expired" are findings of the controller
 * about one consent, so they are not.
 */
bool
ConsentStatusIsNo(int32 status)
{
	return status == CONSENT_REFUSED ||
		status == CONSENT_WITHDRAWN ||
		status == CONSENT_REVOKED;
}

/*
 * Compares two consents by precedence (see the top of this file): -1, 0 or 1.
 */
int
CompareConsents(const Consent *a, const Consent *b)
{
	bool		a_is_answer = ConsentStatusIsAnswer(a->status);
	int			a_precedence = status_precedence[a->status];
	int			b_precedence = status_precedence[b->status];

	if (a_is_answer != ConsentStatusIsAnswer(b->status))
		return a_is_answer ? 1 : -1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a_precedence != b_precedence)
		return a_precedence < b_precedence ? -1 : 1;
	if (a->is_explicit != b->is_explicit)
		return a->is_explicit > b->is_explicit ? -1 : 1;
	if (a->until != b->until)
		return a->until > b->until ? -1 : 1;
	return 0;
}

static Consent *
CopyConsent(const Consent *consent)
{
	Consent    *copy = palloc(sizeof(Consent));

	*copy = *consent;
	return copy;
}


/* ----------------------------------------------------------------
 *		Text and binary input and output
 * ----------------------------------------------------------------
 */

/*
 * Text input.  Throws over a text that is no consent.
 */
Datum
consent_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	Consent		consent;
	const char *problem;

	if (!ParseConsent(text, &consent, &problem))
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"",
						"consent", text),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_CONSENT_P(CopyConsent(&consent));
}

/*
 * Text output.
 */
Datum
consent_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(FormatConsent(PG_GETARG_CONSENT_P(0)));
}

/*
 * Binary input: the status and whether it is explicit in one byte each, then
 * both times as timestamptz has them, the end being infinity where there is
 * none.  Throws over what text input could not have produced.
 */
Datum
consent_recv(PG_FUNCTION_ARGS)
{
	StringInfo	buf = (StringInfo) PG_GETARG_POINTER(0);
	int			left = buf->len - buf->cursor;
	Consent		consent;
	const char *problem;
	bool		valid;

	if (left != CONSENT_BINARY_LENGTH)
	{
		problem = psprintf("a consent must have %d bytes, not %d",
						   CONSENT_BINARY_LENGTH, left);
		valid = false;
	}
	else
	{
		consent.status = pq_getmsgbyte(buf);
		consent.is_explicit = pq_getmsgbyte(buf);
		consent.at = pq_getmsgint64(buf);
		consent.until = pq_getmsgint64(buf);
		valid = CheckConsent(&consent, &problem);
	}
	if (!valid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid binary representation of type %s",
						"consent"),
				 errdetail_internal("%s", ProblemSentence(problem))));
	PG_RETURN_CONSENT_P(CopyConsent(&consent));
}

/*
 * Binary output, in the format that consent_recv reads.
 */
Datum
consent_send(PG_FUNCTION_ARGS)
{
	Consent    *consent = PG_GETARG_CONSENT_P(0);
	StringInfoData buf;

	pq_begintypsend(&buf);
	pq_sendbyte(&buf, consent->status);
	pq_sendbyte(&buf, consent->is_explicit);
	pq_sendint64(&buf, consent->at);
	pq_sendint64(&buf, consent->until);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * What is wrong with a text as a consent, or NULL.  For imports, which report
 * every bad row instead of stopping at the first; throws for no text.
 */
Datum
consent_problem(PG_FUNCTION_ARGS)
{
	Consent		consent;
	const char *problem;

	if (ParseConsent(text_to_cstring(PG_GETARG_TEXT_PP(0)), &consent, &problem))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}


/* ----------------------------------------------------------------
 *		Construction and access
 * ----------------------------------------------------------------
 */

/*
 * A consent from its parts.  Throws over an unknown status, a time that cannot
 * be written with four digits for its year, and an end not after its time.
 */
Datum
make_consent(PG_FUNCTION_ARGS)
{
	text	   *status = PG_GETARG_TEXT_PP(0);
	Consent		consent;
	const char *problem;

	consent.status = FindConsentStatus(VARDATA_ANY(status),
									   VARSIZE_ANY_EXHDR(status));
	if (consent.status < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown consent status %s",
						ClipForMessage(VARDATA_ANY(status),
									   VARSIZE_ANY_EXHDR(status)))));
	consent.is_explicit = PG_GETARG_BOOL(1) ? 1 : 0;
	consent.at = PG_GETARG_TIMESTAMPTZ(2);
	consent.until = PG_GETARG_TIMESTAMPTZ(3);

	if (!CheckConsent(&consent, &problem))
	{
		bool		in_range;

		in_range = Iso8601InRange(consent.at) &&
			(consent.until == DT_NOEND || Iso8601InRange(consent.until));
		ereport(ERROR,
				(errcode(in_range ? ERRCODE_INVALID_PARAMETER_VALUE :
						 ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("invalid consent"),
				 errdetail_internal("%s", ProblemSentence(problem))));
	}
	PG_RETURN_CONSENT_P(CopyConsent(&consent));
}

/*
 * The parts of a consent.
 */
Datum
consent_status(PG_FUNCTION_ARGS)
{
	Consent    *consent = PG_GETARG_CONSENT_P(0);

	PG_RETURN_TEXT_P(cstring_to_text(ConsentStatusName(consent->status)));
}

Datum
consent_explicit(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(PG_GETARG_CONSENT_P(0)->is_explicit != 0);
}

Datum
consent_at(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_CONSENT_P(0)->at);
}

Datum
consent_until(PG_FUNCTION_ARGS)
{
	PG_RETURN_TIMESTAMPTZ(PG_GETARG_CONSENT_P(0)->until);
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
	return CompareConsents(PG_GETARG_CONSENT_P(0), PG_GETARG_CONSENT_P(1));
}

/*
 * The six operators and the support function of btree.
 */
Datum
consent_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

Datum
consent_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

Datum
consent_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

Datum
consent_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

Datum
consent_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

Datum
consent_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

Datum
consent_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArguments(fcinfo));
}

/*
 * The transition function of max(): the one of two that prevails.
 */
Datum
consent_larger(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(CompareArguments(fcinfo) >= 0 ?
					PG_GETARG_DATUM(0) : PG_GETARG_DATUM(1));
}

/*
 * The two support functions of hash.  The struct has no padding and one form
 * for each value, so its bytes are equal exactly when the values are.
 */
Datum
consent_hash(PG_FUNCTION_ARGS)
{
	return UInt32GetDatum(hash_bytes((unsigned char *) PG_GETARG_CONSENT_P(0),
									 sizeof(Consent)));
}

Datum
consent_hash_extended(PG_FUNCTION_ARGS)
{
	return UInt64GetDatum(hash_bytes_extended((unsigned char *) PG_GETARG_CONSENT_P(0),
											  sizeof(Consent),
											  PG_GETARG_INT64(1)));
}
