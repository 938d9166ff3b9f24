/*
 * decision.c
 *		The one decision: may this person be profiled for this purpose, now?
 *
 * Decide() is pure: it takes facts and a time and returns a verdict.  It reads
 * no table, no setting and no clock, so that point lookups, explanations and
 * column mode cannot come to different answers, and so that it can be tested
 * on any state at any moment.  The rows of the truth table stand here in their
 * order; the first that applies is the verdict.
 */
#include "compat.h"

#include "decision.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

/*
 * Midnight of a date has come everywhere on Earth when it is midnight at
 * UTC-12, which is noon in UTC.
 */
#define EVERYWHERE_ON_EARTH (INT64CONST(12) * USECS_PER_HOUR)

static const char *const verdict_names[VERDICT_COUNT] = {
	[VERDICT_UNKNOWN_SUBJECT] = "unknown_subject",
	[VERDICT_ERASED] = "erased",
	[VERDICT_AGE_UNKNOWN] = "age_unknown",
	[VERDICT_CHILD] = "child",
	[VERDICT_RESTRICTED] = "restricted",
	[VERDICT_OBJECTED] = "objected",
	[VERDICT_CONSENT_MISSING] = "consent_missing",
	[VERDICT_CONSENT_REFUSED] = "consent_refused",
	[VERDICT_CONSENT_WITHDRAWN] = "consent_withdrawn",
	[VERDICT_CONSENT_EXPIRED] = "consent_expired",
	[VERDICT_CONSENT_AS_CHILD] = "consent_as_child",
	[VERDICT_CONSENT_NOT_EXPLICIT] = "consent_not_explicit",
	[VERDICT_PERMITTED] = "permitted",
};

/* The label of a verdict, as in the SQL enum. */
const char *
VerdictName(Verdict verdict)
{
	return verdict_names[verdict];
}

/*
 * The birthday at which a person born on birth_date reaches an age in years.  A
 * person born on 29 February reaches it on 1 March in a common year.  False for
 * a day that never comes or that a timestamp cannot hold.
 */
