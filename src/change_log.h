/*
 * change_log.h
 *		Who changed in the registry, by transaction and by the clock.
 */
#ifndef CONSENT_PROFILING_CHANGE_LOG_H
#define CONSENT_PROFILING_CHANGE_LOG_H

#include "registry.h"
#include "snapshot_image.h"

/* Told about a subject that may have changed; NULL: anything may have. */
typedef void (*ChangeCallback) (const SubjectKey *subject, void *arg);

extern bool WroteRegistry(const Registry *registry);
extern bool LogSeen(const Registry *registry, Snapshot snapshot);
extern void ForEachChange(const Registry *registry, const SnapshotImage *a,
						  const SnapshotImage *b, ChangeCallback callback,
						  void *arg);
extern TimestampTz ForEachClockChange(const Registry *registry, int minimum_age,
									  TimestampTz after, TimestampTz upto,
									  ChangeCallback callback, void *arg);

#endif							/* CONSENT_PROFILING_CHANGE_LOG_H */
