/*
 * jsonb_casts.c
 *		Casts between jsonb and the SQL types consent and objection.
 *
 * A consent is an object {"status", "explicit", "at", "until"}, an objection
 * an object {"status", "at", "grounds"}.  What is optional in the text forms is
 * optional here; every other departure is an error that names the key, because
 * a misspelt "until" that is passed over silently is a consent without end.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "consent.h"
#include "iso8601.h"
#include "objection.h"
#include "type_input.h"

/* A key that an object may have, and its value once that is read. */
typedef struct JsonField
{
	const char *key;
	enum jbvType type;
	bool		required;
	bool		present;
	JsonbValue	value;
} JsonField;

PG_FUNCTION_INFO_V1(consent_from_jsonb);
PG_FUNCTION_INFO_V1(consent_to_jsonb);
PG_FUNCTION_INFO_V1(objection_from_jsonb);
PG_FUNCTION_INFO_V1(objection_to_jsonb);


/* ----------------------------------------------------------------
 *		Reading
 * ----------------------------------------------------------------
 */

/*
 * Raises the error that some jsonb is no value of the type.
 */
static void
ThrowJsonbProblem(const char *type, int code, const char *problem)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("cannot cast jsonb to type %s", type),
			 errdetail_internal("%s", ProblemSentence(problem))));
}

static JsonField *
FindField(JsonField *fields, int count, const JsonbValue *key)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if ((int) strlen(fields[i].key) == key->val.string.len &&
			memcmp(fields[i].key, key->val.string.val, key->val.string.len) == 0)
			return &fields[i];
	}
	return NULL;
}

/*
 * Reads an object with exactly these fields.  Throws over anything that is not
 * an object, a key that is unknown or missing, and a value of the wrong type.
 */
static void
ReadObject(Jsonb *object, const char *type, JsonField *fields, int count)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key;
	int			i;

	if (!JB_ROOT_IS_OBJECT(object))
		ThrowJsonbProblem(type, ERRCODE_INVALID_PARAMETER_VALUE,
						  "the value must be an object");

	it = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		JsonField  *field;

		if (token != WJB_KEY)
			continue;
		field = FindField(fields, count, &key);
		if (field == NULL)
			ThrowJsonbProblem(type, ERRCODE_INVALID_PARAMETER_VALUE,
							  psprintf("key %s is unknown",
									   ClipForMessage(key.val.string.val,
													  key.val.string.len)));
		(void) JsonbIteratorNext(&it, &field->value, true);
		if (field->value.type != field->type)
			ThrowJsonbProblem(type, ERRCODE_INVALID_PARAMETER_VALUE,
							  psprintf("the value of key \"%s\" must be a %s",
									   field->key,
									   field->type == jbvBool ? "boolean" : "string"));
		field->present = true;
	}

	for (i = 0; i < count; i++)
	{
		if (fields[i].required && !fields[i].present)
			ThrowJsonbProblem(type, ERRCODE_INVALID_PARAMETER_VALUE,
							  psprintf("key \"%s\" is missing",
									   fields[i].key));
	}
}

/*
 * The timestamp in a string.  Throws over one that is not in the form that
 * iso8601.c reads.
 */
static TimestampTz
ReadTimestamp(const JsonField *field, const char *type)
{
	const char *cursor = pnstrdup(field->value.val.string.val,
								  field->value.val.string.len);
	const char *problem;
	TimestampTz result;

	if (!ParseIso8601(&cursor, &result, &problem))
		ThrowJsonbProblem(type, ERRCODE_INVALID_TEXT_REPRESENTATION,
						  psprintf("key \"%s\": %s", field->key, problem));
	if (*cursor != '\0')
		ThrowJsonbProblem(type, ERRCODE_INVALID_TEXT_REPRESENTATION,
						  psprintf("key \"%s\": nothing may follow the timestamp",
								   field->key));
	return result;
}

/*
 * Raises the error that no status has the name in a string.
 */
static void
ThrowUnknownStatus(const JsonField *field, const char *type)
{
	ThrowJsonbProblem(type, ERRCODE_INVALID_TEXT_REPRESENTATION,
					  psprintf("key \"%s\": there is no status %s",
							   field->key,
							   ClipForMessage(field->value.val.string.val,
											  field->value.val.string.len)));
}

/*
 * The cast from jsonb to consent.  Throws over an object that is none.
 */
