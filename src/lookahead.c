/*
 * lookahead.c
 *		Fetching into the cache what the rows to come will be asked about.
 *
 * A set of a million UUIDs does not fit into a processor's cache.  To wait for
 * main memory once a row takes several times as long as all else that a scan
 * does for the row.  But a sequential scan has the page with the next rows at
 * hand already; so while it is about one row, the place in the set where
 * another one's subject would be is asked for in advance.
 *
 * This never decides anything.  Where the scan is not found, or is of another
 * kind than a heap's, all goes as well, only slower.
 */
#include "compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/relscan.h"
#include "catalog/pg_type_d.h"
#include "lookahead.h"
#include "nodes/nodeFuncs.h"
#include "storage/bufmgr.h"
#include "subject_id.h"
#include "utils/rel.h"
#include "utils/uuid.h"

typedef struct ScanSearch
{
	Node	   *call;
	ScanState  *scan;			/* NULL: not found */
} ScanSearch;

/* Is this very call in the expression? */
bool
HasCall(Node *node, void *call)
{
	return node == call ||
		(node != NULL && expression_tree_walker(node, HasCall, call));
}

/* Look for the sequential scan whose condition the call is. */
static bool
IsScanOfCall(PlanState *state, void *arg)
{
	ScanSearch *search = (ScanSearch *) arg;
	ScanState  *scan = (ScanState *) state;

	if (IsA(state, SeqScanState) &&
		HasCall((Node *) state->plan->qual, search->call))
	{
		if (scan->ss_currentRelation->rd_tableam == GetHeapamTableAmRoutine())
			search->scan = scan;
		return true;
	}
	return planstate_tree_walker(state, IsScanOfCall, arg);
}

/*
 * Find the scan whose condition a call, its node in the plan, is; and which of
 * the columns the call is about.  NULL when there is none to look ahead in;
 * else it lives as long as the query.
 */
Lookahead *
FindScan(QueryDesc *query, Node *call)
{
	ScanSearch	search = {call, NULL};
	Lookahead  *ahead;
	Node	   *subject;

	if (call == NULL || !IsA(call, FuncExpr))
		return NULL;
	subject = linitial(((FuncExpr *) call)->args);
	if (IsA(subject, RelabelType))
		subject = (Node *) ((RelabelType *) subject)->arg;
	if (!IsA(subject, Var) || ((Var *) subject)->varattno <= 0)
		return NULL;
	(void) IsScanOfCall(query->planstate, &search);
	if (search.scan == NULL)
		return NULL;

	ahead = MemoryContextAllocZero(query->estate->es_query_cxt,
								   sizeof(Lookahead));
	ahead->scan = search.scan;
	ahead->attnum = ((Var *) subject)->varattno;
	ahead->type = ((Var *) subject)->vartype;
	return ahead;
}

/* Forget the rows to come: another set knows texts by other bits. */
void
ForgetNext(Lookahead *ahead)
{
	for (int i = 0; i < lengthof(ahead->next); i++)
		ahead->next[i].key.len = 0;
}

/*
 * What a column's value is known by in the set, if it can be told at once; for
 * a text, its key too.
 */
static bool
KeyOfColumn(NextSubject *next, Oid type, Datum value, const SubjectSet *set)
{
	const char *problem;
	struct varlena *text;

	switch (type)
	{
		case INT4OID:
			next->set_key.is_integer = true;
			next->set_key.words[0] = (uint64) (int64) DatumGetInt32(value);
			return true;
		case INT8OID:
			next->set_key.is_integer = true;
			next->set_key.words[0] = (uint64) DatumGetInt64(value);
			return true;
		case UUIDOID:
			memcpy(next->set_key.words, DatumGetUUIDP(value)->data, UUID_LEN);
			return true;
		case TEXTOID:
		case VARCHAROID:
			text = (struct varlena *) DatumGetPointer(value);
			if (VARATT_IS_COMPRESSED(text) || VARATT_IS_EXTERNAL(text) ||
				!SubjectKeyFromText(&next->key, VARDATA_ANY(text),
									VARSIZE_ANY_EXHDR(text), &problem))
				return false;
			next->set_key = MakeSetKey(&next->key, &set->seed);
			return true;
	}
	return false;
}

/* The scan's page and the number of its row; NULL if it is of another kind. */
static HeapScanDesc
ScanOfPage(const Lookahead *ahead)
{
	HeapScanDesc scan = (HeapScanDesc) ahead->scan->ss_currentScanDesc;

	/* Only a scan of whole pages knows which rows are next. */
	return scan != NULL && (scan->rs_base.rs_flags & SO_ALLOW_PAGEMODE) &&
		BufferIsValid(scan->rs_cbuf) ? scan : NULL;
}

/* Ask in advance for what a row soon to come will be asked about. */
void
PrefetchNext(Lookahead *ahead, const SubjectSet *set)
{
	HeapScanDesc scan = ScanOfPage(ahead);
	uint32		row;
	Page		page;
	ItemId		item;
	HeapTupleData tuple;
	NextSubject *next;
	Datum		value;
	bool		isnull;

	if (scan == NULL)
		return;
	row = scan->rs_cindex + ROWS_AHEAD;
	if (row >= scan->rs_ntuples)
		return;
	page = BufferGetPage(scan->rs_cbuf);
	item = PageGetItemId(page, scan->rs_vistuples[row]);
	tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
	tuple.t_len = ItemIdGetLength(item);
	value = heap_getattr(&tuple, ahead->attnum,
						 RelationGetDescr(scan->rs_base.rs_rd), &isnull);

	next = &ahead->next[row % lengthof(ahead->next)];
	next->key.len = 0;
	if (isnull || !KeyOfColumn(next, ahead->type, value, set))
		return;

	/* Not in a function of its own: GCC takes one without effect for idle. */
#ifdef __GNUC__
	__builtin_prefetch(PlaceInSet(set, &next->set_key));
#endif
}

/* The key in the set, which may have been made already; or else it is now. */
SetKey
SetKeyAhead(const Lookahead *ahead, const SubjectKey *key,
			const SubjectSet *set)
{
	HeapScanDesc scan = ScanOfPage(ahead);

	if (scan != NULL)
	{
		const NextSubject *next = &ahead->next[(uint32) scan->rs_cindex %
											   lengthof(ahead->next)];

		if (next->key.len == key->len &&
			memcmp(next->key.bytes, key->bytes, key->len) == 0)
			return next->set_key;
	}
	return MakeSetKey(key, &set->seed);
}
