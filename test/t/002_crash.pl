# The server crashes while several clients record, seal and erase: what was
# acknowledged is there, what is there holds together, and verdicts follow from
# the history.
use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use List::Util qw(max sum0);
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(usleep);

# Clients 1 to 3 record about these, 4 and 5 about people whom they erase, 6
# seals, and 7 verifies.
my $recorders = 3;
my @erasers = (4, 5);
my $clients = 7;
my $subjects = 20;

# What the server has written stays with the operating system whatever becomes of
# the server, so it does not matter here that the tests run without fsync.
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "synchronous_commit = on\nwal_consistency_checking = 'all'\nautovacuum = off");
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.add_purpose('stats', basis => 'legitimate_interests');
	SELECT consent_profiling.add_purpose('loans', basis => 'contract', automated_decision => true);
	SELECT consent_profiling.add_recipient('printer');
	SELECT consent_profiling.import_subjects('SELECT g AS subject, date ''1980-01-01'' AS birth_date FROM generate_series(1, $subjects) g');
});
my $with_path = 'SET search_path = consent_profiling, public;';

# What a recorder does, an act a transaction; now and then two, one rolled back,
# or one about nobody.  The answer to each names the act, as does its evidence,
# and this is what the history must then say.
my %promised;

sub recorder_script
{
	my ($round, $client) = @_;
	my $script = "$with_path\n";
	for my $n (1 .. 4000)
	{
		my $key = "$round.$client.$n";
		my ($subject, $other) = map { 1 + int(rand($subjects)) } 1, 2;
		my $purpose = rand() < 0.5 ? 'profiling' : 'stats';
		my $time = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(1704067200 + $round * 50_000 + $n * 10 + $client));
		my $rest = "at => '$time', evidence => '\"$key\"'";
		my @acts = (
			[ 'give_consent', "given at $time told", "notice => 'told', $rest" ],
			[ 'give_consent', "given explicit at $time", "explicit => true, $rest" ],
			[ 'withdraw_consent', "withdrawn at $time", $rest ],
			[ 'refuse_consent', "refused at $time", $rest ],
			[ 'raise_objection', "raised at $time", $rest ]);
		my ($act, $says, $arguments) = @{ $acts[ rand(@acts) ] };
		my $kind = rand();
		if ($kind < 0.75)
		{
			$script .= "SELECT '$key', $act($subject, '$purpose', $arguments);\n";
			$promised{$key} = "$act $subject $purpose $says";
		}
		elsif ($kind < 0.8)
		{
			$script .= "BEGIN; SELECT $act($subject, '$purpose', $arguments); ROLLBACK;\n";
		}
		elsif ($kind < 0.85)
		{
			$script .= "SELECT '$key', add_recipient('$key', 'broker');\n";
			$promised{$key} = 'add_recipient broker';
		}
		elsif ($kind < 0.95)
		{
			# in the order of the subjects, so that nobody waits in a circle
			my ($first, $second) = sort { $a <=> $b } $subject, $other;
			$script .= "SELECT '$key', give_consent($first, 'stats', $rest), raise_objection($second, 'profiling', $rest);\n";
			$promised{$key} = "give_consent $first stats given at $time; raise_objection $second profiling raised at $time";
		}
		else
		{
			$script .= "SELECT '$key', import_objections(\$\$SELECT g AS subject, 'stats' AS purpose, 'withdrawn at $time' AS objection, "
				. "jsonb '\"$key\"' AS evidence FROM generate_series(1, $subjects) g\$\$);\n";
			$promised{$key} = join '; ', sort map { "import_objections $_ stats withdrawn at $time" } 1 .. $subjects;
		}
	}
	return $script;
}

