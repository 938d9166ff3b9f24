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

/* Is this status a No, which holds for everything beneath its purpose too? */
bool
ConsentStatusIsNo(int32 status)
{
	return status == CONSENT_REFUSED ||
		status == CONSENT_WITHDRAWN ||
		status == CONSENT_REVOKED ||
		status == CONSENT_INVALIDATED;
}

/*
 * The moment at which somebody born on birth_date has reached minimum_age in
 * every time zone.  Somebody born on 29 February reaches it on 1 March in a
 * common year.  A date beyond what a timestamp holds never comes.
 */
TimestampTz
ComingOfAge(DateADT birth_date, int minimum_age)
{
	int			year;
	int			month;
	int			day;
	int64		date;

	if (DATE_NOT_FINITE(birth_date))
		return DT_NOEND;

	j2date(birth_date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	year += minimum_age;
	if (month == 2 && day == 29 && !isleap(year))
	{
		month = 3;
		day = 1;
	}

	/* Only the year can be out of range, so ask before computing with it. */
	if (!IS_VALID_JULIAN(year, month, day))
		return DT_NOEND;
	date = (int64) date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	if (date >= TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE)
		return DT_NOEND;
	return date * USECS_PER_DAY + EVERYWHERE_ON_EARTH;
}

/*
 * Does an objection recorded at this level of the tree stand?  Raised or
 * upheld and not withdrawn since; a withdrawal wins a tie.
 */
static inline bool
ObjectionStands(const ChoiceFacts *choice)
{
	return choice->raised_at > choice->withdrawn_at;
}

/*
 * The level of an objection that denies, or -1.  Of several the oldest is
 * named, since it has denied the longest.
 *
 * Art. 21(1): an objection denies from the moment it is recorded, for its
 * purpose and everything beneath.  An override with recorded grounds at a
 * level lifts, for that level and beneath, what was raised there or above up
 * to the time of the override.  Walking up from the purpose, the newest
 * override met so far is therefore what an objection has to be newer than.
 *
 * Art. 21(2)-(3): for direct marketing no override counts.
 */
static int
DenyingObjection(const SubjectFacts *facts, const PurposeRules *rules)
{
	TimestampTz overridden_at = DT_NOBEGIN;
	int			found = -1;

	for (int i = 0; i < facts->nlevels; i++)
	{
		const ChoiceFacts *choice = &facts->choices[i];

		if (!rules->direct_marketing)
			overridden_at = Max(overridden_at, choice->overridden_at);
		if (ObjectionStands(choice) &&
			choice->raised_at > overridden_at &&
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
 * Art. 7(3): a No flows down.  A refusal or withdrawal above counts as the
 * purpose's own unless the purpose's own record is newer, that is, it takes
 * precedence as if it had been recorded at the purpose.  Nothing above ever
 * permits: only the purpose's own record can be a Yes.
 */
const Consent *
EffectiveConsent(const SubjectFacts *facts, int *level)
{
	const Consent *effective = NULL;

	*level = 0;
	if (facts->nlevels > 0 && facts->choices[0].has_consent)
		effective = &facts->choices[0].consent;
	for (int i = 1; i < facts->nlevels; i++)
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
LastObjectionAct(const SubjectFacts *facts)
{
	TimestampTz newest = DT_NOBEGIN;

	for (int i = 0; i < facts->nlevels; i++)
	{
		newest = Max(newest, facts->choices[i].withdrawn_at);
		newest = Max(newest, facts->choices[i].overridden_at);
	}
	return newest;
}

/* Decide by the truth table, about somebody who came or comes of age then. */
static inline Decision
DecideByRow(const SubjectFacts *facts, const PurposeRules *rules,
			TimestampTz now, TimestampTz of_age)
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

	/* 3: without a birth date anybody may be a child */
	decision.since = facts->registered_at;
	if (!facts->has_birth_date || DATE_NOT_FINITE(facts->birth_date))
	{
		decision.verdict = VERDICT_AGE_UNKNOWN;
		return decision;
	}

	/* 4: Rec. 38 and 71, a child is not profiled, whatever else is recorded */
	if (now < of_age)
	{
		decision.verdict = VERDICT_CHILD;
		decision.until = of_age;
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
	decision.since = Max(decision.since, LastObjectionAct(facts));

	/*
	 * 7: Art. 4(11), Rec. 32, neither silence nor a question is consent.
	 *
	 * Whether consent is needed depends on the basis; whether a recorded
	 * consent is a No does not.  Who asked for consent and got a No, or got
	 * one that has ended, may not fall back on another basis (EDPB Guidelines
	 * 05/2020 on consent, section 6), so rows 8 to 12 look at any record.
	 */
	consent = EffectiveConsent(facts, &level);
	if (consent == NULL ||
		consent->status == CONSENT_UNKNOWN ||
		consent->status == CONSENT_REQUESTED ||
		consent->status == CONSENT_REQUEST_DEFERRED)
	{
		if (rules->needs_consent)
			decision.verdict = VERDICT_CONSENT_MISSING;
		if (consent != NULL)
			decision.since = Max(decision.since, consent->at);
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
	decision.until = consent->until;

	/* 11: Rec. 38, what a child agreed to has to be asked anew */
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
 * "until" is exact: the verdict stays what it is until then if nobody records
 * anything.  Only a birthday (row 4) and the end of a consent (rows 11 to 13)
 * change a verdict by the clock.
 */
Decision
Decide(const SubjectFacts *facts, const PurposeRules *rules, TimestampTz now)
{
	return DecideByRow(facts, rules, now, facts->has_birth_date ?
					   ComingOfAge(facts->birth_date, rules->minimum_age) :
					   DT_NOEND);
}

/*
 * Is it clear without a calendar that somebody was of age at a time?  No year
 * has more than 366 days; three more make up for the time of day.
 */
static inline bool
ClearlyOfAge(const SubjectFacts *facts, const PurposeRules *rules,
			 TimestampTz time)
{
	return facts->birth_date + INT64CONST(366) * rules->minimum_age + 3 <=
		time / USECS_PER_DAY;
}

/*
 * Is the verdict permitted, which is all that most want to know?  To ask the
 * calendar when somebody came of age takes as long as all the rest, and for
 * most people it does not matter: neither now nor when they consented were
 * they anywhere near it.
 */
bool
Permitted(const SubjectFacts *facts, const PurposeRules *rules,
		  TimestampTz now)
{
	if (facts->has_birth_date && ClearlyOfAge(facts, rules, now) &&
		facts->nlevels > 0 &&
		(!facts->choices[0].has_consent ||
		 ClearlyOfAge(facts, rules, facts->choices[0].consent.at)))
		return DecideByRow(facts, rules, now, DT_NOBEGIN).verdict ==
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
