/*
 * gate_hook.c
 *		Gates that the catalogue alone would not apply.
 *
 * PostgreSQL applies a policy to the roles that inherit from those it is for,
 * and a permissive policy widens what may be seen.  So a member that does not
 * inherit is not gated, though it could become the gated role by SET ROLE; and
 * a copy of a gate that is permissive opens the table.  Citus makes such copies
 * on all shards.  While the library is loaded, the gates that a table has are
 * also applied to members of every kind, and as restrictive whatever the
 * catalogue says; and row security is forced on owners that become gated by
 * commands for which there are no event triggers.  It is loaded for every
 * query only when it is preloaded.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_auth_members.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "gate_hook.h"
#include "gate_policy.h"
#include "miscadmin.h"
#include "registry.h"
#include "rewrite/rowsecurity.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/catcache.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(ungated);
PG_FUNCTION_INFO_V1(is_preloaded);

static row_security_policy_hook_type next_policy_hook = NULL;
static ProcessUtility_hook_type next_utility_hook = NULL;
static bool preloaded = false;

/* The members that do not inherit from a role, as last looked up. */
static MemoryContext members_context = NULL;
static Oid	members_of = InvalidOid;
static List *members = NIL;

/* May a role use the rights of those that it is a member of? */
static pg_attribute_unused() bool
RoleInherits(Oid role)
{
	HeapTuple	tuple = SearchSysCache1(AUTHOID, ObjectIdGetDatum(role));
	bool		inherits = false;

	if (HeapTupleIsValid(tuple))
	{
		inherits = ((Form_pg_authid) GETSTRUCT(tuple))->rolinherit;
		ReleaseSysCache(tuple);
	}
	return inherits;
}

/* A membership or a role has changed. */
static void
ForgetMembers(Datum arg, int cacheid, uint32 hashvalue)
{
	members_of = InvalidOid;
}

/*
 * The members of a role, direct or not, whose own membership gives them no
 * inherited rights.  Those that inherit from these have the same rights as
 * these, so that naming these is enough.
 */
static List *
MembersWithoutInherit(Oid role)
{
	List	   *found = NIL;
	List	   *seen = list_make1_oid(role);
	ListCell   *lc;
	MemoryContext oldcontext;

	if (members_of == role)
		return members;
	/* The list grows while it is walked. */
	foreach(lc, seen)
	{
		CatCList   *list = SearchSysCacheList1(AUTHMEMROLEMEM,
											   ObjectIdGetDatum(lfirst_oid(lc)));

		for (int i = 0; i < list->n_members; i++)
		{
			HeapTuple	tuple = &list->members[i]->tuple;
			Oid			member = ((Form_pg_auth_members) GETSTRUCT(tuple))->member;

			if (!MembershipInherits((Form_pg_auth_members) GETSTRUCT(tuple)))
				found = list_append_unique_oid(found, member);
			seen = list_append_unique_oid(seen, member);
		}
		ReleaseSysCacheList(list);
	}

	members_of = InvalidOid;
	MemoryContextReset(members_context);
	oldcontext = MemoryContextSwitchTo(members_context);
	members = list_copy(found);
	MemoryContextSwitchTo(oldcontext);
	members_of = role;
	return members;
}

/*
 * The roles that a gate is for, and their members that do not inherit; NULL if
 * there are none of these.
 */
static ArrayType *
RolesWithMembers(ArrayType *roles)
{
	int			n = ArrayGetNItems(ARR_NDIM(roles), ARR_DIMS(roles));
	Oid		   *oids = (Oid *) ARR_DATA_PTR(roles);
	List	   *all = NIL;
	ListCell   *lc;
	Datum	   *elements;

	for (int i = 0; i < n; i++)
	{
		if (oids[i] == ACL_ID_PUBLIC)
			return NULL;
		all = list_concat(all, MembersWithoutInherit(oids[i]));
	}
	if (all == NIL)
		return NULL;
	elements = palloc((n + list_length(all)) * sizeof(Datum));
	for (int i = 0; i < n; i++)
		elements[i] = ObjectIdGetDatum(oids[i]);
	foreach(lc, all)
		elements[n++] = ObjectIdGetDatum(lfirst_oid(lc));
	return construct_array(elements, n, OIDOID, sizeof(Oid), true,
						   TYPALIGN_INT);
}

/*
 * The restrictive policies of a relation that are not in the catalogue as such.
 * PostgreSQL picks those that are for the user, and applies a condition once
 * that it has already from the catalogue.
 */
