/*
 * subject_set.c
 *		An immutable set of subjects in one block of memory.
 *
 * A full scan asks it once a row, so what counts is how few cache lines an
 * answer touches.  Integers that are nearly consecutive, as serial keys are,
 * are kept as bits, of which a million fit the second-level cache.  Those that
 * lie close together in many places are bits too, 512 to a chunk, behind a
 * small hash of chunks.  Integers that are scattered go into a hash of their
 * own.  A UUID is its own 128-bit key; a text is known by a 128-bit
 * fingerprint under a random seed that never leaves the server, so that nobody
 * can look for two texts that share one.
 *
 * The tables are powers of two with linear probing, at most three quarters
 * full.  People choose keys, or software does on their behalf, and a table in
 * which all keys share a place takes hours; so the places depend on the seed.
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "subject_set.h"

/* Bytes a slot takes in each of the two tables of integers. */
#define BYTES_PER_CHUNK ((Size) (CHUNK_WORDS + 1) * sizeof(uint64))
#define BYTES_PER_INTEGER sizeof(int64)

/* log2 of the slots for n entries; 0 for none. */
static uint32
TableBits(Size n)
{
	return n == 0 ? 0 : pg_ceil_log2_64(n + n / 3 + 1);
}

/* The key of a subject under a seed. */
SetKey
MakeSetKey(const SubjectKey *subject, const FingerprintSeed *seed)
{
	SetKey		key = {false, {0, 0}};

	switch (subject->bytes[0])
	{
		case SUBJECT_INTEGER:
			key.is_integer = true;
			key.words[0] = (uint64) SubjectKeyToInt64(subject);
			break;
		case SUBJECT_UUID:
			memcpy(key.words, subject->bytes + 1, sizeof(key.words));
			break;
		default:
			key.words[0] = hash_bytes_extended(subject->bytes, subject->len,
											   seed->words[0]);
			key.words[1] = hash_bytes_extended(subject->bytes, subject->len,
											   seed->words[1]);
			break;
	}
	return key;
}

/* Begin to collect a set, in the current memory context. */
void
BeginSet(SetBuilder *builder, const FingerprintSeed *seed)
{
	memset(builder, 0, sizeof(*builder));
	builder->seed = *seed;
	builder->max_integers = 1024;
	builder->integers = palloc(builder->max_integers * sizeof(int64));
	builder->max_wides = 1024;
	builder->wides = palloc(builder->max_wides * 2 * sizeof(uint64));
}

/* Add a subject.  Each may be added only once, and integers in their order. */
void
AddToSet(SetBuilder *builder, const SubjectKey *subject)
{
	SetKey		key = MakeSetKey(subject, &builder->seed);

	if (key.is_integer)
	{
		if (builder->nintegers == builder->max_integers)
		{
			builder->max_integers *= 2;
			builder->integers = repalloc_huge(builder->integers,
											  builder->max_integers * sizeof(int64));
		}
		builder->integers[builder->nintegers++] = (int64) key.words[0];
	}
	else
	{
		if (builder->nwides == builder->max_wides)
		{
			builder->max_wides *= 2;
			builder->wides = repalloc_huge(builder->wides,
										   builder->max_wides * 2 * sizeof(uint64));
		}
		memcpy(builder->wides + 2 * builder->nwides++, key.words,
			   sizeof(key.words));
	}
}

/* How much memory what was collected takes. */
Size
SetBuilderSize(const SetBuilder *builder)
{
	return builder->nintegers * sizeof(int64) +
		builder->nwides * 2 * sizeof(uint64);
}

/* Fill in the bits. */
static void
FillBits(SubjectSet *set, const SetBuilder *builder)
{
	uint64	   *words = (uint64 *) ((char *) set + set->bits);

	for (Size i = 0; i < builder->nintegers; i++)
	{
		uint64		bit = (uint64) builder->integers[i] - (uint64) set->first;

		CHECK_FOR_INTERRUPTS();
		words[bit >> 6] |= UINT64CONST(1) << (bit & 63);
	}
}

/* Fill in the table of chunks. */
static void
FillChunks(SubjectSet *set, const SetBuilder *builder)
{
	int64	   *keys = (int64 *) ((char *) set + set->chunk_keys);
	uint64	   *words = (uint64 *) ((char *) set + set->chunk_words);
	Size		slots = (Size) 1 << set->chunk_bits;

	for (Size i = 0; i < slots; i++)
	{
		CHECK_FOR_INTERRUPTS();
		keys[i] = FREE_CHUNK;
	}
	for (Size i = 0; i < builder->nintegers; i++)
	{
		int64		value = builder->integers[i];
		Size		slot = FindChunk(set, value >> CHUNK_SHIFT);

		CHECK_FOR_INTERRUPTS();
		keys[slot] = value >> CHUNK_SHIFT;
		words[slot * CHUNK_WORDS + ((value >> 6) & (CHUNK_WORDS - 1))] |=
			UINT64CONST(1) << (value & 63);
	}
}

