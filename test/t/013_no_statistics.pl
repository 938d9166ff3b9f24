# What a view or a report reads grows with the people on record, not with their
# square, whatever the planner believes: without statistics, as pg_restore and
# pg_upgrade leave a database, and with those of a time when there was one person.
#
# Work is counted, not timed: rows and blocks read in the extension's tables and
# indexes, and calls of its functions, its operators included.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my ($few, $many) = (2000, 20000);
my $batch = 200;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# A parallel worker counts for itself.
$node->append_conf('postgresql.conf', q{
autovacuum = off
track_functions = all
max_parallel_workers_per_gather = 0
client_min_messages = warning
});
$node->start;

my $set_up = q{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.add_purpose('marketing', direct_marketing => true);
	SELECT consent_profiling.add_purpose('newsletter', broader => 'marketing', direct_marketing => true);
	SELECT consent_profiling.add_purpose('stock', basis => 'legitimate_interests');
	SELECT consent_profiling.add_recipient('printer');
	-- an erasure before makes the secret
	SELECT consent_profiling.register_subject('first');
	SELECT consent_profiling.erase_subject('first');
	SELECT consent_profiling.add_notice('terms', 'en', 'https://example.org/', repeat('0', 64));
	CREATE TABLE customer (id bigint);
	SELECT consent_profiling.protect('customer', 'id', '{public}', 'newsletter');
	CREATE FUNCTION work() RETURNS bigint LANGUAGE sql VOLATILE AS $$
		SELECT (SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)
						   + pg_stat_get_xact_blocks_fetched(oid))
				FROM pg_class WHERE relnamespace = 'consent_profiling'::regnamespace)
			+ COALESCE((SELECT sum(calls) FROM pg_stat_xact_user_functions
						WHERE schemaname = 'consent_profiling'), 0)
	$$;
};

# Writes the rows themselves, as pg_restore does, so that nothing is analysed. Every
# seventh event leaves a hole in the numbers, as one that was rolled back; a batch of
# people is under one seal.
sub fill
{
	my ($dbname, $from, $to) = @_;
	my $sql = "SET search_path = public, consent_profiling;\n";
	for (my $first = $from; $first <= $to; $first += $batch)
	{
		my $last = $first + $batch - 1 < $to ? $first + $batch - 1 : $to;
		$sql .= qq{
			CREATE TEMPORARY TABLE new AS SELECT i, i::text::subject_id AS id FROM generate_series($first, $last) i;
			INSERT INTO subject (id, birth_date, registered_at, restricted_at, restriction_grounds)
				SELECT id, '1980-01-01', '2020-01-01', r.at, CASE WHEN r.at IS NOT NULL THEN '{legal_claims}'::text[] END
					FROM new, LATERAL (SELECT CASE WHEN i % 10 = 3 THEN timestamptz '2020-02-02' END) AS r (at);
			INSERT INTO choice (subject, purpose, consent, refusal)
				SELECT id, 'newsletter', c, CASE WHEN i % 4 = 0 THEN c END
					FROM new, LATERAL (SELECT CASE i % 4 WHEN 0 THEN 'withdrawn at 2020-03-03T00:00Z'
									   ELSE 'given at 2020-03-03T00:00Z' END::consent) AS c (c);
			INSERT INTO choice (subject, purpose, objection, raised_at)
				SELECT id, CASE i % 3 WHEN 0 THEN 'profiling' WHEN 1 THEN 'marketing' ELSE 'stock' END,
						'raised at 2020-03-03T00:00Z', '2020-03-03T00:00Z'
					FROM new WHERE i % 5 = 0;
			INSERT INTO disclosure SELECT id, 'printer', 'newsletter', '2020-04-04', '2020-04-04' FROM new;
			INSERT INTO notification (subject, recipient, cause, due_since)
				SELECT id, 'printer', unnest('{rectification,restriction}'::text[]), '2020-04-04' FROM new;
			INSERT INTO request (subject, "right", received_at, due_on)
				SELECT id, 'access', '2020-05-05', '2020-06-05' FROM new;
			INSERT INTO review (subject, purpose, requested_at) SELECT id, 'stock', '2020-05-05' FROM new;
			INSERT INTO event (act, subject, purpose, at, recorded_at, session_role, caller, consent, notice, detail)
				SELECT a.act, n.id, CASE WHEN a.act = 'give_consent' THEN 'newsletter' END, '2020-03-03', now(), 'app', 'app',
						CASE WHEN a.act = 'give_consent' THEN 'given at 2020-03-03T00:00Z'::consent END,
						CASE WHEN a.act = 'give_consent' THEN 'terms' END,
						CASE WHEN a.act = 'restrict_subject' THEN '{"ground": "legal_claims"}'::jsonb END
					FROM new n, unnest('{register_subject,give_consent,record_disclosure,restrict_subject}'::text[])
						WITH ORDINALITY AS a (act, k)
					WHERE (a.act <> 'restrict_subject' OR i % 10 = 3)
						AND ((i * 4 + k) % 7 <> 0 OR nextval('event_id_seq') > 0);
			SELECT seal_history();
			DROP TABLE new;
		};
	}
	$node->safe_psql($dbname, $sql);
	return;
}

