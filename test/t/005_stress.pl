# The guarantee under load: every statement gets the decisions of its own
# snapshot at its own time, its transaction's writes included, never older ones.
#
# Many clients change everything that a verdict depends on, in every way in
# which a transaction can end, while others compare the gate with the truth
# table spelled out in SQL, on all people, in the same statement. Whoever finds
# a difference raises an error, and the test fails. This is done three times:
# each backend with its own sets; with shared ones, in a preloaded server; and
# on a standby of that, while it replays.

use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{STRESS_SECONDS} || 25;
my $people = 2400;

# People 1 to 300 are changed by transactions that take their time, 301 to 600 by
# readers, all others by quick writers; so nobody waits for long. The last 200
# are not registered at first. Their keys are numbers, UUIDs and texts in turn.
my $setup = <<"SQL";
CREATE EXTENSION consent_profiling;
SELECT consent_profiling.add_purpose('offers', basis => 'legitimate_interests');
SELECT consent_profiling.add_purpose('offers_mail', direct_marketing => true);
SELECT consent_profiling.add_purpose('offers_health', 'offers', special_category => true, minimum_age => 21);

CREATE TABLE person AS
	SELECT id, number, uuid, text, COALESCE(number::text, uuid::text, text)::consent_profiling.subject_id AS key
	FROM (SELECT id,
			CASE id % 6 WHEN 0 THEN id WHEN 3 THEN id * -7919000000007 END AS number,
			CASE WHEN id % 3 = 1 THEN md5(id::text)::uuid END AS uuid,
			CASE WHEN id % 3 = 2 THEN 'crm:' || id END AS text
		  FROM generate_series(1::bigint, $people) id) p;
ALTER TABLE person ADD PRIMARY KEY (id);
CREATE TABLE gated AS SELECT * FROM person;
CREATE TABLE scratch (n int);

SELECT consent_profiling.import_subjects(
	\$\$SELECT key AS subject, CASE WHEN id % 17 = 0 THEN date '2020-02-29' ELSE '1980-02-29' END AS birth_date
	   FROM person WHERE id <= $people - 200\$\$);
SELECT consent_profiling.import_consents(
	\$\$SELECT key AS subject, purpose, 'given explicit at 2024-01-01T00:00Z' AS consent
	   FROM person, unnest('{profiling,offers_mail,offers_health}'::text[]) purpose
	   WHERE id <= $people - 200 AND id % 10 < 7\$\$);
ANALYZE;

CREATE ROLE regress_analyst LOGIN;
SELECT consent_profiling.allow_purpose('regress_analyst', 'offers_mail');
GRANT SELECT ON gated TO regress_analyst;
SELECT consent_profiling.protect('gated', 'key', '{regress_analyst}', 'offers_mail');

-- The truth, apart from the clock.
CREATE VIEW lineage AS
	WITH RECURSIVE up (purpose, basis, level, name, broader, marketing) AS (
		SELECT name, basis, 0, name, broader, direct_marketing FROM consent_profiling.purpose
		UNION ALL
		SELECT up.purpose, up.basis, up.level + 1, p.name, p.broader, p.direct_marketing
			FROM up JOIN consent_profiling.purpose p ON p.name = up.broader
	)
	SELECT purpose, basis, level, name, bool_or(marketing) OVER (PARTITION BY purpose) AS marketing FROM up;
