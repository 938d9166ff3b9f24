/*
 * registry.c
 *		Reading the extension's own tables, as the owner of the extension.
 *
 * The gate runs inside queries of people who have no right to the registry.
 * So the tables are read here straight through their primary keys, below the
 * level where PostgreSQL checks privileges: no SQL is run, nobody's rights are
 * borrowed, and no function of a user is called while reading.
 *
 * Every read takes the snapshot of the calling query.  What the query cannot
 * see, the decision does not see; what its own transaction wrote, it does.
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/nbtree.h"
#include "access/relscan.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "pgstat.h"
#include "rewrite/rowsecurity.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "registry.h"

/* Far above any sensible tree; a longer chain can only be a cycle. */
#define MAX_LEVELS 1000

/*
 * The permission that, when it is there, says that PUBLIC may not use the root
 * purpose.  No purpose can bear its name.
 */
#define ROOT_CLOSED "!" ROOT_PURPOSE

/*
 * Find a relation of the extension's schema.  Throws undefined_table when the
 * extension is half there, so that the gate fails closed.
 */
static Oid
RegistryRelation(Oid schema, const char *name)
{
	Oid			relid = get_relname_relid(name, schema);

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"%s.%s\" does not exist",
						EXTENSION_SCHEMA, name)));
	return relid;
}

/* What GetRegistry() found, while it is valid. */
static Registry registry_cache;
static bool registry_valid = false;
uint64		registry_generation = 0;
uint64		answers_epoch = 1;

/* The table "permission", when last looked for; and how its name is cached. */
static Oid	permission_table = InvalidOid;
static uint32 permission_hash;

/* See registry_generation. */
static void
RegistryChanged(void)
{
	registry_generation++;
	answers_epoch++;
}

/* Forget where the registry is when one of its relations is redefined. */
static void
RegistryRelationChanged(Datum arg, Oid relid)
{
	const Registry *registry = &registry_cache;

	if (relid == InvalidOid || relid == registry->purpose ||
		relid == registry->subject || relid == registry->choice ||
		relid == registry->change || relid == registry->review ||
		relid == registry->purpose_version || relid == registry->event ||
		relid == registry->tombstone_secret || relid == permission_table)
	{
		registry_valid = false;
		RegistryChanged();
	}
}

/* The database may have been given to another owner, or written anew. */
static void
DatabaseChanged(Datum arg, int cacheid, uint32 hashvalue)
{
	registry_valid = false;
	RegistryChanged();
}

/* Somebody's roles or the roles' members changed. */
static void
RolesChanged(Datum arg, int cacheid, uint32 hashvalue)
{
	RegistryChanged();
}

/* A relation was made, renamed or dropped: "permission" perhaps. */
static void
RelationNamed(Datum arg, int cacheid, uint32 hashvalue)
{
	if (hashvalue == 0 || hashvalue == permission_hash)
		RegistryChanged();
}

/* The file that a table is in. */
static Oid
FileOf(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			file;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	file = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
	ReleaseSysCache(tuple);
	return file;
}

/* See RegistryIdentity. */
static void
IdentifyRegistry(Registry *registry)
{
	RegistryIdentity *identity = &registry->identity;
	HeapTuple	tuple = SearchSysCache1(DATABASEOID,
										ObjectIdGetDatum(MyDatabaseId));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for database %u", MyDatabaseId);
	memset(identity, 0, sizeof(*identity));
	identity->database = MyDatabaseId;
	identity->database_xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
	ReleaseSysCache(tuple);
	identity->table = registry->subject;
	identity->files[0] = FileOf(registry->purpose);
	identity->files[1] = FileOf(registry->subject);
	identity->files[2] = FileOf(registry->choice);
	identity->files[3] = FileOf(registry->change);
}

/*
 * A function of a trigger of the log of changes.  Not by LookupFuncName(), which
 * the caller's lack of USAGE would stop.
 */
static Oid
TriggerFunction(const char *name, Oid schema)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(NULL, 0)),
						   ObjectIdGetDatum(schema));
}

