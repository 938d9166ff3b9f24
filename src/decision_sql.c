/*
 * decision_sql.c
 *		Decide() and Permitted() as a function of SQL, for the tests.
 *
 * The install script does not declare it.  A test that wants to ask about
 * arbitrary facts at an arbitrary time declares it for itself, which takes a
 * superuser, in a temporary schema.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "decision.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(decide_facts);

/* Deep enough for any test. */
#define MAX_TEST_LEVELS 100

/* The arguments, in their order. */
enum
{
	ARG_REGISTERED,
	ARG_ERASED,
	ARG_RESTRICTED,
	ARG_BIRTH_DATE,
	ARG_MINIMUM_AGE,
	ARG_NEEDS_CONSENT,
	ARG_NEEDS_EXPLICIT,
	ARG_DIRECT_MARKETING,
	ARG_OBJECTIONS_REACH,
	ARG_CONSENTS,
	ARG_REFUSALS,
	ARG_RAISED_AT,
	ARG_WITHDRAWN_AT,
	ARG_OVERRIDDEN_AT,
	ARG_AT,
	ARG_COUNT
};

static const char *const argument_names[ARG_COUNT] = {
	[ARG_REGISTERED] = "registered",
	[ARG_ERASED] = "erased",
	[ARG_RESTRICTED] = "restricted",
	[ARG_BIRTH_DATE] = "birth_date",
	[ARG_MINIMUM_AGE] = "minimum_age",
	[ARG_NEEDS_CONSENT] = "needs_consent",
	[ARG_NEEDS_EXPLICIT] = "needs_explicit",
	[ARG_DIRECT_MARKETING] = "direct_marketing",
	[ARG_OBJECTIONS_REACH] = "objections_reach",
	[ARG_CONSENTS] = "consents",
	[ARG_REFUSALS] = "refusals",
	[ARG_RAISED_AT] = "raised_at",
	[ARG_WITHDRAWN_AT] = "withdrawn_at",
	[ARG_OVERRIDDEN_AT] = "overridden_at",
	[ARG_AT] = "at",
};

/* One array argument, taken apart: an element for each level of the tree. */
typedef struct LevelArray
{
	int			nlevels;		/* -1 when the argument is NULL */
	Datum	   *values;
	bool	   *nulls;
} LevelArray;

/*
 * Take an array argument apart.  Throws unless it has one dimension, of 1 to
 * MAX_TEST_LEVELS elements of the expected kind: timestamptz or, when
 * elem_type is InvalidOid, consent, which has no fixed oid and is known by its
 * length.
 */
static LevelArray
GetLevels(FunctionCallInfo fcinfo, int arg, Oid elem_type)
{
	LevelArray	result = {-1, NULL, NULL};
	ArrayType  *array;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (PG_ARGISNULL(arg))
		return result;

	array = PG_GETARG_ARRAYTYPE_P(arg);
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	if (OidIsValid(elem_type) ? ARR_ELEMTYPE(array) != elem_type :
		(typlen != sizeof(Consent) || typbyval))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("%s has elements of the wrong type",
						argument_names[arg])));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have one dimension", argument_names[arg])));
	result.nlevels = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (result.nlevels < 1 || result.nlevels > MAX_TEST_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must have 1 to %d elements",
						argument_names[arg], MAX_TEST_LEVELS)));
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign,
					  &result.values, &result.nulls, &result.nlevels);
	return result;
}

/* Is anything recorded in this array for this level? */
static bool
HasLevel(const LevelArray *array, int level)
{
	return array->nlevels >= 0 && !array->nulls[level];
}

/* The time that an array has for a level, or the one that does not exist. */
static TimestampTz
TimeAtLevel(const LevelArray *array, int level)
{
	return HasLevel(array, level) ?
		DatumGetTimestampTz(array->values[level]) : DT_NOBEGIN;
}

/*
 * The choices at all levels, and how many there are.  A NULL array says that
 * nothing of its kind is recorded at any level; throws when those that are not
 * NULL differ in length.
 */
