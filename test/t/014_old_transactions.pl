# A transaction that was prepared more than 10 million transactions ago, and still
# runs: sets follow the log of changes as ever, and what is older is deleted from it.
#
# pg_resetwal makes the server skip the transactions in between.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $compare = q{SELECT count(*) FILTER (WHERE consent_profiling.may_profile(id)),
	count(*) FILTER (WHERE consent_profiling.may_profile(id) <> (consent_profiling.verdict_of(id) = 'permitted')) FROM person;};
my $builds = q{SELECT builds FROM consent_profiling.engine_stats() WHERE purpose = 'profiling';};

# The first of a page of pg_xact, which the server makes when it gets there.
my $next = 611 * 32768;

for my $mode ('private', 'shared')
{
	my $node = PostgreSQL::Test::Cluster->new($mode);
	$node->init;
	$node->append_conf('postgresql.conf', "autovacuum = off\nmax_prepared_transactions = 10\n"
		. ($mode eq 'shared' ? "shared_preload_libraries = 'consent_profiling'\n" : ''));
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION consent_profiling;
		CREATE TABLE person AS SELECT generate_series(1, 3000) AS id;
		SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM person');
		SELECT consent_profiling.import_consents('SELECT id AS subject, ''profiling'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM person WHERE id <= 2000');
		ANALYZE consent_profiling.subject;
	});
	$node->safe_psql('postgres', q{BEGIN; CREATE TABLE forgotten (); PREPARE TRANSACTION 'forgotten';});
	$node->safe_psql('postgres', q{BEGIN; SELECT FROM consent_profiling.withdraw_consent(2); PREPARE TRANSACTION 'withdrawal';});
	$node->stop;
	command_ok([ 'pg_resetwal', '-x', $next, '-D', $node->data_dir ], "$mode: skipping transactions");
	$node->start;

	my $one = session($node, 'postgres');
	my $lines = ask($one, 'SELECT count(*) FROM consent_profiling.change;');
	cmp_ok($lines, '>', 3000, "$mode: old lines in the log");
	is(ask($one, 'SELECT consent_profiling.prune_change_log();'), $lines, "$mode: are deleted");

	is(ask($one, $compare), '2000|0', "$mode: a set");
	my $before = ask($one, $builds);
	cmp_ok($before, '>=', 1, "$mode: was made");
	for my $id (11 .. 15)
	{
		$node->safe_psql('postgres', "SELECT FROM consent_profiling.withdraw_consent($id)");
		is(ask($one, $compare), 2010 - $id . '|0', "$mode: follows change $id");
	}
	is(ask($one, $builds), $before, "$mode: and is not made again");

	# by hand no more is deleted than prune_change_log() deletes
	my ($status, undef, $stderr) = $node->psql('postgres', 'DELETE FROM consent_profiling.change');
	like($stderr, qr/the log of changes cannot be changed by hand/, "$mode: lines that are needed");
	is(ask($one, 'SELECT consent_profiling.prune_change_log();'), 0, "$mode: are kept");

	# a change that is older than the log
	$node->safe_psql('postgres', q{COMMIT PREPARED 'withdrawal'});
	is(ask($one, $compare), '1994|0', "$mode: an old change");
	is(ask($one, $builds), $before + 1, "$mode: has the set made again");
	is(ask($one, 'SELECT consent_profiling.prune_change_log();'), 1, "$mode: and is deleted from the log");
	is(ask($one, $compare), '1994|0', "$mode: which nothing needs");

	ask($one, q{ROLLBACK PREPARED 'forgotten';});
	close_session($one);
	$node->stop;
}

done_testing();