/*
 * Does a table have its two triggers of the log of changes, and do they fire
 * always?  Asked of the catalog, so as not to wait for a lock on the table.
 * The first of them is put down at an index, with the transactions that defined
 * the triggers last.
 */
static bool
HasTriggers(Registry *registry, Oid relid, Oid function, int index)
{
	Relation	rel = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	int			found = 0;

	ScanKeyInit(&scankey, Anum_pg_trigger_tgrelid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, TriggerRelidNameIndexId, true, NULL, 1,
							  &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_trigger trigger = (Form_pg_trigger) GETSTRUCT(tuple);

		if (trigger->tgfoid != function ||
			trigger->tgenabled != TRIGGER_FIRES_ALWAYS)
			continue;
		if (found < 2)
		{
			registry->identity.triggers[index + found] =
				HeapTupleHeaderGetRawXmin(tuple->t_data);
			registry->trigger_xmin[index + found] =
				HeapTupleHeaderGetXmin(tuple->t_data);
		}
		found++;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found == 2;
}

/* Are all changes logged, and is the log kept? */
static bool
HasLog(Registry *registry, Oid schema)
{
	Oid			log_change = TriggerFunction("log_change", schema);
	Oid			keep_change = TriggerFunction("keep_change", schema);

	memset(registry->trigger_xmin, 0, sizeof(registry->trigger_xmin));
	return HasTriggers(registry, registry->purpose, log_change, 0) &&
		HasTriggers(registry, registry->subject, log_change, 2) &&
		HasTriggers(registry, registry->choice, log_change, 4) &&
		HasTriggers(registry, registry->change, keep_change, 6);
}

/* Where the registry is.  Throws when it is not complete. */
const Registry *
GetRegistry(void)
{
	static bool callbacks_registered = false;
	Registry   *registry = &registry_cache;
	uint64		generation = registry_generation;
	Oid			schema;
	Oid			subject_id;
	Oid			opclass;
	Oid			equal;

	if (likely(registry_valid))
		return registry;

	if (!callbacks_registered)
	{
		CacheRegisterRelcacheCallback(RegistryRelationChanged, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, RolesChanged, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, RolesChanged, (Datum) 0);
		CacheRegisterSyscacheCallback(RELNAMENSP, RelationNamed, (Datum) 0);
		CacheRegisterSyscacheCallback(DATABASEOID, DatabaseChanged, (Datum) 0);
		callbacks_registered = true;
	}

	schema = get_namespace_oid(EXTENSION_SCHEMA, false);
	permission_hash = GetSysCacheHashValue2(RELNAMENSP,
											CStringGetDatum("permission"),
											ObjectIdGetDatum(schema));
	registry->purpose = RegistryRelation(schema, "purpose");
	registry->purpose_pkey = RegistryRelation(schema, "purpose_pkey");
	registry->purpose_version = RegistryRelation(schema, "purpose_version");
	registry->purpose_version_pkey = RegistryRelation(schema, "purpose_version_pkey");
	registry->subject = RegistryRelation(schema, "subject");
	registry->subject_pkey = RegistryRelation(schema, "subject_pkey");
	registry->subject_birth_date = RegistryRelation(schema, "subject_birth_date_idx");
	registry->choice = RegistryRelation(schema, "choice");
	registry->choice_pkey = RegistryRelation(schema, "choice_pkey");
	registry->choice_expires_at = RegistryRelation(schema, "choice_expires_at_idx");
	registry->change = RegistryRelation(schema, "change");
	registry->change_xid = RegistryRelation(schema, "change_xid_idx");
	registry->review = RegistryRelation(schema, "review");
	registry->review_open = RegistryRelation(schema, "review_open_idx");
	registry->event = RegistryRelation(schema, "event");
	registry->event_link = RegistryRelation(schema, "event_link_key");
	registry->tombstone_secret = RegistryRelation(schema, "tombstone_secret");
	CheckRegistryColumns(registry);

	subject_id = get_atttype(registry->subject, SUBJECT_ID);
	opclass = GetDefaultOpClass(subject_id, BTREE_AM_OID);
	equal = get_opfamily_member(get_opclass_family(opclass),
								subject_id, subject_id,
								BTEqualStrategyNumber);
	fmgr_info_cxt(get_opcode(equal), &registry->subject_id_eq,
				  TopMemoryContext);
	IdentifyRegistry(registry);
	registry->logged = HasLog(registry, schema);

	/* What was invalidated while this looked is looked up again next time. */
	registry_valid = generation == registry_generation;
	return registry;
}

/* Has the registry that GetRegistry() found last been dropped? */
bool
RegistryGone(void)
{
	return !registry_valid &&
		!SearchSysCacheExists1(RELOID,
							   ObjectIdGetDatum(registry_cache.subject));
}

/* Make an equality key on a column of the subject_id type. */
void
SubjectScanKey(ScanKey scankey, AttrNumber attnum, const Registry *registry,
			   Datum subject)
{
	ScanKeyEntryInitializeWithInfo(scankey, 0, attnum, BTEqualStrategyNumber,
								   InvalidOid, InvalidOid,
								   unconstify(FmgrInfo *, &registry->subject_id_eq),
								   subject);
}

/*
 * Read one row of "purpose" into values and nulls, allocated in the current
 * memory context.  False when the snapshot has no such row.
 */
static bool
ReadPurposeRow(const Registry *registry, const char *name, Snapshot snapshot,
			   Datum *values, bool *nulls)
{
	Relation	rel = table_open(registry->purpose, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	/* ScanKeyInit takes the C collation, which is the column's too. */
	ScanKeyInit(&scankey, PURPOSE_NAME, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(name));
	scan = systable_beginscan(rel, registry->purpose_pkey, true, snapshot,
							  1, &scankey);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		/* The copy outlives the scan, and so do pointers into it. */
		heap_deform_tuple(heap_copytuple(tuple), RelationGetDescr(rel),
						  values, nulls);
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/* One definition that a purpose has or had, and from when until when. */
typedef struct PurposeVersion
{
	TimestampTz added_at;
	TimestampTz dropped_at;		/* DT_NOEND while it has not been */
	Datum		values[PURPOSE_VERSION_NATTS];
	bool		nulls[PURPOSE_VERSION_NATTS];
} PurposeVersion;

/*
 * Complain about a row of "purpose" that is not about profiling.
 *
 * Art. 4(4): automated processing of personal data to evaluate a person.  Where
 * one of the three is missing, the rules of profiling have no answer, neither a
 * yes nor a no.
 */
static void
CheckIsProfiling(const char *name, const Datum *values)
{
	StringInfoData lacking;

	initStringInfo(&lacking);
	if (!DatumGetBool(values[PURPOSE_AUTOMATED - 1]))
		appendStringInfoString(&lacking, ", automated processing");
	if (!DatumGetBool(values[PURPOSE_PERSONAL_DATA - 1]))
		appendStringInfoString(&lacking, ", personal data");
	if (!DatumGetBool(values[PURPOSE_EVALUATES_PERSON - 1]))
		appendStringInfoString(&lacking, ", the evaluation of a person");
	if (lacking.len > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("purpose \"%s\" is not profiling", name),
				 errdetail("Of the elements of profiling it lacks: %s.",
						   lacking.data + 2),
				 errhint("consent_profiling.describe_purpose() tells what the purpose is.")));
	pfree(lacking.data);
}

/*
 * Which of two definitions of one purpose says more about what was known at a
 * time: the newest known by then, also when it had been dropped; failing that
 * the earliest, since a person's past is asked about more often than it was
 * described.
 */
static bool
IsBetterVersion(const PurposeVersion *a, const PurposeVersion *b,
				TimestampTz known_at)
{
	bool		a_known = a->added_at <= known_at;
	bool		b_known = b->added_at <= known_at;

	if (a_known != b_known)
		return a_known;
	if (a->added_at != b->added_at)
		return (a->added_at > b->added_at) == a_known;
	return a->dropped_at > b->dropped_at;
}

/*
 * Read from "purpose_version" what ReadPurposeRow() would have read from
 * "purpose" at a past time.  False when there never was such a purpose.
 */
static bool
ReadPurposeRowKnownAt(const Registry *registry, const char *name,
					  TimestampTz known_at, Snapshot snapshot,
					  Datum *values, bool *nulls)
{
	Relation	rel = table_open(registry->purpose_version, AccessShareLock);
	PurposeVersion best;
	PurposeVersion next;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&scankey, PURPOSE_NAME, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(name));
	scan = systable_beginscan(rel, registry->purpose_version_pkey, true,
							  snapshot, 1, &scankey);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		/* The copy outlives the scan, and so do pointers into it. */
		heap_deform_tuple(heap_copytuple(tuple), RelationGetDescr(rel),
						  next.values, next.nulls);
		next.added_at =
			DatumGetTimestampTz(next.values[PURPOSE_VERSION_ADDED_AT - 1]);
		next.dropped_at = next.nulls[PURPOSE_VERSION_DROPPED_AT - 1] ? DT_NOEND :
			DatumGetTimestampTz(next.values[PURPOSE_VERSION_DROPPED_AT - 1]);
		if (!found || IsBetterVersion(&next, &best, known_at))
			best = next;
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (found)
	{
		memcpy(values, best.values, PURPOSE_NATTS * sizeof(Datum));
		memcpy(nulls, best.nulls, PURPOSE_NATTS * sizeof(bool));
	}
	return found;
}

/*
 * Read a purpose and its lineage into the current memory context: as they are,
 * or, when known_at is not NULL, as they were known then.
 *
 * Throws undefined_object for a name that the snapshot does not have: a
 * mistyped purpose must not pass for a person who may not be profiled.  Throws
 * object_not_in_prerequisite_state for a purpose that is not profiling.
 */
static Purpose *
ReadLineage(const Registry *registry, const char *name,
			const TimestampTz *known_at, Snapshot snapshot)
{
	Purpose    *purpose = palloc0(sizeof(Purpose));
	List	   *names = NIL;
	ListCell   *lc;
	const char *next = name;
	bool		below_marketing = false;

	while (next != NULL)
	{
		Datum		values[PURPOSE_NATTS];
		bool		nulls[PURPOSE_NATTS];
		PurposeRules *rules = &purpose->rules;

		if (list_length(names) > MAX_LEVELS)
			elog(ERROR, "purpose \"%s\" is above itself", name);
		if (known_at == NULL ?
			!ReadPurposeRow(registry, next, snapshot, values, nulls) :
			!ReadPurposeRowKnownAt(registry, next, *known_at, snapshot,
								   values, nulls))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("purpose \"%s\" does not exist", next)));

		if (names == NIL)
		{
			bool		special = DatumGetBool(values[PURPOSE_SPECIAL_CATEGORY - 1]);

			CheckIsProfiling(name, values);
			purpose->basis = TextDatumGetCString(values[PURPOSE_BASIS - 1]);
			purpose->automated_decision =
				DatumGetBool(values[PURPOSE_AUTOMATED_DECISION - 1]);
			rules->minimum_age = DatumGetInt32(values[PURPOSE_MINIMUM_AGE - 1]);
			/* Art. 6(1)(a), 9(2)(a) */
			rules->needs_consent = special ||
				strcmp(purpose->basis, "consent") == 0;
			rules->needs_explicit = special;
		}

		/* What is below direct marketing is direct marketing. */
		if (DatumGetBool(values[PURPOSE_DIRECT_MARKETING - 1]))
			rules->direct_marketing = true;
		if (strcmp(next, MARKETING_PURPOSE) == 0)
			below_marketing = true;

		names = lappend(names, pstrdup(next));
		next = nulls[PURPOSE_BROADER - 1] ? NULL :
			TextDatumGetCString(values[PURPOSE_BROADER - 1]);
	}

	/*
	 * Art. 21(3): an objection to direct marketing reaches every such purpose,
	 * also one that was written by hand elsewhere in the tree.
	 */
	if (purpose->rules.direct_marketing && !below_marketing)
		names = list_insert_nth(names, list_length(names) - 1,
								MARKETING_PURPOSE);
	purpose->rules.objections_reach =
		ObjectionsReach(purpose->basis, purpose->rules.direct_marketing);

	/* The purpose itself comes first, and the root last. */
	purpose->names = palloc(list_length(names) * sizeof(char *));
	foreach(lc, names)
		purpose->names[purpose->nlevels++] = lfirst(lc);
	return purpose;
}

