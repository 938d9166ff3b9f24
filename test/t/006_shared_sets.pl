# Sets that all backends share: apart for each database, and harmed by nobody who
# fails, is killed, or comes at a bad moment.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('shared');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', q{
shared_preload_libraries = 'consent_profiling'
max_prepared_transactions = 10
restart_after_crash = on
autovacuum = off
});
$node->start;

# a session that is about to be killed
sub bury
{
	my ($session) = @_;
	eval { $session->{handle}->finish };
	return;
}

sub waits
{
	my ($pid, $what) = @_;
	ok($node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'"), $what);
	return;
}

# 3000 people, of whom those with consent are numbers that :consent says.
sub fill
{
	my ($dbname, $consent) = @_;
	$node->safe_psql($dbname, qq{
		CREATE TABLE person AS SELECT generate_series(1, 3000) AS id;
		SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM person');
		SELECT consent_profiling.import_consents('SELECT id AS subject, ''profiling'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM person WHERE $consent');
	});
	return;
}

my $compare = q{SELECT count(*) FILTER (WHERE consent_profiling.may_profile(id)),
	count(*) FILTER (WHERE consent_profiling.may_profile(id) <> (consent_profiling.verdict_of(id) = 'permitted')) FROM person;};
my $set = q{SELECT has_set, shared FROM consent_profiling.engine_stats() WHERE purpose = 'profiling';};

#
# two databases with the same people, and a third that is a copy of one
#
$node->safe_psql('postgres', 'CREATE DATABASE one; CREATE DATABASE two; CREATE DATABASE three;');
$node->safe_psql($_, 'CREATE EXTENSION consent_profiling') for 'one', 'two';
fill('one', 'id <= 1000');
fill('two', 'id > 800');
my $one = session($node, 'one');
my $two = session($node, 'two');
is(ask($one, "$compare $set"), "1000|0\nt|t", 'the first database has a shared set');
is(ask($two, "$compare $set"), "2200|0\nt|t", 'the second has its own');
is($node->safe_psql('one', "$compare $set"), "1000|0\nt|t", 'a new connection to the first');
is($node->safe_psql('two', "$compare $set"), "2200|0\nt|t", 'a new connection to the second');
is($node->safe_psql('one', 'SELECT consent_profiling.may_profile(1); SELECT builds, probes FROM consent_profiling.engine_stats();'),
	"t\n0|0", 'a new connection has looked up nobody, and made nothing');
$node->safe_psql('one', 'SELECT consent_profiling.withdraw_consent(1)');
is(ask($one, $compare), '999|0', 'a change in the first');
is(ask($two, $compare), '2200|0', 'is none in the second');

# what one session has found out for a plan, others need not
$node->safe_psql('one', q{
	SELECT consent_profiling.add_purpose('planned', basis => 'contract');
	CREATE ROLE planner LOGIN;
	SELECT consent_profiling.allow_purpose('planner', 'planned');
	CREATE ROLE stranger LOGIN;
	GRANT SELECT ON person TO planner, stranger;
	ANALYZE consent_profiling.subject, person;
});
my $rows = q{EXPLAIN SELECT FROM person WHERE consent_profiling.may_profile(id, 'planned')};
my $probes = q{SELECT probes FROM consent_profiling.engine_stats() WHERE purpose = 'planned'};
like($node->safe_psql('one', "$rows; $probes"), qr/rows=2955 .*^64$/ms, 'a sample of 64 people');
my $as_planner = $node->safe_psql('one', "SET ROLE planner; $rows; $probes");
like($as_planner, qr/rows=2955 /, 'its share in a new connection');
unlike($as_planner, qr/^\d+$/m, 'without a lookup');
like($node->safe_psql('one', "SET ROLE stranger; $rows"), qr/rows=1000 /, 'but not for a role that may not use the purpose');
like($node->safe_psql('three', "CREATE EXTENSION consent_profiling; SELECT FROM consent_profiling.add_purpose('planned', basis => 'contract'); CREATE TABLE person AS SELECT generate_series(1, 3000) AS id; ANALYZE person; $rows"),
	qr/rows=1000 /, 'nor in another database');
close_session($one);
$node->safe_psql('postgres', 'DROP DATABASE three');
$node->safe_psql('postgres', 'CREATE DATABASE three TEMPLATE one');
is($node->safe_psql('three', "$compare $set"), "999|0\nt|t", 'a copied database');
$node->safe_psql('three', 'SELECT consent_profiling.give_consent(1)');
is($node->safe_psql('three', $compare), '1000|0', 'changed');
is($node->safe_psql('one', $compare), '999|0', 'is not its model');

# a database of the same name, later
close_session($two);
$node->safe_psql('postgres', 'DROP DATABASE two; DROP DATABASE three; CREATE DATABASE two;');
$node->safe_psql('two', 'CREATE EXTENSION consent_profiling');
is($node->safe_psql('two', 'SELECT consent_profiling.may_profile(900)'), 'f', 'nobody is known in a new database');
fill('two', 'id BETWEEN 801 AND 900');
is($node->safe_psql('two', "$compare $set"), "100|0\nt|t", 'which then has a set of its own');

# one of the same id, too, and its tables in the same files, as pg_upgrade makes
# them: a copy of a model that has changed since the first copy was made.  The log
# of changes does not tell, since the change is older than the first copy's set.
$node->safe_psql('postgres', 'CREATE DATABASE model TEMPLATE one; CREATE DATABASE four TEMPLATE model;');
my $oid = $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'four'});
my $tables = q{SELECT string_agg(oid || ' ' || pg_relation_filenode(oid), ', ' ORDER BY oid) FROM pg_class WHERE oid IN
	('consent_profiling.subject'::regclass, 'consent_profiling.choice'::regclass)};