# One person, with so many rows in each table that the planner takes their
# number of subjects for a constant.
sub fill_one
{
	my ($dbname) = @_;
	fill($dbname, 1, 1);
	$node->safe_psql($dbname, q{
		SET search_path = public, consent_profiling;
		INSERT INTO choice (subject, purpose, consent)
			SELECT 1, 'none' || i, 'given at 2020-03-03T00:00Z' FROM generate_series(1, 30) i;
		INSERT INTO disclosure SELECT 1, 'printer', 'none' || i, '2020-04-04', '2020-04-04' FROM generate_series(1, 30) i;
		INSERT INTO notification (subject, recipient, cause, due_since)
			SELECT 1, 'none' || i, 'erasure', '2020-04-04' FROM generate_series(1, 30) i;
		INSERT INTO request (subject, "right", received_at, due_on)
			SELECT 1, 'access', '2020-05-05', '2020-06-05' FROM generate_series(1, 30) i;
		INSERT INTO review (subject, purpose, requested_at, reviewed_at)
			SELECT 1, 'stock', '2020-05-05', '2020-06-06' FROM generate_series(1, 30) i;
		INSERT INTO event (act, subject, at, recorded_at, session_role, caller)
			SELECT 'register_subject', 1, '2020-03-03', now(), 'app', 'app' FROM generate_series(1, 30) i;
	});
	return;
}

# How much work each of these is, by name; what they write is rolled back.
sub work_of
{
	my ($dbname, %targets) = @_;
	my $sql = "SET search_path = public, consent_profiling;\n";
	for my $name (sort keys %targets)
	{
		$sql .= "BEGIN; SELECT work() AS before \\gset\n\\o /dev/null\n$targets{$name};\n\\o\n"
			. "SELECT '$name', work() - :before; ROLLBACK;\n";
	}
	return map { split(/\|/, $_) } split(/\n/, $node->safe_psql($dbname, $sql));
}

for my $statistics ('none', 'those of one person')
{
	my $dbname = $statistics eq 'none' ? 'none' : 'one';
	$node->safe_psql('postgres', "CREATE DATABASE $dbname");
	$node->safe_psql($dbname, $set_up);
	fill_one($dbname);
	$node->safe_psql($dbname, 'ANALYZE') if $statistics ne 'none';
	fill($dbname, 2, $few);

	# Every view and every section of the page, those to come included; and what
	# reads all else that is on record.
	my %all = (
		'compliance_report' => 'SELECT compliance_report()',
		'describe_purpose' => q{SELECT describe_purpose('newsletter')},
		'drop_purpose' => q{SELECT add_purpose('unused'); SELECT drop_purpose('unused')},
		'prune_change_log' => 'SELECT prune_change_log()',
		'seal_history' => 'SELECT seal_history()',
		'verify_history' => 'SELECT verify_history()');
	for my $view (split(/\n/, $node->safe_psql($dbname, q{
		SELECT relname FROM pg_class WHERE relnamespace = 'consent_profiling'::regnamespace AND relkind = 'v'})))
	{
		$all{"view $view"} = "SELECT sum(length(v::text)) FROM $view v";
	}
	for my $section (split(/\n/, $node->safe_psql($dbname, q{
		SELECT proname FROM pg_proc WHERE pronamespace = 'consent_profiling'::regnamespace
			AND proname ~ '_section$' AND pronargs = 0})))
	{
		$all{$section} = "SELECT $section()";
	}
	# And what is about one person, however many people there are.
	my %one = (
		'consent_record' => q{SELECT consent_record(7, 'newsletter')},
		'erase_subject' => 'SELECT erase_subject(7)',
		'give_consent' => q{SELECT give_consent(7, 'newsletter')},
		'lift_restriction' => 'SELECT lift_restriction(13, now())',
		'raise_objection' => q{SELECT raise_objection(7, 'newsletter')},
		'record_disclosure' => q{SELECT record_disclosure(7, 'printer', 'newsletter')},
		'record_review' => q{SELECT record_review(7, 'stock', 'right', 'Li')},
		'rectify_birth_date' => q{SELECT rectify_birth_date(7, '1981-01-01')},
		'restrict_subject' => q{SELECT restrict_subject(7, 'legal claims')},
		'subject_report' => 'SELECT subject_report(7)',
		'verdict_of' => q{SELECT verdict_of(7, 'newsletter')},
		'verdict_of, of then' => q{SELECT verdict_of(7, 'newsletter', '2020-06-06', now())});

	my %before = work_of($dbname, %all, %one);
	fill($dbname, $few + 1, $many);
	my %after = work_of($dbname, %all, %one);
	for my $name (sort keys %all)
	{
		# An index may have become deeper, a buffer too small.
		cmp_ok($after{$name}, '<=', 15 * ($before{$name} + 100), "statistics: $statistics: $name");
	}
	for my $name (sort keys %one)
	{
		cmp_ok($after{$name}, '<=', 2 * ($before{$name} + 100), "statistics: $statistics: $name, of one person");
	}
	is($node->safe_psql($dbname, q{
			SELECT max(reltuples) < 100 FROM pg_class
				WHERE relnamespace = 'consent_profiling'::regnamespace AND relkind = 'r'}),
		't', "statistics: $statistics: they are");
	# The page counts by one scan what verdict_of() says of each.
	is($node->safe_psql($dbname, q{
			SET search_path = public, consent_profiling;
			SELECT (SELECT string_agg(concat_ws(' ', p.name, c.verdict, c.people), ', ' ORDER BY p.name, c.verdict)
						FROM purpose p, count_verdicts(p.name) c)
				= (SELECT string_agg(concat_ws(' ', v.name, v.verdict, v.people), ', ' ORDER BY v.name, v.verdict)
					FROM (SELECT p.name, verdict_of(s.id, p.name) AS verdict, count(*) AS people
							FROM purpose p, subject s GROUP BY 1, 2) v)}),
		't', "statistics: $statistics: count_verdicts() counts what verdict_of() says");
	note(join("\n", map { "$_: $before{$_} -> $after{$_}" } sort keys %before));
}