/* Read a purpose and its lineage; throws undefined_object. */
Purpose *
ReadPurpose(const Registry *registry, const char *name, Snapshot snapshot)
{
	return ReadLineage(registry, name, NULL, snapshot);
}

/*
 * Read a purpose and its lineage by the definitions known at a time; throws
 * undefined_object for one that never was.
 */
Purpose *
ReadPurposeKnownAt(const Registry *registry, const char *name,
				   TimestampTz known_at, Snapshot snapshot)
{
	return ReadLineage(registry, name, &known_at, snapshot);
}

/* Does a policy's role list contain PUBLIC or a role whose rights userid has? */
static bool
RolesInclude(ArrayType *roles, Oid userid)
{
	Oid		   *oids = (Oid *) ARR_DATA_PTR(roles);
	int			n = ArrayGetNItems(ARR_NDIM(roles), ARR_DIMS(roles));

	for (int i = 0; i < n; i++)
	{
		if (oids[i] == ACL_ID_PUBLIC || has_privs_of_role(userid, oids[i]))
			return true;
	}
	return false;
}

/*
 * The purpose that a policy on "permission" is for, or NULL when it is not one
 * that allow_purpose() made.  It stands in the condition, "'PURPOSE' IS NULL",
 * since the name of a policy has to be a policy's own.
 */
