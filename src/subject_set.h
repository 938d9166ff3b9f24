/*
 * subject_set.h
 *		An immutable set of subjects in one block of memory.
 */
#ifndef CONSENT_PROFILING_SUBJECT_SET_H
#define CONSENT_PROFILING_SUBJECT_SET_H

#include "subject_id.h"
#include "utils/memutils.h"

/* A subject as sets know it: a number, or 128 bits. */
typedef struct SetKey
{
	bool		is_integer;
	uint64		words[2];		/* [0] alone for an integer */
} SetKey;

/* What the bits of a text depend on; random, and secret. */
typedef struct FingerprintSeed
{
	uint64		words[2];
} FingerprintSeed;

/*
 * The header of the block; three open-addressing tables follow, at these
 * offsets.  Any may be empty.  There are no pointers in it, so that it can be
 * copied and shared between processes.
 */
typedef struct SubjectSet
{
	Size		size;			/* of the whole block */
	uint64		count;			/* subjects in it */
	FingerprintSeed seed;

	/* integers, when they lie close together: 512 to a chunk */
	uint32		chunk_bits;		/* log2 of slots; 0 when there is no table */
	Size		chunk_keys;
	Size		chunk_words;

	/* integers, when they do not */
	uint32		integer_bits;
	Size		integers;
	bool		has_integer_min;	/* the value that marks a free slot */

	/* UUIDs and fingerprints of texts */
	uint32		wide_bits;
	Size		wides;
	bool		has_wide_zero;	/* the value that marks a free slot */
} SubjectSet;

/* Collects the subjects of a set to be. */
typedef struct SetBuilder
{
	FingerprintSeed seed;
	int64	   *integers;
	Size		nintegers;
	Size		max_integers;
	uint64	   *wides;			/* two words each */
	Size		nwides;
	Size		max_wides;
} SetBuilder;

extern SetKey MakeSetKey(const SubjectKey *subject, const FingerprintSeed *seed);
extern void BeginSet(SetBuilder *builder, const FingerprintSeed *seed);
extern void AddToSet(SetBuilder *builder, const SubjectKey *subject);
extern Size SetBuilderSize(const SetBuilder *builder);
extern SubjectSet *FinishSet(SetBuilder *builder);
extern bool SetHasInteger(const SubjectSet *set, int64 value);
extern bool SetHasWide(const SubjectSet *set, const uint64 *words);

/* Is the key in the set? */
static inline bool
SetHas(const SubjectSet *set, const SetKey *key)
{
	return key->is_integer ?
		SetHasInteger(set, (int64) key->words[0]) :
		SetHasWide(set, key->words);
}

#endif							/* CONSENT_PROFILING_SUBJECT_SET_H */
