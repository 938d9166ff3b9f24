/*
 * explain.c
 *		verdict_of() and explain_verdict(): which row of the truth table it was;
 *		effective_consent(): the consent that it was judged by; and
 *		count_verdicts(): how many people each row is about.
 *
 * All but the last disclose personal data, so only officers may call them; the
 * install script sees to that.  They answer for any purpose, whether or not the
 * officer may profile for it: asking why is not profiling.
 *
 * About the present they read what the gate reads; about another moment they
 * replay the history.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "as_of.h"
#include "funcapi.h"
#include "gate.h"
#include "iso8601.h"
#include "query_clock.h"
#include "tombstone.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(verdict_of);
PG_FUNCTION_INFO_V1(explain_verdict);
PG_FUNCTION_INFO_V1(count_verdicts);
PG_FUNCTION_INFO_V1(effective_consent);

/* The arguments of both functions, in their order. */
enum
{
	ARG_SUBJECT,
	ARG_PURPOSE,
	ARG_AS_OF,
	ARG_KNOWN_AT
};

/* A decision with all that it was made from. */
typedef struct Explained
{
	bool		replayed;		/* from the history, with an as_of */
	Purpose    *purpose;
	SubjectFacts facts;
	Decision	decision;
} Explained;

/* The key of the subject that is asked about; false when that is null. */
static bool
GetSubjectArgument(FunctionCallInfo fcinfo, SubjectKey *key)
{
	if (PG_ARGISNULL(ARG_SUBJECT))
		return false;
	SubjectKeyFromVarlena(key, PG_GETARG_VARLENA_PP(ARG_SUBJECT));
	return true;
}

/*
 * The purpose that is asked about, by default that of the setting.  Throws
 * null_value_not_allowed for a null one.
 */
static char *
GetPurposeArgument(FunctionCallInfo fcinfo)
{
	if (PG_NARGS() <= ARG_PURPOSE)
		return purpose_setting;
	if (PG_ARGISNULL(ARG_PURPOSE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("purpose must not be null")));
	return text_to_cstring(PG_GETARG_TEXT_PP(ARG_PURPOSE));
}

/* A time that is asked about.  Throws unless it is finite. */
static TimestampTz
GetTimeArgument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	TimestampTz time = PG_GETARG_TIMESTAMPTZ(arg);

	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be finite", name)));
	return time;
}

/*
 * Decide from the arguments (subject [, purpose [, as_of, known_at]]).  Throws
 * undefined_object for an unknown purpose, null_value_not_allowed for a purpose
 * or as_of that is null, and invalid_parameter_value for a time not finite.
 */
static void
ExplainArguments(FunctionCallInfo fcinfo, Explained *result)
{
	Snapshot	snapshot = GetActiveSnapshot();
	const Registry *registry = GetRegistry();
	char	   *name = GetPurposeArgument(fcinfo);
	TimestampTz as_of = ClockOf(snapshot);
	TimestampTz known_at = as_of;
	SubjectKey	key;

	result->replayed = PG_NARGS() > ARG_AS_OF;
	if (result->replayed)
	{
		if (PG_ARGISNULL(ARG_AS_OF))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("as_of must not be null")));
		as_of = GetTimeArgument(fcinfo, ARG_AS_OF, "as_of");
		known_at = PG_ARGISNULL(ARG_KNOWN_AT) ? as_of :
			GetTimeArgument(fcinfo, ARG_KNOWN_AT, "known_at");
	}

	result->purpose = result->replayed ?
		ReadPurposeKnownAt(registry, name, known_at, snapshot) :
		ReadPurpose(registry, name, snapshot);
	memset(&result->facts, 0, sizeof(result->facts));
	result->facts.choices =
		palloc0(result->purpose->nlevels * sizeof(ChoiceFacts));
	if (GetSubjectArgument(fcinfo, &key))
	{
		KnownAs(&key, snapshot);
		if (result->replayed)
			ReplaySubject(registry, result->purpose, &key, as_of, known_at,
						  snapshot, &result->facts);
		else
			ReadSubject(registry, result->purpose, &key, snapshot,
						&result->facts);
	}
	result->decision = Decide(&result->facts, &result->purpose->rules, as_of);
}

/* The verdict as a value of the SQL enum with the given type. */
static Datum
VerdictDatum(Verdict verdict, Oid enum_type)
{
	return DirectFunctionCall2(enum_in,
							   CStringGetDatum(VerdictName(verdict)),
							   ObjectIdGetDatum(enum_type));
}

