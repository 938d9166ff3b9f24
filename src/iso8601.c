/*
 * iso8601.c
 *		Timestamps as text that mean the same under every session setting.
 *
 * PostgreSQL's own timestamptz input fills a missing offset from TimeZone and
 * reads 01-02-2026 as DateStyle says.  Proof of a consent cannot hang on the
 * setting of the session that happened to load it, so here the offset is
 * mandatory, the order of the fields is fixed, and what is written is UTC.
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "iso8601.h"
#include "type_input.h"

/* The days 0001-01-01 and 10000-01-01, as date2j counts them. */
#define FIRST_DAY	1721426
#define END_DAY		5373485

#define ISO8601_FIRST \
	((TimestampTz) (FIRST_DAY - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)
#define ISO8601_END \
	((TimestampTz) (END_DAY - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

#define MAX_FRACTION_DIGITS 9
#define MAX_OFFSET_HOURS	15

static bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Takes exactly count digits, or nothing.
 */
static bool
TakeDigits(const char **cursor, int count, int *value)
{
	const char *p = *cursor;
	int			number = 0;
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!IsDigit(p[i]))
			return false;
		number = number * 10 + (p[i] - '0');
	}
	*cursor = p + count;
	*value = number;
	return true;
}

static bool
TakeChar(const char **cursor, char c)
{
	if (**cursor != c)
		return false;
	(*cursor)++;
	return true;
}

/*
 * YYYY-MM-DD, a day that exists in the years 0001 to 9999.
 */
static bool
TakeDate(const char **cursor, struct pg_tm *tm, const char **problem)
{
	if (!TakeDigits(cursor, 4, &tm->tm_year) ||
		!TakeChar(cursor, '-') ||
		!TakeDigits(cursor, 2, &tm->tm_mon) ||
		!TakeChar(cursor, '-') ||
		!TakeDigits(cursor, 2, &tm->tm_mday) ||
		IsDigit(**cursor))
	{
		*problem = "a timestamp must begin with a date in the form YYYY-MM-DD";
		return false;
	}
	if (tm->tm_year < 1)
	{
		*problem = "a timestamp must lie in the years 0001 to 9999";
		return false;
	}
	if (tm->tm_mon < 1 || tm->tm_mon > MONTHS_PER_YEAR)
	{
		*problem = "the month of a timestamp must be 01 to 12";
		return false;
	}
	if (tm->tm_mday < 1 ||
		tm->tm_mday > day_tab[isleap(tm->tm_year)][tm->tm_mon - 1])
	{
		*problem = "the month of a timestamp has no such day";
		return false;
	}
	return true;
}

/*
 * One to nine digits after the decimal point, rounded to microseconds.  The
 * result may be a whole second, which tm2timestamp carries over.
 */
static bool
TakeFraction(const char **cursor, fsec_t *fsec, const char **problem)
{
	int			nanoseconds = 0;
	int			digits;

	for (digits = 0; IsDigit(**cursor) && digits < MAX_FRACTION_DIGITS; digits++)
		nanoseconds = nanoseconds * 10 + (*(*cursor)++ - '0');

	if (digits == 0 || IsDigit(**cursor))
	{
		*problem = "the seconds of a timestamp must have one to nine digits after the point";
		return false;
	}
	for (; digits < MAX_FRACTION_DIGITS; digits++)
		nanoseconds *= 10;

	*fsec = (nanoseconds + 500) / 1000;
	return true;
}

/*
 * HH:MM[:SS[.fraction]].  Neither 24:00 nor a leap second: both name an instant
 * that has another name already.
 */
static bool
TakeTime(const char **cursor, struct pg_tm *tm, fsec_t *fsec,
		 const char **problem)
{
	bool		well_formed;

	tm->tm_sec = 0;
	*fsec = 0;

	well_formed = TakeDigits(cursor, 2, &tm->tm_hour) &&
		TakeChar(cursor, ':') &&
		TakeDigits(cursor, 2, &tm->tm_min);
	if (well_formed && TakeChar(cursor, ':'))
	{
		well_formed = TakeDigits(cursor, 2, &tm->tm_sec);
		if (well_formed && TakeChar(cursor, '.') &&
			!TakeFraction(cursor, fsec, problem))
			return false;
	}
	if (!well_formed || IsDigit(**cursor))
	{
		*problem = "the time of a timestamp must have the form HH:MM, HH:MM:SS or HH:MM:SS.fraction";
		return false;
	}
	if (tm->tm_hour >= HOURS_PER_DAY ||
		tm->tm_min >= MINS_PER_HOUR ||
		tm->tm_sec >= SECS_PER_MINUTE)
	{
		*problem = "the time of a timestamp must be 00:00:00 to 23:59:59.999999999";
		return false;
	}
	return true;
}

/*
 * Z, or a sign with HH, HHMM or HH:MM.  The answer is in seconds west of UTC,
 * as PostgreSQL counts, which is the opposite of how an offset is written.
 */
static bool
TakeOffset(const char **cursor, int *west, const char **problem)
{
	bool		ahead;
	int			hours;
	int			minutes = 0;

	if (TakeChar(cursor, 'Z') || TakeChar(cursor, 'z'))
	{
		*west = 0;
		return true;
	}
	ahead = TakeChar(cursor, '+');
	if (!ahead && !TakeChar(cursor, '-'))
	{
		*problem = "a timestamp must end in an offset from UTC or in Z";
		return false;
	}
	if (!TakeDigits(cursor, 2, &hours) ||
		((TakeChar(cursor, ':') || IsDigit(**cursor)) &&
		 !TakeDigits(cursor, 2, &minutes)) ||
		IsDigit(**cursor))
	{
		*problem = "an offset from UTC must be Z, or a sign and HH:MM, HHMM or HH";
		return false;
	}
	if (hours > MAX_OFFSET_HOURS || minutes >= MINS_PER_HOUR)
	{
		*problem = "an offset from UTC must be -15:59 to +15:59";
		return false;
	}
	*west = (hours * MINS_PER_HOUR + minutes) * SECS_PER_MINUTE;
	if (ahead)
		*west = -*west;
	return true;
}

/*
 * Reads a timestamp and moves the cursor behind it.  Where it cannot, answers
 * false, sets the problem and leaves the cursor wherever that showed.  Throws
 * nothing.
 */
bool
ParseIso8601(const char **cursor, TimestampTz *result, const char **problem)
{
	struct pg_tm tm = {0};
	fsec_t		fsec;
	int			west;

	if (!TakeDate(cursor, &tm, problem))
		return false;
	if (!TakeChar(cursor, 'T') &&
		!TakeChar(cursor, 't') &&
		!TakeChar(cursor, ' '))
	{
		*problem = "a timestamp must have T or one space between date and time";
		return false;
	}
	if (!TakeTime(cursor, &tm, &fsec, problem) ||
		!TakeOffset(cursor, &west, problem))
		return false;
	if (!AtTokenEnd(*cursor))
	{
		*problem = psprintf("expected a blank after a timestamp, found %s",
							DescribeToken(*cursor));
		return false;
	}
	/* Offset or rounding may have led out of the four-digit years. */
	if (tm2timestamp(&tm, fsec, &west, result) != 0 ||
		!Iso8601InRange(*result))
	{
		*problem = "a timestamp must lie in the years 0001 to 9999";
		return false;
	}
	return true;
}

/*
 * Whether a timestamp is finite and has a year of four digits, in UTC.
 */
bool
Iso8601InRange(TimestampTz value)
{
	return value >= ISO8601_FIRST && value < ISO8601_END;
}

/*
 * Writes a timestamp that is in range, in UTC, into ISO8601_BUFSIZE bytes:
 * with as many digits after the point as it needs, and with no point when it
 * needs none.
 */
void
FormatIso8601(TimestampTz value, char *buf)
{
	struct pg_tm tm;
	fsec_t		fsec;
	int			len;

	if (!Iso8601InRange(value) ||
		timestamp2tm(value, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp out of the years 0001 to 9999");

	len = snprintf(buf, ISO8601_BUFSIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
				   tm.tm_year, tm.tm_mon, tm.tm_mday,
				   tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fsec != 0)
	{
		len += snprintf(buf + len, ISO8601_BUFSIZE - len, ".%06d", (int) fsec);
		while (buf[len - 1] == '0')
			len--;
	}
	buf[len++] = 'Z';
	buf[len] = '\0';
}
