/*
 * tombstone.h
 *		What is left of the key of somebody erased.
 */
#ifndef CONSENT_PROFILING_TOMBSTONE_H
#define CONSENT_PROFILING_TOMBSTONE_H

#include "registry.h"

extern bool MakeTombstone(const SubjectKey *key, SubjectKey *tombstone);
extern void KnownAs(SubjectKey *key, Snapshot snapshot);

#endif							/* CONSENT_PROFILING_TOMBSTONE_H */
