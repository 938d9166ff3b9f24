/*
 * subject_id_ops.c
 *		The order, equality and hash of the SQL type subject_id.
 *
 * The bytes of a key are made so that comparing them compares the keys:
 * integers come first, by value, then UUIDs, then texts, by their bytes and
 * not by any collation.  A key has one form only, so all three operations look
 * at bytes and nothing else, and agree with each other by construction.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "compat.h"
#include "subject_id.h"

PG_FUNCTION_INFO_V1(subject_id_eq);
PG_FUNCTION_INFO_V1(subject_id_ne);
PG_FUNCTION_INFO_V1(subject_id_lt);
PG_FUNCTION_INFO_V1(subject_id_le);
PG_FUNCTION_INFO_V1(subject_id_gt);
PG_FUNCTION_INFO_V1(subject_id_ge);
PG_FUNCTION_INFO_V1(subject_id_cmp);
PG_FUNCTION_INFO_V1(subject_id_hash);
PG_FUNCTION_INFO_V1(subject_id_hash_extended);

/*
 * Compares bytes as unsigned numbers, a prefix before what continues it.
 */
static int
CompareBytes(const void *a, int a_len, const void *b, int b_len)
{
	int			result = memcmp(a, b, Min(a_len, b_len));

	if (result != 0)
		return result < 0 ? -1 : 1;
	return (a_len > b_len) - (a_len < b_len);
}

/*
 * Compares two keys: -1, 0 or 1.
 */
int
SubjectKeyCompare(const SubjectKey *a, const SubjectKey *b)
{
	return CompareBytes(a->bytes, a->len, b->bytes, b->len);
}

/*
 * Compares the two arguments of an operator where they are stored.
 */
static int
CompareArguments(FunctionCallInfo fcinfo)
{
	struct varlena *a = PG_GETARG_VARLENA_PP(0);
	struct varlena *b = PG_GETARG_VARLENA_PP(1);
	int			result;

	result = CompareBytes(VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a),
						  VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b));

	/* An index may not leak what it detoasts. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return result;
}

/*
 * The six operators and the support function of btree.
 */
Datum
subject_id_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) == 0);
}

Datum
subject_id_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) != 0);
}

Datum
subject_id_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) < 0);
}

Datum
subject_id_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) <= 0);
}

Datum
subject_id_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) > 0);
}

Datum
subject_id_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(CompareArguments(fcinfo) >= 0);
}

Datum
subject_id_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(CompareArguments(fcinfo));
}

/*
 * The two support functions of hash.
 */
Datum
subject_id_hash(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	uint32		result;

	result = hash_bytes((unsigned char *) VARDATA_ANY(value),
						VARSIZE_ANY_EXHDR(value));
	PG_FREE_IF_COPY(value, 0);
	PG_RETURN_UINT32(result);
}

Datum
subject_id_hash_extended(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);
	uint64		result;

	result = hash_bytes_extended((unsigned char *) VARDATA_ANY(value),
								 VARSIZE_ANY_EXHDR(value),
								 PG_GETARG_INT64(1));
	PG_FREE_IF_COPY(value, 0);
	return UInt64GetDatum(result);
}
