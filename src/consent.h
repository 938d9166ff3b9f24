/*
 * consent.h
 *		A consent as recorded: its status, when, until when, and whether explicit.
 */
#ifndef CONSENT_PROFILING_CONSENT_H
#define CONSENT_PROFILING_CONSENT_H

#include "fmgr.h"
#include "datatype/timestamp.h"

/*
 * W3C DPV's ten consent statuses.  The numbers are stored on disk and sent in
 * the binary format: never renumber.
 */
typedef enum ConsentStatus
{
	CONSENT_UNKNOWN,
	CONSENT_REQUESTED,
	CONSENT_REQUEST_DEFERRED,
	CONSENT_REFUSED,
	CONSENT_GIVEN,
	CONSENT_RENEWED,
	CONSENT_WITHDRAWN,
	CONSENT_REVOKED,
	CONSENT_EXPIRED,
	CONSENT_INVALIDATED
} ConsentStatus;

#define CONSENT_STATUS_COUNT (CONSENT_INVALIDATED + 1)

/* The SQL type consent: fixed length, passed by reference, no stray padding. */
typedef struct Consent
{
	TimestampTz at;
	TimestampTz until;			/* DT_NOEND when it has no end */
	int32		status;			/* a ConsentStatus */
	int32		is_explicit;	/* 0 or 1 */
} Consent;

StaticAssertDecl(sizeof(Consent) == 24,
				 "consent is declared with INTERNALLENGTH 24");

#define DatumGetConsentP(X)		((Consent *) DatumGetPointer(X))
#define PG_GETARG_CONSENT_P(n)	DatumGetConsentP(PG_GETARG_DATUM(n))
#define PG_RETURN_CONSENT_P(x)	PG_RETURN_POINTER(x)

extern bool ParseConsent(const char *text, Consent *result,
						 const char **problem);
extern char *FormatConsent(const Consent *consent);
extern bool CheckConsent(const Consent *consent, const char **problem);
extern int	CompareConsents(const Consent *a, const Consent *b);
extern bool ConsentStatusIsAnswer(int32 status);
extern bool ConsentStatusIsNo(int32 status);
extern const char *ConsentStatusName(ConsentStatus status);
extern int	FindConsentStatus(const char *name, int len);

#endif							/* CONSENT_PROFILING_CONSENT_H */