static bool
Birthday(DateADT birth_date, int age, int64 *result)
{
	int			year;
	int			month;
	int			day;

	if (DATE_NOT_FINITE(birth_date))
		return false;

	j2date(birth_date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	year += age;
	if (month == 2 && day == 29 && !isleap(year))
	{
		month = 3;
		day = 1;
	}

	/* Only the year can be out of range: check it before computing with it. */
	if (!IS_VALID_JULIAN(year, month, day))
		return false;
	*result = (int64) date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return *result < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE;
}

/*
 * The moment at which a person born on birth_date has reached minimum_age in
 * every time zone; DT_NOEND if that never comes.
 */
TimestampTz
ComingOfAge(DateADT birth_date, int minimum_age)
{
	int64		birthday;

	return Birthday(birth_date, minimum_age, &birthday) ?
		birthday * USECS_PER_DAY + EVERYWHERE_ON_EARTH : DT_NOEND;
}

/*
 * The moment from which a birth date is more than MAXIMUM_AGE years ago: the
 * day after that birthday, in UTC.  Placeholders such as 1900-01-01 are older
 * than that and would make adults of children.
 */
TimestampTz
EndOfPlausibleAge(DateADT birth_date)
{
	int64		birthday;

	return Birthday(birth_date, MAXIMUM_AGE, &birthday) &&
		birthday + 1 < TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE ?
		(birthday + 1) * USECS_PER_DAY : DT_NOEND;
}

/*
 * Does an objection that is recorded above a purpose of this basis reach it?
 *
 * Art. 21(1) gives the right to object to processing on the bases
 * public_task and legitimate_interests; on the basis consent a person may stop
 * it at any time, Art. 7(3).  Art. 21(2): direct marketing on any basis.
 */
bool
ObjectionsReach(const char *basis, bool direct_marketing)
{
	return direct_marketing ||
		strcmp(basis, "consent") == 0 ||
		strcmp(basis, "public_task") == 0 ||
		strcmp(basis, "legitimate_interests") == 0;
}

/* The levels whose objections count: an objection at the purpose always does. */
static inline int
ObjectionLevels(const SubjectFacts *facts, const PurposeRules *rules)
{
	return rules->objections_reach ? facts->nlevels : Min(facts->nlevels, 1);
}

/*
 * The level of an objection that denies, or -1.  Of several the oldest is
 * named, since it has denied the longest.
 *
 * Art. 21(1): an objection denies from the moment it is recorded.  A withdrawal
 * of the objection by the person, or an override with recorded grounds, lifts
 * for its own level and below what was raised there or above up to its time.
 * Walking up from the purpose, the newest of these met so far is therefore what
 * an objection has to be newer than.
 *
 * Art. 21(2)-(3): for direct marketing no override counts.
 */
static int
DenyingObjection(const SubjectFacts *facts, const PurposeRules *rules)
{
	TimestampTz lifted_upto = DT_NOBEGIN;
	int			found = -1;

	for (int i = 0; i < ObjectionLevels(facts, rules); i++)
	{
		const ChoiceFacts *choice = &facts->choices[i];

		lifted_upto = Max(lifted_upto, choice->withdrawn_at);
		if (!rules->direct_marketing)
			lifted_upto = Max(lifted_upto, choice->overridden_at);
		if (choice->raised_at > lifted_upto &&
			(found < 0 ||
			 choice->raised_at < facts->choices[found].raised_at))
			found = i;
	}
	return found;
}

/*
 * The consent record that counts for the purpose, and the level it stands at;
 * NULL when there is none.
 *
 * Art. 7(3): where a purpose needs consent, a No flows down to it.  A refusal or
 * withdrawal above counts as the purpose's own unless the purpose's own answer
 * is newer, that is, it takes precedence as if it had been recorded at the
 * purpose.  Where another basis carries a purpose, only a No recorded at the
 * purpose itself counts.  Nothing above ever permits: only the purpose's own
 * record can be a Yes.
 */
const Consent *
EffectiveConsent(const SubjectFacts *facts, const PurposeRules *rules,
				 int *level)
{
	const Consent *effective = NULL;

	*level = 0;
	if (facts->nlevels > 0 && facts->choices[0].has_consent)
		effective = &facts->choices[0].consent;
	for (int i = 1; i < facts->nlevels && rules->needs_consent; i++)
	{
		const ChoiceFacts *above = &facts->choices[i];

		if (above->has_refusal &&
			(effective == NULL ||
			 CompareConsents(&above->refusal, effective) > 0))
		{
			effective = &above->refusal;
			*level = i;
		}
	}
	return effective;
}

/*
 * The newest act that shaped what the objections say now; used for "since".
 */
static TimestampTz
LastObjectionAct(const SubjectFacts *facts, const PurposeRules *rules)
{
	TimestampTz newest = DT_NOBEGIN;

	for (int i = 0; i < ObjectionLevels(facts, rules); i++)
	{
		newest = Max(newest, facts->choices[i].withdrawn_at);
		newest = Max(newest, facts->choices[i].overridden_at);
	}
	return newest;
}

/*
 * Decide by the truth table.  The person comes of age at "of_age", and the birth
 * date is no age from "implausible" on.
 */
static inline Decision
DecideByRow(const SubjectFacts *facts, const PurposeRules *rules,
			TimestampTz now, TimestampTz of_age, TimestampTz implausible)
{
	Decision	decision = {VERDICT_PERMITTED, DT_NOBEGIN, DT_NOEND, 0, NULL};
	const Consent *consent;
	int			level;

	/* 1: nobody is known by that key */
	if (!facts->registered)
	{
		decision.verdict = VERDICT_UNKNOWN_SUBJECT;
		return decision;
	}

	/* 2: Art. 17, the tombstone of somebody erased */
	if (facts->erased)
	{
		decision.verdict = VERDICT_ERASED;
		decision.since = facts->erased_at;
		return decision;
	}

	/* 3: without a birth date, or with a placeholder, anybody may be a child */
	decision.since = facts->registered_at;
	if (!facts->has_birth_date || DATE_NOT_FINITE(facts->birth_date))
	{
		decision.verdict = VERDICT_AGE_UNKNOWN;
		return decision;
	}
	if (now >= implausible)
	{
		decision.verdict = VERDICT_AGE_UNKNOWN;
		decision.since = Max(decision.since, implausible);
		return decision;
	}
	decision.until = implausible;

	/* 4: Rec. 38 and 71, a child is not profiled, whatever else is recorded */
	if (now < of_age)
	{
		decision.verdict = VERDICT_CHILD;
		decision.until = Min(decision.until, of_age);
		return decision;
	}
	decision.since = Max(decision.since, of_age);

	/* 5: Art. 18 */
	if (facts->restricted)
	{
		decision.verdict = VERDICT_RESTRICTED;
		decision.since = Max(decision.since, facts->restricted_at);
		return decision;
	}

	/* 6: Art. 21 */
	level = DenyingObjection(facts, rules);
	if (level >= 0)
	{
		decision.verdict = VERDICT_OBJECTED;
		decision.level = level;
		decision.since = Max(decision.since, facts->choices[level].raised_at);
		return decision;
	}
	decision.since = Max(decision.since, LastObjectionAct(facts, rules));

	/*
	 * 7: Art. 4(11), Rec. 32, neither silence nor a question is consent.
	 *
	 * Whether consent is needed depends on the basis; whether a recorded
	 * consent is a No does not.  Who asked for consent and got a No, or got
	 * one that has ended, may not fall back on another basis (EDPB Guidelines
	 * 05/2020 on consent, section 6), so rows 8 to 12 look at any record.
	 */
	consent = EffectiveConsent(facts, rules, &level);
	if (consent == NULL || !ConsentStatusIsAnswer(consent->status))
	{
		/* A question changes nothing, so "since" does not look at it. */
		if (rules->needs_consent)
			decision.verdict = VERDICT_CONSENT_MISSING;
		decision.consent = consent;
		return decision;
	}
	decision.consent = consent;
	decision.level = level;
	decision.since = Max(decision.since, consent->at);

	switch ((ConsentStatus) consent->status)
	{
			/* 8: Art. 4(11), not freely given if a No is ignored */
		case CONSENT_REFUSED:
			decision.verdict = VERDICT_CONSENT_REFUSED;
			return decision;

			/* 9: Art. 7(3) */
		case CONSENT_WITHDRAWN:
		case CONSENT_REVOKED:
		case CONSENT_INVALIDATED:
			decision.verdict = VERDICT_CONSENT_WITHDRAWN;
			return decision;

			/* 10: Art. 5(1)(b), a consent says how long it holds */
		case CONSENT_EXPIRED:
			decision.verdict = VERDICT_CONSENT_EXPIRED;
			return decision;

		case CONSENT_GIVEN:
		case CONSENT_RENEWED:
			break;

			/* Never met: fail closed on a status this code does not know. */
		case CONSENT_UNKNOWN:
		case CONSENT_REQUESTED:
		case CONSENT_REQUEST_DEFERRED:
		default:
			decision.verdict = VERDICT_CONSENT_MISSING;
			return decision;
	}

	/* 10, again: its time has passed */
	if (consent->until <= now)
	{
		decision.verdict = VERDICT_CONSENT_EXPIRED;
		decision.since = Max(decision.since, consent->until);
		return decision;
	}
	decision.until = Min(decision.until, consent->until);

	/* 11: Rec. 38, what a child agreed to has to be asked again */
	if (consent->at < of_age)
		decision.verdict = VERDICT_CONSENT_AS_CHILD;

	/* 12: Art. 9(2)(a) */
	else if (rules->needs_explicit && !consent->is_explicit)
		decision.verdict = VERDICT_CONSENT_NOT_EXPLICIT;

	/* 13: permitted */
	return decision;
}

/*
 * Decide by the truth table, at the time "now".
 *
 * "until" is exact: the verdict stays what it is until then if nothing is
 * recorded.  Only a birthday (rows 3 and 4) and the end of a consent (rows 11 to
 * 13) change a verdict by the clock.
 */
Decision
Decide(const SubjectFacts *facts, const PurposeRules *rules, TimestampTz now)
{
	if (!facts->has_birth_date)
		return DecideByRow(facts, rules, now, DT_NOEND, DT_NOEND);
	return DecideByRow(facts, rules, now,
					   ComingOfAge(facts->birth_date, rules->minimum_age),
					   EndOfPlausibleAge(facts->birth_date));
}

/*
 * Is it clear without a calendar that a person was of age at a time, and that
 * the birth date was an age then?  A year has 365 or 366 days; three more make
 * up for the time of day.
 */
static inline bool
ClearlyOfAge(const SubjectFacts *facts, const PurposeRules *rules,
			 TimestampTz time)
{
	int64		day = time / USECS_PER_DAY;

	return facts->birth_date + INT64CONST(366) * rules->minimum_age + 3 <= day &&
		facts->birth_date + INT64CONST(365) * MAXIMUM_AGE - 3 > day;
}

/*
 * Is the verdict permitted, which is all that most callers need?  The calendar
 * takes as long as all the rest, and for most people it does not matter: neither
 * now nor when they consented were they near one of the two ages.
 */
bool
Permitted(const SubjectFacts *facts, const PurposeRules *rules,
		  TimestampTz now)
{
	if (facts->has_birth_date && ClearlyOfAge(facts, rules, now) &&
		facts->nlevels > 0 &&
		(!facts->choices[0].has_consent ||
		 ClearlyOfAge(facts, rules, facts->choices[0].consent.at)))
		return DecideByRow(facts, rules, now, DT_NOBEGIN, DT_NOEND).verdict ==
			VERDICT_PERMITTED;
	return Decide(facts, rules, now).verdict == VERDICT_PERMITTED;
}

/*
 * What it takes to decide about people by automated means alone, where
 * profiling them for a purpose of this basis takes "rules".  Never less.
 */
PurposeRules
DecisionRules(const PurposeRules *rules, const char *basis)
{
	/* Art. 22(4): on special categories these ask for explicit consent. */
	PurposeRules result = *rules;

	/* Art. 22(2)(a) and (b): a contract or a law; (c): explicit consent */
	if (strcmp(basis, "contract") != 0 &&
		strcmp(basis, "legal_obligation") != 0)
	{
		result.needs_consent = true;
		result.needs_explicit = true;
	}
	return result;
}
