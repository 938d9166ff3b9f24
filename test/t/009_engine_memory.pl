# What the engine keeps: never more than it may, nothing left over from a set whose
# making failed or that was given up, and no query that fails for want of memory.
#
# Segments of shared memory are counted as files, so they are made as such here.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $people = 12000;
my $ask = 'SELECT count(*) FILTER (WHERE consent_profiling.may_profile(number)) FROM person;';
my $compare = q{SELECT count(*) FILTER (WHERE consent_profiling.may_profile(number)),
	count(*) FILTER (WHERE consent_profiling.may_profile(number) <> (consent_profiling.verdict_of(number) = 'permitted')) FROM person;};
my $set = q{SELECT has_set, shared FROM consent_profiling.engine_stats() WHERE purpose = 'profiling';};
my $anew = 'UPDATE consent_profiling.purpose SET description = description;';
my $bytes = q{SELECT COALESCE(sum(total_bytes), 0) FROM pg_backend_memory_contexts WHERE name ~ '^consent_profiling';};
my $all_bytes = q{SELECT sum(total_bytes) FROM pg_backend_memory_contexts;};

sub waits
{
	my ($node, $pid) = @_;
	return $node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'");
}

# Segments of shared memory; the first two are the server's own.
sub segments
{
	my ($node) = @_;
	return scalar(() = glob($node->data_dir . '/pg_dynshmem/mmap.*'));
}

