/*
 * schema.c
 *		What the install script needs to know about the extension's schema.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "fmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(schema_is_new);

/*
 * schema_is_new(schema): has this transaction created the schema, and left it as
 * it was created?  Then no other role can have seen it.  Its row in the catalog
 * was inserted, and not updated, by this transaction or a subtransaction.
 */
Datum
schema_is_new(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, PG_GETARG_DATUM(0));
	bool		is_new;

	if (!HeapTupleIsValid(tuple))
		PG_RETURN_NULL();
	is_new = (tuple->t_data->t_infomask & HEAP_UPDATED) == 0 &&
		TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(tuple->t_data));
	ReleaseSysCache(tuple);
	PG_RETURN_BOOL(is_new);
}
