/*
 * type_input.c
 *		What the parsers of the types share: blanks, words, and telling a problem.
 *
 * A parser walks a cursor along a NUL-terminated text.  It never throws over
 * what the text holds: it answers false and leaves a problem, a message in
 * lower case without a full stop, that an input function turns into an error
 * and a bulk import into a line of its report.
 *
 * Blanks and letters mean the ASCII ones, whatever the locale, because what a
 * value means must not depend on where it is read.
 */
#include "postgres.h"

#include "mb/pg_wchar.h"

#include "type_input.h"

/* How many bytes of somebody's text an error message repeats. */
#define CLIP_LENGTH 40

/*
 * Whether c is one of C's white-space characters.
 */
bool
IsBlank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Moves the cursor to the next character that is not blank.
 */
void
SkipBlanks(const char **cursor)
{
	while (IsBlank(**cursor))
		(*cursor)++;
}

/*
 * Whether a token ends here: at a blank or at the end of the text.
 */
bool
AtTokenEnd(const char *cursor)
{
	return *cursor == '\0' || IsBlank(*cursor);
}

/*
 * Compares len bytes with a lower-case word, without regard to ASCII case.
 * pg_strncasecmp would not do: it asks the locale about bytes beyond ASCII.
 */
static bool
SameWord(const char *text, int len, const char *word)
{
	int			i;

	for (i = 0; i < len; i++)
	{
		if (word[i] == '\0' ||
			pg_ascii_tolower((unsigned char) text[i]) != (unsigned char) word[i])
			return false;
	}
	return word[len] == '\0';
}

static int
TokenLength(const char *cursor)
{
	const char *end = cursor;

	while (!AtTokenEnd(end))
		end++;
	return end - cursor;
}

/*
 * Takes the word if the next token is that word, in whatever case, and moves
 * the cursor to the token after it.
 */
bool
TakeWord(const char **cursor, const char *word)
{
	return TakeName(cursor, &word, 1) == 0;
}

/*
 * Takes the next token if it is one of the names, in whatever case; answers
 * its index, or -1 with the cursor unmoved.
 */
int
TakeName(const char **cursor, const char *const *names, int count)
{
	int			len = TokenLength(*cursor);
	int			found = FindName(*cursor, len, names, count);

	if (found >= 0)
	{
		*cursor += len;
		SkipBlanks(cursor);
	}
	return found;
}

/*
 * The index of a name among the lower-case names, whatever its case, or -1.
 */
int
FindName(const char *name, int len, const char *const *names, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (SameWord(name, len, names[i]))
			return i;
	}
	return -1;
}

/*
 * A copy of somebody's text in double quotes, short enough for a message and
 * never cut within a character.
 */
char *
ClipForMessage(const char *text, int len)
{
	int			clipped;

	if (len <= CLIP_LENGTH)
		return psprintf("\"%.*s\"", len, text);
	clipped = pg_mbcliplen(text, len, CLIP_LENGTH);
	return psprintf("\"%.*s...\"", clipped, text);
}

/*
 * What a message says was found at the cursor.
 */
char *
DescribeToken(const char *cursor)
{
	if (*cursor == '\0')
		return pstrdup("the end of the text");
	return ClipForMessage(cursor, TokenLength(cursor));
}

/*
 * Makes a problem a whole sentence, as an errdetail has to be.
 */
char *
ProblemSentence(const char *problem)
{
	char	   *sentence = psprintf("%s.", problem);

	sentence[0] = (char) pg_ascii_toupper((unsigned char) sentence[0]);
	return sentence;
}