static List *
GatesOfRelation(CmdType command, Relation relation)
{
	List	   *policies = NIL;
	ListCell   *lc;

	if (next_policy_hook)
		policies = list_copy(next_policy_hook(command, relation));
	foreach(lc, relation->rd_rsdesc->policies)
	{
		RowSecurityPolicy *policy = lfirst(lc);
		RowSecurityPolicy *gate;
		ArrayType  *roles;
		PolicyFacts facts;

		/* PostgreSQL's own, where there is none */
		if (policy->policy_name == NULL)
			continue;
		JudgePolicy(policy->policy_name, policy->permissive, policy->polcmd,
					(Node *) policy->qual, (Node *) policy->with_check_qual, &facts);
		if (!facts.whole ||
			(facts.kind != POLICY_GATE && facts.kind != POLICY_CLOSED))
			continue;
		roles = RolesWithMembers(policy->roles);
		if (!policy->permissive && roles == NULL)
			continue;
		gate = palloc(sizeof(RowSecurityPolicy));
		*gate = *policy;
		gate->permissive = false;
		if (roles != NULL)
			gate->roles = roles;
		policies = lappend(policies, gate);
	}
	return policies;
}

/* Is there an option of this name? */
static bool
HasOption(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		if (strcmp(lfirst_node(DefElem, lc)->defname, name) == 0)
			return true;
	}
	return false;
}

/*
 * May this command make the owner of a table a member of a gated role?  A new
 * role does with IN ROLE, through its own members; a superuser counts as a
 * member when it is none any more.  A change of a password, say, does not.
 */
static bool
MayGateOwners(Node *parsetree)
{
	switch (nodeTag(parsetree))
	{
		case T_ReassignOwnedStmt:
			return true;
		case T_GrantRoleStmt:
			return ((GrantRoleStmt *) parsetree)->is_grant;
		case T_CreateRoleStmt:
			return HasOption(((CreateRoleStmt *) parsetree)->options, "addroleto");
		case T_AlterRoleStmt:
			return HasOption(((AlterRoleStmt *) parsetree)->options, "rolemembers") ||
				HasOption(((AlterRoleStmt *) parsetree)->options, "superuser");
		default:
			return false;
	}
}

/*
 * Force row security on owners that are gated since this command.  As superuser:
 * the role that gave it need not own the tables, nor see our schema.
 */
static void
GateOwners(PlannedStmt *pstmt, const char *query, bool read_only_tree,
		   ProcessUtilityContext context, ParamListInfo params,
		   QueryEnvironment *environment, DestReceiver *dest,
		   QueryCompletion *completion)
{
	bool		concerns = MayGateOwners(pstmt->utilityStmt);
	Oid			user;
	int			context_flags;

	(next_utility_hook ? next_utility_hook : standard_ProcessUtility)
		(pstmt, query, read_only_tree, context, params, environment, dest,
		 completion);
	if (!concerns || !OidIsValid(get_extension_oid(EXTENSION_SCHEMA, true)))
		return;
	CommandCounterIncrement();
	GetUserIdAndSecContext(&user, &context_flags);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID,
						   context_flags | SECURITY_LOCAL_USERID_CHANGE);
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	if (SPI_execute("SELECT " EXTENSION_SCHEMA ".force_on_owners()", false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not force row security on owners");
	SPI_finish();
	PopActiveSnapshot();
	SetUserIdAndSecContext(user, context_flags);
}

/* Called when the library is loaded. */
void
InitGateHook(void)
{
	preloaded = process_shared_preload_libraries_in_progress;
	members_context = AllocSetContextCreate(TopMemoryContext,
											"consent_profiling members",
											ALLOCSET_SMALL_SIZES);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, ForgetMembers, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, ForgetMembers, (Datum) 0);
	next_policy_hook = row_security_policy_hook_restrictive;
	row_security_policy_hook_restrictive = GatesOfRelation;
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = GateOwners;
}

/*
 * Is the hook above in force in every session, so that a gate that is permissive
 * in the catalogue is none in effect?
 */
bool
GatesAreRestrictive(void)
{
	return preloaded;
}

/*
 * Does this session work for a coordinator of Citus?  What it does to shards
 * was done to their table there, and judged there.
 */
bool
ServesCitus(void)
{
	return strncmp(application_name, "citus_internal", 14) == 0 &&
		OidIsValid(get_extension_oid("citus", true));
}

/*
 * Throws in a database of Citus unless the hook above is in force.  Citus makes
 * the policies of shards permissive, so that a gate there would show rows.
 */
void
RefuseUnlessPreloaded(void)
{
	static TimestampTz checked_at = 0;
	TimestampTz statement = GetCurrentStatementStartTimestamp();

	/* Looked up once per statement, since column mode asks for every row. */
	if (preloaded || statement == checked_at)
		return;
	if (!OidIsValid(get_extension_oid("citus", true)))
	{
		checked_at = statement;
		return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("consent_profiling must be preloaded where Citus is"),
			 errdetail("Citus makes the policies of shards permissive, so that gates would not hold."),
			 errhint("Set shared_preload_libraries to 'citus, consent_profiling'.")));
}

/* ungated(): what the helper calls; true. */
Datum
ungated(PG_FUNCTION_ARGS)
{
	RefuseUnlessPreloaded();
	PG_RETURN_BOOL(true);
}

/* is_preloaded(): was the library loaded at the server's start? */
Datum
is_preloaded(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(preloaded);
}
