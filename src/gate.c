/*
 * gate.c
 *		may_profile(): the function that the policies call for every row.
 *
 * What they answer from is the business of engine.c; here are the arguments.
 */
#include "compat.h"

#include "engine.h"
#include "gate.h"
#include "gate_hook.h"
#include "newer_row.h"
#include "objection.h"
#include "utils/builtins.h"

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
	.objections_reach = true,
};

/*
 * What the may_profile() functions of a subject answer from: the purpose is
 * their second argument or else the setting.
 */
static PurposeAnswers *
GateAnswers(FunctionCallInfo fcinfo)
{
	GateCall   *call = RememberedCall(fcinfo->flinfo);
	PurposeAnswers *answers;
	text	   *purpose;

	if (call != NULL)
		return call->answers;
	RefuseUnlessPreloaded();
	if (PG_NARGS() < 2)
	{
		answers = AnswersForSetting();
		RememberCall(fcinfo->flinfo, answers);
		return answers;
	}

	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("purpose must not be null")));
	purpose = PG_GETARG_TEXT_PP(1);
	answers = AnswersFor(VARDATA_ANY(purpose), VARSIZE_ANY_EXHDR(purpose));
	if (get_fn_expr_arg_stable(fcinfo->flinfo, 1))
		RememberCall(fcinfo->flinfo, answers);
	return answers;
}

/*
 * May this subject be profiled?  NULL is nobody; the purpose is checked even
 * then (row 1 of the truth table), so that a mistake in it does not hide
 * behind the person.
 */
static Datum
GateSubject(FunctionCallInfo fcinfo, const SubjectKey *subject)
{
	PurposeAnswers *answers = GateAnswers(fcinfo);

	if (subject == NULL)
		PG_RETURN_BOOL(false);

	/* What is remembered is not about rows that the snapshot does not see. */
	PG_RETURN_BOOL(SubjectPermitted(answers, subject) &&
				   (likely(RememberedCall(fcinfo->flinfo) != NULL) ||
					!MayBeNewerRow(fcinfo->flinfo) ||
					NewerRowPermitted(answers, subject)));
}

/* The same for a number. */
static pg_noinline Datum
GateAnyInteger(FunctionCallInfo fcinfo, int64 subject)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		return GateSubject(fcinfo, NULL);
	SubjectKeyFromInt64(&key, subject);
	return GateSubject(fcinfo, &key);
}

/* The same, and at once where nothing but a set needs to be asked. */
static pg_attribute_always_inline Datum
GateInteger(FunctionCallInfo fcinfo, int64 subject)
{
	GateCall   *call = RememberedCall(fcinfo->flinfo);

	if (likely(!PG_ARGISNULL(0) && SetAnswers(call, (uint64) subject, 0)))
		PG_RETURN_BOOL(SetHasInteger(call->set, subject));
	return GateAnyInteger(fcinfo, subject);
}

/* may_profile(smallint [, purpose]) */
Datum
may_profile_int2(PG_FUNCTION_ARGS)
{
	return GateInteger(fcinfo, PG_GETARG_INT16(0));
}

/* may_profile(integer [, purpose]) */
Datum
may_profile_int4(PG_FUNCTION_ARGS)
{
	return GateInteger(fcinfo, PG_GETARG_INT32(0));
}

/* may_profile(bigint [, purpose]) */
Datum
may_profile_int8(PG_FUNCTION_ARGS)
{
	return GateInteger(fcinfo, PG_GETARG_INT64(0));
}

/* may_profile(uuid [, purpose]) */
Datum
may_profile_uuid(PG_FUNCTION_ARGS)
{
	GateCall   *call = RememberedCall(fcinfo->flinfo);
	SubjectKey	key;
	uint64		words[2];

	if (PG_ARGISNULL(0))
		return GateSubject(fcinfo, NULL);
	memcpy(words, PG_GETARG_UUID_P(0)->data, sizeof(words));
	if (likely(SetAnswers(call, words[0], words[1])))
		PG_RETURN_BOOL(SetHasWide(call->set, words));
	SubjectKeyFromUuid(&key, PG_GETARG_UUID_P(0));
	return GateSubject(fcinfo, &key);
}

/*
 * may_profile(text [, purpose]).  A text that no subject can be known by, such
 * as the empty one, is nobody's key: denied like any unknown subject, not an
 * error that would break the whole query over one row.
 */
Datum
may_profile_text(PG_FUNCTION_ARGS)
{
	GateCall   *call = RememberedCall(fcinfo->flinfo);
	SubjectKey	key;
	const char *problem;
	text	   *value;

	if (PG_ARGISNULL(0))
		return GateSubject(fcinfo, NULL);
	value = PG_GETARG_TEXT_PP(0);
	if (!SubjectKeyFromText(&key, VARDATA_ANY(value),
							VARSIZE_ANY_EXHDR(value), &problem))
		return GateSubject(fcinfo, NULL);
	if (likely(call != NULL && call->set != NULL))
	{
		SetKey		set_key = call->ahead != NULL ?
			SetKeyAhead(call->ahead, &key, call->set) :
			MakeSetKey(&key, &call->set->seed);

		if (likely(SetAnswers(call, set_key.words[0], set_key.words[1])))
			PG_RETURN_BOOL(SetHas(call->set, &set_key));
	}
	return GateSubject(fcinfo, &key);
}

/* may_profile(subject_id [, purpose]) */
Datum
may_profile_subject_id(PG_FUNCTION_ARGS)
{
	SubjectKey	key;

	if (PG_ARGISNULL(0))
		return GateSubject(fcinfo, NULL);
	SubjectKeyFromVarlena(&key, PG_GETARG_VARLENA_PP(0));
	return GateSubject(fcinfo, &key);
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
	TimestampTz now = QueryClock(fcinfo->flinfo);
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

	RefuseUnlessPreloaded();
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
	PG_RETURN_BOOL(Permitted(&facts, &root_rules, now));
}
