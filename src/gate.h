/*
 * gate.h
 *		The decision about one subject inside a running query.
 */
#ifndef CONSENT_PROFILING_GATE_H
#define CONSENT_PROFILING_GATE_H

#include "registry.h"

/* consent_profiling.purpose and consent_profiling.actor */
extern char *purpose_setting;
extern char *actor_setting;

#endif							/* CONSENT_PROFILING_GATE_H */
