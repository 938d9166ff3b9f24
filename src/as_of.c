/*
 * as_of.c
 *		What was known of one subject at a past moment, from the history.
 *
 * "subject" and "choice" say what is; the history says how it came about.  To
 * answer for a past moment (Art. 5(2) GDPR) the events of one person are folded
 * again, in the way in which the recording functions folded them into these two
 * tables, into the same facts, and Decide() does the rest.
 *
 * There are two times.  known_at is when the database was asked: an event that
 * was recorded later does not count.  as_of is the moment the answer is about:
 * an act that took place later does not count.  That there is such a person and
 * when they were born is true whenever it came to be known, so for these
 * known_at alone counts.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "as_of.h"
#include "miscadmin.h"
#include "objection.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

/* What an act does to the row of a person in "subject". */
typedef enum ActKind
{
	ACT_REGISTERS,				/* and claims a birth date, or none */
	ACT_UNDATES,				/* a table takes back the date it claimed */
	ACT_RECTIFIES,
	ACT_RESTRICTS,
	ACT_LIFTS,
	ACT_ERASES
} ActKind;

static const struct
{
	const char *name;
	ActKind		kind;
}			acts[] = {
	{"register_subject", ACT_REGISTERS},
	{"import_subjects", ACT_REGISTERS},
	{"track_subjects", ACT_REGISTERS},
	{"rectify_birth_date", ACT_RECTIFIES},
	{"restrict_subject", ACT_RESTRICTS},
	{"lift_restriction", ACT_LIFTS},
	{"erase_subject", ACT_ERASES},
};

/* A birth date, or none. */
typedef struct BirthDate
{
	bool		known;
	DateADT		date;
} BirthDate;

/* One such act. */
typedef struct Act
{
	int32		link;			/* its number among the acts about the person */
	ActKind		kind;
	TimestampTz at;
	BirthDate	birth_date;
} Act;

/* Those of one person, in the order in which they are found. */
typedef struct ActList
{
	int			count;
	int			room;
	Act		   *acts;
} ActList;

/* For qsort(): the order in which acts about one person were recorded. */
static int
CompareActs(const void *a, const void *b)
{
	int32		a_link = ((const Act *) a)->link;
	int32		b_link = ((const Act *) b)->link;

	return (a_link > b_link) - (a_link < b_link);
}

/*
 * Does an event say that a tracked table took back the birth date that it had
 * claimed?  See sync_subjects_batch().
 */
static bool
TakesBackBirthDate(HeapTuple tuple, TupleDesc tupdesc)
{
	bool		isnull;
	Datum		detail = heap_getattr(tuple, EVENT_DETAIL, tupdesc, &isnull);

	return !isnull &&
		DatumGetBool(DirectFunctionCall2(jsonb_exists, detail,
										 CStringGetTextDatum("removed_birth_date")));
}

/* Remember an event if it is such an act. */
static void
AddAct(ActList *list, HeapTuple tuple, TupleDesc tupdesc, TimestampTz at,
	   bool known)
{
	bool		isnull;
	text	   *name = DatumGetTextPP(heap_getattr(tuple, EVENT_ACT, tupdesc,
												   &isnull));
	int			len = VARSIZE_ANY_EXHDR(name);
	Act		   *act;
	int			i;

	for (i = 0; i < (int) lengthof(acts); i++)
	{
		if (len == (int) strlen(acts[i].name) &&
			memcmp(VARDATA_ANY(name), acts[i].name, len) == 0)
			break;
	}

	/* What there was to replay of somebody erased is gone from every time. */
	if (i == (int) lengthof(acts) || (!known && acts[i].kind != ACT_ERASES))
		return;

	if (list->count == list->room)
	{
		list->room = Max(8, 2 * list->room);
		list->acts = list->acts == NULL ? palloc(list->room * sizeof(Act)) :
			repalloc(list->acts, list->room * sizeof(Act));
	}
	act = &list->acts[list->count++];
	act->link = DatumGetInt32(heap_getattr(tuple, EVENT_LINK, tupdesc, &isnull));
	act->kind = acts[i].kind;
	act->at = at;
	act->birth_date.date = DatumGetDateADT(heap_getattr(tuple, EVENT_BIRTH_DATE,
														tupdesc, &isnull));
	act->birth_date.known = !isnull;
	if (act->kind == ACT_REGISTERS && TakesBackBirthDate(tuple, tupdesc))
		act->kind = ACT_UNDATES;
}

/* Somebody is known from the first such act on. */
static void
Register(SubjectFacts *facts, const Act *act, TimestampTz as_of)
{
	if (facts->registered)
		return;
	facts->registered = true;

	/* Who came to be known later has no time from which that counts. */
	facts->registered_at = act->at <= as_of ? act->at : DT_NOBEGIN;
}

/*
 * Do to the facts what an act did to the row in "subject".
 *
 * Of several birth dates that were claimed the youngest holds, so that the last
 * writer does not make an adult of a child.  Claims are remembered while a table
 * has taken its own back; rectifying starts over.
 */
