/*
 * as_of.h
 *		What was known of one subject at a past moment, from the history.
 */
#ifndef CONSENT_PROFILING_AS_OF_H
#define CONSENT_PROFILING_AS_OF_H

#include "registry.h"

extern void ReplaySubject(const Registry *registry, const Purpose *purpose,
						  const SubjectKey *key, TimestampTz as_of,
						  TimestampTz known_at, Snapshot snapshot,
						  SubjectFacts *facts);

#endif							/* CONSENT_PROFILING_AS_OF_H */
