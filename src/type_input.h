/*
 * type_input.h
 *		What the parsers of the types share: blanks, words, and telling a problem.
 */
#ifndef CONSENT_PROFILING_TYPE_INPUT_H
#define CONSENT_PROFILING_TYPE_INPUT_H

#include "postgres.h"

extern bool IsBlank(char c);
extern void SkipBlanks(const char **cursor);
extern bool AtTokenEnd(const char *cursor);
extern bool TakeWord(const char **cursor, const char *word);
extern int	TakeName(const char **cursor, const char *const *names, int count);
extern int	FindName(const char *name, int len,
					 const char *const *names, int count);

extern char *ClipForMessage(const char *text, int len);
extern char *DescribeToken(const char *cursor);
extern char *ProblemSentence(const char *problem);

#endif							/* CONSENT_PROFILING_TYPE_INPUT_H */