/* Fill in the table of integers. */
static void
FillIntegers(SubjectSet *set, const SetBuilder *builder)
{
	int64	   *slots = (int64 *) ((char *) set + set->integers);

	for (Size i = 0; i < (Size) 1 << set->integer_bits; i++)
	{
		CHECK_FOR_INTERRUPTS();
		slots[i] = FREE_INTEGER;
	}
	for (Size i = 0; i < builder->nintegers; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (builder->integers[i] == FREE_INTEGER)
			set->has_integer_min = true;
		else
			slots[FindInteger(set, builder->integers[i])] =
				builder->integers[i];
	}
}

/* Fill in the table of wide keys. */
static void
FillWides(SubjectSet *set, const SetBuilder *builder)
{
	uint64	   *slots = (uint64 *) ((char *) set + set->wides);

	for (Size i = 0; i < builder->nwides; i++)
	{
		const uint64 *words = builder->wides + 2 * i;

		CHECK_FOR_INTERRUPTS();
		if (words[0] == 0 && words[1] == 0)
			set->has_wide_zero = true;
		else
			memcpy(slots + 2 * FindWide(set, words), words,
				   2 * sizeof(uint64));
	}
}

/* Make the set, in the current memory context, and free what was collected. */
SubjectSet *
FinishSet(SetBuilder *builder)
{
	SubjectSet	header = {0};
	SubjectSet *set;
	Size		nchunks = 0;
	Size		chunks_size;
	Size		integers_size;

	header.count = builder->nintegers + builder->nwides;
	header.seed = builder->seed;
	header.size = CACHELINEALIGN(sizeof(SubjectSet));

	for (Size i = 0; i < builder->nintegers; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i == 0 || builder->integers[i] >> CHUNK_SHIFT !=
			builder->integers[i - 1] >> CHUNK_SHIFT)
			nchunks++;
	}
	chunks_size = nchunks == 0 ? 0 : BYTES_PER_CHUNK << TableBits(nchunks);
	integers_size = builder->nintegers == 0 ? 0 :
		BYTES_PER_INTEGER << TableBits(builder->nintegers);
	if (builder->nintegers > 0)
	{
		header.first = builder->integers[0];
		header.nbits = (uint64) builder->integers[builder->nintegers - 1] -
			(uint64) header.first + 1;
	}

	/* The smallest form; for the whole range of bigint nbits is 0 again. */
	if (builder->nintegers > 0 && header.nbits > 0 &&
		header.nbits / BITS_PER_BYTE <= Min(chunks_size, integers_size))
	{
		header.bits = header.size;
		header.size += CACHELINEALIGN((header.nbits / 64 + 1) * sizeof(uint64));
	}
	else if (chunks_size <= integers_size)
	{
		header.nbits = 0;
		header.chunk_bits = TableBits(nchunks);
		header.chunk_keys = header.size;
		if (header.chunk_bits > 0)
			header.size += CACHELINEALIGN(sizeof(int64) << header.chunk_bits);
		header.chunk_words = header.size;
		if (header.chunk_bits > 0)
			header.size += (CHUNK_WORDS * sizeof(uint64)) << header.chunk_bits;
	}
	else
	{
		header.nbits = 0;
		header.integer_bits = TableBits(builder->nintegers);
		header.integers = header.size;
		header.size += CACHELINEALIGN(sizeof(int64) << header.integer_bits);
	}
	header.wide_bits = TableBits(builder->nwides);
	header.wides = header.size;
	if (header.wide_bits > 0)
		header.size += CACHELINEALIGN((2 * sizeof(uint64)) << header.wide_bits);

	set = MemoryContextAllocExtended(CurrentMemoryContext, header.size,
									 MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	*set = header;
	if (set->nbits > 0)
		FillBits(set, builder);
	if (set->chunk_bits > 0)
		FillChunks(set, builder);
	if (set->integer_bits > 0)
		FillIntegers(set, builder);
	if (set->wide_bits > 0)
		FillWides(set, builder);
	pfree(builder->integers);
	pfree(builder->wides);
	return set;
}
