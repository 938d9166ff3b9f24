/*
 * gate_hook.h
 *		Gates that the catalogue alone would not apply.
 */
#ifndef CONSENT_PROFILING_GATE_HOOK_H
#define CONSENT_PROFILING_GATE_HOOK_H

extern void InitGateHook(void);
extern bool GatesAreRestrictive(void);
extern bool ServesCitus(void);
extern void RefuseUnlessPreloaded(void);

#endif							/* CONSENT_PROFILING_GATE_HOOK_H */
