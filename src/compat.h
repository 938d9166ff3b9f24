/*
 * compat.h
 *		Differences between the PostgreSQL versions this extension builds for.
 *
 * Every test of PG_VERSION_NUM in the project stands in this file, so that
 * supporting a new version means reading one file.
 */
#ifndef CONSENT_PROFILING_COMPAT_H
#define CONSENT_PROFILING_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "consent_profiling needs PostgreSQL 15 or newer"
#endif

/*
 * Soft input errors came with PostgreSQL 16.  Before that an input function
 * can only throw, which is what these do.
 */
#if PG_VERSION_NUM < 160000
#define ereturn(context, dummy_value, ...) \
	do { \
		(void) (context); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy_value; \
	} while (0)
#else
#include "nodes/miscnodes.h"
#endif

/* PostgreSQL 16 moved VARDATA and its kin out of postgres.h. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PostgreSQL 16 has one function to check privileges for all kinds of objects. */
#if PG_VERSION_NUM < 160000
#define MayExecute(function, role) \
	(pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK)
#else
#define MayExecute(function, role) \
	(object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK)
#endif

/* The backend's local transaction id moved in PostgreSQL 17. */
#if PG_VERSION_NUM < 170000
#define MyLocalTransactionId (MyProc->lxid)
#else
#define MyLocalTransactionId (MyProc->vxid.lxid)
#endif

/* PostgreSQL 17 gave LogLogicalMessage a parameter: flush it at once? */
#if PG_VERSION_NUM < 170000
#define MESSAGE_FLUSH_ARGUMENT
#else
#define MESSAGE_FLUSH_ARGUMENT , false
#endif

/*
 * Since PostgreSQL 16 a membership itself says whether the member inherits;
 * before that, the member did.
 */
#if PG_VERSION_NUM < 160000
#define MembershipInherits(membership) RoleInherits((membership)->member)
#else
#define MembershipInherits(membership) ((membership)->inherit_option)
#endif

/* PostgreSQL 18 dropped a parameter of ExecutorRun. */
#if PG_VERSION_NUM < 180000
#define EXECUTE_ONCE_PARAMETER , bool execute_once
#define EXECUTE_ONCE_ARGUMENT , execute_once
#else
#define EXECUTE_ONCE_PARAMETER
#define EXECUTE_ONCE_ARGUMENT
#endif

#endif							/* CONSENT_PROFILING_COMPAT_H */