# What an eraser does: somebody comes, does this and that, and is erased, mostly;
# what the other eraser records about them meanwhile may come before, or be
# refused.  Answers name whom and what.
sub eraser_script
{
	my ($round, $client, $other) = @_;
	my $script = "$with_path\n";
	for my $n (1 .. 1500)
	{
		my ($own, $theirs) = map { "mortal:$round-$_-$n" } $client, $other;
		my %call = (
			give_consent => "give_consent('$own', notice => 'to $own', evidence => '\"$own\"')",
			open_request => "open_request('$own', 'access', evidence => '\"$own\"')",
			request_review => "request_review('$own', 'loans', '\"$own\"')",
			record_disclosure => "record_disclosure('$own', 'printer', evidence => '\"$own\"')");
		my @acts = grep { rand() < 0.8 } sort keys %call;
		$script .= "SELECT '$own register_subject', register_subject('$own', '1980-01-01');\n";
		$script .= "SELECT '$own $_', $call{$_};\n" for @acts;
		$script .= "SELECT '$theirs request_consent', request_consent('$theirs', evidence => '\"$theirs\"');\n";
		$script .= "SELECT '$own erase_subject', erase_subject('$own');\n" if rand() < 0.8;
	}
	return $script;
}

my $sealer_script = "SELECT 'seal', consent_profiling.seal_history();\nSELECT pg_sleep(0.02);\n" x 2000;
my $verifier_script = q{
	SELECT 'seal', consent_profiling.export_seal();
	SELECT 'verified', COALESCE(problem, 'fits') FROM consent_profiling.verify_history(seal => consent_profiling.export_seal());
	SELECT pg_sleep(0.02);
} x 2000;

# What has happened, by the word of the clients: acts of recorders; how often
# what was done about whom by erasers; lines of seals; and what verifying said.
my (%acknowledged, %done, %seals, %verified);
my $dir = PostgreSQL::Test::Utils::tempdir;

