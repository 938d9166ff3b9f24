/*
 * registry.h
 *		Reading the extension's own tables, as the owner of the extension.
 */
#ifndef CONSENT_PROFILING_REGISTRY_H
#define CONSENT_PROFILING_REGISTRY_H

#include "access/genam.h"
#include "access/skey.h"
#include "decision.h"
#include "fmgr.h"
#include "subject_id.h"
#include "utils/snapshot.h"

#define EXTENSION_SCHEMA	"consent_profiling"

/*
 * The purposes that the install script creates: the root of the tree and, below
 * it, the one that every direct-marketing purpose is at or below.
 */
#define ROOT_PURPOSE		"profiling"
#define MARKETING_PURPOSE	"direct_marketing"

/*
 * Columns, in the order in which the install script creates them.  Their types
 * are in registry_columns.c.
 */
enum
{
	PURPOSE_NAME = 1,
	PURPOSE_BROADER,
	PURPOSE_BASIS,
	PURPOSE_DIRECT_MARKETING,
	PURPOSE_SPECIAL_CATEGORY,
	PURPOSE_AUTOMATED_DECISION,
	PURPOSE_MINIMUM_AGE,
	PURPOSE_DESCRIPTION,
	PURPOSE_AUTOMATED,
	PURPOSE_PERSONAL_DATA,
	PURPOSE_EVALUATES_PERSON,
	PURPOSE_NATTS = PURPOSE_EVALUATES_PERSON
};

/* "purpose_version" has these behind the columns of "purpose". */
enum
{
	PURPOSE_VERSION_ADDED_AT = PURPOSE_NATTS + 1,
	PURPOSE_VERSION_DROPPED_AT,
	PURPOSE_VERSION_NATTS = PURPOSE_VERSION_DROPPED_AT
};

enum
{
	SUBJECT_ID = 1,
	SUBJECT_BIRTH_DATE,
	SUBJECT_REGISTERED_AT,
	SUBJECT_RESTRICTED_AT,
	SUBJECT_RESTRICTION_GROUNDS,
	SUBJECT_ERASED_AT,
	SUBJECT_OBJECTION_ACTS,
	SUBJECT_NATTS = SUBJECT_OBJECTION_ACTS
};

enum
{
	CHOICE_SUBJECT = 1,
	CHOICE_PURPOSE,
	CHOICE_CONSENT,
	CHOICE_REFUSAL,
	CHOICE_OBJECTION,
	CHOICE_RAISED_AT,
	CHOICE_WITHDRAWN_AT,
	CHOICE_OVERRIDDEN_AT,
	CHOICE_EXPIRES_AT,
	CHOICE_NATTS = CHOICE_EXPIRES_AT
};

enum
{
	CHANGE_XID = 1,
	CHANGE_SUBJECT,
	CHANGE_NATTS = CHANGE_SUBJECT
};

enum
{
	REVIEW_ID = 1,
	REVIEW_SUBJECT,
	REVIEW_PURPOSE,
	REVIEW_REQUESTED_AT,
	REVIEW_REVIEWED_AT,
	REVIEW_OUTCOME,
	REVIEW_REVIEWED_BY,
	REVIEW_NATTS = REVIEW_REVIEWED_BY
};

enum
{
	EVENT_ID = 1,
	EVENT_ACT,
	EVENT_SUBJECT,
	EVENT_PURPOSE,
	EVENT_AT,
	EVENT_RECORDED_AT,
	EVENT_SESSION_ROLE,
	EVENT_CALLER,
	EVENT_ACTOR,
	EVENT_BIRTH_DATE,
	EVENT_CONSENT,
	EVENT_OBJECTION,
	EVENT_GROUND,
	EVENT_INFORMED_AT,
	EVENT_NOTICE,
	EVENT_EVIDENCE,
	EVENT_DETAIL,
	EVENT_LINK,
	EVENT_PREVIOUS,
	EVENT_SALT,
	EVENT_CONTENT,
	EVENT_HASH,
	EVENT_NATTS = EVENT_HASH
};

