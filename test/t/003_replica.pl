# The gate on a hot standby: it reads only, follows what is replayed, and goes
# on when the standby becomes a primary.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'autovacuum = off');
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION consent_profiling;
	CREATE ROLE analyst LOGIN;
	CREATE ROLE app LOGIN;
	SELECT consent_profiling.add_purpose('news');
	SELECT consent_profiling.add_purpose('research');
	SELECT consent_profiling.add_purpose('loans', basis => 'contract', automated_decision => true);
	SELECT consent_profiling.allow_purpose('analyst', p) FROM unnest('{news,loans}'::text[]) p;
	SELECT consent_profiling.register_subject(i, '1980-01-01') FROM generate_series(1, 1000) i;
	SELECT consent_profiling.give_consent(i, 'profiling') FROM generate_series(1, 700) i;
	SELECT consent_profiling.give_consent(i, 'news') FROM generate_series(1, 10) i;
	CREATE TABLE people AS SELECT i AS id, repeat('x', 200) AS filler FROM generate_series(1, 1000) i;
	CREATE TABLE later (id int) PARTITION BY LIST (id);
	CREATE TABLE later_all PARTITION OF later DEFAULT;
	INSERT INTO later SELECT generate_series(1, 1000);
	GRANT SELECT ON people, later, later_all TO analyst, app;
	SELECT consent_profiling.protect('people', 'id', '{analyst}');
});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
# so that the primary keeps what an old snapshot on the standby still sees
$standby->append_conf('postgresql.conf', qq{
hot_standby_feedback = on
wal_receiver_status_interval = 1
});
$standby->start;
$primary->wait_for_catchup($standby);

my $count = 'SELECT count(*) FROM people';

sub seen
{
	my ($role, $query) = @_;
	return $standby->safe_psql('postgres', $query // $count, extra_params => [ '-U', $role ]);
}

# What the standby says to the analyst when it refuses.
sub refusal
{
	my ($query, $role) = @_;
	my ($ret, $out, $err) =
	  $standby->psql('postgres', $query, extra_params => [ '-U', $role // 'analyst' ]);
	isnt($ret, 0, "refused: $query");
	return $err;
}

is(seen('app'), 1000, 'the ungated role sees all');
is(seen('analyst'), 700, 'the gated role sees who may be profiled');
is(seen('analyst', 'SELECT count(*) FROM people WHERE id = 701'), 0, 'nobody else by key');

# the purpose
is(seen('analyst', "SET consent_profiling.purpose = 'news'; $count"), 10, 'another purpose');
like(refusal("SET consent_profiling.purpose = 'research'; $count"),
	qr/not allowed to profile for purpose "research"/, 'a purpose not allowed');
like(refusal("SET consent_profiling.purpose = 'nowhere'; $count"),
	qr/purpose "nowhere" does not exist/, 'an unknown purpose');

# parallel workers
my $parallel = 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; ';
like(seen('analyst', "$parallel EXPLAIN (COSTS OFF) $count"), qr/Parallel Seq Scan/, 'a parallel plan');
is(seen('analyst', "$parallel SET parallel_leader_participation = off; $count"), 700, 'workers see the same');

# nothing is written, by readers or on demand
like(refusal("SELECT consent_profiling.withdraw_consent(1, 'profiling')", getpwuid($>) . ''),
	qr/read-only transaction/, 'nothing is recorded on a standby');
like(refusal("SELECT consent_profiling.protect('later', 'id', '{analyst}')", getpwuid($>) . ''),
	qr/during recovery|read-only transaction/, 'nothing is protected on a standby');

# decisions, and reviews of them
my $decided = "SELECT count(*) FROM later WHERE consent_profiling.may_decide(id, 'loans')";
is(seen('analyst', $decided), 1000, 'about whom may be decided');
$primary->safe_psql('postgres', q{SELECT consent_profiling.request_review(1, 'loans')});
$primary->wait_for_catchup($standby);
is(seen('analyst', $decided), 999, 'not about who has asked for a review');
is(seen('analyst', "$parallel SET parallel_leader_participation = off; $decided"), 999, 'nor do workers');

# The history verifies there, and says what it says on the primary; of a seal that
# is not replayed nothing is known.
my $verify = q{SELECT events > 1000, unsealed, event, problem FROM consent_profiling.verify_history()};
my $seal = $primary->safe_psql('postgres', q{
	SELECT FROM consent_profiling.erase_subject(1000);
	SELECT consent_profiling.seal_history();
	SELECT FROM consent_profiling.refuse_consent(999)});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $verify), 't|1||', 'the history fits on the standby');
is($standby->safe_psql('postgres', $verify), $primary->safe_psql('postgres', $verify), 'as it does on the primary');
is($standby->safe_psql('postgres', 'SELECT consent_profiling.export_seal()'), $seal, 'the seal is there');
is($standby->safe_psql('postgres', "SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => '$seal')"), '1||', 'the history fits it');
like(refusal('SELECT consent_profiling.seal_history()', getpwuid($>) . ''),
	qr/during recovery|read-only transaction/, 'nothing is sealed on a standby');
is($standby->safe_psql('postgres', "SELECT consent_profiling.verdict_of(1000), count(*) FROM consent_profiling.subject WHERE id::text = '1000'"),
	'erased|0', 'whoever was erased is refused there, too');
$primary->safe_psql('postgres', q{ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event;
	UPDATE consent_profiling.event SET notice = 'x' WHERE id = (SELECT max(id) FROM consent_profiling.event)});
$primary->wait_for_catchup($standby);
like($standby->safe_psql('postgres', $verify), qr/^t\|1\|\d+\|event \d+ was changed$/, 'what was changed is found there');
is($standby->safe_psql('postgres', $verify), $primary->safe_psql('postgres', $verify), 'and is the same on the primary');
$primary->safe_psql('postgres', q{UPDATE consent_profiling.event SET notice = NULL WHERE notice = 'x';
	ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event});
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $verify), 't|1||', 'until it is as it was');