Datum
consent_from_jsonb(PG_FUNCTION_ARGS)
{
	JsonField	fields[] = {
		{.key = "status", .type = jbvString, .required = true},
		{.key = "explicit", .type = jbvBool},
		{.key = "at", .type = jbvString, .required = true},
		{.key = "until", .type = jbvString},
	};
	JsonField  *status = &fields[0];
	JsonField  *is_explicit = &fields[1];
	JsonField  *at = &fields[2];
	JsonField  *until = &fields[3];
	static const char *const infinity = "infinity";
	const char *problem;
	Consent    *result = palloc(sizeof(Consent));

	ReadObject(PG_GETARG_JSONB_P(0), "consent", fields, lengthof(fields));

	result->status = FindConsentStatus(status->value.val.string.val,
									   status->value.val.string.len);
	if (result->status < 0)
		ThrowUnknownStatus(status, "consent");
	result->is_explicit = is_explicit->present &&
		is_explicit->value.val.boolean;
	result->at = ReadTimestamp(at, "consent");
	if (!until->present ||
		FindName(until->value.val.string.val, until->value.val.string.len,
				 &infinity, 1) == 0)
		result->until = DT_NOEND;
	else
		result->until = ReadTimestamp(until, "consent");

	if (!CheckConsent(result, &problem))
		ThrowJsonbProblem("consent", ERRCODE_INVALID_TEXT_REPRESENTATION,
						  problem);
	PG_RETURN_CONSENT_P(result);
}

/*
 * The cast from jsonb to objection.  Throws over an object that is none.
 */
Datum
objection_from_jsonb(PG_FUNCTION_ARGS)
{
	JsonField	fields[] = {
		{.key = "status", .type = jbvString, .required = true},
		{.key = "at", .type = jbvString, .required = true},
		{.key = "grounds", .type = jbvString},
	};
	JsonField  *status = &fields[0];
	JsonField  *at = &fields[1];
	JsonField  *grounds = &fields[2];
	int			found;
	const char *problem;
	Objection  *result;

	ReadObject(PG_GETARG_JSONB_P(0), "objection", fields, lengthof(fields));

	found = FindObjectionStatus(status->value.val.string.val,
								status->value.val.string.len);
	if (found < 0)
		ThrowUnknownStatus(status, "objection");
	result = MakeObjection(found, ReadTimestamp(at, "objection"),
						   grounds->present ? grounds->value.val.string.val : NULL,
						   grounds->present ? grounds->value.val.string.len : 0,
						   &problem);
	if (result == NULL)
		ThrowJsonbProblem("objection", ERRCODE_INVALID_TEXT_REPRESENTATION,
						  problem);
	PG_RETURN_OBJECTION_P(result);
}


/* ----------------------------------------------------------------
 *		Writing
 * ----------------------------------------------------------------
 */

static void
PushKey(JsonbParseState **state, const char *key)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &value);
}

static void
PushString(JsonbParseState **state, const char *key,
		   const char *string, int len)
{
	JsonbValue	value;

	PushKey(state, key);
	value.type = jbvString;
	value.val.string.val = unconstify(char *, string);
	value.val.string.len = len;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
PushBool(JsonbParseState **state, const char *key, bool boolean)
{
	JsonbValue	value;

	PushKey(state, key);
	value.type = jbvBool;
	value.val.boolean = boolean;
	pushJsonbValue(state, WJB_VALUE, &value);
}

static void
PushTimestamp(JsonbParseState **state, const char *key, TimestampTz timestamp)
{
	char	   *buf = palloc(ISO8601_BUFSIZE);

	/* The state keeps a pointer to the string until the object is closed. */
	FormatIso8601(timestamp, buf);
	PushString(state, key, buf, strlen(buf));
}

/*
 * The cast from consent to jsonb.
 */
Datum
consent_to_jsonb(PG_FUNCTION_ARGS)
{
	Consent    *consent = PG_GETARG_CONSENT_P(0);
	const char *status = ConsentStatusName(consent->status);
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	PushString(&state, "status", status, strlen(status));
	PushBool(&state, "explicit", consent->is_explicit != 0);
	PushTimestamp(&state, "at", consent->at);
	if (consent->until != DT_NOEND)
		PushTimestamp(&state, "until", consent->until);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT,
													   NULL)));
}

/*
 * The cast from objection to jsonb.
 */
Datum
objection_to_jsonb(PG_FUNCTION_ARGS)
{
	Objection  *objection = PG_GETARG_OBJECTION_P(0);
	const char *status = ObjectionStatusName(objection->status);
	int			len = ObjectionGroundsLen(objection);
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	PushString(&state, "status", status, strlen(status));
	PushTimestamp(&state, "at", objection->at);
	if (len > 0)
		PushString(&state, "grounds", objection->grounds, len);
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT,
													   NULL)));
}