# A load analyses what it has filled, with the owner's rights, also for a role that
# has none and at the highest isolation level.
$node->safe_psql('postgres', 'CREATE ROLE app');
$node->safe_psql('postgres', 'CREATE DATABASE load');
$node->safe_psql('load', q{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.grant_duty('app', 'recorder');
	GRANT CREATE ON SCHEMA public TO app;
});
# What the planner counted in a table, -1 where it never did.
sub counted
{
	my @tables = @_;
	return join(' ', map { $node->safe_psql('load',
		"SELECT reltuples FROM pg_class WHERE oid = 'consent_profiling.$_'::regclass") } @tables);
}
sub subjects
{
	my ($from, $to) = @_;
	return "SELECT consent_profiling.import_subjects('SELECT i AS subject, date ''1980-01-01'' AS birth_date"
		. " FROM generate_series($from, $to) i');\n";
}
my $as_app = "SET ROLE app;\n";

$node->safe_psql('load', $as_app . subjects(1, 10));
is(counted('subject', 'event'), '-1 -1', 'a small import analyses nothing');
$node->safe_psql('load', $as_app . "BEGIN ISOLATION LEVEL SERIALIZABLE;\n" . subjects(1, 20000) . 'COMMIT');
is(counted('subject', 'choice'), '20000 -1', 'an import analyses what it has filled, and no more');
cmp_ok(counted('event'), '>=', 20000, 'an import analyses the history');
is($node->safe_psql('load', q{
		SELECT string_agg(attname, ' ' ORDER BY attname) FROM pg_stats
			WHERE schemaname = 'consent_profiling' AND tablename = 'event'
				AND attname IN ('id', 'subject', 'purpose', 'actor', 'birth_date', 'objection', 'ground',
								'notice', 'evidence', 'detail')}),
	'id purpose subject', 'the statistics of the history have nothing personal but the subject');
is($node->safe_psql('load', q{
		SELECT array_length(histogram_bounds, 1) FROM pg_stats
			WHERE schemaname = 'consent_profiling' AND tablename = 'subject' AND attname = 'id'}),
	'1001', 'there are statistics of the subjects');
$node->safe_psql('load', $as_app . subjects(20001, 20500));
is(counted('subject'), '20000', 'an import that is a small share analyses nothing');
$node->safe_psql('load', $as_app . q{
	CREATE TABLE customer AS SELECT i AS id, date '1980-01-01' AS birth_date FROM generate_series(20001, 40000) i;
	SELECT consent_profiling.track_subjects('customer', 'id', 'birth_date');
});
is(counted('subject'), '40000', 'track_subjects() analyses what it has filled');
$node->safe_psql('load', $as_app . q{
	SELECT consent_profiling.import_consents('SELECT i AS subject, ''profiling'' AS purpose,
		''given at 2020-01-01T00:00Z'' AS consent FROM generate_series(1, 40000) i')
});
is(counted('choice'), '40000', 'an import of consents analyses what it has filled');

# As a VACUUM holds it; a load that waited for it would be cancelled here.
my $other = session($node, 'load');
ask($other, 'BEGIN; LOCK TABLE consent_profiling.subject IN SHARE UPDATE EXCLUSIVE MODE;');
$node->safe_psql('load', "SET lock_timeout = '10s';\n" . subjects(40001, 60000));
is(counted('subject'), '40000', 'a table that is locked is not waited for');
close_session($other);
done_testing();
