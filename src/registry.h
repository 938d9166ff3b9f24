/*
 * registry.h
 *		Reading the extension's own tables, as the owner of the extension.
 */
#ifndef CONSENT_PROFILING_REGISTRY_H
#define CONSENT_PROFILING_REGISTRY_H

#include "decision.h"
#include "fmgr.h"
#include "subject_id.h"
#include "utils/snapshot.h"

#define EXTENSION_SCHEMA	"consent_profiling"
#define ROOT_PURPOSE		"profiling"

/* Where the tables are in this database. */
typedef struct Registry
{
	Oid			purpose;
	Oid			purpose_pkey;
	Oid			subject;
	Oid			subject_pkey;
	Oid			choice;
	Oid			choice_pkey;
	FmgrInfo	subject_id_eq;
} Registry;

/* A purpose with the names of all purposes from it up to the root. */
typedef struct Purpose
{
	PurposeRules rules;
	char	   *basis;
	int			nlevels;
	char	  **names;			/* [0] its own */
} Purpose;

extern void OpenRegistry(Registry *registry);
extern Purpose *ReadPurpose(const Registry *registry, const char *name,
							Snapshot snapshot);
extern bool PurposeAllowed(const Registry *registry, const char *name,
						   Oid userid);
extern void ReadSubject(const Registry *registry, const Purpose *purpose,
						const SubjectKey *key, Snapshot snapshot,
						SubjectFacts *facts);

#endif							/* CONSENT_PROFILING_REGISTRY_H */