for my $round (1 .. 6)
{
	my @scripts = map { recorder_script($round, $_) } 1 .. $recorders;
	push @scripts, eraser_script($round, @erasers), eraser_script($round, reverse @erasers), $sealer_script, $verifier_script;
	my $progress = q{SELECT (SELECT count(*) FROM consent_profiling.event) || ' ' || (SELECT count(*) FROM consent_profiling.seal)
		|| ' ' || (SELECT count(*) FROM consent_profiling.subject WHERE erased_at IS NOT NULL)};
	my ($events, $seals, $erased) = split / /, $node->safe_psql('postgres', $progress);

	# One transaction is never committed, whatever it was told.
	my $unfinished = session($node, 'postgres');
	my $nobody = "mortal:$round-0-0";
	ask($unfinished, "$with_path SELECT register_subject('$nobody', '1980-01-01'), give_consent('$nobody'); BEGIN;");

	my @running;
	for my $client (1 .. $clients)
	{
		append_to_file("$dir/$round.$client.sql", $scripts[ $client - 1 ]);
		push @running, IPC::Run::start(
			[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', "$dir/$round.$client.sql" ],
			'>', "$dir/$round.$client.out", '2>', "$dir/$round.$client.err");
	}
	$node->poll_query_until('postgres', "SELECT (SELECT count(*) > $events + 500 FROM consent_profiling.event)
			AND (SELECT count(*) > $seals + 5 FROM consent_profiling.seal)
			AND (SELECT count(*) > $erased + 20 FROM consent_profiling.subject WHERE erased_at IS NOT NULL)")
		or die 'nothing is recorded, sealed or erased';

	like(ask($unfinished, "SELECT erase_subject('$nobody');"), qr/tombstone/, "round $round: erased, not committed");
	# a seal keeps others from sealing, so only now and then
	my $unfinished_seal = $round % 3 == 2 ? ask($unfinished, 'SELECT seal_history();') : undef;
	usleep(rand(100_000));

	if ($round % 3 == 2)
	{
		# one server process dies, and takes the others along
		my $pid = $node->safe_psql('postgres',
			"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), $unfinished->{pid}) LIMIT 1");
		kill 9, $pid;
		usleep(100_000) while -e $node->data_dir . '/postmaster.pid';
		$node->_update_pid(0);
	}
	elsif ($round % 3 == 0)
	{
		# all of them die, the first one first, so that nobody tells the others
		my @pids = split /\n/, $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
		push @pids, slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
		$node->kill9;
		kill 9, @pids;
		for (1 .. 1000)
		{
			last unless kill 0, @pids;
			usleep(10_000);
		}
	}
	else
	{
		$node->stop('immediate');
	}
	$_->finish for @running;
	close_session($unfinished);
	my $heard = join '', map { slurp_file("$dir/$round.$_.out") } 1 .. $clients;
	$acknowledged{$_} = 1 for $heard =~ /^(\d+\.\d+\.\d+)\|/mg;
	$done{$_}++ for $heard =~ /^(mortal:\S+ \w+)\|/mg;
	$done{"$nobody $_"}++ for qw(register_subject give_consent);
	my %new_seals = map { $_ => 1 } $heard =~ /^seal\|(.+)$/mg;
	$seals{$_} = 1 for keys %new_seals;
	$verified{$_} = 1 for $heard =~ /^verified\|(.*)$/mg;
	$node->start;

	is(join('; ', keys %verified), 'fits', "round $round: the history fitted all along");
	my $errors = join '', map { slurp_file("$dir/$round.$_.err") } 1 .. $clients;
	is(join('', grep { !/is not registered$|has been erased$|server closed|terminat|connection|^HINT:|^WARNING:|^DETAIL:|^CONTEXT:|^PL\/pgSQL|^SQL / }
			map { s/^psql:[^ ]*: //r =~ s/^ERROR:  //r } $errors =~ /^(.*(?:ERROR|FATAL|PANIC).*\n)/mg),
		'', "round $round: nobody saw an error that is none of theirs");
	check_recorded($round);
	check_erased($round);
	check_sealed($round, $unfinished_seal, keys %new_seals);
	check($round);
}

# Each act of a recorder is there, with what it said, and no other.
sub check_recorded
{
	my ($round) = @_;
	my %there = map { split /=/, $_, 2 } split /\n/, $node->safe_psql('postgres', qq{
		$with_path
		SELECT key || '=' || string_agg(line, '; ' ORDER BY line COLLATE "C") FROM (
			SELECT COALESCE(evidence #>> '{}', detail ->> 'name') AS key,
				concat_ws(' ', act, subject, purpose, consent, objection, notice, detail ->> 'category') AS line
			FROM event) e
		WHERE key ~ '^[0-9.]+\$' GROUP BY key});
	my @lost = grep { !$there{$_} } keys %acknowledged;
	cmp_ok(scalar(keys %acknowledged), '>', 100 * $round, "round $round: something was acknowledged");
	is("@lost", '', "round $round: all that was acknowledged is there");
	is(join("\n", map { "$_: $there{$_}" } grep { $there{$_} ne ($promised{$_} // '') } sort keys %there),
		'', "round $round: as it was recorded, and no act by half");

	# at most one act a client was done and not heard of
	my @unheard = grep { !$acknowledged{$_} } keys %there;
	cmp_ok(scalar @unheard, '<=', $recorders, "round $round: what else is there was under way");
	$acknowledged{$_} = 1 for @unheard;
}

# Each act of an eraser is there; whoever is erased has left nothing but a
# tombstone, and whoever is not has lost nothing.
sub check_erased
{
	my ($round) = @_;

	# those about whom something was or may have been recorded
	my %last;
	for (keys %done)
	{
		my ($client, $n) = /^(mortal:\d+-\d+-)(\d+) /;
		$last{$client} = max($n, $last{$client} // 0);
	}
	my $people = join ' UNION ALL ', map { "SELECT '$_' || n FROM generate_series(0, $last{$_} + 1) n" } sort keys %last;
	my $prepare = qq{$with_path
		CREATE TEMPORARY TABLE person AS SELECT key, known_as(key) AS known, known_as(key) <> key AS erased
			FROM (SELECT k::subject_id AS key FROM ($people) p (k)) p;
		ANALYZE person;
	};

	my %there = map { split /=/ } split /\n/, $node->safe_psql('postgres', qq{$prepare
		SELECT p.key || ' ' || e.act || '=' || count(*) FROM person p JOIN event e ON e.subject = p.known GROUP BY p.key, e.act});
	my @lost = grep { ($there{$_} // 0) < $done{$_} } keys %done;
	# an objection registers a person who is not known yet
	my $unheard = sum0(map { $there{$_} - ($done{$_} // 0) } grep { !/ register_subject$/ } keys %there);
	my $erased = grep { / erase_subject$/ } keys %done;
	cmp_ok($erased, '>=', 20 * $round, "round $round: erasures were acknowledged");
	is("@lost", '', "round $round: all that was done is there");
	cmp_ok($unheard, '<=', scalar @erasers, "round $round: and what was under way");
	%done = %there;

	# all of an erasure or nothing, as of each other act
	is($node->safe_psql('postgres', qq{$prepare
			SELECT key, known, acts, is_there, must_be FROM person p
				CROSS JOIN LATERAL (SELECT string_agg(act, ' ' ORDER BY link) || ' ' AS acts FROM event WHERE subject = p.known) e
				CROSS JOIN LATERAL (VALUES (
					format('%s subjects, %s choices, %s requests, %s reviews, %s disclosures, %s to be told',
						(SELECT count(*) FROM subject WHERE id IN (p.key, p.known) AND (erased_at IS NOT NULL) = p.erased
							-- known by an objection alone, or not
							AND ((birth_date IS NULL) = p.erased OR acts = 'register_subject raise_objection ')),
						(SELECT count(*) FROM choice WHERE subject IN (p.key, p.known)),
						(SELECT count(*) FROM request WHERE subject = p.known),
						(SELECT count(*) FROM review WHERE subject = p.known),
						(SELECT count(*) FROM disclosure WHERE subject IN (p.key, p.known)),
						(SELECT count(*) FROM notification WHERE subject = p.key AND cause = 'erasure')),
					format('%s subjects, %s choices, %s requests, %s reviews, %s disclosures, %s to be told',
						(acts IS NOT NULL)::int, (NOT p.erased AND acts ~ 'give_consent|request_consent')::int,
						(acts ~ 'open_request')::int, (acts ~ 'request_review')::int,
						(NOT p.erased AND acts ~ 'record_disclosure')::int, (p.erased AND acts ~ 'record_disclosure')::int))) t (is_there, must_be)
				WHERE CASE WHEN acts IS NULL THEN EXISTS (SELECT FROM subject WHERE id = p.known)
					ELSE is_there <> must_be OR (acts ~ 'erase_subject (raise_objection )?\$') <> p.erased END}),
		'', "round $round: each act is whole");
	is($node->safe_psql('postgres', qq{$prepare SELECT key, verdict_of(key) FROM person WHERE erased <> (verdict_of(key) = 'erased')}),
		'', "round $round: whoever is erased is refused");

	# The log of changes is for queries that run, and says what is of use to them.
	my $places = $node->safe_psql('postgres', q{
		SELECT string_agg(format('SELECT %L, m[1] FROM %s t, regexp_matches(t::text, ''mortal:[0-9-]+'', ''g'') m WHERE to_jsonb(t) ->> ''cause'' IS DISTINCT FROM ''erasure''',
				relname, oid::regclass), ' UNION ')
			FROM pg_class WHERE relnamespace = 'consent_profiling'::regnamespace AND relkind = 'r' AND relname <> 'change'});
	like($places, qr/review.*tombstone_secret|tombstone_secret.*review/s, 'there are places to look at');
	is($node->safe_psql('postgres', "$prepare SELECT place, k FROM ($places) f (place, k) JOIN person ON key = k::subject_id WHERE erased LIMIT 5"),
		'', "round $round: no key of theirs is left");

	# and none comes back
	my ($somebody) = map { /^(\S+) erase_subject$/ ? $1 : () } sort keys %done;
	is($node->safe_psql('postgres', "$with_path BEGIN; SELECT FROM register_subject('$somebody', '1980-01-01'); SELECT verdict_of('$somebody')"),
		'erased', "round $round: not by registering");
	my ($status, $out, $err) = $node->psql('postgres', "SELECT consent_profiling.give_consent('$somebody')");
	like($err, qr/has been erased/, "round $round: nor by recording");
}

# Each seal that was heard of is there, and the history fits it.
sub check_sealed
{
	my ($round, $unfinished, @new) = @_;
	my ($lines, $new) = map { join ', ', map { "('$_')" } @$_ } [ keys %seals ], \@new;
	cmp_ok(scalar @new, '>', 5, "round $round: seals were acknowledged");
	is($node->safe_psql('postgres', "VALUES $lines EXCEPT SELECT consent_profiling.seal_line(s) FROM consent_profiling.seal s"),
		'', "round $round: all seals are there");
	is($node->safe_psql('postgres', "SELECT DISTINCT v.event, v.problem FROM (VALUES $new) s (line), consent_profiling.verify_history(seal => line) v"),
		'|', "round $round: and the history fits each");
	like($node->safe_psql('postgres', "SELECT problem FROM consent_profiling.verify_history(seal => '$unfinished')"),
		qr/^the end is missing|is not the one that was saved$/, "round $round: but not one that was not committed") if defined $unfinished;

	# nothing that was recorded is beyond sealing
	is($node->safe_psql('postgres', q{
			SELECT FROM consent_profiling.seal_history();
			SELECT unsealed, event, problem, events = (SELECT count(*) FROM consent_profiling.event) FROM consent_profiling.verify_history(seal => consent_profiling.export_seal())}),
		'0|||t', "round $round: all can be sealed");
}

sub check
{
	my ($round) = @_;

	# each CHECK holds
	my $checks = $node->safe_psql('postgres', q{
		SELECT string_agg(format('SELECT %L FROM %s WHERE NOT %s', conname, conrelid::regclass,
				substring(pg_get_constraintdef(oid) FROM '^CHECK (.*)$')), ' UNION ALL ')
		FROM pg_constraint WHERE connamespace = 'consent_profiling'::regnamespace AND contype = 'c' AND conrelid <> 0});
	like($checks, qr/choice_facts_check/, 'there are constraints');
	is($node->safe_psql('postgres', $checks), '', "round $round: constraints hold");

	# a choice is what the history says, and nothing else; who is erased has none
	my $history = q{
		SELECT subject, purpose, consent_profiling.max(consent) AS consent,
			consent_profiling.max(consent) FILTER (WHERE consent_profiling.is_refusal(consent)) AS refusal,
			consent_profiling.max(objection) AS objection,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) IN ('raised', 'upheld')) AS raised_at,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) = 'withdrawn') AS withdrawn_at,
			max(at) FILTER (WHERE consent_profiling.objection_status(objection) = 'overridden') AS overridden_at
		FROM consent_profiling.event WHERE purpose IS NOT NULL AND COALESCE(consent::text, objection::text) IS NOT NULL
			AND subject::text !~ '^erased:' GROUP BY subject, purpose};
	is($node->safe_psql('postgres', qq{
			(SELECT subject, purpose, consent, refusal, objection, raised_at, withdrawn_at, overridden_at FROM consent_profiling.choice EXCEPT $history) UNION ALL ($history EXCEPT SELECT subject, purpose, consent, refusal, objection, raised_at, withdrawn_at, overridden_at FROM consent_profiling.choice)}),
		'', "round $round: choices follow from the history");

	# so do the verdicts, worked out here for adults, or people of unknown age, and every purpose
	is($node->safe_psql('postgres', qq{
			WITH h AS ($history), v AS (
				SELECT s.id, p.name, consent_profiling.verdict_of(s.id, p.name) AS got,
					CASE WHEN s.erased_at IS NOT NULL THEN 'erased'
						WHEN s.birth_date IS NULL THEN 'age_unknown'
						WHEN p.basis <> 'contract' AND root.raised_at > COALESCE(GREATEST(root.withdrawn_at, own.withdrawn_at), '-infinity')
							OR own.raised_at > COALESCE(own.withdrawn_at, '-infinity') THEN 'objected'
						WHEN COALESCE(consent_profiling.consent_status(GREATEST(own.consent, root_refusal)), 'requested') = 'requested'
							THEN CASE WHEN p.basis = 'consent' THEN 'consent_missing' ELSE 'permitted' END
						ELSE CASE consent_profiling.consent_status(GREATEST(own.consent, root_refusal))
							WHEN 'given' THEN 'permitted'
							WHEN 'refused' THEN 'consent_refused'
							WHEN 'withdrawn' THEN 'consent_withdrawn' END
					END AS wanted
				FROM consent_profiling.subject s CROSS JOIN consent_profiling.purpose p
					LEFT JOIN h own ON own.subject OPERATOR(consent_profiling.=) s.id AND own.purpose = p.name
					LEFT JOIN h root ON root.subject OPERATOR(consent_profiling.=) s.id AND root.purpose = 'profiling'
					CROSS JOIN LATERAL (SELECT CASE WHEN p.basis = 'consent' THEN root.refusal END) r (root_refusal))
			SELECT * FROM v WHERE got::text IS DISTINCT FROM wanted}),
		'', "round $round: verdicts follow from the history");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM consent_profiling.subject WHERE id::text ~ \'^\d+$\''), $subjects, "round $round: nobody is missing");
}

done_testing();
