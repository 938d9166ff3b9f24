# Coming of age changes answers with no event at all, and at noon in UTC only. So
# the server's clock is moved, by a small library that is loaded before libc.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::Local qw(timegm);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $cc = `pg_config --cc 2>&1`;
chomp $cc;
append_to_file("$dir/clock.c", <<'C');
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* seconds to add, in a file that the test rewrites */
static volatile long *offset;

__attribute__((constructor)) static void
map_offset(void)
{
	int			fd = open(getenv("CLOCK_OFFSET"), O_RDONLY);
	void	   *address = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, fd, 0);

	if (address != MAP_FAILED)
		offset = address;
	if (fd >= 0)
		close(fd);
}

int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	tv->tv_sec = now.tv_sec + (offset ? *offset : 0);
	tv->tv_usec = now.tv_nsec / 1000;
	return 0;
}
C
plan skip_all => 'no compiler for the library that moves the clock'
  if system("$cc -shared -fPIC -o '$dir/clock.so' '$dir/clock.c' >'$dir/clock.log' 2>&1") != 0;

# Makes the server's clock say a time.
my $offset_file = "$dir/offset";
sub set_clock
{
	my ($year, $month, $day, $hour, $minute, $second) = @_;
	open(my $file, -e $offset_file ? '+<' : '>', $offset_file) or die $!;
	binmode $file;
	syswrite($file, pack('l!', timegm($second, $minute, $hour, $day, $month - 1, $year) - time));
	close $file;
	return;
}

my $compare = q{SELECT string_agg(name, ' ' ORDER BY name) FILTER (WHERE consent_profiling.may_profile(name, purpose)),
		string_agg(name, ' ' ORDER BY name) FILTER (WHERE consent_profiling.verdict_of(name, purpose) = 'permitted')
	FROM person, (SELECT current_setting('consent_profiling.purpose') AS purpose) p WHERE name ~ '^2'};

for my $mode ('private', 'shared')
{
	set_clock(2030, 2, 27, 11, 59, 0);
	my $node = PostgreSQL::Test::Cluster->new($mode);
	$node->init;
	$node->append_conf('postgresql.conf', "autovacuum = off\n"
		. ($mode eq 'shared' ? "shared_preload_libraries = 'consent_profiling'\n" : ''));
	{
		local $ENV{LD_PRELOAD} = "$dir/clock.so";
		local $ENV{CLOCK_OFFSET} = $offset_file;
		$node->start;
	}
	is($node->safe_psql('postgres', q{SELECT clock_timestamp()::date}), '2030-02-27', "$mode: the clock is moved");

	# known by their birth dates; and many others, so that there is a set
	$node->safe_psql('postgres', q{
		CREATE EXTENSION consent_profiling;
		CREATE TABLE person AS
			SELECT d AS name, d::date AS birth_date
				FROM unnest('{2012-02-28,2012-02-29,2012-03-01,2012-03-02,2009-02-28,2009-03-01,2009-03-02}'::text[]) d
			UNION ALL
			SELECT 'other' || i, '1980-01-01' FROM generate_series(1, 2000) i;
		SELECT consent_profiling.import_subjects('SELECT name AS subject, birth_date FROM person');
		SELECT consent_profiling.add_purpose('eighteen', basis => 'contract');
		SELECT consent_profiling.add_purpose('twentyone', basis => 'contract', minimum_age => 21);
	});
	my $fill = q{SELECT count(*) FROM person WHERE CASE WHEN true THEN consent_profiling.may_profile(name) END;};

	# Every session begins two minutes before noon of a day with a set, and
	# sees noon come.
	for my $case (
		[ 'eighteen', 2, 28, '2009-02-28 2009-03-01 2009-03-02', '2009-02-28 2009-03-01 2009-03-02 2012-02-28' ],
		# a leap year's child, in a common year
		[ 'eighteen', 3, 1, '2009-02-28 2009-03-01 2009-03-02 2012-02-28',
			'2009-02-28 2009-03-01 2009-03-02 2012-02-28 2012-02-29 2012-03-01' ],
		[ 'twentyone', 2, 28, '', '2009-02-28' ],
		[ 'twentyone', 3, 1, '2009-02-28', '2009-02-28 2009-03-01' ])
	{
		my ($purpose, $month, $day, $before, $after) = @$case;
		my $what = "$mode: $purpose on $month/$day";

		# a set made before noon of the day, in sessions of all kinds
		set_clock(2030, $month, $day, 11, 58, 0);
		$node->safe_psql('postgres', "UPDATE consent_profiling.purpose SET description = 'anew' WHERE name = '$purpose'");
		my $set = "SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = '$purpose';";
		my $noon = sprintf('%d', timegm(30, 0, 12, $day, $month - 1, 2030));
		my $morning = sprintf('%d', timegm(0, 59, 11, $day, $month - 1, 2030));
		my $script = "SET consent_profiling.purpose = '$purpose'; $fill\n$compare;\n$set\n";
		# the session itself moves the clock
		my $move = sub {
			my ($to) = @_;
			return "\\! perl -e 'open(F, \"+<\", \"$offset_file\"); syswrite(F, pack(\"l!\", $to - time))'\n";
		};
		my $to_noon = $move->($noon);
		my $to_morning = $move->($morning);
		is($node->safe_psql('postgres', "$script$to_noon$compare;\n$set"),
			count($before) . "\n$before|$before\nt\n$after|$after\nt", "$what: between two statements");
		is($node->safe_psql('postgres', "$script$to_morning$compare;\n$set$to_noon$compare;"),
			count($after) . "\n$after|$after\nt\n$before|$before\nt\n$after|$after", "$what: the clock is set back");
		set_clock(2030, $month, $day, 11, 58, 0);
		$node->safe_psql('postgres', "UPDATE consent_profiling.purpose SET description = 'anew' WHERE name = '$purpose'");
		is($node->safe_psql('postgres', "SET consent_profiling.purpose = '$purpose'; BEGIN ISOLATION LEVEL REPEATABLE READ;\n$fill\n$compare;\n$to_noon$compare;\n$set\nCOMMIT;"),
			count($before) . "\n$before|$before\n$after|$after\nt", "$what: in a transaction");
		# without a set
		set_clock(2030, $month, $day, 11, 58, 0);
		is($node->safe_psql('postgres', "SET consent_profiling.purpose = '$purpose'; SET consent_profiling.cache_memory = 64; $compare;\n$to_noon$compare;\n$to_morning$compare;\n"),
			"$before|$before\n$after|$after\n$before|$before", "$what: a few people");
	}
	$node->stop;
}

# How many are permitted when these are, the others included.
sub count
{
	my ($names) = @_;
	return 2000 + (() = $names =~ /2\d{3}-/g);
}

done_testing();