enum
{
	TOMBSTONE_SECRET_SECRET = 1,
	TOMBSTONE_SECRET_ONE,
	TOMBSTONE_SECRET_NATTS = TOMBSTONE_SECRET_ONE
};

/* The triggers of the log of changes: two on each of its tables and on itself. */
#define LOG_TRIGGERS 8

/*
 * What tells one content of the registry from another that has come in its
 * place, with a database that was created again, by rewriting or emptying a
 * table, or while triggers of the log of changes were disabled, of which the log
 * contains nothing.  Compared as bytes.
 */
typedef struct RegistryIdentity
{
	Oid			database;
	TransactionId database_xmin;
	Oid			table;
	Oid			files[4];		/* purpose, subject, choice, change */
	TransactionId triggers[LOG_TRIGGERS];	/* that defined them last */
} RegistryIdentity;

/* Where the tables and indexes are in this database. */
typedef struct Registry
{
	RegistryIdentity identity;
	Oid			purpose;
	Oid			purpose_pkey;
	Oid			purpose_version;
	Oid			purpose_version_pkey;
	Oid			subject;
	Oid			subject_pkey;
	Oid			subject_birth_date;
	Oid			choice;
	Oid			choice_pkey;
	Oid			choice_expires_at;
	Oid			change;
	Oid			change_xid;
	Oid			review;
	Oid			review_open;
	Oid			event;
	Oid			event_link;
	Oid			tombstone_secret;
	bool		logged;			/* are all changes, and do they stay so? */
	TransactionId trigger_xmin[LOG_TRIGGERS];	/* as in the identity, but
												 * frozen where that is */
	FmgrInfo	subject_id_eq;
} Registry;

/* A purpose with the names of all purposes from it up to the root. */
typedef struct Purpose
{
	PurposeRules rules;
	char	   *basis;
	bool		automated_decision; /* are decisions taken for it? */
	int			nlevels;
	char	  **names;			/* [0] its own */
} Purpose;

extern void CheckRegistryColumns(const Registry *registry);
extern const Registry *GetRegistry(void);
extern bool RegistryGone(void);
extern void SubjectScanKey(ScanKey scankey, AttrNumber attnum,
						   const Registry *registry, Datum subject);

/*
 * Counts up whenever the registry's relations or policies or anybody's roles
 * may have changed: who may use which purpose has then to be asked again.
 */
extern uint64 registry_generation;

/*
 * Counts up with whatever may turn the answers that the running query has got
 * so far into others; what makes registry_generation count is part of it.
 */
extern uint64 answers_epoch;

extern Purpose *ReadPurpose(const Registry *registry, const char *name,
							Snapshot snapshot);
extern Purpose *ReadPurposeKnownAt(const Registry *registry, const char *name,
								   TimestampTz known_at, Snapshot snapshot);
extern int	LevelOfPurpose(const Purpose *purpose, Datum value);
extern bool PurposeAllowed(const Registry *registry, const char *name,
						   Oid userid);
extern void CheckPurposeAllowed(const Registry *registry, const char *name,
								Oid userid);
extern void ClearFacts(SubjectFacts *facts, const Purpose *purpose);
extern SysScanDesc BeginUncounted(Relation rel, Oid index, Snapshot snapshot,
								  ScanKey key);
extern HeapTuple NextUncounted(SysScanDesc scan);
extern void EndUncounted(SysScanDesc scan);
extern void ReadSubject(const Registry *registry, const Purpose *purpose,
						const SubjectKey *key, Snapshot snapshot,
						SubjectFacts *facts);
extern bool ReviewIsOpen(const Registry *registry, const Purpose *purpose,
						 const SubjectKey *key, Snapshot snapshot);

extern bool SubjectErased(const Registry *registry, const SubjectKey *key,
						  Snapshot snapshot);

/* Told the facts about one subject of all. */
typedef void (*SubjectCallback) (const SubjectKey *key,
								 const SubjectFacts *facts, void *arg);

extern void ForEachSubject(const Registry *registry, const Purpose *purpose,
						   Snapshot snapshot, SubjectCallback callback,
						   void *arg);

#endif							/* CONSENT_PROFILING_REGISTRY_H */