# A session that is open while things are replayed: a prepared statement
# follows, a transaction with its own snapshot keeps to that.
my $open = $standby->background_psql('postgres', extra_params => [ '-U', 'analyst' ]);
$open->query_safe("PREPARE q AS $count");
my $fixed = $standby->background_psql('postgres', extra_params => [ '-U', 'analyst' ]);
$fixed->query_safe("BEGIN ISOLATION LEVEL REPEATABLE READ");
is($fixed->query_safe($count), 700, 'a transaction with its own snapshot');
is($open->query_safe('EXECUTE q'), 700, 'a prepared statement');
$primary->poll_query_until('postgres', 'SELECT bool_and(backend_xmin IS NOT NULL) FROM pg_stat_replication');

# right before a withdrawal is replayed, and right after
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$primary->safe_psql('postgres', q{SELECT consent_profiling.withdraw_consent(1, 'profiling')});
is($primary->safe_psql('postgres', "SET ROLE analyst; $count"), 699, 'withdrawn on the primary');
is(seen('analyst'), 700, 'not yet replayed');
is($open->query_safe('EXECUTE q'), 700, 'not yet replayed, prepared');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
$primary->wait_for_catchup($standby);
is(seen('analyst'), 699, 'replayed');
is($open->query_safe('EXECUTE q'), 699, 'replayed, prepared');
is(seen('analyst', "$parallel $count"), 699, 'replayed, parallel');
is($fixed->query_safe($count), 700, 'an older snapshot sees what it saw');
$fixed->query_safe('COMMIT');
is($fixed->query_safe($count), 699, 'the next does not');
$fixed->quit;

# What is not committed there does not count here, not even when the standby
# knows of it; a subtransaction rolled back never does.
my $writer = $primary->background_psql('postgres');
$writer->query_safe(q{BEGIN;
	SELECT count(consent_profiling.withdraw_consent(i, 'profiling')) FROM generate_series(2, 11) i;
	SAVEPOINT s;
	SELECT count(consent_profiling.raise_objection(i, 'profiling')) FROM generate_series(100, 199) i;
	ROLLBACK TO s;
	SAVEPOINT t;
	SELECT count(consent_profiling.raise_objection(12, 'profiling'))});
$primary->safe_psql('postgres', 'CREATE TABLE progress (); CHECKPOINT');
$primary->wait_for_catchup($standby);
is($open->query_safe('EXECUTE q'), 699, 'a withdrawal that is not committed');
$writer->query_safe('COMMIT');
$primary->wait_for_catchup($standby);
is($open->query_safe('EXECUTE q'), 688, 'and that is');
$writer->quit;

# by the clock alone
$primary->safe_psql('postgres',
	q{SELECT consent_profiling.give_consent(2, 'profiling', until => clock_timestamp() + '5 seconds')});
$primary->wait_for_catchup($standby);
is($open->query_safe('EXECUTE q'), 689, 'a consent that ends soon');
ok($standby->poll_query_until('postgres', 'SELECT NOT consent_profiling.may_profile(2)'),
	'has ended, without anything replayed');
is($open->query_safe('EXECUTE q'), 688, 'in a session that was open, too');

# a table that comes to be protected, with its partitions
is($open->query_safe('SELECT count(*) FROM later_all'), 1000, 'not protected yet');
$primary->safe_psql('postgres', q{SELECT consent_profiling.protect('later', 'id', '{analyst}')});
$primary->wait_for_catchup($standby);
is($open->query_safe('SELECT (SELECT count(*) FROM later) || \' \' || (SELECT count(*) FROM later_all)'),
	'688 688', 'protected');
is($open->query_safe("SELECT string_agg(relation::text, ' ' ORDER BY relation::text) FROM consent_profiling.protected_table"),
	'later later_all people', 'and listed');
$open->quit;

# the standby takes over
$primary->stop;
$standby->promote;
is(seen('analyst'), 688, 'after promotion');
$standby->safe_psql('postgres', q{SELECT consent_profiling.withdraw_consent(20, 'profiling')});
is(seen('analyst'), 687, 'a withdrawal there');
$standby->safe_psql('postgres', q{SELECT consent_profiling.give_consent(20, 'profiling')});
is(seen('analyst'), 688, 'and a consent');
like($standby->safe_psql('postgres', "SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => '$seal')"),
	qr/^\d+\|\|$/, 'the history goes on there');
is($standby->safe_psql('postgres', q{SELECT FROM consent_profiling.seal_history();
	SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => consent_profiling.export_seal())}), '0||', 'and is sealed');

done_testing();