static void
ApplyAct(SubjectFacts *facts, BirthDate *youngest, const Act *act,
		 TimestampTz as_of)
{
	switch (act->kind)
	{
		case ACT_REGISTERS:
			Register(facts, act, as_of);
			if (!act->birth_date.known)
				break;
			if (!youngest->known || youngest->date < act->birth_date.date)
				*youngest = act->birth_date;
			facts->has_birth_date = true;
			facts->birth_date = youngest->date;
			break;

		case ACT_UNDATES:
			facts->has_birth_date = false;
			break;

			/* Art. 16 */
		case ACT_RECTIFIES:
			*youngest = act->birth_date;
			facts->has_birth_date = act->birth_date.known;
			facts->birth_date = act->birth_date.date;
			break;

			/* Art. 18: since the first of those that were not lifted */
		case ACT_RESTRICTS:
			if (act->at <= as_of && !facts->restricted)
			{
				facts->restricted = true;
				facts->restricted_at = act->at;
			}
			break;

		case ACT_LIFTS:
			if (act->at <= as_of)
				facts->restricted = false;
			break;

			/* Art. 17: the tombstone is all that is left, for any moment */
		case ACT_ERASES:
			facts->registered = true;
			if (!facts->erased)
				facts->erased_at = act->at;
			facts->erased = true;
			break;
	}
}

/*
 * Do to the facts what an act about a consent or an objection did to the row in
 * "choice", whichever function recorded it.  Each keeps what prevails of its
 * kind, so these may come in any order.
 */
static void
ApplyChoice(SubjectFacts *facts, const Purpose *purpose, HeapTuple tuple,
			TupleDesc tupdesc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, EVENT_PURPOSE, tupdesc, &isnull);
	int			level = isnull ? -1 : LevelOfPurpose(purpose, value);
	ChoiceFacts *choice;

	if (level < 0)
		return;
	choice = &facts->choices[level];

	value = heap_getattr(tuple, EVENT_CONSENT, tupdesc, &isnull);
	if (!isnull)
	{
		Consent    *consent = DatumGetConsentP(value);

		if (!choice->has_consent ||
			CompareConsents(consent, &choice->consent) > 0)
			choice->consent = *consent;
		choice->has_consent = true;
		if (ConsentStatusIsNo(consent->status))
		{
			if (!choice->has_refusal ||
				CompareConsents(consent, &choice->refusal) > 0)
				choice->refusal = *consent;
			choice->has_refusal = true;
		}
	}

	value = heap_getattr(tuple, EVENT_OBJECTION, tupdesc, &isnull);
	if (!isnull)
	{
		Objection  *objection = DatumGetObjectionP(value);
		TimestampTz *newest = NULL;

		switch ((ObjectionStatus) objection->status)
		{
			case OBJECTION_RAISED:
			case OBJECTION_UPHELD:
				newest = &choice->raised_at;
				break;
			case OBJECTION_OVERRIDDEN:
				newest = &choice->overridden_at;
				break;
			case OBJECTION_WITHDRAWN:
				newest = &choice->withdrawn_at;
				break;
		}
		if (newest != NULL)
			*newest = Max(*newest, objection->at);
	}
}

/*
 * Fill in what was known by known_at of one subject and valid at as_of, as
 * ReadSubject() fills in what is.  facts->choices must have room for every
 * level of the purpose.
 */
void
ReplaySubject(const Registry *registry, const Purpose *purpose,
			  const SubjectKey *key, TimestampTz as_of, TimestampTz known_at,
			  Snapshot snapshot, SubjectFacts *facts)
{
	Datum		subject = PointerGetDatum(SubjectKeyToVarlena(key));
	Relation	rel = table_open(registry->event, AccessShareLock);
	TupleDesc	tupdesc = RelationGetDescr(rel);
	ActList		list = {0, 0, NULL};
	BirthDate	youngest = {false, 0};
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ClearFacts(facts, purpose);
	facts->has_birth_date = false;
	facts->restricted = false;
	facts->erased = false;

	SubjectScanKey(&scankey, EVENT_SUBJECT, registry, subject);
	scan = systable_beginscan(rel, registry->event_link, true, snapshot, 1,
							  &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		TimestampTz at =
			DatumGetTimestampTz(heap_getattr(tuple, EVENT_AT, tupdesc, &isnull));
		TimestampTz recorded_at =
			DatumGetTimestampTz(heap_getattr(tuple, EVENT_RECORDED_AT, tupdesc,
											 &isnull));
		bool		known = recorded_at <= known_at;

		CHECK_FOR_INTERRUPTS();
		AddAct(&list, tuple, tupdesc, at, known);
		if (known && at <= as_of)
			ApplyChoice(facts, purpose, tuple, tupdesc);
	}
	systable_endscan(scan);
	table_close(rel, NoLock);
	pfree(DatumGetPointer(subject));

	if (list.count > 1)
		qsort(list.acts, list.count, sizeof(Act), CompareActs);
	for (int i = 0; i < list.count; i++)
		ApplyAct(facts, &youngest, &list.acts[i], as_of);
}
