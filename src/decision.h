/*
 * decision.h
 *		The one decision: may this person be profiled for this purpose, now?
 */
#ifndef CONSENT_PROFILING_DECISION_H
#define CONSENT_PROFILING_DECISION_H

#include "consent.h"
#include "utils/date.h"

/* The truth table in its order: the first reason that applies is the verdict. */
typedef enum Verdict
{
	VERDICT_UNKNOWN_SUBJECT,
	VERDICT_ERASED,
	VERDICT_AGE_UNKNOWN,
	VERDICT_CHILD,
	VERDICT_RESTRICTED,
	VERDICT_OBJECTED,
	VERDICT_CONSENT_MISSING,
	VERDICT_CONSENT_REFUSED,
	VERDICT_CONSENT_WITHDRAWN,
	VERDICT_CONSENT_EXPIRED,
	VERDICT_CONSENT_AS_CHILD,
	VERDICT_CONSENT_NOT_EXPLICIT,
	VERDICT_PERMITTED
} Verdict;

#define VERDICT_COUNT (VERDICT_PERMITTED + 1)

/* A birth date longer ago, in years, is a placeholder and not an age. */
#define MAXIMUM_AGE 120

/* What the purpose asks for. */
typedef struct PurposeRules
{
	int			minimum_age;	/* in years, never below 18 */
	bool		needs_consent;	/* basis is consent, or special categories */
	bool		needs_explicit; /* special categories */
	bool		direct_marketing;	/* this purpose or one above it is */
	bool		objections_reach;	/* those recorded above it */
} PurposeRules;

/*
 * What one subject chose for one purpose.  Each field keeps the act of its kind
 * that prevails, so that the order in which acts arrive does not matter.  A
 * time that does not exist is DT_NOBEGIN.
 */
typedef struct ChoiceFacts
{
	bool		has_consent;
	Consent		consent;		/* the record that prevails, of any status */
	bool		has_refusal;
	Consent		refusal;		/* newest No, see ConsentStatusIsNo() */
	TimestampTz raised_at;		/* newest objection raised or upheld */
	TimestampTz withdrawn_at;	/* newest withdrawal of an objection */
	TimestampTz overridden_at;	/* newest override */
} ChoiceFacts;

/* Everything the decision looks at about one person. */
typedef struct SubjectFacts
{
	bool		registered;
	bool		erased;
	bool		restricted;
	bool		has_birth_date;
	DateADT		birth_date;
	TimestampTz registered_at;
	TimestampTz erased_at;
	TimestampTz restricted_at;
	int			nlevels;		/* the purpose and all above it */
	ChoiceFacts *choices;		/* [0] is the purpose itself, the last the
								 * root */
} SubjectFacts;

typedef struct Decision
{
	Verdict		verdict;
	TimestampTz since;			/* when the facts that decide came about */
	TimestampTz until;			/* next change by the clock alone */
	int			level;			/* whose choice decides: index into choices */
	const Consent *consent;		/* the record that decides, or NULL */
} Decision;

extern Decision Decide(const SubjectFacts *facts, const PurposeRules *rules,
					   TimestampTz now);
extern bool Permitted(const SubjectFacts *facts, const PurposeRules *rules,
					  TimestampTz now);
extern const Consent *EffectiveConsent(const SubjectFacts *facts,
										const PurposeRules *rules, int *level);
extern PurposeRules DecisionRules(const PurposeRules *rules, const char *basis);
extern TimestampTz ComingOfAge(DateADT birth_date, int minimum_age);
extern TimestampTz EndOfPlausibleAge(DateADT birth_date);
extern bool ObjectionsReach(const char *basis, bool direct_marketing);
extern const char *VerdictName(Verdict verdict);

#endif							/* CONSENT_PROFILING_DECISION_H */