CREATE VIEW facts AS
	SELECT q.name AS purpose, p.*,
		s.id IS NOT NULL AND s.erased_at IS NULL AND s.birth_date IS NOT NULL AND s.restricted_at IS NULL AS registered,
		-- 29 February becomes 1 March, not 28 February
		((s.birth_date - 1 + make_interval(years => q.minimum_age)) + interval '36 hours') AT TIME ZONE 'UTC' AS of_age,
		COALESCE(c.objected, false) AS objected,
		c.consent, c.refused_above,
		q.special_category AS needs_explicit,
		q.special_category OR q.basis = 'consent' AS needs_consent
	FROM consent_profiling.purpose q CROSS JOIN person p
		LEFT JOIN consent_profiling.subject s ON s.id OPERATOR(consent_profiling.=) p.key
		LEFT JOIN (
			SELECT purpose, subject, bool_or(objected) AS objected,
				consent_profiling.max(consent) FILTER (WHERE level = 0) AS consent,
				max(consent_profiling.consent_at(refusal)) FILTER (WHERE level > 0) AS refused_above
			FROM (SELECT l.purpose, l.level, c.subject, c.consent, c.refusal,
					(l.level = 0 OR l.marketing OR l.basis IN ('consent', 'legitimate_interests', 'public_task'))
					AND c.raised_at > COALESCE(max(c.withdrawn_at) OVER below, '-infinity')
					AND (l.marketing
						 OR c.raised_at > COALESCE(max(c.overridden_at) OVER below, '-infinity')) AS objected
				  FROM lineage l JOIN consent_profiling.choice c ON c.purpose = l.name
				  WINDOW below AS (PARTITION BY l.purpose, c.subject ORDER BY l.level)) o
			GROUP BY purpose, subject
		) c ON c.purpose = q.name AND c.subject OPERATOR(consent_profiling.=) p.key;
GRANT SELECT ON facts TO regress_analyst;
-- for the truth, which goes by the gate's clock
GRANT EXECUTE ON FUNCTION consent_profiling.query_clock() TO regress_analyst;