my $files = $node->safe_psql('four', $tables);
$node->safe_psql('model', q{SELECT consent_profiling.withdraw_consent(2)});
is($node->safe_psql('four', "$compare $set"), "999|0\nt|t", 'a copy of a model');
is($node->safe_psql('four', 'SELECT consent_profiling.may_profile(2)'), 't', 'has a set that says yes');
$node->safe_psql('postgres', "DROP DATABASE four; CREATE DATABASE four TEMPLATE model OID $oid STRATEGY file_copy;");
is($node->safe_psql('four', $tables), $files, 'another, of the same id, with the same tables in the same files');
is($node->safe_psql('four', 'SELECT consent_profiling.may_profile(2)'), 'f', 'is not answered from the set of the one before');
is($node->safe_psql('four', "$compare $set"), "998|0\nt|t", 'and has its own');
$node->safe_psql('postgres', 'DROP DATABASE four; DROP DATABASE model;');

#
# more purposes than can have a shared set at a time
#
$node->safe_psql('two', q{
	SELECT consent_profiling.add_purpose('p' || i, basis => CASE i % 2 WHEN 0 THEN 'consent' ELSE 'legitimate_interests' END)
	FROM generate_series(1, 70) i});
my $all = q{SELECT count(*) FILTER (WHERE n = CASE i % 2 WHEN 0 THEN 0 ELSE 2999 END) FROM generate_series(1, 70) i,
	LATERAL (SELECT count(*) AS n FROM person WHERE consent_profiling.may_profile(id, 'p' || i)) c;};
$node->safe_psql('two', 'SELECT FROM consent_profiling.raise_objection(1)');
$two = session($node, 'two');
is(ask($two, $all), '70', 'seventy purposes');
is(ask($two, $all), '70', 'again');
is($node->safe_psql('two', $all), '70', 'in a new connection');
is(ask($two, 'SELECT count(*) FROM consent_profiling.engine_stats() WHERE has_set;'), '70', 'each has its set');
is($node->safe_psql('one', $compare), '999|0', 'the other database does not mind');
close_session($two);

