/*
 * subject_id.h
 *		The key of a natural person: an integer, a UUID or any other text.
 */
#ifndef CONSENT_PROFILING_SUBJECT_ID_H
#define CONSENT_PROFILING_SUBJECT_ID_H

#include "fmgr.h"
#include "utils/uuid.h"

#define SUBJECT_TEXT_MAX 255

/* First byte of every subject_id; the order of these is the order of keys. */
#define SUBJECT_INTEGER	1
#define SUBJECT_UUID	2
#define SUBJECT_TEXT	3

/*
 * A subject_id outside its varlena: a kind byte, then the integer (sign bit
 * flipped, big-endian), the 16 bytes of the UUID, or the text.  Comparing the
 * bytes compares the keys, so equality, order and hash need no case analysis.
 */
typedef struct SubjectKey
{
	int			len;			/* bytes used, the kind byte included */
	unsigned char bytes[1 + SUBJECT_TEXT_MAX];
} SubjectKey;

#define SubjectKeyKind(key)		((key)->bytes[0])

extern void SubjectKeyFromInt64(SubjectKey *key, int64 value);
extern void SubjectKeyFromUuid(SubjectKey *key, const pg_uuid_t *value);
extern bool SubjectKeyFromText(SubjectKey *key, const char *text, int len,
							   const char **problem);
extern void SubjectKeyFromVarlena(SubjectKey *key, const struct varlena *value);
extern int64 SubjectKeyToInt64(const SubjectKey *key);
extern int	SubjectKeyCompare(const SubjectKey *a, const SubjectKey *b);
extern struct varlena *SubjectKeyToVarlena(const SubjectKey *key);
extern char *SubjectKeyToCString(const SubjectKey *key);

#endif							/* CONSENT_PROFILING_SUBJECT_ID_H */
