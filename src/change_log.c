/*
 * change_log.c
 *		Who changed in the registry, by transaction and by the clock.
 *
 * Whatever changes a row of the registry, be it a recording function, a
 * restore, logical replication or a superuser's UPDATE, a trigger writes the
 * subject and the id of the writing transaction into the table "change".  The
 * id is taken when the row is written here, never carried in from elsewhere,
 * since it means nothing in another cluster; the table is not dumped.
 *
 * The log is read without regard to visibility: rows of transactions that are
 * still running or were rolled back only mean that a subject is decided anew
 * for nothing.
 *
 * Old lines may be deleted, but none of the last 10 million transactions; who
 * would need an older one has to begin from nothing.  A trigger sees to that.
 * For a line to be lost, a superuser has to disable the trigger or replace the
 * table.  Either leaves a trace in the catalogs, which is part of what
 * identifies the registry; so what was found out before does not count after,
 * see RegistryIdentity and LogSeen().
 *
 * A verdict also changes by the clock alone, at one of two ages or the end of a
 * consent.  Those are found by index on the birth dates and the expiries.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "change_log.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/proc.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/xid8.h"

PG_FUNCTION_INFO_V1(log_change);
PG_FUNCTION_INFO_V1(keep_change);

/* Subjects that one subtransaction logs by name before it says: anybody. */
#define MAX_LINES 100000

/* Transactions whose lines are kept; prune_change_log() goes by it too. */
#define CHANGE_LOG_TRANSACTIONS UINT64CONST(10000000)

/* Write one line of the log; NULL: anything may have changed. */
static void
LogChange(Relation log, const SubjectKey *subject)
{
	Datum		values[CHANGE_NATTS];
	bool		nulls[CHANGE_NATTS] = {false, false};
	HeapTuple	tuple;

	values[CHANGE_XID - 1] =
		FullTransactionIdGetDatum(GetTopFullTransactionId());
	nulls[CHANGE_SUBJECT - 1] = (subject == NULL);
	values[CHANGE_SUBJECT - 1] = subject == NULL ? (Datum) 0 :
		PointerGetDatum(SubjectKeyToVarlena(subject));
	tuple = heap_form_tuple(RelationGetDescr(log), values, nulls);
	CatalogTupleInsert(log, tuple);
	heap_freetuple(tuple);
}

/*
 * Log a subject, unless what has just been logged says it already: a recording
 * function touches several rows of one person, and after very many subjects of
 * one transaction it is simpler to say that it may have been anybody.
 *
 * A line of the log shares the fate of the subtransaction that wrote it, so it
 * can stand for another only within that one.
 */
static void
LogSubject(Relation log, const SubjectKey *key)
{
	static Oid	table = InvalidOid;
	static LocalTransactionId lxid = InvalidLocalTransactionId;
	static SubTransactionId subxid = InvalidSubTransactionId;
	static SubjectKey last;
	static int	lines;

	if (table != RelationGetRelid(log) || lxid != MyLocalTransactionId ||
		subxid != GetCurrentSubTransactionId())
		lines = 0;
	else if (lines > MAX_LINES || SubjectKeyCompare(key, &last) == 0)
		return;

	/* Should this throw, the subtransaction is over. */
	LogChange(log, lines == MAX_LINES ? NULL : key);
	table = RelationGetRelid(log);
	lxid = MyLocalTransactionId;
	subxid = GetCurrentSubTransactionId();
	last = *key;
	lines++;
}

/* Log the subject of a row of "subject" or "choice", its first column. */
static void
LogRow(Relation log, Relation rel, HeapTuple row)
{
	bool		isnull;
	Datum		subject = heap_getattr(row, 1, RelationGetDescr(rel), &isnull);
	SubjectKey	key;

	/* A row about nobody is one that the table is about to refuse. */
	if (isnull)
		return;
	SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(subject));
	LogSubject(log, &key);
}

