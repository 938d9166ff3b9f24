/*
 * shared_set.c
 *		Sets that all backends share.
 *
 * When the library is preloaded, a set that one backend has made serves all,
 * parallel workers and new connections among them.  A set is never changed
 * once it is published: a newer one takes its place, in a segment of dynamic
 * shared memory of its own, and whoever still reads the older keeps it mapped
 * until done.  Readers take no lock but to find the segment, and writers of
 * the registry have nothing to do with any of this.
 *
 * One backend makes a set, the others go on looking up subjects meanwhile.  If
 * it fails, or is killed, another may try.
 */
#include "compat.h"

#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "registry.h"
#include "shared_set.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/procarray.h"
#include "storage/shmem.h"
#include "utils/timestamp.h"

/* Purposes, over all databases, that can have a shared set at a time. */
#define MAX_SHARED_SETS 64

typedef struct SharedSlot
{
	RegistryIdentity registry;	/* no database: the slot is free */
	char		purpose[NAMEDATALEN];

	bool		published;
	dsm_handle	handle;
	uint64		version;
	uint64		xmax;			/* of the snapshot that it was made under */
	TimestampTz published_at;
	int			maker_pid;		/* 0: nobody is making one */
} SharedSlot;

/* The share of permitted subjects, for the planner. */
typedef struct SharedShare
{
	RegistryIdentity registry;	/* no database: free */
	char		purpose[NAMEDATALEN];
	TimestampTz measured_at;
	double		share;
} SharedShare;

typedef struct SharedSets
{
	LWLock	   *lock;
	pg_atomic_uint64 versions;	/* the newest given out */
	SharedSlot	slots[MAX_SHARED_SETS];
	SharedShare shares[MAX_SHARED_SETS];
} SharedSets;

static SharedSets *shared_sets = NULL;
static shmem_request_hook_type next_shmem_request_hook = NULL;
static shmem_startup_hook_type next_shmem_startup_hook = NULL;
static object_access_hook_type next_object_access_hook = NULL;

#define LOCK_TRANCHE EXTENSION_SCHEMA

/* Ask for the memory. */
static void
RequestSharedSets(void)
{
	if (next_shmem_request_hook)
		next_shmem_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(SharedSets)));
	RequestNamedLWLockTranche(LOCK_TRANCHE, 1);
}

/* Set the memory up, or find it set up. */
static void
StartSharedSets(void)
{
	bool		found;

	if (next_shmem_startup_hook)
		next_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared_sets = ShmemInitStruct(EXTENSION_SCHEMA, sizeof(SharedSets), &found);
	if (!found)
	{
		memset(shared_sets, 0, sizeof(SharedSets));
		shared_sets->lock = &(GetNamedLWLockTranche(LOCK_TRANCHE))->lock;
		pg_atomic_init_u64(&shared_sets->versions, 0);
	}
	LWLockRelease(AddinShmemInitLock);
}

/* Are sets shared here? */
bool
HaveSharedSets(void)
{
	return shared_sets != NULL;
}

/* The slot of a purpose of this database, or NULL.  The lock must be held. */
static SharedSlot *
FindSlot(const RegistryIdentity *registry, const char *purpose)
{
	for (int i = 0; i < MAX_SHARED_SETS; i++)
	{
		SharedSlot *slot = &shared_sets->slots[i];

		if (memcmp(&slot->registry, registry, sizeof(*registry)) == 0 &&
			strcmp(slot->purpose, purpose) == 0)
			return slot;
	}
	return NULL;
}

/* Is somebody making a set for it?  One who is gone is not. */
static bool
BeingMade(const SharedSlot *slot)
{
	return slot->maker_pid != 0 && BackendPidGetProc(slot->maker_pid) != NULL;
}

/* Give a slot up.  The lock must be held exclusively. */
static void
ClearSlot(SharedSlot *slot)
{
	if (slot->published)
		dsm_unpin_segment(slot->handle);
	memset(slot, 0, sizeof(*slot));
}

/*
 * A slot for a purpose that has none: its outdated one, a free one, or that of
 * the set published longest ago.  The lock must be held exclusively.
 */