/* verdict_of(subject [, purpose [, as_of, known_at]]) */
Datum
verdict_of(PG_FUNCTION_ARGS)
{
	Explained	explained;

	ExplainArguments(fcinfo, &explained);
	PG_RETURN_DATUM(VerdictDatum(explained.decision.verdict,
								 get_fn_expr_rettype(fcinfo->flinfo)));
}

/* The letter of Art. 6(1) that a basis stands for. */
static const char *
ArticleOfBasis(const Purpose *purpose)
{
	static const struct
	{
		const char *basis;
		const char *article;
	}			articles[] = {
		{"consent", "GDPR Art. 6(1)(a)"},
		{"contract", "GDPR Art. 6(1)(b)"},
		{"legal_obligation", "GDPR Art. 6(1)(c)"},
		{"vital_interests", "GDPR Art. 6(1)(d)"},
		{"public_task", "GDPR Art. 6(1)(e)"},
		{"legitimate_interests", "GDPR Art. 6(1)(f)"},
	};

	if (purpose->rules.needs_explicit)
		return "GDPR Art. 9(2)(a)";
	for (int i = 0; i < (int) lengthof(articles); i++)
	{
		if (strcmp(purpose->basis, articles[i].basis) == 0)
			return articles[i].article;
	}
	return "GDPR Art. 6(1)";
}

/* The article of law behind a decision. */
static const char *
ArticleOf(const Explained *explained)
{
	switch (explained->decision.verdict)
	{
		case VERDICT_UNKNOWN_SUBJECT:
			return "GDPR Art. 25(2)";
		case VERDICT_ERASED:
			return "GDPR Art. 17";
		case VERDICT_AGE_UNKNOWN:
		case VERDICT_CHILD:
			return "GDPR Rec. 38, 71";
		case VERDICT_RESTRICTED:
			return "GDPR Art. 18";
		case VERDICT_OBJECTED:
			if (explained->purpose->rules.direct_marketing)
				return "GDPR Art. 21(3)";

			/*
			 * Art. 21(1) does not cover the other bases; an objection that is
			 * recorded at such a purpose itself counts nevertheless.
			 */
			return explained->purpose->rules.objections_reach ?
				"GDPR Art. 21(1)" : "GDPR Art. 21";
		case VERDICT_CONSENT_MISSING:
		case VERDICT_CONSENT_REFUSED:
			return "GDPR Art. 4(11)";
		case VERDICT_CONSENT_WITHDRAWN:
			return "GDPR Art. 7(3)";
		case VERDICT_CONSENT_EXPIRED:
			return "GDPR Art. 7(1)";
		case VERDICT_CONSENT_AS_CHILD:
			return "GDPR Rec. 38";
		case VERDICT_CONSENT_NOT_EXPLICIT:
			return "GDPR Art. 9(2)(a)";
		case VERDICT_PERMITTED:
			return ArticleOfBasis(explained->purpose);
	}
	return "GDPR Art. 25(2)";
}

/* A date as ISO 8601, whatever the session's DateStyle. */
static char *
FormatDate(DateADT date)
{
	int			year;
	int			month;
	int			day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return psprintf("%04d-%02d-%02d%s", year > 0 ? year : 1 - year, month, day,
					year > 0 ? "" : " BC");
}