/*
 * log_change(): the trigger on the registry's tables.  For a row it logs whom
 * the row is about; for a purpose, or a whole table, that anything may have
 * changed.  It fires before the change, so that whoever can see the change can
 * see the line; and for rows, since replication fires no others.
 */
Datum
log_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	Relation	log;
	HeapTuple	result = NULL;
	bool		update;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		(RelationGetRelid(trigdata->tg_relation) != GetRegistry()->purpose &&
		 RelationGetRelid(trigdata->tg_relation) != GetRegistry()->subject &&
		 RelationGetRelid(trigdata->tg_relation) != GetRegistry()->choice))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("log_change() can only be called by a trigger on the registry")));

	update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		result = update ? trigdata->tg_newtuple : trigdata->tg_trigtuple;

	log = table_open(GetRegistry()->change, RowExclusiveLock);
	if (result == NULL ||
		RelationGetRelid(trigdata->tg_relation) == GetRegistry()->purpose)
		LogChange(log, NULL);
	else
	{
		LogRow(log, trigdata->tg_relation, trigdata->tg_trigtuple);

		/* A superuser may be giving the row to somebody else. */
		if (update)
			LogRow(log, trigdata->tg_relation, trigdata->tg_newtuple);
	}
	table_close(log, NoLock);
	return PointerGetDatum(result);
}

/* May this line be deleted, since no query needs it any more? */
static bool
LineIsOld(HeapTuple line, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		xid = heap_getattr(line, CHANGE_XID, tupdesc, &isnull);
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());

	return U64FromFullTransactionId(DatumGetFullTransactionId(xid)) +
		CHANGE_LOG_TRANSACTIONS < next;
}

/* Does a line say as much after an update as before: that anybody changed? */
static bool
LineSaysEnough(HeapTuple before, HeapTuple after, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		old_xid = heap_getattr(before, CHANGE_XID, tupdesc, &isnull);
	Datum		new_xid = heap_getattr(after, CHANGE_XID, tupdesc, &isnull);

	return heap_attisnull(after, CHANGE_SUBJECT, tupdesc) && !isnull &&
		FullTransactionIdEquals(DatumGetFullTransactionId(old_xid),
								DatumGetFullTransactionId(new_xid));
}

/*
 * keep_change(): the trigger that keeps the log complete, against its owner and
 * superusers too.  It lets through what prune_change_log() does.
 */
Datum
keep_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		RelationGetRelid(trigdata->tg_relation) != GetRegistry()->change)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("keep_change() can only be called by a trigger on the log of changes")));
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
	{
		TupleDesc	tupdesc = RelationGetDescr(trigdata->tg_relation);

		if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) &&
			LineIsOld(trigdata->tg_trigtuple, tupdesc))
			return PointerGetDatum(trigdata->tg_trigtuple);
		if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
			LineSaysEnough(trigdata->tg_trigtuple, trigdata->tg_newtuple,
						   tupdesc))
			return PointerGetDatum(trigdata->tg_newtuple);
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the log of changes cannot be changed by hand"),
			 errdetail("Queries that go on would not see who has changed."),
			 errhint("Call consent_profiling.prune_change_log() to delete what no query needs any more.")));
}

/*
 * Has a snapshot seen that the log became what it is?  To an older one lines may
 * be missing that were deleted before.
 */
bool
LogSeen(const Registry *registry, Snapshot snapshot)
{
	for (int i = 0; i < LOG_TRIGGERS; i++)
	{
		if (XidInMVCCSnapshot(registry->trigger_xmin[i], snapshot))
			return false;
	}
	return true;
}

/* Begin to read the log of one transaction, or of it and all later ones. */
static SysScanDesc
BeginLogScan(Relation log, const Registry *registry, uint64 xid,
			 bool and_later)
{
	ScanKeyData scankey;

	ScanKeyInit(&scankey, CHANGE_XID,
				and_later ? BTGreaterEqualStrategyNumber : BTEqualStrategyNumber,
				and_later ? F_XID8GE : F_XID8EQ,
				FullTransactionIdGetDatum(FullTransactionIdFromU64(xid)));
	return BeginUncounted(log, registry->change_xid, SnapshotAny, &scankey);
}