for my $mode ('private', 'shared')
{
	my $shared = $mode eq 'shared' ? 't' : 'f';
	my $node = PostgreSQL::Test::Cluster->new($mode);
	$node->init;
	$node->append_conf('postgresql.conf', "autovacuum = off\ndynamic_shared_memory_type = mmap\n"
		. ($mode eq 'shared' ? "shared_preload_libraries = 'consent_profiling'\n" : ''));
	$node->start;

	# numbers that do not lie together, so that a set takes some memory: 8 bytes each and more
	$node->safe_psql('postgres', qq{
		CREATE EXTENSION consent_profiling;
		CREATE TABLE person AS SELECT id, id::bigint * 1000003 AS number FROM generate_series(1, $people) id;
		SELECT consent_profiling.import_subjects('SELECT number AS subject, date ''1980-01-01'' AS birth_date FROM person');
		SELECT consent_profiling.import_consents('SELECT number AS subject, ''profiling'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM person WHERE id <= 10000');
		VACUUM ANALYZE person;
		VACUUM ANALYZE consent_profiling.subject;
		VACUUM ANALYZE consent_profiling.choice;
	});
	my $one = session($node, 'postgres');
	is(ask($one, "$compare $set"), "10000|0\nt|$shared", "$mode: a set");

	# no more than it may take: looked up, correctly, and told once in each session
	my $small = session($node, 'postgres');
	ask($one, $anew);
	is(ask($small, "SET consent_profiling.cache_memory = '64kB'; $compare $set"), "10000|0\nf|f", "$mode: too little memory");
	is(ask($small, "$compare $compare $set"), "10000|0\n10000|0\nf|f", "$mode: and again");
	ask($one, q{SELECT FROM consent_profiling.withdraw_consent(1000003);});
	is(ask($small, $compare), '9999|0', "$mode: a change");
	ask($one, q{SELECT FROM consent_profiling.give_consent(1000003);});
	is(ask($small, $compare), '10000|0', "$mode: and another");
	my @told = slurp_file($node->logfile) =~ /LOG:  the permitted subjects of purpose "profiling" do not fit into consent_profiling.cache_memory/g;
	is(scalar(@told), 1, "$mode: told once");
	is(ask($small, "SET consent_profiling.cache_memory = '1MB'; $anew $compare $set"), "10000|0\nt|$shared", "$mode: enough memory");
	close_session($small);

	# A set given up and made anew, many times over, takes the memory of one.
	ask($one, "$anew $ask") for 1 .. 3;
	my $before = ask($one, $bytes);
	my $before_all = ask($one, $all_bytes);
	my $segments = segments($node);
	ask($one, "$anew $ask") for 1 .. 30;
	is(ask($one, "$compare $set"), "10000|0\nt|$shared", "$mode: made anew many times");
	cmp_ok(ask($one, $bytes), '<=', $before + 8192, "$mode: takes no more memory");
	cmp_ok(ask($one, $all_bytes), '<=', $before_all + 65536, "$mode: nor elsewhere in the backend");
	is(segments($node), $segments, "$mode: nor shared memory");

	# So does one whose making was canceled, or ended by an error. The first
	# thousand questions are about strangers, for whom the table of choices is
	# not opened; making the set has to wait for it.
	my $make = 'SELECT count(*) FROM generate_series(%s) g WHERE consent_profiling.may_profile(g);';
	my $locker = session($node, 'postgres');
	my $maker = session($node, 'postgres');
	ask($maker, $ask);
	for my $end ('cancel', 'timeout', 'subtransaction')
	{
		my @memory;
		for my $round (1 .. 6)
		{
			ask($one, $anew);
			ask($locker, 'BEGIN; LOCK TABLE consent_profiling.choice;');
			my $query = sprintf($make, '1, 3000');
			$query = "SET statement_timeout = '100ms'; $query" if $end eq 'timeout';
			$query = "BEGIN; SAVEPOINT s; $query ROLLBACK TO s;" if $end eq 'subtransaction';
			begin_asking($maker, $query);
			if ($end ne 'timeout')
			{
				waits($node, $maker->{pid});
				$node->safe_psql('postgres', "SELECT pg_cancel_backend($maker->{pid})");
			}
			answer($maker);
			like($maker->{err}, qr/canceling statement due to/, "$mode: $end while a set is made") if $round == 1;
			ask($locker, 'COMMIT;');
			ask($maker, 'RESET statement_timeout;');
			is(ask($maker, "$compare $set"), "10000|0\nt|$shared", "$mode: $end, and the next query is answered by a set") if $round == 1;
			is(ask($maker, $compare), '10000|0', "$mode: $end, round $round");
			ask($maker, 'COMMIT;') if $end eq 'subtransaction';
			push @memory, ask($maker, $bytes);
		}
		cmp_ok($memory[-1], '<=', $memory[1] + 8192, "$mode: $end leaves nothing behind") or diag("@memory");
	}
	# whoever asks lets go of an older set
	ask($one, $ask);
	is(segments($node), $segments, "$mode: nor shared memory");

	# one in the middle of reading, too, wherever it was
	ask($maker, "$anew SET statement_timeout = $_; $ask RESET statement_timeout; $ask") for 1 .. 12;
	is(ask($maker, "$compare $set"), "10000|0\nt|$shared", "$mode: canceled anywhere");

	# ended for good
	ask($one, $anew);
	ask($locker, 'BEGIN; LOCK TABLE consent_profiling.choice;');
	begin_asking($maker, sprintf($make, '1, 3000'));
	waits($node, $maker->{pid});
	$node->safe_psql('postgres', "SELECT pg_terminate_backend($maker->{pid})");
	eval { $maker->{handle}->finish };
	ask($locker, 'COMMIT;');
	is(ask($one, "$compare $set"), "10000|0\nt|$shared", "$mode: after one was terminated, another makes it");
	is(segments($node), $segments, "$mode: and shared memory is the same");

	# a transaction on its own does not keep what it has looked up
	ask($one, "BEGIN; SELECT FROM consent_profiling.withdraw_consent(1000003); $compare ROLLBACK; $compare");
	my $own = ask($one, $bytes);
	ask($one, "BEGIN; SELECT FROM consent_profiling.withdraw_consent(1000003); $compare ROLLBACK; $compare") for 1 .. 5;
	cmp_ok(ask($one, $bytes), '<=', $own + 8192, "$mode: a transaction on its own leaves nothing more each time");

	# as mistaken purposes take none
	ask($one, "SELECT consent_profiling.may_profile(1, 'none$_');") for 1 .. 20;
	cmp_ok(ask($one, $bytes), '<=', $own + 3 * 16384, "$mode: nor do purposes that do not exist");

	# when the system has no shared memory to give, a set is made all the same
	SKIP: {
		skip 'only where sets are shared', 4 if $mode ne 'shared';
		skip 'there is no prlimit here', 4 if system('prlimit --version >/dev/null 2>&1') != 0;
		my $poor = session($node, 'postgres');
		ask($poor, "$ask CHECKPOINT; $anew CHECKPOINT;");
		# no file may grow beyond this, which is what a full file system looks like
		system("prlimit --pid $poor->{pid} --fsize=16384:unlimited") == 0 or die 'prlimit failed';
		is(ask($poor, "SET client_min_messages = log; $compare RESET client_min_messages; $set"), "10000|0\nt|f", 'no shared memory: a set of its own');
		like($poor->{err}, qr/LOG:  could not share the permitted subjects of purpose "profiling"/, 'told');
		is(segments($node), $segments, 'nothing is left of the try');
		system("prlimit --pid $poor->{pid} --fsize=unlimited:unlimited") == 0 or die 'prlimit failed';
		is(ask($poor, "$anew $compare $set"), "10000|0\nt|t", 'shared again when there is');
		close_session($poor);
	}

	# a registry whose tables are written anew, or a database that is dropped,
	# leaves no set behind
	ask($one, $ask);
	$segments = segments($node);
	ask($one, "VACUUM FULL consent_profiling.$_; $ask") for 'choice', 'subject', 'purpose';
	is(ask($one, "$compare $set"), "10000|0\nt|$shared", "$mode: written anew");
	is(segments($node), $segments, "$mode: takes no more shared memory");
	$node->safe_psql('postgres', 'CREATE DATABASE other');
	is($node->safe_psql('other', q{SET client_min_messages = warning; CREATE EXTENSION consent_profiling;
		CREATE TABLE person AS SELECT id AS number FROM generate_series(1, 2000) id;
		SELECT FROM consent_profiling.import_subjects('SELECT number AS subject, date ''1980-01-01'' AS birth_date FROM person');
		} . "$compare $set"), "0|0\nt|$shared", "$mode: another database");
	$node->safe_psql('postgres', 'DROP DATABASE other');
	is(segments($node), $segments, "$mode: which is dropped");

	# nor does the extension; each session lets go with its next query
	ask($one, 'SET client_min_messages = warning; DROP EXTENSION consent_profiling CASCADE;');
	cmp_ok(ask($one, $bytes), '<', 131072, "$mode: nothing of a dropped extension is kept");
	is(segments($node), $mode eq 'shared' ? $segments - 1 : $segments, "$mode: nor in shared memory");

	close_session($_) for $one, $locker;
	unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP|resource was not closed|leak/, "$mode: nothing crashed or leaked");
	$node->stop;
}

done_testing();
