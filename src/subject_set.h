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

/*
 * What the bits of a text, and the places in all hash tables, depend on; random,
 * and secret.
 */
typedef struct FingerprintSeed
{
	uint64		words[2];
} FingerprintSeed;

/*
 * The header of the block; an array of bits and three open-addressing tables
 * follow, at these offsets.  Any may be empty.  There are no pointers in it, so
 * that it can be copied and shared between processes.
 */
typedef struct SubjectSet
{
	Size		size;			/* of the whole block */
	uint64		count;			/* subjects in it */
	FingerprintSeed seed;

	/* integers, when they are consecutive or nearly so */
	int64		first;			/* the number of the first bit */
	uint64		nbits;			/* 0 when there are none */
	Size		bits;

	/* integers, when they lie close together here and there: 512 to a chunk */
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

#define CHUNK_SHIFT		9
#define CHUNK_WORDS		8		/* 512 bits */
#define FREE_CHUNK		PG_INT64_MAX	/* no value's chunk: values have 9
										 * bits less */
#define FREE_INTEGER	PG_INT64_MIN

/*
 * A hash of 128 bits, or of an integer and 0: the product of both halves, folded
 * as in wyhash (https://github.com/wangyi-fudan/wyhash).  Who chooses the keys
 * does not know the seed, and so cannot choose such as share a place.
 */
static inline uint64
HashWords(const FingerprintSeed *seed, uint64 high, uint64 low)
{
	uint64		a = high ^ seed->words[0];
	uint64		b = low ^ seed->words[1];
#ifdef HAVE_INT128
	uint128		product = (uint128) a * b;

	return (uint64) product ^ (uint64) (product >> 64);
#else
	uint64		low_a = (uint32) a;
	uint64		low_b = (uint32) b;
	uint64		cross = (a >> 32) * low_b + ((low_a * low_b) >> 32);
	uint64		carry = low_a * (b >> 32) + (uint32) cross;

	return (a * b) ^
		((a >> 32) * (b >> 32) + (cross >> 32) + (carry >> 32));
#endif
}

/* Where to begin looking in a table of 2^bits slots. */
static inline Size
FirstSlot(uint64 hash, uint32 bits)
{
	return (Size) (hash >> (64 - bits));
}

/* The slot of a chunk, or the free one where it would go. */
static inline Size
FindChunk(const SubjectSet *set, int64 chunk)
{
	const int64 *keys = (const int64 *) ((const char *) set + set->chunk_keys);
	Size		slot = FirstSlot(HashWords(&set->seed, (uint64) chunk, 0),
								 set->chunk_bits);

	while (keys[slot] != chunk && keys[slot] != FREE_CHUNK)
		slot = (slot + 1) & (((Size) 1 << set->chunk_bits) - 1);
	return slot;
}

/* The slot of an integer, or the free one where it would go. */
static inline Size
FindInteger(const SubjectSet *set, int64 value)
{
	const int64 *slots = (const int64 *) ((const char *) set + set->integers);
	Size		slot = FirstSlot(HashWords(&set->seed, (uint64) value, 0),
								 set->integer_bits);

	while (slots[slot] != value && slots[slot] != FREE_INTEGER)
		slot = (slot + 1) & (((Size) 1 << set->integer_bits) - 1);
	return slot;
}

/* The slot of a wide key, or the free one where it would go. */
static inline Size
FindWide(const SubjectSet *set, const uint64 *words)
{
	const uint64 *slots = (const uint64 *) ((const char *) set + set->wides);
	Size		slot = FirstSlot(HashWords(&set->seed, words[0], words[1]),
								 set->wide_bits);

	while ((slots[2 * slot] != words[0] || slots[2 * slot + 1] != words[1]) &&
		   (slots[2 * slot] != 0 || slots[2 * slot + 1] != 0))
		slot = (slot + 1) & (((Size) 1 << set->wide_bits) - 1);
	return slot;
}

/* Is the integer in the set? */
static inline bool
SetHasInteger(const SubjectSet *set, int64 value)
{
	/* A difference that is negative or overflows is too large here. */
	uint64		bit = (uint64) value - (uint64) set->first;

	if (likely(bit < set->nbits))
		return (((const uint64 *) ((const char *) set + set->bits))[bit >> 6] >>
				(bit & 63)) & 1;
	if (set->chunk_bits > 0)
	{
		const uint64 *words = (const uint64 *) ((const char *) set + set->chunk_words);
		Size		slot = FindChunk(set, value >> CHUNK_SHIFT);

		/* A free slot has no bits set. */
		return (words[slot * CHUNK_WORDS + ((value >> 6) & (CHUNK_WORDS - 1))] >>
				(value & 63)) & 1;
	}
	if (value == FREE_INTEGER)
		return set->has_integer_min;
	if (set->integer_bits > 0)
	{
		const int64 *slots = (const int64 *) ((const char *) set + set->integers);

		return slots[FindInteger(set, value)] == value;
	}
	return false;
}

/* Is the 128-bit key in the set? */
static inline bool
SetHasWide(const SubjectSet *set, const uint64 *words)
{
	const uint64 *slots = (const uint64 *) ((const char *) set + set->wides);
	Size		slot;

	if (words[0] == 0 && words[1] == 0)
		return set->has_wide_zero;
	if (set->wide_bits == 0)
		return false;
	slot = FindWide(set, words);
	return slots[2 * slot] == words[0] && slots[2 * slot + 1] == words[1];
}

/* Is the key in the set? */
static inline bool
SetHas(const SubjectSet *set, const SetKey *key)
{
	return key->is_integer ?
		SetHasInteger(set, (int64) key->words[0]) :
		SetHasWide(set, key->words);
}

/* Where a look for the key begins; in a small table, anywhere. */
static inline const void *
PlaceInSet(const SubjectSet *set, const SetKey *key)
{
	const char *place = (const char *) set;

	if (!key->is_integer)
	{
		if (set->wide_bits > 0)
			place += set->wides + 2 * sizeof(uint64) *
				FirstSlot(HashWords(&set->seed, key->words[0], key->words[1]),
						  set->wide_bits);
	}
	else if (set->chunk_bits > 0)
		place += set->chunk_words + CHUNK_WORDS * sizeof(uint64) *
			FirstSlot(HashWords(&set->seed,
								(uint64) ((int64) key->words[0] >> CHUNK_SHIFT),
								0),
					  set->chunk_bits);
	else if (set->integer_bits > 0)
		place += set->integers + sizeof(int64) *
			FirstSlot(HashWords(&set->seed, key->words[0], 0),
					  set->integer_bits);
	return place;
}

#endif							/* CONSENT_PROFILING_SUBJECT_SET_H */
