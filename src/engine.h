/*
 * engine.h
 *		Answers to may_profile() for the running query.
 */
#ifndef CONSENT_PROFILING_ENGINE_H
#define CONSENT_PROFILING_ENGINE_H

#include "subject_id.h"

/* consent_profiling.cache_memory, in kilobytes */
extern int	cache_memory_setting;

typedef struct PurposeAnswers PurposeAnswers;

extern PurposeAnswers *AnswersFor(const char *purpose_name, int purpose_len);
extern bool SubjectPermitted(PurposeAnswers *answers, const SubjectKey *subject);
extern bool IntegerPermitted(PurposeAnswers *answers, int64 subject);
extern double PermittedShare(const char *purpose_name, int purpose_len);

#endif							/* CONSENT_PROFILING_ENGINE_H */
