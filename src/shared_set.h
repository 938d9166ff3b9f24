/*
 * shared_set.h
 *		Sets that all backends share.
 */
#ifndef CONSENT_PROFILING_SHARED_SET_H
#define CONSENT_PROFILING_SHARED_SET_H

#include "datatype/timestamp.h"
#include "registry.h"
#include "snapshot_image.h"
#include "storage/dsm.h"
#include "subject_set.h"

/* A set with the snapshot and the time that it is the truth for. */
typedef struct PublishedSet
{
	TimestampTz time;
	TimestampTz next_change;	/* by the clock, after "time" */
	Size		image;			/* offset of the SnapshotImage */
	Size		set;			/* offset of the SubjectSet */
	Size		size;			/* of all */
} PublishedSet;

#define PublishedImage(p) ((const SnapshotImage *) ((const char *) (p) + (p)->image))
#define PublishedSubjects(p) ((const SubjectSet *) ((const char *) (p) + (p)->set))

/* A backend's hold on a published set. */
typedef struct SharedSet
{
	dsm_segment *segment;		/* NULL: none */
	const PublishedSet *published;
	uint64		version;
} SharedSet;

extern void InitSharedSets(void);
extern bool HaveSharedSets(void);
extern uint64 SharedSetsVersion(void);
extern bool AttachSharedSet(const RegistryIdentity *registry,
							 const char *purpose, SharedSet *shared);
extern void DetachSharedSet(SharedSet *shared);
extern bool BeginSharedSet(const RegistryIdentity *registry,
							 const char *purpose);
extern void AbandonSharedSet(const RegistryIdentity *registry,
							 const char *purpose);
extern bool PublishSharedSet(const RegistryIdentity *registry,
							 const char *purpose,
							 const PublishedSet *header,
							 const SnapshotImage *image,
							 const SubjectSet *set);

/* Seconds for which the share of permitted subjects is taken for the same. */
#define SHARE_LIFETIME 60

extern void PublishShare(const RegistryIdentity *registry,
						 const char *purpose, double share);
extern double PublishedShare(const RegistryIdentity *registry,
							 const char *purpose);

#endif							/* CONSENT_PROFILING_SHARED_SET_H */