static char *
PermittedPurpose(const RowSecurityPolicy *policy)
{
	NullTest   *test = (NullTest *) policy->qual;
	Const	   *purpose;

	if (test == NULL || !IsA(test, NullTest) || !IsA(test->arg, Const))
		return NULL;
	purpose = (Const *) test->arg;
	if (purpose->consttype != TEXTOID || purpose->constisnull)
		return NULL;
	return TextDatumGetCString(purpose->constvalue);
}

/*
 * May this role profile for this purpose?
 *
 * The install script says why that is kept in policies.  They are read as the
 * catalogue has them now, whatever the snapshot of the query.
 */
bool
PurposeAllowed(const Registry *registry, const char *name, Oid userid)
{
	Oid			relid;
	Relation	rel;
	bool		is_root = strcmp(name, ROOT_PURPOSE) == 0;
	bool		root_closed = false;
	bool		allowed = false;
	ListCell   *lc;

	if (superuser_arg(userid))
		return true;

	/* At the start PUBLIC may use the root purpose, and that alone. */
	relid = get_relname_relid("permission", get_rel_namespace(registry->purpose));
	permission_table = relid;
	if (!OidIsValid(relid))
		return is_root;

	rel = table_open(relid, AccessShareLock);
	if (rel->rd_rsdesc == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("row security of table \"%s.permission\" is switched off",
						EXTENSION_SCHEMA)));
	foreach(lc, rel->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = (RowSecurityPolicy *) lfirst(lc);
		char	   *purpose = PermittedPurpose(policy);

		if (purpose == NULL)
			continue;
		if (strcmp(purpose, name) == 0 &&
			RolesInclude(policy->roles, userid))
			allowed = true;
		else if (strcmp(purpose, ROOT_CLOSED) == 0)
			root_closed = true;
		pfree(purpose);
	}

	/* Not kept locked, or allow_purpose() would wait for every reader. */
	table_close(rel, AccessShareLock);
	return allowed || (is_root && !root_closed);
}

