/*
 * objection.h
 *		An objection as recorded: its status, when, and the grounds of an override.
 */
#ifndef CONSENT_PROFILING_OBJECTION_H
#define CONSENT_PROFILING_OBJECTION_H

#include "fmgr.h"
#include "datatype/timestamp.h"

/* Stored on disk and sent in the binary format: never renumber. */
typedef enum ObjectionStatus
{
	OBJECTION_RAISED,
	OBJECTION_UPHELD,
	OBJECTION_OVERRIDDEN,
	OBJECTION_WITHDRAWN
} ObjectionStatus;

#define OBJECTION_STATUS_COUNT (OBJECTION_WITHDRAWN + 1)

/* The SQL type objection: a varlena, double aligned; no grounds is length 0. */
typedef struct Objection
{
	int32		vl_len_;		/* varlena header, do not touch directly */
	int32		status;			/* an ObjectionStatus */
	TimestampTz at;
	char		grounds[FLEXIBLE_ARRAY_MEMBER]; /* not NUL-terminated */
} Objection;

#define OBJECTION_HDRSZ			offsetof(Objection, grounds)
#define ObjectionGroundsLen(x)	((int) (VARSIZE(x) - OBJECTION_HDRSZ))
#define DatumGetObjectionP(X)	((Objection *) PG_DETOAST_DATUM(X))
#define PG_GETARG_OBJECTION_P(n) DatumGetObjectionP(PG_GETARG_DATUM(n))
#define PG_RETURN_OBJECTION_P(x) PG_RETURN_POINTER(x)

extern Objection *ParseObjection(const char *text, const char **problem);
extern char *FormatObjection(const Objection *objection);
extern Objection *MakeObjection(int status, TimestampTz at,
								const char *grounds, int grounds_len,
								const char **problem);
extern int	CompareObjections(const Objection *a, const Objection *b);
extern const char *ObjectionStatusName(ObjectionStatus status);
extern int	FindObjectionStatus(const char *name, int len);

#endif							/* CONSENT_PROFILING_OBJECTION_H */