/*
 * Has the current transaction written to the registry?  Asked of the log, not
 * remembered, so that a parallel worker knows it of its leader too.
 */
bool
WroteRegistry(const Registry *registry)
{
	FullTransactionId own = GetTopFullTransactionIdIfAny();
	Relation	log;
	SysScanDesc scan;
	bool		wrote;

	if (!FullTransactionIdIsValid(own))
		return false;
	log = table_open(registry->change, AccessShareLock);
	scan = BeginLogScan(log, registry, U64FromFullTransactionId(own), false);
	wrote = HeapTupleIsValid(NextUncounted(scan));
	EndUncounted(scan);
	table_close(log, NoLock);
	return wrote;
}

typedef struct LogReader
{
	const Registry *registry;
	Relation	log;
	ChangeCallback callback;
	void	   *arg;
} LogReader;

/* Report what transactions have logged. */
static void
ReadLog(uint64 xid, bool and_later, void *arg)
{
	LogReader  *reader = (LogReader *) arg;
	SysScanDesc scan = BeginLogScan(reader->log, reader->registry, xid,
									and_later);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = NextUncounted(scan)))
	{
		bool		isnull;
		Datum		subject = heap_getattr(tuple, CHANGE_SUBJECT,
										   RelationGetDescr(reader->log),
										   &isnull);
		SubjectKey	key;

		CHECK_FOR_INTERRUPTS();
		if (!isnull)
			SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(subject));
		reader->callback(isnull ? NULL : &key, reader->arg);
	}
	EndUncounted(scan);
}

/*
 * Call back for everybody whose rows two snapshots may see differently; with
 * NULL when the log does not reach back far enough to tell.
 *
 * What was deleted from the log was at least this old when it was, and has not
 * become any younger.
 */
void
ForEachChange(const Registry *registry, const SnapshotImage *a,
			  const SnapshotImage *b, ChangeCallback callback, void *arg)
{
	LogReader	reader = {registry, NULL, callback, arg};
	RegistryIdentity identity = registry->identity;
	uint64		next = U64FromFullTransactionId(ReadNextFullTransactionId());

	/* More often than not. */
	if (SameImage(a, b))
		return;

	/* None of the differences may be among what was deleted. */
	if (next > CHANGE_LOG_TRANSACTIONS &&
		OldestDifference(a, b) < next - CHANGE_LOG_TRANSACTIONS)
	{
		callback(NULL, arg);
		return;
	}
	reader.log = table_open(registry->change, AccessShareLock);

	/* To open it is to learn what has become of it meanwhile. */
	(void) GetRegistry();
	if (registry->logged && memcmp(&identity, &registry->identity,
								   sizeof(identity)) == 0)
		ForEachDifference(a, b, ReadLog, &reader);
	else
		callback(NULL, arg);
	table_close(reader.log, NoLock);
}

/*
 * A date on or before which everybody was born who reaches an age after a time;
 * a few days early, which costs little and spares the calendar's corners.
 */
static DateADT
BornBefore(TimestampTz time, int age)
{
	int64		day = time / USECS_PER_DAY + POSTGRES_EPOCH_JDATE;
	int			year;
	int			month;
	int			mday;

	j2date((int) day, &year, &month, &mday);
	return date2j(year - age, month, 1) - POSTGRES_EPOCH_JDATE - 2;
}

/* Begin to read birth dates in order, from some days before one that counts. */
static SysScanDesc
BeginBirthdayScan(Relation rel, Relation index, TimestampTz after, int age)
{
	ScanKeyData scankey;

	ScanKeyInit(&scankey, SUBJECT_BIRTH_DATE, BTGreaterEqualStrategyNumber,
				F_DATE_GE, DateADTGetDatum(BornBefore(after, age)));
	return systable_beginscan_ordered(rel, index, SnapshotAny, 1, &scankey);
}