static SharedSlot *
TakeSlot(const RegistryIdentity *registry, const char *purpose)
{
	SharedSlot *slot = NULL;

	for (int i = 0; i < MAX_SHARED_SETS; i++)
	{
		SharedSlot *candidate = &shared_sets->slots[i];

		/* A table was written anew: what was before is of no use. */
		if (candidate->registry.database == registry->database &&
			strcmp(candidate->purpose, purpose) == 0)
		{
			slot = candidate;
			break;
		}

		/* A free one was published before all others, so to speak. */
		if (!BeingMade(candidate) &&
			(slot == NULL || candidate->published_at < slot->published_at))
			slot = candidate;
	}
	if (slot == NULL)
		return NULL;
	ClearSlot(slot);
	slot->registry = *registry;
	strlcpy(slot->purpose, purpose, NAMEDATALEN);
	return slot;
}

/*
 * The hook on whatever is done to an object: with a registry, or a database,
 * its sets go.  Should that be rolled back, they are made anew.
 */
static void
ObjectAccessed(ObjectAccessType access, Oid classId, Oid objectId, int subId,
			   void *arg)
{
	if (next_object_access_hook)
		next_object_access_hook(access, classId, objectId, subId, arg);
	if (access != OAT_DROP || subId != 0 || shared_sets == NULL ||
		(classId != RelationRelationId && classId != DatabaseRelationId))
		return;

	LWLockAcquire(shared_sets->lock, LW_EXCLUSIVE);
	for (int i = 0; i < MAX_SHARED_SETS; i++)
	{
		SharedSlot *slot = &shared_sets->slots[i];

		if (classId == DatabaseRelationId ?
			slot->registry.database == objectId :
			slot->registry.database == MyDatabaseId &&
			slot->registry.table == objectId)
			ClearSlot(slot);
	}
	LWLockRelease(shared_sets->lock);
}

/* Called when the library is loaded; it is of use only if preloaded. */
void
InitSharedSets(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = RequestSharedSets;
	next_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = StartSharedSets;
	next_object_access_hook = object_access_hook;
	object_access_hook = ObjectAccessed;
}

/*
 * Counts up with every set that is published, of whatever purpose; 0 where
 * sets are not shared.
 */
uint64
SharedSetsVersion(void)
{
	return shared_sets == NULL ? 0 :
		pg_atomic_read_u64(&shared_sets->versions);
}

/*
 * Map the newest set of a purpose, in place of the one held.  False when there
 * is none newer.
 */
bool
AttachSharedSet(const RegistryIdentity *registry, const char *purpose, SharedSet *shared)
{
	SharedSlot *slot;
	dsm_segment *segment = NULL;
	uint64		version = 0;

	LWLockAcquire(shared_sets->lock, LW_SHARED);
	slot = FindSlot(registry, purpose);
	if (slot != NULL && slot->published && slot->version != shared->version)
	{
		/* Under the lock, so that the segment cannot go before it is ours. */
		segment = dsm_attach(slot->handle);
		version = slot->version;
	}
	LWLockRelease(shared_sets->lock);
	if (segment == NULL)
		return false;

	dsm_pin_mapping(segment);
	DetachSharedSet(shared);
	shared->segment = segment;
	shared->published = dsm_segment_address(segment);
	shared->version = version;
	return true;
}

/* Let go of a set.  Its version stays, so that it is not taken up again. */
void
DetachSharedSet(SharedSet *shared)
{
	if (shared->segment != NULL)
		dsm_detach(shared->segment);
	shared->segment = NULL;
	shared->published = NULL;
}

/* May this backend make the set now?  If so, nobody else will. */
bool
BeginSharedSet(const RegistryIdentity *registry, const char *purpose)
{
	SharedSlot *slot;
	bool		mine = false;

	LWLockAcquire(shared_sets->lock, LW_EXCLUSIVE);
	slot = FindSlot(registry, purpose);
	if (slot == NULL)
		slot = TakeSlot(registry, purpose);

	if (slot != NULL && !BeingMade(slot))
	{
		slot->maker_pid = MyProcPid;
		mine = true;
	}
	LWLockRelease(shared_sets->lock);
	return mine;
}

/* Whatever became of it, this backend is no longer making the set. */
void
AbandonSharedSet(const RegistryIdentity *registry, const char *purpose)
{
	SharedSlot *slot;

	LWLockAcquire(shared_sets->lock, LW_EXCLUSIVE);
	slot = FindSlot(registry, purpose);
	if (slot != NULL && slot->maker_pid == MyProcPid)
		slot->maker_pid = 0;
	LWLockRelease(shared_sets->lock);
}