/* Throws insufficient_privilege for a purpose that the role was not allowed. */
void
CheckPurposeAllowed(const Registry *registry, const char *name, Oid userid)
{
	if (!PurposeAllowed(registry, name, userid))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" is not allowed to profile for purpose \"%s\"",
						GetUserNameFromId(userid, false), name),
				 errhint("An administrator can allow it with consent_profiling.allow_purpose().")));
}

/* A nullable timestamp column as the decision wants it. */
static TimestampTz
TimeOrNever(Datum value, bool isnull)
{
	return isnull ? DT_NOBEGIN : DatumGetTimestampTz(value);
}

/* Copy one row of "choice" into the facts of its level. */
static void
FillChoice(ChoiceFacts *choice, HeapTuple tuple, TupleDesc tupdesc)
{
	Datum		values[CHOICE_NATTS];
	bool		nulls[CHOICE_NATTS];

	heap_deform_tuple(tuple, tupdesc, values, nulls);
	choice->has_consent = !nulls[CHOICE_CONSENT - 1];
	if (choice->has_consent)
		choice->consent = *DatumGetConsentP(values[CHOICE_CONSENT - 1]);
	choice->has_refusal = !nulls[CHOICE_REFUSAL - 1];
	if (choice->has_refusal)
		choice->refusal = *DatumGetConsentP(values[CHOICE_REFUSAL - 1]);
	choice->raised_at = TimeOrNever(values[CHOICE_RAISED_AT - 1],
									nulls[CHOICE_RAISED_AT - 1]);
	choice->withdrawn_at = TimeOrNever(values[CHOICE_WITHDRAWN_AT - 1],
									   nulls[CHOICE_WITHDRAWN_AT - 1]);
	choice->overridden_at = TimeOrNever(values[CHOICE_OVERRIDDEN_AT - 1],
										nulls[CHOICE_OVERRIDDEN_AT - 1]);
}