/* Begin to read the ends of consents in order, from the first after a time. */
static SysScanDesc
BeginExpiryScan(Relation rel, Relation index, TimestampTz after)
{
	ScanKeyData scankey;

	ScanKeyInit(&scankey, CHOICE_EXPIRES_AT, BTGreaterStrategyNumber,
				F_TIMESTAMPTZ_GT, TimestampTzGetDatum(after));
	return systable_beginscan_ordered(rel, index, SnapshotAny, 1, &scankey);
}

/*
 * Call back for everybody who reaches an age after one time and up to another,
 * and find the next time after that at which anybody does.  When a person
 * reaches it is for the callback "when", which has to follow birth dates.
 */
static TimestampTz
ForEachBirthday(const Registry *registry, int age,
				TimestampTz (*when) (DateADT birth_date, int age),
				TimestampTz after, TimestampTz upto,
				ChangeCallback callback, void *arg)
{
	TimestampTz next = DT_NOEND;
	Relation	rel = table_open(registry->subject, AccessShareLock);
	Relation	index = index_open(registry->subject_birth_date, AccessShareLock);
	SysScanDesc scan = BeginBirthdayScan(rel, index, after, age);
	HeapTuple	tuple;
	SubjectKey	key;
	bool		isnull;

	while (HeapTupleIsValid(tuple = NextUncounted(scan)))
	{
		TimestampTz reached = when(DatumGetDateADT(heap_getattr(tuple, SUBJECT_BIRTH_DATE, RelationGetDescr(rel), &isnull)),
								   age);

		CHECK_FOR_INTERRUPTS();
		if (reached > upto)
		{
			next = reached;
			break;
		}
		if (reached <= after)
			continue;
		SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(heap_getattr(tuple, SUBJECT_ID, RelationGetDescr(rel), &isnull)));
		callback(&key, arg);
	}
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
	table_close(rel, NoLock);
	return next;
}

/* EndOfPlausibleAge() as ForEachBirthday() wants it. */
static TimestampTz
BecomesImplausible(DateADT birth_date, int age)
{
	Assert(age == MAXIMUM_AGE);
	return EndOfPlausibleAge(birth_date);
}

/*
 * Call back for everybody who comes of age, whose birth date becomes
 * implausible or whose consent to anything ends after one time and up to
 * another, and find the next time after that at which that happens; DT_NOEND
 * when it never does.
 */
TimestampTz
ForEachClockChange(const Registry *registry, int minimum_age,
				   TimestampTz after, TimestampTz upto,
				   ChangeCallback callback, void *arg)
{
	TimestampTz next;
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	HeapTuple	tuple;
	SubjectKey	key;
	bool		isnull;

	next = Min(ForEachBirthday(registry, minimum_age, ComingOfAge,
							   after, upto, callback, arg),
			   ForEachBirthday(registry, MAXIMUM_AGE, BecomesImplausible,
							   after, upto, callback, arg));

	rel = table_open(registry->choice, AccessShareLock);
	index = index_open(registry->choice_expires_at, AccessShareLock);
	scan = BeginExpiryScan(rel, index, after);
	while (HeapTupleIsValid(tuple = NextUncounted(scan)))
	{
		TimestampTz expires_at = DatumGetTimestampTz(heap_getattr(tuple, CHOICE_EXPIRES_AT, RelationGetDescr(rel), &isnull));

		CHECK_FOR_INTERRUPTS();
		if (expires_at > upto)
		{
			next = Min(next, expires_at);
			break;
		}
		SubjectKeyFromVarlena(&key, PG_DETOAST_DATUM_PACKED(heap_getattr(tuple, CHOICE_SUBJECT, RelationGetDescr(rel), &isnull)));
		callback(&key, arg);
	}
	systable_endscan_ordered(scan);
	index_close(index, NoLock);
	table_close(rel, NoLock);
	return next;
}