#
# a database restored from a dump under the same name
#
my $dump = $node->basedir . '/two.dump';
$node->safe_psql('two', 'SELECT FROM consent_profiling.withdraw_consent(801)');
is($node->safe_psql('two', "$compare $set"), "99|0\nt|t", 'before the dump');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('two') ], 'dumped');
$node->safe_psql('two', 'SELECT FROM consent_profiling.give_consent(801); SELECT FROM consent_profiling.withdraw_consent(802)');
is($node->safe_psql('two', "$compare $set"), "99|0\nt|t", 'changed after it');
$node->safe_psql('postgres', 'DROP DATABASE two; CREATE DATABASE two;');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('two'), $dump ], 'restored');
is($node->safe_psql('two', 'SELECT consent_profiling.may_profile(801), consent_profiling.may_profile(802)'), 'f|t', 'as it was dumped');
is($node->safe_psql('two', "$compare $set"), "99|0\nt|t", 'with a set of it');
$node->safe_psql('two', 'SELECT FROM consent_profiling.give_consent(801)');

#
# a snapshot that is older than the set: whoever has it does not replace the set,
# but uses it; and a set made under an old snapshot gives no old answers
#
my $old = session($node, 'two');
$two = session($node, 'two');
ask($old, "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM person;");
$node->safe_psql('two', 'SELECT FROM consent_profiling.withdraw_consent(803)');
is(ask($old, "$compare $set"), "100|0\nt|t", 'a set that is there serves an older snapshot');
ask($old, 'COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM person;');
# the set is made anew, by others, after the old snapshot
$node->safe_psql('two', 'UPDATE consent_profiling.purpose SET description = description; SELECT FROM consent_profiling.withdraw_consent(804)');
is(ask($two, "$compare $set"), "98|0\nt|t", 'a newer set is published');
is(ask($old, "$compare $set"), "99|0\nt|f", 'an older snapshot cannot follow from it, and makes one for itself');
is($node->safe_psql('two', "$compare $set SELECT builds FROM consent_profiling.engine_stats();"), "98|0\nt|t\n0", 'which is published to nobody');
is(ask($old, "$compare COMMIT; $compare"), "99|0\n98|0", 'and follows afterwards');
# nobody has one yet, and the first to make it sees less than all others
ask($old, 'BEGIN ISOLATION LEVEL REPEATABLE READ; UPDATE consent_profiling.purpose SET description = description; COMMIT;');
ask($old, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM person;');
$node->safe_psql('two', 'SELECT FROM consent_profiling.withdraw_consent(805); SELECT FROM consent_profiling.give_consent(803)');
is(ask($old, "$compare $set"), "98|0\nt|t", 'a set is published under an old snapshot');
is($node->safe_psql('two', "$compare $set"), "98|0\nt|t", 'a newer query answers as of its own');
is($node->safe_psql('two', 'SELECT consent_profiling.may_profile(805), consent_profiling.may_profile(803)'), 'f|t', 'about those who changed');
is(ask($old, 'SELECT consent_profiling.may_profile(805), consent_profiling.may_profile(803); COMMIT;'), 't|f', 'as does the old one');
is(ask($two, $compare), '98|0', 'and one who was there before');
# a set from an older snapshot is taken up, and that is canceled before who has
# changed since is known
ask($two, 'UPDATE consent_profiling.purpose SET description = description;');
ask($old, 'BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM person;');
$node->safe_psql('two', 'SELECT FROM consent_profiling.withdraw_consent(806)');
is(ask($two, 'SELECT consent_profiling.may_profile(807);'), 't', 'one knows an answer, as of now');
is(ask($old, "$compare $set COMMIT;"), "98|0\nt|t", 'another publishes a set as of before');
my $blocker = session($node, 'two');
ask($blocker, 'BEGIN; LOCK TABLE consent_profiling.change;');
begin_asking($two, 'SELECT consent_profiling.may_profile(806);');
waits($two->{pid}, 'the log of changes is waited for');
$node->safe_psql('one', "SELECT pg_cancel_backend($two->{pid})");
answer($two);
ask($blocker, 'ROLLBACK;');
is(ask($two, "SELECT consent_profiling.may_profile(806); $compare"), "f\n97|0", 'canceled, and right all the same');
close_session($blocker);
close_session($_) for $old, $two;
is($node->safe_psql('two', q{SELECT count(consent_profiling.give_consent(i)) FROM unnest('{804,805,806}'::int[]) i}), '3', 'as before');
is($node->safe_psql('two', $compare), '100|0', 'a hundred are permitted');

#
# a backend that is making the set ends: canceled, terminated, killed
#
# The first thousand questions are about strangers, for whom the table of
# choices is not opened; making the set has to wait for it.
my $make = 'SELECT count(*) FROM generate_series(10001, 12000) g WHERE consent_profiling.may_profile(g);';
my $anew = 'UPDATE consent_profiling.purpose SET description = description;';
my $lock = 'BEGIN; LOCK TABLE consent_profiling.choice;';

sub maker
{
	my $maker = session($node, 'one');
	begin_asking($maker, $make);
	waits($maker->{pid}, 'a session is about to make the set');
	return $maker;
}

$one = session($node, 'one');
my $locker = session($node, 'one');
my $other = session($node, 'one');
ask($one, $anew);
ask($locker, $lock);
my $maker = maker();
is(ask($other, "SET statement_timeout = '60s'; $make $set"), "0\nf|f", 'meanwhile another goes on without');
$node->safe_psql('one', "SELECT pg_cancel_backend($maker->{pid})");
answer($maker);
like($maker->{err}, qr/canceling statement due to user request/, 'canceled');
# about others, since those answers it has kept
(my $make_too = $make) =~ s/10001, 12000/20001, 22000/;
begin_asking($other, $make_too);
waits($other->{pid}, 'another may make it at once');
ask($locker, 'COMMIT;');
answer($other);
is(ask($other, $set), 't|t', 'and does');
is(ask($maker, "$compare $set"), "999|0\nt|t", 'the canceled one takes it');
close_session($maker);

ask($one, $anew);
ask($locker, $lock);
$maker = maker();
$node->safe_psql('one', "SELECT pg_terminate_backend($maker->{pid})");
bury($maker);
ok($node->poll_query_until('one', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $maker->{pid}"), 'terminated');
$maker = maker();
ask($locker, 'COMMIT;');
is(answer($maker), '0', 'the next makes it');
is(ask($maker, $set), 't|t', 'and has it');
is(ask($one, "$compare $set"), "999|0\nt|t", 'as have others');
close_session($maker);

ask($one, $anew);
ask($locker, $lock);
$maker = maker();
kill 'KILL', $maker->{pid};
bury($_) for $maker, $one, $locker, $other;
ok($node->poll_query_until('one', 'SELECT true'), 'one was killed, and the server started anew');
is($node->safe_psql('one', "$compare $set"), "999|0\nt|t", 'a set is made');
is($node->safe_psql('one', "$compare $set SELECT builds FROM consent_profiling.engine_stats();"), "999|0\nt|t\n0", 'and shared');
is($node->safe_psql('two', $compare), '100|0', 'the other database');

#
# a set from which too many have changed, by a transaction that was running when
# it was published, meets a session that has seen nothing yet
#
$one = session($node, 'one');
$other = session($node, 'one');
ask($one, q{BEGIN; SELECT consent_profiling.import_subjects('SELECT i AS subject, date ''1980-01-01'' AS birth_date FROM generate_series(100001, 120500) i');});
ask($other, 'SELECT txid_current();');
ask($other, $anew);
is(ask($other, "$compare $set"), "999|0\nt|t", 'a set is published while a big import runs');
ask($one, 'COMMIT;');
is($node->safe_psql('one', "$compare $set"), "999|0\nt|t", 'after it, in a new connection');
is(ask($other, $compare), '999|0', 'and in the old one');

#
# a statement that began before consents ended comes to use a set that was made
# after
#
ask($other, q{SELECT count(consent_profiling.give_consent(i, until => clock_timestamp() + interval '5 seconds')) FROM generate_series(2001, 2100) i;});
ask($other, $anew);
ask($locker = session($node, 'one'), 'SELECT pg_advisory_lock(1);');
my $early = session($node, 'one');
# nobody, so that it does not come by a set of its own
begin_asking($early, q{
	SELECT count(*) FILTER (WHERE consent_profiling.may_profile(i)), count(*) FILTER (WHERE consent_profiling.verdict_of(i) = 'permitted'),
		statement_timestamp() < (SELECT max(expires_at) FROM consent_profiling.choice)
	FROM (SELECT i FROM generate_series(200001, 202000) i WHERE i <> 200001 OR pg_advisory_lock(1)::text = ''
		  UNION ALL SELECT id FROM person) p;});
waits($early->{pid}, 'a statement goes on for long');
ok($node->poll_query_until('one', 'SELECT max(expires_at) < clock_timestamp() FROM consent_profiling.choice'), 'consents end');
is(ask($other, "$compare $set"), "999|0\nt|t", 'a set without them is published');
ask($locker, 'SELECT pg_advisory_unlock(1);');
is(answer($early), '1099|1099|t', 'the statement answers as of its own time');
is(ask($early, $set), 't|t', 'and from that set');

#
# while PREPARE TRANSACTION waits for a standby, a transaction is listed twice:
# two that run are then as many as three before
#
$node->safe_psql('one', q{
	CREATE FUNCTION watch() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		before boolean := consent_profiling.may_profile(2);
	BEGIN
		PERFORM pg_advisory_lock(2);
		RETURN before || ' ' || consent_profiling.may_profile(2);
	END $$;});
my $p = session($node, 'one');
my $q = session($node, 'one');
is(ask($one, $compare), '999|0', 'before');
ask($q, 'BEGIN; SELECT consent_profiling.withdraw_consent(2);');
ask($p, 'BEGIN; SELECT txid_current();');
ask($other, 'SELECT txid_current();');
is(ask($one, $compare), '999|0', 'two transactions run');
my $single = session($node, 'one');
is(ask($single, "SET consent_profiling.cache_memory = 64; SELECT consent_profiling.may_profile(2), consent_profiling.verdict_of(2);"), 't|permitted', 'and are seen running');
my $watcher = session($node, 'one');
ask($locker, 'SELECT pg_advisory_lock(2);');
begin_asking($watcher, 'SELECT watch();');
waits($watcher->{pid}, 'a function goes on for long');
$node->safe_psql('postgres', q{ALTER SYSTEM SET synchronous_standby_names = 'nobody'; });
$node->reload;
ok($node->poll_query_until('postgres', q{SELECT current_setting('synchronous_standby_names') = 'nobody'}), 'nobody is waited for');
begin_asking($p, q{PREPARE TRANSACTION 'p';});
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'}), 'one is prepared, but not done');
ask($q, 'SET LOCAL synchronous_commit = local; COMMIT;');
is(ask($one, $compare), '998|0', 'the other is committed');
is(ask($single, 'SELECT consent_profiling.may_profile(2), consent_profiling.verdict_of(2);'), 'f|consent_withdrawn', 'and so for an answer that was kept');
ask($locker, 'SELECT pg_advisory_unlock(2);');
is(answer($watcher), 'true false', 'and for the function, in one statement');
$node->safe_psql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
$node->reload;
answer($p);
is(ask($one, $compare), '998|0', 'when it is prepared');
ask($p, q{ROLLBACK PREPARED 'p';});
is(ask($one, $compare), '998|0', 'and rolled back');

# but for the one that was killed
my @signals = slurp_file($node->logfile) =~ /terminated by signal (\d+)/g;
is("@signals", '9', 'nothing crashed');

close_session($_) for $one, $other, $locker, $early, $p, $q, $single, $watcher;
$node->stop;
done_testing();
