/*
 * snapshot_image.c
 *		A snapshot to remember, and what two of them see differently.
 *
 * Two MVCC snapshots can differ about a transaction only if it was running for
 * one of them and not for the other, or if it began at or after the xmax of
 * one.  That is few transactions to look up, however far apart the snapshots
 * are and however long some transaction has been running: one that both hold
 * for running is the same to both.
 *
 * Transactions are meant here by their top-level ids, as the log of changes
 * records them.
 */
#include "compat.h"

#include "access/transam.h"
#include "access/xact.h"
#include "snapshot_image.h"

/* Order of transactions for qsort. */
static int
CompareTransactions(const void *a, const void *b)
{
	uint64		left = *(const uint64 *) a;
	uint64		right = *(const uint64 *) b;

	return (left > right) - (left < right);
}

/*
 * A 32-bit id of a snapshot in full.  It cannot lie half the circle or more
 * from the next id to be given out.
 */
static uint64
FullId(TransactionId xid, uint64 next)
{
	return next + (int64) (int32) (xid - (uint32) next);
}

/* Copy what matters of a snapshot into the current memory context. */
SnapshotImage *
MakeSnapshotImage(Snapshot snapshot)
{
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	SnapshotImage *image = palloc(SNAPSHOT_IMAGE_SIZE(snapshot->xcnt + Max(snapshot->subxcnt, 0) + 1));

	image->xmax = FullId(snapshot->xmax, next);
	image->nrunning = 0;

	for (uint32 i = 0; i < snapshot->xcnt; i++)
		image->running[image->nrunning++] = FullId(snapshot->xip[i], next);

	/*
	 * On a standby the running transactions are all among the subxids.
	 * Elsewhere these are only subtransactions, which the log does not know,
	 * and which a copied snapshot may count without listing them.
	 */
	if (snapshot->takenDuringRecovery)
	{
		for (int32 i = 0; i < snapshot->subxcnt; i++)
			image->running[image->nrunning++] = FullId(snapshot->subxip[i], next);
	}

	/*
	 * A snapshot leaves out its own transaction.  It is running, though: what
	 * it writes from now on others will come to see, and so must who compares
	 * with this image later.
	 */
	if (FullTransactionIdIsValid(own))
		image->running[image->nrunning++] = U64FromFullTransactionId(own);

	qsort(image->running, image->nrunning, sizeof(uint64),
		  CompareTransactions);
	return image;
}

/* Report what runs for one but not for the other, and lies below both xmax. */
static void
ReportRunning(const SnapshotImage *one, const SnapshotImage *other,
			  uint64 limit, TransactionCallback callback, void *arg)
{
	uint32		j = 0;

	for (uint32 i = 0; i < one->nrunning && one->running[i] < limit; i++)
	{
		while (j < other->nrunning && other->running[j] < one->running[i])
			j++;
		if (j == other->nrunning || other->running[j] != one->running[i])
			callback(one->running[i], false, arg);
	}
}

/*
 * Call back for every transaction that may be seen by one of the snapshots and
 * not by the other.  Some that are not will be among them.
 */
void
ForEachDifference(const SnapshotImage *a, const SnapshotImage *b,
				  TransactionCallback callback, void *arg)
{
	uint64		limit = Min(a->xmax, b->xmax);

	ReportRunning(a, b, limit, callback, arg);
	ReportRunning(b, a, limit, callback, arg);
	if (a->xmax != b->xmax)
		callback(limit, true, arg);
}

/* Note the oldest transaction. */
static void
NoteOldest(uint64 xid, bool and_later, void *arg)
{
	uint64	   *oldest = (uint64 *) arg;

	*oldest = Min(*oldest, xid);
}

/*
 * The oldest transaction that ForEachDifference() reports; PG_UINT64_MAX where
 * there is none.
 */
uint64
OldestDifference(const SnapshotImage *a, const SnapshotImage *b)
{
	uint64		oldest = PG_UINT64_MAX;

	ForEachDifference(a, b, NoteOldest, &oldest);
	return oldest;
}