/* The level at which a purpose's lineage has a name, or -1. */
int
LevelOfPurpose(const Purpose *purpose, Datum value)
{
	text	   *name = DatumGetTextPP(value);
	int			len = VARSIZE_ANY_EXHDR(name);

	for (int i = 0; i < purpose->nlevels; i++)
	{
		if (len == (int) strlen(purpose->names[i]) &&
			memcmp(VARDATA_ANY(name), purpose->names[i], len) == 0)
			return i;
	}
	return -1;
}

/* Facts about nobody, to be filled in. */
void
ClearFacts(SubjectFacts *facts, const Purpose *purpose)
{
	facts->registered = false;
	facts->nlevels = purpose->nlevels;
	for (int i = 0; i < purpose->nlevels; i++)
		facts->choices[i] = (ChoiceFacts)
		{
			.raised_at = DT_NOBEGIN,
			.withdrawn_at = DT_NOBEGIN,
			.overridden_at = DT_NOBEGIN
		};
}

/* Copy one row of "subject" into the facts. */
static void
FillSubject(SubjectFacts *facts, HeapTuple tuple, TupleDesc tupdesc)
{
	Datum		values[SUBJECT_NATTS];
	bool		nulls[SUBJECT_NATTS];

	heap_deform_tuple(tuple, tupdesc, values, nulls);
	facts->registered = true;
	facts->registered_at = DatumGetTimestampTz(values[SUBJECT_REGISTERED_AT - 1]);
	facts->has_birth_date = !nulls[SUBJECT_BIRTH_DATE - 1];
	if (facts->has_birth_date)
		facts->birth_date = DatumGetDateADT(values[SUBJECT_BIRTH_DATE - 1]);
	facts->restricted = !nulls[SUBJECT_RESTRICTED_AT - 1];
	facts->restricted_at = TimeOrNever(values[SUBJECT_RESTRICTED_AT - 1],
									   nulls[SUBJECT_RESTRICTED_AT - 1]);
	facts->erased = !nulls[SUBJECT_ERASED_AT - 1];
	facts->erased_at = TimeOrNever(values[SUBJECT_ERASED_AT - 1],
								   nulls[SUBJECT_ERASED_AT - 1]);
}

/* Add one row of "choice" to the facts, if it is about the purpose at all. */
static void
AddChoice(SubjectFacts *facts, const Purpose *purpose, HeapTuple tuple,
		  TupleDesc tupdesc)
{
	bool		isnull;
	int			level = LevelOfPurpose(purpose, heap_getattr(tuple, CHOICE_PURPOSE,
															 tupdesc, &isnull));

	if (level >= 0)
		FillChoice(&facts->choices[level], tuple, tupdesc);
}