-- "expected" are to be compared, or the comparison is worth nothing
CREATE FUNCTION claim(compared bigint, wrong bigint, expected bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS \$\$
BEGIN
	IF compared < expected THEN
		RAISE EXCEPTION 'only % people were compared', compared;
	END IF;
	IF wrong > 0 THEN
		RAISE EXCEPTION 'the gate is wrong about % of % people', wrong, compared;
	END IF;
	RETURN compared;
END\$\$;

CREATE FUNCTION purpose_of(n int) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN ('{profiling,offers,offers_mail,offers_health,seasonal}'::text[])[n];

CREATE FUNCTION key_of(n bigint) RETURNS consent_profiling.subject_id LANGUAGE sql STABLE
	RETURN (SELECT key FROM person WHERE id = n);

-- Something happens to a person; what cannot happen is undone by a
-- subtransaction of its own.
CREATE FUNCTION act(person bigint) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
	k consent_profiling.subject_id := key_of(person);
	p text := purpose_of(1 + floor(random() * 4)::int);
	soon timestamptz := clock_timestamp() + random() * interval '2 seconds';
BEGIN
	CASE floor(random() * 22)::int
		WHEN 0, 1 THEN PERFORM consent_profiling.give_consent(k, p);
		WHEN 2, 3 THEN PERFORM consent_profiling.give_consent(k, p, explicit => true);
		WHEN 4, 5, 6, 7 THEN PERFORM consent_profiling.give_consent(k, p, explicit => true, until => soon);
		WHEN 8 THEN PERFORM consent_profiling.refuse_consent(k, p);
		WHEN 9 THEN PERFORM consent_profiling.withdraw_consent(k, p);
		WHEN 10 THEN PERFORM consent_profiling.request_consent(k, p);
		WHEN 11 THEN PERFORM consent_profiling.raise_objection(k, p);
		WHEN 12 THEN PERFORM consent_profiling.override_objection(k, p, 'grounds');
		WHEN 13, 14 THEN
			PERFORM consent_profiling.withdraw_objection(k, c.purpose)
				FROM consent_profiling.choice c WHERE c.subject OPERATOR(consent_profiling.=) k AND c.raised_at IS NOT NULL;
		WHEN 15 THEN PERFORM consent_profiling.restrict_subject(k, 'accuracy contested');
		WHEN 16, 17 THEN PERFORM consent_profiling.lift_restriction(k, clock_timestamp());
		WHEN 18 THEN PERFORM consent_profiling.rectify_birth_date(k,
			((now() AT TIME ZONE 'UTC')::date - make_interval(years => 17 + (random() * 2)::int, days => (random() * 2)::int - 1))::date);
		WHEN 19 THEN PERFORM consent_profiling.rectify_birth_date(k, '1980-02-29');
		WHEN 20 THEN DELETE FROM consent_profiling.choice WHERE subject OPERATOR(consent_profiling.=) k;
		WHEN 21 THEN
			IF random() < 0.05 THEN
				PERFORM consent_profiling.erase_subject(k);
			END IF;
	END CASE;
EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value OR no_data_found THEN
	NULL;
END\$\$;

-- An import is all or nothing: somebody may be erased before they are locked.
CREATE FUNCTION import(a bigint, b bigint) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM consent_profiling.import_subjects(format(
		'SELECT key AS subject, date ''1980-02-29'' AS birth_date FROM person p
		 WHERE id BETWEEN %1\$s AND %1\$s + 9
			AND NOT EXISTS (SELECT FROM consent_profiling.subject s WHERE s.id OPERATOR(consent_profiling.=) p.key)', a));
	PERFORM consent_profiling.import_consents(format(
		'SELECT s.id AS subject, ''offers_mail'' AS purpose, ''given at %2\$s'' AS consent
		 FROM consent_profiling.subject s JOIN person p ON s.id OPERATOR(consent_profiling.=) p.key
		 WHERE erased_at IS NULL AND p.id BETWEEN %1\$s AND %1\$s + 19',
		b, to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
EXCEPTION WHEN data_exception THEN
	NULL;
END\$\$;
SQL

# Does the truth table permit a row of "facts", now? This is the only part that
# depends on the clock, so it stands in the queries themselves, where it is
# computed together with the gate's answer even if rows are fetched late.
my $truth = q{(COALESCE(registered AND of_age <= consent_profiling.query_clock() AND NOT objected
	AND NOT COALESCE(needs_consent AND refused_above >= CASE
			WHEN COALESCE(consent_profiling.consent_status(consent), 'unknown') IN ('unknown', 'requested', 'request_deferred')
			THEN '-infinity' ELSE consent_profiling.consent_at(consent) END, false)
	AND CASE WHEN COALESCE(consent_profiling.consent_status(consent), 'unknown') IN ('unknown', 'requested', 'request_deferred')
			THEN NOT needs_consent
		WHEN consent_profiling.consent_status(consent) NOT IN ('given', 'renewed') THEN false
		ELSE consent_profiling.consent_until(consent) > consent_profiling.query_clock()
			AND consent_profiling.consent_at(consent) >= of_age
			AND (consent_profiling.consent_explicit(consent) OR NOT needs_explicit)
		END, false))};
my $gate = q{(CASE WHEN number IS NOT NULL THEN consent_profiling.may_profile(number, purpose)
	WHEN uuid IS NOT NULL THEN consent_profiling.may_profile(uuid, purpose)
	ELSE consent_profiling.may_profile(text, purpose) END)};

# Compares everybody for the purpose number :p; the fifth comes and goes.
my $compare = "SELECT claim(count(*), count(*) FILTER (WHERE $gate <> $truth), CASE WHEN :p < 5 THEN $people ELSE 0 END) FROM facts WHERE purpose = purpose_of(:p);";
(my $compare_one_line = $compare) =~ s/\s+/ /g;
my $pick = "\\set p random(1, 4)\n";

$setup .= <<"SQL";
-- In a STABLE function all expressions see what the caller does.
CREATE FUNCTION loop_stable(p int) RETURNS void LANGUAGE plpgsql STABLE AS \$\$
DECLARE
	f record;
	answer boolean;
	compared int := 0;
BEGIN
	FOR f IN SELECT key, purpose, $truth AS truth FROM facts WHERE purpose = purpose_of(p) LOOP
		answer := consent_profiling.may_profile(f.key, f.purpose);
		compared := compared + 1;
		IF answer <> f.truth THEN
			RAISE EXCEPTION 'the gate is wrong about %', f.key;
		END IF;
	END LOOP;
	PERFORM claim(compared, 0, $people);
END\$\$;
-- In a VOLATILE one each query sees more than the last, at a later time.
CREATE FUNCTION loop_volatile(n int) RETURNS void LANGUAGE plpgsql AS \$\$
BEGIN
	FOR i IN 1 .. 3 LOOP
		PERFORM claim(count(*), count(*) FILTER (WHERE $gate <> $truth), $people) FROM facts WHERE purpose = purpose_of(n);
		PERFORM pg_sleep(random() * 0.02);
	END LOOP;
END\$\$;
SQL

# Scripts of pgbench: [ clients, options, comparisons a transaction, script ].
my $quick = "\\set a random(601, $people)\n\\set b random(601, $people)\n\\set c random(601, $people)\n";
my $slow = "\\set a random(1, 300)\n";
my $nap = 'SELECT pg_sleep(random() * 0.02);';
my %writers = (
	plain => [ 2, [], 0, "$quick BEGIN; SELECT act(:a); $nap END; $nap" ],
	subtransactions => [ 1, [], 0, <<"SCRIPT" ],
$quick
\\set end random(1, 3)
BEGIN;
SAVEPOINT a;
SELECT act(:a);
ROLLBACK TO a;
SELECT act(:a);
SAVEPOINT b;
SELECT act(:b);
RELEASE b;
SAVEPOINT c;
SELECT act(:c);
ROLLBACK TO c;
$nap
\\if :end = 1
ROLLBACK;
\\else
END;
\\endif
SCRIPT
	# more subtransactions than a snapshot can list
	many_subtransactions => [ 1, [], 0, <<"SCRIPT" ],
$slow
BEGIN;
SELECT act(:a) FROM generate_series(1, 80);
SELECT pg_sleep(0.2 * random());
END;
SELECT pg_sleep(0.2);
SCRIPT
	prepared => [ 2, [], 0, <<"SCRIPT" ],
\\set a random(1, 300)
\\set end random(1, 2)
BEGIN;
SELECT act(:a);
PREPARE TRANSACTION 'p:client_id';
$nap
\\if :end = 1
COMMIT PREPARED 'p:client_id';
\\else
ROLLBACK PREPARED 'p:client_id';
\\endif
$nap
SCRIPT
	idle => [ 2, [], 0, <<"SCRIPT" ],
$slow
\\set end random(1, 2)
BEGIN;
SELECT act(:a);
SELECT pg_sleep(3 * random());
\\if :end = 1
ROLLBACK;
\\else
END;
\\endif
SCRIPT
	imports => [ 1, [], 0, <<"SCRIPT" ],
$quick
SELECT import(:a, :b);
SELECT pg_sleep(0.1);
SCRIPT
	# sets are given up and made anew, since anything may have changed
	purposes => [ 1, [], 0, <<"SCRIPT" ],
\\set basis random(1, 2)
SELECT consent_profiling.add_purpose('seasonal', 'offers', CASE :basis WHEN 1 THEN 'consent' ELSE 'contract' END);
SELECT pg_sleep(0.4);
SELECT consent_profiling.drop_purpose('seasonal');
SELECT pg_sleep(0.4);
SCRIPT
	# lines of the log that were rolled back may go at any time, and those of people
	# erased come to mean anybody
	vacuum => [ 1, [], 0, "SELECT consent_profiling.prune_change_log(); VACUUM consent_profiling.change; SELECT pg_sleep(0.3);" ],
);
$writers{vacuum}[3] =~ s/; /;\n/g;

my $parallel = '-c parallel_setup_cost=0 -c parallel_tuple_cost=0 -c min_parallel_table_scan_size=0 -c parallel_leader_participation=off';
my $as_analyst = <<"SQL";
SELECT claim((SELECT count(*) FROM facts WHERE purpose = 'offers_mail'), CASE WHEN
	(SELECT array_agg(id ORDER BY id) FROM gated)
	IS DISTINCT FROM
	(SELECT array_agg(id ORDER BY id) FROM facts WHERE purpose = 'offers_mail' AND $truth)
	THEN 1 ELSE 0 END, $people);
SQL
my %readers = (
	new_connections => [ 2, ['-C'], 1, "$pick$compare" ],
	read_committed => [ 2, [ '-M', 'prepared' ], 2, "$pick$compare\n$nap\n$compare\n\\set p 5\n$compare" ],
	repeatable_read => [ 2, [], 3, "$pick BEGIN ISOLATION LEVEL REPEATABLE READ;\n$compare\n$nap\n$compare\n$nap\n$compare\nEND;" ],
	loop_stable => [ 1, [], 1, "${pick}SELECT loop_stable(:p);" ],
	loop_volatile => [ 1, [], 3, "${pick}SELECT loop_volatile(:p);" ],
	cursor => [ 1, [], 1, <<"SCRIPT" ],
$pick
BEGIN;
DECLARE c CURSOR FOR SELECT claim(1, CASE WHEN $gate <> $truth THEN 1 ELSE 0 END, 1) FROM facts WHERE purpose = purpose_of(:p);
FETCH 200 FROM c;
$nap
FETCH 1000 FROM c;
SELECT pg_sleep(0.1);
FETCH ALL FROM c;
END;
SCRIPT
	workers => [ 1, [ '-U', 'regress_analyst' ], 1, $as_analyst, $parallel ],
);
my %writing_readers = (
	serializable => [ 1, [], 2, "$pick BEGIN ISOLATION LEVEL SERIALIZABLE;\n$compare\n$nap\n$compare\nEND;" ],
	own_writes => [ 1, [], 5, <<"SCRIPT" ],
\\set a random(301, 600)
$pick
BEGIN;
$compare
SAVEPOINT a;
SELECT act(:a);
$compare
ROLLBACK TO a;
$compare
SELECT act(:a);
$compare
\\set end random(1, 2)
\\if :end = 1
ROLLBACK;
\\else
END;
\\endif
$compare
SCRIPT
	# a transaction that has an id long before it writes to the registry
	own_writes_late => [ 1, [], 3, <<"SCRIPT" ],
\\set a random(301, 600)
$pick
BEGIN;
INSERT INTO scratch VALUES (1);
$nap
$compare
SELECT act(:a);
$compare
END;
$compare
SCRIPT
);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $total = 0;

# Starts pgbench with a script on a node.
sub start
{
	my ($node, $what, $script) = @_;
	my ($clients, $options, $comparisons, $text, $settings) = @$script;
	my $file = "$dir/$what.sql";
	# a backslash command has a line of its own, other commands end with ";"
	$text =~ s/^[ \t]+//mg;
	PostgreSQL::Test::Utils::append_to_file($file, $text) unless -e $file;
	my %run = (what => $node->name . ": $what", comparisons => $comparisons, out => '', err => '');
	local $ENV{PGOPTIONS} = $settings // '';
	$run{handle} = IPC::Run::start(
		[ 'pgbench', '-n', '-h', $node->host, '-p', $node->port, '-c', $clients, '-T', $seconds,
		  '--max-tries=100', @$options, '-f', $file, 'postgres' ],
		'>', \$run{out}, '2>', \$run{err});
	return \%run;
}

# A psql session that compares and tells what it keeps, all the time.
sub start_session
{
	my ($node) = @_;
	my $file = "$dir/session.sql";
	my %run = (what => $node->name . ': session', out => '', err => '');
	my $step = "\\set p 3\n$compare_one_line\n"
	  . "SELECT 'stats', has_set, shared, refreshes > 0, dirty > 0 FROM consent_profiling.engine_stats() WHERE purpose = 'offers_mail';\n"
	  . "SELECT pg_sleep(0.2);\n";
	PostgreSQL::Test::Utils::append_to_file($file, $step x (3 * $seconds)) unless -e $file;
	$run{handle} = IPC::Run::start(
		[ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', $node->host, '-p', $node->port, '-f', $file, 'postgres' ],
		'>', \$run{out}, '2>', \$run{err});
	return \%run;
}

# Waits for all of them and looks at how they fared.
sub finish
{
	my ($load, $sessions, $shared) = @_;
	for my $run (@$load)
	{
		my $finished = IPC::Run::finish($run->{handle});
		my ($n) = $run->{out} =~ /number of transactions actually processed: (\d+)/;
		my $fine = $finished && $run->{err} !~ /ERROR|aborted/ && $n;
		ok($fine, $run->{what}) or diag("$run->{out}\n$run->{err}");
		note("$run->{what}: $n transactions") if $n;
		$total += ($n // 0) * $run->{comparisons} * $people;
	}
	for my $run (@$sessions)
	{
		my $finished = IPC::Run::finish($run->{handle});
		my @stats = $run->{out} =~ /^stats\|(.*)$/mg;
		$total += @stats * $people;
		ok($finished && @stats, $run->{what}) or diag($run->{err});
		cmp_ok(scalar(grep { /^t\|$shared\|t\|/ } @stats), '>', @stats / 2,
			"$run->{what}: a set served, and followed") or diag("@stats");
		ok(scalar(grep { $_ eq "t|$shared|t|t" } @stats), "$run->{what}: some were dirty");
	}
	return;
}

sub node_with
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n",
		'max_prepared_transactions = 10', 'max_connections = 60', 'max_worker_processes = 16', 'log_statement = none', @settings, ''));
	$node->start;
	$node->safe_psql('postgres', $setup);
	return $node;
}

# Workers must really do the work.
sub parallel_ok
{
	my ($node) = @_;
	my $plan = $node->safe_psql('postgres', 'EXPLAIN SELECT id FROM gated',
		extra_params => [ '-U', 'regress_analyst' ], connstr => $node->connstr('postgres') . " options='$parallel'");
	like($plan, qr/Gather.*Parallel Seq Scan on gated.*may_profile/s, $node->name . ': the gate runs in workers');
	return;
}

sub crashes
{
	my ($node) = @_;
	unlike(slurp_file($node->logfile), qr/terminated by signal|PANIC|TRAP/, $node->name . ': nothing crashed');
	return;
}

# each backend with its own sets
my $node = node_with('private');
parallel_ok($node);
my %primary_readers = (%readers, %writing_readers);
my @load = map { start($node, $_, $writers{$_}) } sort keys %writers;
push @load, map { start($node, $_, $primary_readers{$_}) } sort keys %primary_readers;
finish(\@load, [ start_session($node) ], 'f');
crashes($node);
$node->stop;

# shared sets, and a standby with its own
my $primary = node_with('primary', q{shared_preload_libraries = 'consent_profiling'});
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1");
$standby->start;
$primary->wait_for_catchup($standby);
parallel_ok($primary);
parallel_ok($standby);
@load = map { start($primary, $_, $writers{$_}) } sort keys %writers;
push @load, map { start($primary, $_, $primary_readers{$_}) } sort keys %primary_readers;
push @load, map { start($standby, $_, $readers{$_}) } sort keys %readers;
finish(\@load, [ start_session($primary), start_session($standby) ], 't');
$primary->wait_for_catchup($standby);
crashes($primary);
crashes($standby);

note("$total decisions compared");
cmp_ok($total, '>=', 1_000_000, 'a million decisions were compared');

$standby->stop;
$primary->stop;
done_testing();
