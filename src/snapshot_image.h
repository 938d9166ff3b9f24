/*
 * snapshot_image.h
 *		A snapshot to remember, and what two of them see differently.
 */
#ifndef CONSENT_PROFILING_SNAPSHOT_IMAGE_H
#define CONSENT_PROFILING_SNAPSHOT_IMAGE_H

#include "utils/snapshot.h"

/* A flat piece of memory, so that it can be copied and shared. */
typedef struct SnapshotImage
{
	uint64		xmax;			/* this transaction and later ones: not seen */
	uint32		nrunning;		/* below it, these are not seen either, */
	uint64		running[FLEXIBLE_ARRAY_MEMBER]; /* in ascending order */
} SnapshotImage;

#define SNAPSHOT_IMAGE_SIZE(nrunning) \
	(offsetof(SnapshotImage, running) + (nrunning) * sizeof(uint64))

/* Told about a transaction, or about all from one on. */
typedef void (*TransactionCallback) (uint64 xid, bool and_later, void *arg);

/* Do two snapshots see the same transactions? */
static inline bool
SameImage(const SnapshotImage *a, const SnapshotImage *b)
{
	return a->xmax == b->xmax && a->nrunning == b->nrunning &&
		memcmp(a->running, b->running, a->nrunning * sizeof(uint64)) == 0;
}

extern SnapshotImage *MakeSnapshotImage(Snapshot snapshot);
extern uint64 OldestDifference(const SnapshotImage *a, const SnapshotImage *b);
extern void ForEachDifference(const SnapshotImage *a, const SnapshotImage *b,
							  TransactionCallback callback, void *arg);

#endif							/* CONSENT_PROFILING_SNAPSHOT_IMAGE_H */