/* One sentence, without a full stop, that says why. */
static char *
DetailOf(const Explained *explained)
{
	const Decision *decision = &explained->decision;
	const Purpose *purpose = explained->purpose;
	const char *name = purpose->names[decision->level];
	char	   *record = decision->consent == NULL ? NULL :
		FormatConsent(decision->consent);
	char		when[ISO8601_BUFSIZE];

	switch (decision->verdict)
	{
		case VERDICT_UNKNOWN_SUBJECT:
			return "nobody is registered under this key";
		case VERDICT_ERASED:
			return explained->replayed ?
				"the person's data was erased, and with it what could be replayed" :
				"the person's data was erased";
		case VERDICT_AGE_UNKNOWN:
			if (!explained->facts.has_birth_date ||
				DATE_NOT_FINITE(explained->facts.birth_date))
				return "no birth date is recorded";
			return psprintf("the birth date %s is more than %d years ago",
							FormatDate(explained->facts.birth_date),
							MAXIMUM_AGE);
		case VERDICT_CHILD:
			return psprintf("younger than %d", purpose->rules.minimum_age);
		case VERDICT_RESTRICTED:
			return "processing is restricted";
		case VERDICT_OBJECTED:
			FormatIso8601(explained->facts.choices[decision->level].raised_at,
						  when);
			return psprintf("objection to \"%s\" of %s", name, when);
		case VERDICT_CONSENT_MISSING:
			if (record == NULL)
				return psprintf("no consent to \"%s\" is recorded", name);
			return psprintf("consent to \"%s\": %s", name, record);
		case VERDICT_PERMITTED:
			if (record == NULL)
				return psprintf("basis of \"%s\": %s", name, purpose->basis);
			return psprintf("basis of \"%s\": %s; consent: %s",
							purpose->names[0], purpose->basis, record);
		case VERDICT_CONSENT_REFUSED:
		case VERDICT_CONSENT_WITHDRAWN:
		case VERDICT_CONSENT_EXPIRED:
		case VERDICT_CONSENT_AS_CHILD:
		case VERDICT_CONSENT_NOT_EXPLICIT:
			break;
	}
	return psprintf("consent to \"%s\": %s", name, record);
}

/* explain_verdict(subject [, purpose [, as_of, known_at]]) */
Datum
explain_verdict(PG_FUNCTION_ARGS)
{
	Explained	explained;
	TupleDesc	tupdesc;
	Datum		values[5];
	bool		nulls[5] = {false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	ExplainArguments(fcinfo, &explained);
	values[0] = VerdictDatum(explained.decision.verdict,
							 TupleDescAttr(tupdesc, 0)->atttypid);
	values[1] = CStringGetTextDatum(ArticleOf(&explained));
	values[2] = CStringGetTextDatum(DetailOf(&explained));
	values[3] = TimestampTzGetDatum(explained.decision.since);
	values[4] = TimestampTzGetDatum(explained.decision.until);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}

/* How many people have which verdict, while they are counted. */
typedef struct VerdictCounts
{
	const PurposeRules *rules;
	TimestampTz now;
	int64		people[VERDICT_COUNT];
} VerdictCounts;

/* Count one of all subjects. */
static void
CountVerdict(const SubjectKey *key, const SubjectFacts *facts, void *arg)
{
	VerdictCounts *counts = arg;

	counts->people[Decide(facts, counts->rules, counts->now).verdict]++;
}

/*
 * count_verdicts(purpose): each verdict that occurs among all subjects, and how
 * often.  It reads the registry once, in the order of the subjects, where
 * verdict_of() would look each of them up.  Throws undefined_object for an
 * unknown purpose, object_not_in_prerequisite_state for one that is not
 * profiling.
 */
Datum
count_verdicts(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Snapshot	snapshot = GetActiveSnapshot();
	const Registry *registry = GetRegistry();
	Purpose    *purpose = ReadPurpose(registry,
									  text_to_cstring(PG_GETARG_TEXT_PP(0)),
									  snapshot);
	VerdictCounts counts = {0};

	InitMaterializedSRF(fcinfo, 0);
	counts.rules = &purpose->rules;
	counts.now = QueryClock(fcinfo->flinfo);
	ForEachSubject(registry, purpose, snapshot, CountVerdict, &counts);
	for (int i = 0; i < VERDICT_COUNT; i++)
	{
		Datum		values[2];
		bool		nulls[2] = {false};

		if (counts.people[i] == 0)
			continue;
		values[0] = VerdictDatum((Verdict) i,
								 TupleDescAttr(rsinfo->setDesc, 0)->atttypid);
		values[1] = Int64GetDatum(counts.people[i]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * effective_consent(subject, purpose): the consent that counts for the purpose
 * and the purpose that it is recorded at, both null where there is none.  Other
 * rows of the truth table may have decided before it, which a record of the
 * consent does not look at.
 */
Datum
effective_consent(PG_FUNCTION_ARGS)
{
	Explained	explained;
	TupleDesc	tupdesc;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};
	const Consent *consent;
	int			level;

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	ExplainArguments(fcinfo, &explained);
	consent = EffectiveConsent(&explained.facts, &explained.purpose->rules,
							   &level);
	if (consent != NULL)
	{
		values[0] = PointerGetDatum(consent);
		values[1] = CStringGetTextDatum(explained.purpose->names[level]);
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc),
													  values, nulls)));
}
