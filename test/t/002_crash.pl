# The server crashes while several clients record: what was acknowledged is
# there, what is there holds together, and verdicts follow from the history.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $clients = 4;
my $subjects = 20;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = on\nwal_consistency_checking = 'all'");
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.add_purpose('stats', basis => 'legitimate_interests');
	SELECT consent_profiling.import_subjects('SELECT g AS subject, date ''1980-01-01'' AS birth_date FROM generate_series(1, $subjects) g');
});

# What a client does, an act a transaction; now and then two, or one rolled
# back.  The answer to each names the act, as does its evidence.
sub script
{
	my ($round, $client) = @_;
	my $script = "SET search_path = consent_profiling, public;\n";
	for my $n (1 .. 20000)
	{
		my $key = "$round.$client.$n";
		my ($subject, $other) = map { 1 + int(rand($subjects)) } 1, 2;
		my $purpose = rand() < 0.5 ? 'profiling' : 'stats';
		my $evidence = "evidence => '\"$key\"'";
		my @acts = (
			"give_consent($subject, '$purpose', $evidence)",
			"withdraw_consent($subject, '$purpose', $evidence)",
			"refuse_consent($subject, '$purpose', $evidence)",
			"raise_objection($subject, '$purpose', $evidence)");
		my $act = $acts[ rand(@acts) ];
		my $kind = rand();
		if ($kind < 0.8)
		{
			$script .= "SELECT '$key', $act;\n";
		}
		elsif ($kind < 0.85)
		{
			$script .= "BEGIN; SELECT $act; ROLLBACK;\n";
		}
		elsif ($kind < 0.95)
		{
			# in the order of the subjects, so that nobody waits in a circle
			my ($first, $second) = sort { $a <=> $b } $subject, $other;
			$script .= "SELECT '$key', give_consent($first, 'stats', $evidence), raise_objection($second, 'profiling', $evidence);\n";
		}
		else
		{
			$script .= "SELECT '$key', import_objections(\$\$SELECT g AS subject, 'stats' AS purpose, "
				. "consent_profiling.make_objection('withdrawn', clock_timestamp(), NULL) AS objection, "
				. "jsonb '\"$key\"' AS evidence FROM generate_series(1, $subjects) g\$\$);\n";
		}
	}
	return $script;
}

my %acknowledged;
my $dir = PostgreSQL::Test::Utils::tempdir;

for my $round (1 .. 3)
{
	my @running;
	for my $client (1 .. $clients)
	{
		append_to_file("$dir/$round.$client.sql", script($round, $client));
		push @running, IPC::Run::start(
			[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$dir/$round.$client.sql" ],
			'>', "$dir/$round.$client.out", '2>', "$dir/$round.$client.err");
	}
	my $before = $node->safe_psql('postgres', 'SELECT count(*) FROM consent_profiling.event');
	$node->poll_query_until('postgres', "SELECT count(*) > $before + 300 FROM consent_profiling.event")
		or die 'nothing is recorded';

	if ($round == 2)
	{
		# one server process dies, and takes the others along
		my $pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1");
		kill 9, $pid;
		usleep(100_000) while -e $node->data_dir . '/postmaster.pid';
		$node->_update_pid(0);
	}
	else
	{
		$node->stop('immediate');
	}
	$_->finish for @running;
	for my $client (1 .. $clients)
	{
		$acknowledged{$_} = 1 for slurp_file("$dir/$round.$client.out") =~ /^(\d+\.\d+\.\d+)\|/mg;
	}
	$node->start;

	my %there = map { $_ => 1 } split /\n/,
		$node->safe_psql('postgres', q{SELECT evidence #>> '{}' FROM consent_profiling.event WHERE evidence IS NOT NULL});
	my @lost = grep { !$there{$_} } keys %acknowledged;
	cmp_ok(scalar(keys %acknowledged), '>', 100 * $round, "round $round: something was acknowledged");
	is("@lost", '', "round $round: all that was acknowledged is there");

	# at most one act a client was done and not heard of
	my @unheard = grep { /^$round\./ && !$acknowledged{$_} } keys %there;
	cmp_ok(scalar @unheard, '<=', $clients, "round $round: what else is there was under way");
	$acknowledged{$_} = 1 for @unheard;

	check($round);
}

sub check
{
	my ($round) = @_;

	# an import and a double act are whole or not there
	is($node->safe_psql('postgres', qq{
			SELECT evidence, count(*) FROM consent_profiling.event WHERE evidence IS NOT NULL
			GROUP BY evidence HAVING count(*) NOT IN (1, 2, $subjects)}),
		'', "round $round: no act by half");

	# each CHECK holds
	my $checks = $node->safe_psql('postgres', q{
		SELECT string_agg(format('SELECT %L FROM %s WHERE NOT %s', conname, conrelid::regclass,
				substring(pg_get_constraintdef(oid) FROM '^CHECK (.*)$')), ' UNION ALL ')
		FROM pg_constraint WHERE connamespace = 'consent_profiling'::regnamespace AND contype = 'c' AND conrelid <> 0});
	like($checks, qr/choice_current_objection_check/, 'there are constraints');
	is($node->safe_psql('postgres', $checks), '', "round $round: constraints hold");

	# a choice is what the history says, and nothing else
	my $history = q{
		SELECT subject, purpose, consent_profiling.max(consent) AS consent,
			consent_profiling.max(consent) FILTER (WHERE consent_profiling.is_refusal(consent)) AS refusal,
			consent_profiling.max(objection) AS objection,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) IN ('raised', 'upheld')) AS raised_at,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) = 'withdrawn') AS withdrawn_at,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) = 'overridden') AS overridden_at
		FROM consent_profiling.event WHERE subject IS NOT NULL AND purpose IS NOT NULL GROUP BY subject, purpose};
	is($node->safe_psql('postgres', qq{
			(SELECT subject, purpose, consent, refusal, objection, raised_at, withdrawn_at, overridden_at FROM consent_profiling.choice EXCEPT $history) UNION ALL ($history EXCEPT SELECT subject, purpose, consent, refusal, objection, raised_at, withdrawn_at, overridden_at FROM consent_profiling.choice)}),
		'', "round $round: choices follow from the history");

	# so do the verdicts, worked out here for adults and two purposes
	is($node->safe_psql('postgres', qq{
			WITH h AS ($history), v AS (
				SELECT s.id, p.name, consent_profiling.verdict_of(s.id, p.name) AS got,
					CASE WHEN root.raised_at > COALESCE(root.withdrawn_at, '-infinity')
							OR own.raised_at > COALESCE(own.withdrawn_at, '-infinity') THEN 'objected'
						WHEN GREATEST(own.consent, root.refusal) IS NULL
							THEN CASE WHEN p.name = 'profiling' THEN 'consent_missing' ELSE 'permitted' END
						ELSE CASE consent_profiling.consent_status(GREATEST(own.consent, root.refusal))
							WHEN 'given' THEN 'permitted'
							WHEN 'refused' THEN 'consent_refused'
							WHEN 'withdrawn' THEN 'consent_withdrawn' END
					END AS wanted
				FROM consent_profiling.subject s CROSS JOIN consent_profiling.purpose p
					LEFT JOIN h own ON own.subject OPERATOR(consent_profiling.=) s.id AND own.purpose = p.name
					LEFT JOIN h root ON root.subject OPERATOR(consent_profiling.=) s.id AND root.purpose = 'profiling')
			SELECT * FROM v WHERE got::text IS DISTINCT FROM wanted}),
		'', "round $round: verdicts follow from the history");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM consent_profiling.subject'), $subjects, "round $round: nobody is missing");
}

done_testing();
