/*
 * merkle.c
 *		merkle_root(bytea): one hash over many, in their order.
 *
 * The tree is that of RFC 6962, section 2.1, with SHA-256: a leaf is hashed
 * with a 0 before it, the two halves of a node with a 1; of n leaves the left
 * half has the largest power of two below n.  That comes out when subtrees of
 * equal size are joined as soon as there are two, and what is left over is
 * joined from the right in the end; so one pass and 64 hashes are enough.
 */
#include "compat.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "miscadmin.h"

PG_FUNCTION_INFO_V1(merkle_add);
PG_FUNCTION_INFO_V1(merkle_final);

#define HASH_LEN PG_SHA256_DIGEST_LENGTH

/* The roots of the complete subtrees so far, the largest first. */
typedef struct MerkleState
{
	int64		nleaves;
	int			nroots;
	uint8		roots[64][HASH_LEN];
} MerkleState;

/* SHA-256 of a prefix and one or two pieces. */
static void
HashNode(uint8 prefix, const void *a, size_t alen, const void *b, size_t blen,
		 uint8 *result)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	if (pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, &prefix, 1) < 0 ||
		pg_cryptohash_update(context, a, alen) < 0 ||
		pg_cryptohash_update(context, b, blen) < 0 ||
		pg_cryptohash_final(context, result, HASH_LEN) < 0)
		elog(ERROR, "could not compute SHA-256 hash: %s",
			 pg_cryptohash_error(context));
	pg_cryptohash_free(context);
}

/* Join the two rightmost subtrees. */
static void
JoinRoots(MerkleState *state)
{
	uint8	   *left = state->roots[state->nroots - 2];
	uint8	   *right = state->roots[state->nroots - 1];

	HashNode(1, left, HASH_LEN, right, HASH_LEN, left);
	state->nroots--;
}

/* merkle_add(state, leaf): the transition function. */
Datum
merkle_add(PG_FUNCTION_ARGS)
{
	MemoryContext context;
	MerkleState *state;
	bytea	   *leaf;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "merkle_add called in non-aggregate context");
	state = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(MerkleState)) :
		(MerkleState *) PG_GETARG_POINTER(0);
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a leaf must not be null")));
	leaf = PG_GETARG_BYTEA_PP(1);
	HashNode(0, VARDATA_ANY(leaf), VARSIZE_ANY_EXHDR(leaf), "", 0,
			 state->roots[state->nroots]);
	state->nroots++;
	state->nleaves++;

	/* As many joins as the number of leaves has zeros at its end. */
	for (int64 n = state->nleaves; (n & 1) == 0; n >>= 1)
		JoinRoots(state);
	PG_RETURN_POINTER(state);
}

/* merkle_final(state): the root; null when there were no leaves. */
Datum
merkle_final(PG_FUNCTION_ARGS)
{
	MerkleState state;
	bytea	   *result;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();

	/* A copy, since the state may be asked again in a window. */
	state = *(MerkleState *) PG_GETARG_POINTER(0);
	while (state.nroots > 1)
		JoinRoots(&state);
	result = palloc(VARHDRSZ + HASH_LEN);
	SET_VARSIZE(result, VARHDRSZ + HASH_LEN);
	memcpy(VARDATA(result), state.roots[0], HASH_LEN);
	PG_RETURN_BYTEA_P(result);
}