/*
 * Rows about people are read with the three functions that follow, for which
 * PostgreSQL's statistics count neither scans nor rows nor pages.  Everybody may
 * read the statistics, and they would tell whether a person's rows are there.
 *
 * Counting stops only within a call, so that what else is done with the table in
 * between is counted.  Opening a relation makes it count again; until then an
 * index stays uncounted in this backend, and so does a table if an error is
 * thrown within the call, which is harmless.
 *
 * Dead rows that such a read removes from a page are not counted either, which
 * brings autovacuum a little earlier; what is inserted, updated and deleted is.
 */

/*
 * PostgreSQL ties a relation to its counters when it first counts something, so
 * a relation that counts again finds those it had.
 */
static void
StopCounting(Relation rel)
{
	pgstat_unlink_relation(rel);
	rel->pgstat_enabled = false;
}

/* Begin to read by an index, or, where indexes are ignored, from end to end. */
SysScanDesc
BeginUncounted(Relation rel, Oid index, Snapshot snapshot, ScanKey key)
{
	bool		counted = rel->pgstat_enabled;
	SysScanDesc scan;

	StopCounting(rel);
	scan = systable_beginscan(rel, index, true, snapshot, 1, key);
	rel->pgstat_enabled = counted;
	return scan;
}

/*
 * The next row of such a scan, or of one of systable_beginscan_ordered(), which
 * counts nothing itself.
 */
HeapTuple
NextUncounted(SysScanDesc scan)
{
	Relation	rel = scan->heap_rel;
	bool		counted = rel->pgstat_enabled;
	HeapTuple	tuple;

	StopCounting(rel);
	if (scan->irel != NULL)
		StopCounting(scan->irel);
	tuple = systable_getnext(scan);
	rel->pgstat_enabled = counted;
	return tuple;
}

/* End a scan of BeginUncounted(); it may read a page of the index once more. */
void
EndUncounted(SysScanDesc scan)
{
	if (scan->irel != NULL)
		StopCounting(scan->irel);
	systable_endscan(scan);
}