/*
 * Publish a set that this backend has made.  False when there is one already
 * that was made under a newer snapshot, which serves more queries.  Throws
 * when the system has no shared memory to give; then nothing was published.
 */
bool
PublishSharedSet(const RegistryIdentity *registry, const char *purpose, const PublishedSet *header,
				 const SnapshotImage *image, const SubjectSet *set)
{
	PublishedSet *published;
	dsm_segment *segment;
	SharedSlot *slot;
	dsm_handle	old;
	bool		unpin_old = true;
	bool		done = false;
	Size		image_size = SNAPSHOT_IMAGE_SIZE(image->nrunning);
	PublishedSet full = *header;

	full.image = MAXALIGN(sizeof(PublishedSet));
	full.set = CACHELINEALIGN(full.image + image_size);
	full.size = full.set + set->size;

	segment = dsm_create(full.size, 0);
	published = dsm_segment_address(segment);
	*published = full;
	memcpy((char *) published + full.image, image, image_size);
	memcpy((char *) published + full.set, set, set->size);

	/*
	 * What can throw is done without the lock.  Should the set not be
	 * wanted after all, the old segment to let go of is the new one.
	 */
	dsm_pin_segment(segment);
	old = dsm_segment_handle(segment);
	LWLockAcquire(shared_sets->lock, LW_EXCLUSIVE);
	slot = FindSlot(registry, purpose);
	if (slot != NULL && slot->maker_pid == MyProcPid &&
		!(slot->published && slot->xmax > image->xmax))
	{
		done = true;
		unpin_old = slot->published;
		old = slot->handle;
		slot->published = true;
		slot->handle = dsm_segment_handle(segment);
		slot->xmax = image->xmax;
		slot->published_at = GetCurrentTimestamp();
		slot->version = pg_atomic_add_fetch_u64(&shared_sets->versions, 1);
		slot->maker_pid = 0;
	}
	LWLockRelease(shared_sets->lock);
	if (unpin_old)
		dsm_unpin_segment(old);
	dsm_detach(segment);
	return done;
}

/* Find the share of a purpose, or NULL.  The lock must be held. */
static SharedShare *
FindShare(const RegistryIdentity *registry, const char *purpose)
{
	for (int i = 0; i < MAX_SHARED_SETS; i++)
	{
		SharedShare *share = &shared_sets->shares[i];

		if (memcmp(&share->registry, registry, sizeof(*registry)) == 0 &&
			strcmp(share->purpose, purpose) == 0)
			return share;
	}
	return NULL;
}

/*
 * Keep the share of permitted subjects, which was just measured, where all
 * backends find it; in the place of the oldest when there are too many.
 */
void
PublishShare(const RegistryIdentity *registry, const char *purpose,
			 double share)
{
	TimestampTz now = GetCurrentTimestamp();
	SharedShare *place;

	if (shared_sets == NULL)
		return;
	LWLockAcquire(shared_sets->lock, LW_EXCLUSIVE);
	place = FindShare(registry, purpose);
	for (int i = 0; place == NULL && i < MAX_SHARED_SETS; i++)
	{
		if (shared_sets->shares[i].registry.database == InvalidOid)
			place = &shared_sets->shares[i];
	}
	if (place == NULL)
	{
		place = &shared_sets->shares[0];
		for (int i = 1; i < MAX_SHARED_SETS; i++)
		{
			if (shared_sets->shares[i].measured_at < place->measured_at)
				place = &shared_sets->shares[i];
		}
	}
	place->registry = *registry;
	strlcpy(place->purpose, purpose, NAMEDATALEN);
	place->measured_at = now;
	place->share = share;
	LWLockRelease(shared_sets->lock);
}

/*
 * The share of permitted subjects, as a backend has measured it in the last
 * SHARE_LIFETIME; below 0 when none has.
 */
double
PublishedShare(const RegistryIdentity *registry, const char *purpose)
{
	SharedShare *place;
	double		share = -1;

	if (shared_sets == NULL)
		return share;
	LWLockAcquire(shared_sets->lock, LW_SHARED);
	place = FindShare(registry, purpose);
	if (place != NULL &&
		!TimestampDifferenceExceeds(place->measured_at, GetCurrentTimestamp(),
									SHARE_LIFETIME * 1000))
		share = place->share;
	LWLockRelease(shared_sets->lock);
	return share;
}