static ChoiceFacts *
GetChoices(FunctionCallInfo fcinfo, int *nlevels)
{
	LevelArray	arrays[ARG_COUNT];
	ChoiceFacts *choices;

	*nlevels = -1;
	for (int arg = ARG_CONSENTS; arg <= ARG_OVERRIDDEN_AT; arg++)
	{
		bool		is_time = arg >= ARG_RAISED_AT;

		arrays[arg] = GetLevels(fcinfo, arg,
								is_time ? TIMESTAMPTZOID : InvalidOid);
		if (arrays[arg].nlevels < 0)
			continue;
		if (*nlevels >= 0 && arrays[arg].nlevels != *nlevels)
			ereport(ERROR,
					(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
					 errmsg("arrays differ in length")));
		*nlevels = arrays[arg].nlevels;
	}
	if (*nlevels < 0)
		*nlevels = 1;

	choices = palloc0(*nlevels * sizeof(ChoiceFacts));
	for (int i = 0; i < *nlevels; i++)
	{
		choices[i].has_consent = HasLevel(&arrays[ARG_CONSENTS], i);
		if (choices[i].has_consent)
			choices[i].consent =
				*DatumGetConsentP(arrays[ARG_CONSENTS].values[i]);
		choices[i].has_refusal = HasLevel(&arrays[ARG_REFUSALS], i);
		if (choices[i].has_refusal)
			choices[i].refusal =
				*DatumGetConsentP(arrays[ARG_REFUSALS].values[i]);
		choices[i].raised_at = TimeAtLevel(&arrays[ARG_RAISED_AT], i);
		choices[i].withdrawn_at = TimeAtLevel(&arrays[ARG_WITHDRAWN_AT], i);
		choices[i].overridden_at = TimeAtLevel(&arrays[ARG_OVERRIDDEN_AT], i);
	}
	return choices;
}

/*
 * decide_facts(registered bool, erased bool, restricted bool, birth_date date,
 *		minimum_age int, needs_consent bool, needs_explicit bool,
 *		direct_marketing bool, objections_reach bool, consents consent[],
 *		refusals consent[], raised_at timestamptz[],
 *		withdrawn_at timestamptz[], overridden_at timestamptz[],
 *		at timestamptz,
 *		OUT verdict text, OUT until timestamptz)
 *
 * The first element of an array is about the purpose itself, the last about
 * the root.  Only the birth date, the arrays and their elements may be NULL.
 */
Datum
decide_facts(PG_FUNCTION_ARGS)
{
	SubjectFacts facts = {0};
	PurposeRules rules = {0};
	Decision	decision;
	TupleDesc	tupdesc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (PG_NARGS() != ARG_COUNT)
		elog(ERROR, "decide_facts takes %d arguments", ARG_COUNT);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
		tupdesc->natts != lengthof(values))
		elog(ERROR, "return type must be a row type of %d columns",
			 (int) lengthof(values));
	for (int arg = 0; arg < ARG_COUNT; arg++)
	{
		if (PG_ARGISNULL(arg) && arg != ARG_BIRTH_DATE &&
			(arg < ARG_CONSENTS || arg > ARG_OVERRIDDEN_AT))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not be null", argument_names[arg])));
	}

	rules.minimum_age = PG_GETARG_INT32(ARG_MINIMUM_AGE);
	if (rules.minimum_age < 18 || rules.minimum_age > 150)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("minimum_age must be 18 to 150")));
	rules.needs_consent = PG_GETARG_BOOL(ARG_NEEDS_CONSENT);
	rules.needs_explicit = PG_GETARG_BOOL(ARG_NEEDS_EXPLICIT);
	rules.direct_marketing = PG_GETARG_BOOL(ARG_DIRECT_MARKETING);
	rules.objections_reach = PG_GETARG_BOOL(ARG_OBJECTIONS_REACH);

	facts.registered = PG_GETARG_BOOL(ARG_REGISTERED);
	facts.registered_at = DT_NOBEGIN;
	facts.erased = PG_GETARG_BOOL(ARG_ERASED);
	facts.erased_at = DT_NOBEGIN;
	facts.restricted = PG_GETARG_BOOL(ARG_RESTRICTED);
	facts.restricted_at = DT_NOBEGIN;
	facts.has_birth_date = !PG_ARGISNULL(ARG_BIRTH_DATE);
	if (facts.has_birth_date)
		facts.birth_date = PG_GETARG_DATEADT(ARG_BIRTH_DATE);
	facts.choices = GetChoices(fcinfo, &facts.nlevels);

	decision = Decide(&facts, &rules, PG_GETARG_TIMESTAMPTZ(ARG_AT));
	if (Permitted(&facts, &rules, PG_GETARG_TIMESTAMPTZ(ARG_AT)) !=
		(decision.verdict == VERDICT_PERMITTED))
		elog(ERROR, "Permitted() and Decide() differ: %s",
			 VerdictName(decision.verdict));
	values[0] = CStringGetTextDatum(VerdictName(decision.verdict));
	values[1] = TimestampTzGetDatum(decision.until);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