/* Has somebody been erased whose tombstone this is? */
bool
SubjectErased(const Registry *registry, const SubjectKey *key,
			  Snapshot snapshot)
{
	Datum		subject = PointerGetDatum(SubjectKeyToVarlena(key));
	Relation	rel = table_open(registry->subject, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		erased = false;

	SubjectScanKey(&scankey, SUBJECT_ID, registry, subject);
	scan = BeginUncounted(rel, registry->subject_pkey, snapshot, &scankey);
	tuple = NextUncounted(scan);
	if (HeapTupleIsValid(tuple))
		erased = !heap_attisnull(tuple, SUBJECT_ERASED_AT,
								 RelationGetDescr(rel));
	EndUncounted(scan);
	table_close(rel, NoLock);
	pfree(DatumGetPointer(subject));
	return erased;
}

/*
 * Read what is known of one subject for one purpose.  facts->choices must have
 * room for every level of the purpose.
 */
void
ReadSubject(const Registry *registry, const Purpose *purpose,
			const SubjectKey *key, Snapshot snapshot, SubjectFacts *facts)
{
	Datum		subject = PointerGetDatum(SubjectKeyToVarlena(key));
	Relation	rel;
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;

	ClearFacts(facts, purpose);
	rel = table_open(registry->subject, AccessShareLock);
	SubjectScanKey(&scankey, SUBJECT_ID, registry, subject);
	scan = BeginUncounted(rel, registry->subject_pkey, snapshot, &scankey);
	tuple = NextUncounted(scan);
	if (HeapTupleIsValid(tuple))
		FillSubject(facts, tuple, RelationGetDescr(rel));
	EndUncounted(scan);
	table_close(rel, NoLock);

	if (facts->registered)
	{
		rel = table_open(registry->choice, AccessShareLock);
		SubjectScanKey(&scankey, CHOICE_SUBJECT, registry, subject);
		scan = BeginUncounted(rel, registry->choice_pkey, snapshot, &scankey);
		while (HeapTupleIsValid(tuple = NextUncounted(scan)))
			AddChoice(facts, purpose, tuple, RelationGetDescr(rel));
		EndUncounted(scan);
		table_close(rel, NoLock);
	}
	pfree(DatumGetPointer(subject));
}

/*
 * Does somebody wait for a human to look at what was decided for this purpose,
 * or for one above it?  The index is of open reviews alone; but who has told
 * PostgreSQL not to use indexes meets the others, too.
 */
bool
ReviewIsOpen(const Registry *registry, const Purpose *purpose,
			 const SubjectKey *key, Snapshot snapshot)
{
	bool		isnull;
	Datum		subject = PointerGetDatum(SubjectKeyToVarlena(key));
	Relation	rel = table_open(registry->review, AccessShareLock);
	ScanKeyData scankey;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		open = false;

	SubjectScanKey(&scankey, REVIEW_SUBJECT, registry, subject);
	scan = BeginUncounted(rel, registry->review_open, snapshot, &scankey);
	while (!open && HeapTupleIsValid(tuple = NextUncounted(scan)))
		open = heap_attisnull(tuple, REVIEW_REVIEWED_AT, RelationGetDescr(rel)) &&
			LevelOfPurpose(purpose, heap_getattr(tuple, REVIEW_PURPOSE,
											   RelationGetDescr(rel),
											   &isnull)) >= 0;
	EndUncounted(scan);
	table_close(rel, NoLock);
	pfree(DatumGetPointer(subject));
	return open;
}

/* One of the two tables, read in the order of the subjects. */
typedef struct OrderedTable
{
	Relation	rel;
	Relation	index;
	SysScanDesc scan;
	HeapTuple	tuple;			/* NULL at the end */
	SubjectKey	key;
} OrderedTable;

/* Go on to the next row. */
static void
NextOrdered(OrderedTable *table)
{
	bool		isnull;

	table->tuple = NextUncounted(table->scan);
	if (HeapTupleIsValid(table->tuple))
		SubjectKeyFromVarlena(&table->key,
							  PG_DETOAST_DATUM_PACKED(heap_getattr(table->tuple, 1,
																   RelationGetDescr(table->rel),
																   &isnull)));
}

/* Begin at the first row. */
static void
BeginOrdered(OrderedTable *table, Oid relid, Oid indexid, Snapshot snapshot)
{
	table->rel = table_open(relid, AccessShareLock);
	table->index = index_open(indexid, AccessShareLock);
	table->scan = systable_beginscan_ordered(table->rel, table->index,
											 snapshot, 0, NULL);
	NextOrdered(table);
}

static void
EndOrdered(OrderedTable *table)
{
	systable_endscan_ordered(table->scan);
	index_close(table->index, NoLock);
	table_close(table->rel, NoLock);
}

/*
 * Call back with the facts about every subject, in the order of their keys.
 * Both tables are read by their primary keys, which begin with the subject,
 * and merged, so that it takes no memory.
 */
void
ForEachSubject(const Registry *registry, const Purpose *purpose,
			   Snapshot snapshot, SubjectCallback callback, void *arg)
{
	OrderedTable subject;
	OrderedTable choice;
	SubjectFacts facts;

	facts.choices = palloc(purpose->nlevels * sizeof(ChoiceFacts));
	BeginOrdered(&subject, registry->subject, registry->subject_pkey, snapshot);
	BeginOrdered(&choice, registry->choice, registry->choice_pkey, snapshot);
	for (; subject.tuple != NULL; NextOrdered(&subject))
	{
		int			order = -1;

		CHECK_FOR_INTERRUPTS();
		ClearFacts(&facts, purpose);
		FillSubject(&facts, subject.tuple, RelationGetDescr(subject.rel));
		while (choice.tuple != NULL &&
			   (order = SubjectKeyCompare(&choice.key, &subject.key)) <= 0)
		{
			CHECK_FOR_INTERRUPTS();
			if (order == 0)
				AddChoice(&facts, purpose, choice.tuple,
						  RelationGetDescr(choice.rel));
			NextOrdered(&choice);
		}
		callback(&subject.key, &facts, arg);
	}
	EndOrdered(&choice);
	EndOrdered(&subject);
	pfree(facts.choices);
}
