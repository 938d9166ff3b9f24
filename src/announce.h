/*
 * announce.h
 *		Telling applications of events.
 */
#ifndef CONSENT_PROFILING_ANNOUNCE_H
#define CONSENT_PROFILING_ANNOUNCE_H

/* consent_profiling.notify and consent_profiling.logical_message */
extern bool notify_setting;
extern bool logical_message_setting;

#endif							/* CONSENT_PROFILING_ANNOUNCE_H */
