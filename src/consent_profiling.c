/*
 * consent_profiling.c
 *		Loading the library, and its settings.
 *
 * The settings are declared here, not left to SET, because anybody may SET an
 * undeclared setting to anything.  When it is preloaded, the library also asks
 * for the memory through which backends share sets.
 */
#include "compat.h"

#include <limits.h>

#include "announce.h"
#include "engine.h"
#include "fmgr.h"
#include "gate.h"
#include "gate_hook.h"
#include "query_clock.h"
#include "shared_set.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

char	   *purpose_setting;
char	   *actor_setting;

/* Tell the engine that the purpose may be another. */
static void
PurposeAssigned(const char *newval, void *extra)
{
	purpose_setting_generation++;
	answers_epoch++;
}

/* Declare the settings and claim their prefix. */
void
_PG_init(void)
{
	/*
	 * Any role may set it: naming a purpose gives no right to it, since the
	 * gate checks the role against allow_purpose() at every use.
	 */
	DefineCustomStringVariable("consent_profiling.purpose",
							   "Purpose that the session profiles for.",
							   "Used where a gate names no purpose itself.",
							   &purpose_setting,
							   ROOT_PURPOSE,
							   PGC_USERSET,
							   0,
							   NULL, PurposeAssigned, NULL);

	DefineCustomStringVariable("consent_profiling.actor",
							   "Application user on whose behalf the session records.",
							   "Kept with every event of the history.",
							   &actor_setting,
							   "",
							   PGC_USERSET,
							   0,
							   NULL, NULL, NULL);

	/*
	 * For superusers: others could keep from the applications what they have
	 * to hear of, or fill the queue of notifications and the log.
	 */
	DefineCustomBoolVariable("consent_profiling.notify",
							 "Notifies those who LISTEN of every event of the history.",
							 "The channel is consent_profiling.",
							 &notify_setting,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);

	DefineCustomBoolVariable("consent_profiling.logical_message",
							 "Writes a logical message for every event of the history.",
							 "For logical decoding; the prefix is consent_profiling.",
							 &logical_message_setting,
							 false,
							 PGC_SUSET,
							 0,
							 NULL, NULL, NULL);

	DefineCustomIntVariable("consent_profiling.cache_memory",
							"Memory that the set of one purpose may take.",
							"Beyond it subjects are looked up one by one.",
							&cache_memory_setting,
							512 * 1024, 64, MAX_KILOBYTES,
							PGC_USERSET,
							GUC_UNIT_KB,
							NULL, NULL, NULL);

	InitQueryClock();
	InitEngine();
	InitSharedSets();
	InitGateHook();
	MarkGUCPrefixReserved(EXTENSION_SCHEMA);
}
