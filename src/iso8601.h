/*
 * iso8601.h
 *		Timestamps as text that mean the same under every session setting.
 */
#ifndef CONSENT_PROFILING_ISO8601_H
#define CONSENT_PROFILING_ISO8601_H

#include "datatype/timestamp.h"

/* "9999-12-31T23:59:59.999999Z" and its NUL */
#define ISO8601_BUFSIZE 28

extern bool ParseIso8601(const char **cursor, TimestampTz *result,
						 const char **problem);
extern void FormatIso8601(TimestampTz value, char *buf);
extern bool Iso8601InRange(TimestampTz value);

#endif							/* CONSENT_PROFILING_ISO8601_H */
