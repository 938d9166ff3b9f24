/*
 * tombstone.h
 *		What is left of the key of somebody erased.
 */
#ifndef CONSENT_PROFILING_TOMBSTONE_H
#define CONSENT_PROFILING_TOMBSTONE_H

#include "registry.h"

extern bytea *ReadSecret(void);
extern bytea *RequireSecret(void);
extern void DigestSecret(const bytea *secret, uint8 *digest);
extern bool IsTombstone(const SubjectKey *key);
extern void MakeTombstone(const bytea *secret, const SubjectKey *key,
						  SubjectKey *tombstone);
extern void KnownAs(SubjectKey *key, Snapshot snapshot);

#endif							/* CONSENT_PROFILING_TOMBSTONE_H */
