# What test/bench/run measures: the cases, one after the other, down to "Means";
# below that is what they are written with.
#
#	measure.pl --check	only looks whether the cases in ONLY exist
#	measure.pl DIRECTORY	measures, and writes what it found there
#
# To add a case, add a define(): a name, what it is about, and a sub that measures,
# shows figures and states goals.  It finds a server just started, so that no case
# depends on another, with the library preloaded unless it says otherwise.
use strict;
use warnings;

use IPC::Open2;
use List::Util qw(max min);
use Report;

my ($rows, $subjects, $many, $rounds, $secs) = @ENV{qw(ROWS SUBJECTS MANY ROUNDS SECS)};
my @keys = split ' ', $ENV{KEYS};
my $dir;
my @cases;

# The ways of keeping people who may not be profiled from a reader: the role that
# reads so, and what to call it.  Their policies are in setup.sql and lookups.sql.
# What is slow is measured in every third round, and not warmed up.
my %way = (
	inline => { role => 'bench_inline', title => 'inline boolean column' },
	gate => { role => 'bench_gate', title => 'consent_profiling' },
	open => { role => 'bench_open', title => 'no gate: a policy USING (true)' },
	bypass => { role => 'bench_bypass', title => 'no row security: BYPASSRLS' },
	hashed => { role => 'bench_hashed', title => 'IN (SELECT ...), hashed' },
	plpgsql => { role => 'bench_plpgsql', title => 'plpgsql function, a lookup a row', slow => 1 },
	sql => { role => 'bench_sql', title => 'SQL function, a lookup a row', slow => 1 });

# The kinds of keys: the type, and what makes the key of person n.  Scattered ones
# are like Snowflake's: milliseconds, 10 bits of a machine and 12 of a sequence.
my %key = (
	bigint => [ 'bigint', 'SELECT n' ],
	scattered => [ 'bigint', 'SELECT ((n * 9461) << 22)
		| ((hashint8extended(n, 1) & 1023) << 12) | (hashint8extended(n, 2) & 3)' ],
	uuid => [ 'uuid', 'SELECT md5(n::text)::uuid' ],
	text => [ 'text', q{SELECT 'person' || n || '@example.org'} ]);

my $scan = 'SELECT count(*), sum(amount) FROM visit';

### Reading

define('scan', 'scan with an aggregate, serial, bigint keys', sub {
	my @ways = qw(inline gate hashed sql plpgsql);
	my $db = database('bigint', $subjects);

	lookups_by_hand($db);
	my $ms = time_query($db, $scan, @ways);
	show_ways('ms', $ms, @ways);
	goal('consent_profiling / inline', ratio($ms, qw(gate inline)), '<=', '1.10');
	goal('hashed IN / consent_profiling', ratio($ms, qw(hashed gate)), '>=', '6');
	goal('plpgsql / consent_profiling', ratio($ms, qw(plpgsql gate)), '>=', '60');
	figure('SQL function / consent_profiling', '', ratio($ms, qw(sql gate)));
});

define('scan_private', 'scan, library not preloaded', sub {
	my $ms = time_query(database('bigint', $subjects), $scan, qw(inline gate));

	show_ways('ms', $ms, qw(inline gate));
	figure('consent_profiling / inline', '', ratio($ms, qw(gate inline)));
}, preload => 0);

# Three processes at work: the leader takes part.
sub measure_parallel
{
	my $db = database('bigint', $subjects);
	my @settings = ('max_parallel_workers_per_gather = 2',
		'min_parallel_table_scan_size = 0', 'parallel_setup_cost = 0');
	my $session = connect_to($db);

	ask($session, "SET $_") for @settings;
	for my $name (qw(inline gate))
	{
		my ($plan) = ask($session, "SET ROLE $way{$name}{role};
			EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $scan");
		die "The plan of $way{$name}{title} is not run by 2 parallel workers:\n$plan"
		  unless $plan =~ /Workers Launched: 2/;
	}
	my $ms = time_query_in($session, $scan, qw(inline gate));
	show_ways('ms', $ms, qw(inline gate));
	return ratio($ms, qw(gate inline));
}

define('parallel', 'scan with an aggregate, 2 parallel workers, bigint keys', sub {
	goal('consent_profiling / inline', measure_parallel(), '<=', '1.15');
});

# Workers have nothing that is theirs alone beyond a query.
define('parallel_private', 'parallel scan, library not preloaded', sub {
	figure('consent_profiling / inline', '', measure_parallel());
}, preload => 0);

for my $kind (qw(uuid text scattered))
{
	define($kind, "scan with an aggregate, serial, $kind keys", sub {
		my $ms = time_query(database($kind, $subjects), $scan, qw(inline gate));

		show_ways('ms', $ms, qw(inline gate));
		goal('consent_profiling / inline', ratio($ms, qw(gate inline)), '<=', '2.0');
	});
}

# The boolean stands before what the gate reads, so that it costs no more to get at
# than in a table of its own.
define('columns', 'scan with an aggregate, column mode', sub {
	my $db = database('bigint', $subjects);

	once($db, 'reader', "
		CREATE TABLE reader AS
			SELECT n AS id, (random() * 1000)::int AS amount, bench.permitted(n) AS permitted,
				date '1940-01-01' + (n % 22000)::int AS birth_date,
				consent_profiling.make_consent(
					CASE WHEN bench.permitted(n) OR n % 2 = 0 THEN 'given' ELSE 'withdrawn' END,
					false, '2026-01-01', 'infinity') AS consent,
				CASE WHEN NOT bench.permitted(n) AND n % 2 = 0
					THEN consent_profiling.objection 'raised at 2026-01-01T00:00:00Z' END AS objection
			FROM generate_series(1::bigint, $rows) n;
		CALL bench.open('reader');
		SELECT consent_profiling.protect_columns('reader', 'birth_date', 'consent', 'objection',
			'{bench_gate}');
		VACUUM ANALYZE reader");
	my $ms = time_query($db, 'SELECT count(*), sum(amount) FROM reader', qw(inline gate));
	show_ways('ms', $ms, qw(inline gate));
	goal('consent_profiling / inline', ratio($ms, qw(gate inline)), '<=', '1.3');
});

define('join', 'join and GROUP BY over two protected tables', sub {
	my $db = database('bigint', $subjects);
	my $join = 'SELECT segment, count(*), sum(amount)
		FROM visit v JOIN customer c ON c.id = v.subject %s GROUP BY segment ORDER BY segment';
	my %query = (
		open => sprintf($join, 'WHERE v.permitted AND c.permitted'),
		gate => sprintf($join, ''));

	once($db, 'customer', "
		CREATE TABLE customer AS
			SELECT bench.key(n) AS id, 'segment ' || n % 20 AS segment, bench.permitted(n) AS permitted
			FROM generate_series(1, $subjects) n;
		ALTER TABLE customer ADD PRIMARY KEY (id);
		CALL bench.open('customer');
		SELECT consent_profiling.protect('customer', 'id', '{bench_gate}', 'newsletter');
		VACUUM ANALYZE customer");
	my $ms = time_query($db, \%query, qw(open gate));
	figure('no gate: WHERE on inline columns', 'ms', $ms->{open});
	figure('consent_profiling', 'ms', $ms->{gate});
	goal('consent_profiling / no gate', ratio($ms, qw(gate open)), '<=', '1.15');
});

# By pgbench, one client, statements prepared; its connection lasts as long as it
# runs.  Client and server share a processor: they take turns anyway, and when they
# do not, most of the time goes by in waking the other up, and how much that is
# changes all the time.  The sum over a thousand rows tells whether the ways agree.
sub measure_lookup
{
	my @ways = @_;
	my $db = database('bigint', $subjects);
	my $script = script('lookup', '\set id random(1, :rows)', 'SELECT amount FROM visit WHERE id = :id;');

	lookups_by_hand($db);
	agree($db, 'SELECT count(*), sum(amount) FROM visit WHERE id % ' . max(1, int($rows / 1000)) . ' = 0',
		qw(inline gate plpgsql));
	pin();
	my $tps = in_rounds(sub { tps($db, $way{ $_[0] }{role}, 1, $script) }, @ways);
	show_ways('/s', $tps, @ways);
	return ratio($tps, qw(gate open));
}

define('lookup', 'lookup by primary key, prepared, warm connection', sub {
	make_set(database('bigint', $subjects));
	goal('consent_profiling / no gate', measure_lookup(qw(open gate bypass plpgsql)), '>=', '0.90');
});

define('lookup_private', 'lookup by primary key, library not preloaded', sub {
	figure('consent_profiling / no gate', '', measure_lookup(qw(open gate)));
}, preload => 0);

# The first statement of a connection, always of the same rows, so that what is
# measured is not whether their pages had been read.
define('first_lookup', 'first lookup on a new connection, many people', sub {
	my $db = database('bigint', $many);
	my ($found) = query($db, 'SELECT id FROM visit WHERE permitted ORDER BY hashint8(id) LIMIT 10');
	my @ids = split ' ', $found;
	my $first = sub {
		my ($name) = @_;
		return median(map {
			my $session = connect_to($db, $way{$name}{role});
			my ($amount, $ms) = ask($session, "SELECT amount FROM visit WHERE id = $_");
			die "$way{$name}{title} does not find row $_" if $amount eq '';
			disconnect($session);
			$ms;
		} @ids);
	};

	for my $state ('no set made yet', 'set shared')
	{
		make_set($db) if $state eq 'set shared';
		my $ms = in_rounds($first, qw(open gate));
		figure("no gate, $state", 'ms', $ms->{open});
		figure("consent_profiling, $state", 'ms', $ms->{gate});
		goal("consent_profiling - no gate, $state", less($ms, qw(gate open)), '<=', '1', 'ms');
	}
});

define('first_scan', 'first scan on a new connection, many people, set shared', sub {
	my $db = database('bigint', $many);
	my (%ms, $answer);

	make_set($db);
	for my $round (1 .. $rounds)
	{
		for my $name (turn($round, qw(inline gate)))
		{
			my $session = connect_to($db, $way{$name}{role});
			for my $time (qw(first warm))
			{
				(my $found, $ms{"$name, $time"}[$round]) = ask($session, $scan);
				same(\$answer, $found, $way{$name}{title});
			}
			die "the set is not shared" if $name eq 'gate' && !stats($session)->{shared};
			disconnect($session);
		}
	}
	for my $name (qw(inline gate))
	{
		figure("$way{$name}{title}, $_", 'ms', $ms{"$name, $_"}) for qw(first warm);
	}
	figure('inline, first / warm', '', ratio(\%ms, 'inline, first', 'inline, warm'));
	goal('consent_profiling, first / warm', ratio(\%ms, 'gate, first', 'gate, warm'), '<=', '1.5');
});

### Following changes

# A scan of a table so small that next to nothing but the following is measured; its
# people are not those who change, so that the answer comes from the set.
sub read_few
{
	my ($db) = @_;

	once($db, 'few', "
		CREATE TABLE few AS
			SELECT bench.key(n) AS subject, n::int AS amount, bench.permitted(n) AS permitted
			FROM generate_series(1, 50) n;
		CALL bench.open('few');
		SELECT consent_profiling.protect('few', 'subject', '{bench_gate}', 'newsletter');
		VACUUM ANALYZE few");
	my $reader = connect_to($db, 'bench_gate');
	my $few = 'SELECT count(*), sum(amount) FROM few';
	agree($db, $few, qw(inline gate));
	ask($reader, $scan);
	ask($reader, $few) for 1 .. 3;
	die "there is no set to follow from" unless stats($reader)->{has_set};
	return ($reader, $few);
}

my $again = 'SELECT bench.record_again(%s)';
my @others = (int($many / 2), $many);

define('follow', 'query of 50 rows after a change elsewhere, many people', sub {
	my $db = database('bigint', $many);
	my ($reader, $few) = read_few($db);
	my $recorder = connect_to($db, 'bench_app');
	my %before = (
		nothing => sub { },
		other => sub { ask($recorder, 'CREATE TEMP TABLE something (); DROP TABLE something') },
		change => sub { ask($recorder, sprintf($again, $others[0] + int(rand($others[1] - $others[0])))) });

	my $ms = in_rounds(sub {
		my ($name) = @_;
		return median(map { $before{$name}->(); (ask($reader, $few))[1] } 1 .. 20);
	}, qw(nothing other change));
	figure('after nothing', 'ms', $ms->{nothing});
	figure('after a transaction of another kind', 'ms', $ms->{other});
	figure('after the withdrawal or consent of one', 'ms', $ms->{change});
	goal('after one change - after nothing', less($ms, qw(change nothing)), '<=', '1', 'ms');
});

# A server for each round: when too many have changed, the set is made anew.
define('follow_many', 'query of 50 rows after 10,000 changes, many people', sub {
	my $db = database('bigint', $many);
	my $changes = script('changes', "\\set n random($others[0], $others[1])", sprintf("$again;", ':n'));
	my %ms;

	for my $round (1 .. $rounds)
	{
		restart(1) if $round > 1;
		my ($reader, $few) = read_few($db);
		$ms{nothing}[$round] = (ask($reader, $few))[1];
		pgbench('-t', 5000, '-c', 2, '-j', 2, '-U', 'bench_app', '-f', $changes, $db);
		$ms{changes}[$round] = (ask($reader, $few))[1];
		$ms{next}[$round] = (ask($reader, $few))[1];
		die "the set was given up" unless stats($reader)->{has_set};
	}
	figure('after nothing', 'ms', $ms{nothing});
	figure('after 10,000 changes', 'ms', $ms{changes});
	figure('the one after that', 'ms', $ms{next});
	goal('after 10,000 changes - after nothing', less(\%ms, qw(changes nothing)), '<=', '50', 'ms');
});

### Sets

define('memory', 'memory for those permitted', sub {
	for my $kind (qw(bigint scattered uuid text))
	{
		my $db = database($kind, $subjects);
		make_set($db);
		my $session = connect_to($db, 'bench_gate');
		ask($session, $scan);
		my $stats = stats($session);
		die "$kind: another session does not use the same set"
		  unless $stats->{shared} && $stats->{builds} == 0;
		goal("$kind, once a cluster", [ $stats->{bytes} / $stats->{subjects} ],
			'<=', $kind eq 'bigint' ? '1' : '48', 'bytes');
	}
});

define('growth', 'scan by the number of people', sub {
	for my $kind (@keys)
	{
		my %session;
		my @sizes = sizes();
		my @runs = map { ("$_ inline", "$_ gate") } @sizes;

		$session{$_} = connect_to(database($kind, $_)) for @sizes;
		my %answer;
		my $ms = in_rounds(sub {
			my ($size, $name) = split ' ', $_[0];
			my ($found, $ms) = ask($session{$size}, "SET ROLE $way{$name}{role}; $scan");
			same(\$answer{$size}, $found, $way{$name}{title});
			return $ms;
		}, @runs);
		my @medians;
		for my $size (@sizes)
		{
			my $ratio = ratio($ms, "$size gate", "$size inline");
			my $cost = less($ms, "$size gate", "$size inline");
			figure("$kind, " . commas($size) . ', gate - inline, a row', 'ns',
				[ map { defined ? 1e6 * $_ / $rows : undef } @$cost ]);
			figure("$kind, " . commas($size) . ', gate / inline', '', $ratio);
			push @medians, median(@$ratio);
			point($kind, $size, $medians[-1]);
		}
		goal('bigint, highest / lowest ratio', [ max(@medians) / min(@medians) ], '<=', '1.3')
		  if $kind eq 'bigint';
		disconnect($_) for values %session;
	}
});

# A server for each round, since it keeps what it has made.
define('build', 'to make a set, and to import', sub {
	my @sets = ((map { [ $_, $subjects ] } qw(bigint scattered uuid text)), [ 'bigint', $many ]);
	my %ms;

	database(@$_) for @sets;
	for my $round (1 .. $rounds)
	{
		restart(1) if $round > 1;
		$ms{"@$_"}[$round] = make_set(database(@$_))->{build_ms} for @sets;
	}
	for my $set (@sets)
	{
		my ($kind, $n) = @$set;
		my $what = commas($n) . " people, $kind";
		my $seconds = import_seconds($kind, $n);
		figure("$what: a set", 'ms', $ms{"@$set"});
		figure("$what: import_subjects", 's', [ $seconds->{subjects} ]);
		figure("$what: import_consents", 's', [ $seconds->{consents} ]);
	}
});

### Recording

# One call, or what stands for it by hand, a transaction; half of them give consent
# and half withdraw it.  By hand that is two statements between BEGIN and COMMIT, or
# one call of a function: see recording.sql.
sub recording_scripts
{
	my $person = "\\set n random(1, $subjects)";
	my (%status, @plain, @function, @extension);

	%status = (give_consent => 'given', withdraw_consent => 'withdrawn');
	for my $act (sort keys %status)
	{
		my $refused_at = $act eq 'give_consent' ? 'NULL::timestamptz' : 'now()';
		push @plain, script("plain_$act", $person, 'BEGIN;', "
			INSERT INTO manual.history (act, subject, purpose, at, status, explicit, until)
				VALUES ('$act', :n, 'newsletter', now(), '$status{$act}', false, 'infinity');", "
			INSERT INTO manual.state AS s (subject, purpose, status, explicit, at, until, refused_at)
				VALUES (:n, 'newsletter', '$status{$act}', false, now(), 'infinity', $refused_at)
				ON CONFLICT (subject, purpose) DO UPDATE
				SET status = excluded.status, explicit = excluded.explicit, at = excluded.at,
					until = excluded.until, refused_at = GREATEST(s.refused_at, excluded.refused_at)
				WHERE s.at <= excluded.at;", 'COMMIT;');
		push @function, script("function_$act", $person, "SELECT manual.record(:n, '$status{$act}');");
		push @extension, script($act, $person, "SELECT consent_profiling.$act(:n, 'newsletter');");
	}
	return { plain => \@plain, function => \@function, extension => \@extension };
}

define('record', 'give_consent and withdraw_consent, 2 clients', sub {
	my $db = copy_of(database('bigint', $subjects), 'recording');
	my $scripts = recording_scripts();

	psql($db, 'recording.sql', subjects => $subjects);
	my $recorded = sub {
		my ($found) = query($db, "SELECT count(*) FROM $_[0]");
		return $found;
	};
	my %before = map { $_ => $recorded->($_) } qw(manual.history consent_profiling.event);
	my %sent;
	my $tps = in_rounds(sub {
		my ($name) = @_;
		my ($tps, $sent) = tps($db, 'bench_app', 2, @{ $scripts->{$name} });
		$sent{ $name eq 'extension' ? 'consent_profiling.event' : 'manual.history' } += $sent;
		return $tps;
	}, qw(plain function extension));
	for my $table (keys %sent)
	{
		my $found = $recorded->($table) - $before{$table};
		die "$table has $found new rows, not $sent{$table}" if $found != $sent{$table};
	}
	figure('by hand: BEGIN, 2 statements, COMMIT', '/s', $tps->{plain});
	figure('by hand: a plpgsql function', '/s', $tps->{function});
	figure('consent_profiling', '/s', $tps->{extension});
	goal('consent_profiling / by hand', ratio($tps, qw(extension plain)), '>=', '0.5');
	figure('consent_profiling / by hand, plpgsql', '', ratio($tps, qw(extension function)));
});

define('record_readers', 'the same, while somebody scans all the time', sub {
	my $db = copy_of(database('bigint', $subjects), 'recording');
	my $scripts = recording_scripts();
	my $reading = script('reading', "$scan;");

	my $tps = in_rounds(sub {
		my ($name) = @_;
		my $reader = begin(qw(pgbench -n -T 100000 -U), $way{$name}{role}, '-f', $reading, $db);
		sleep 1;
		my $tps = tps($db, 'bench_app', 2, @{ $scripts->{extension} });
		stop($reader);
		return $tps;
	}, qw(inline gate));
	figure('reader: inline boolean column', '/s', $tps->{inline});
	figure('reader: consent_profiling', '/s', $tps->{gate});
	goal('gated / inline reader', ratio($tps, qw(gate inline)), '>=', '0.95');
});

# Announcing every event, while one session listens.  "bare" has no trigger at all.
define('announce', 'the same, announced to applications', sub {
	my $db = copy_of(database('bigint', $subjects), 'recording');
	my $scripts = recording_scripts();
	my %settings = (bare => [], off => [], notify => ['notify'], message => ['logical_message'],
		both => [qw(notify logical_message)]);
	my $prepare = sub {
		my ($name) = @_;
		query($db, sprintf 'ALTER TABLE consent_profiling.event %s TRIGGER announce_event',
			$name eq 'bare' ? 'DISABLE' : 'ENABLE');
		query('postgres', 'ALTER ROLE bench_app RESET ALL');
		query('postgres', "ALTER ROLE bench_app SET consent_profiling.$_ = on") for @{ $settings{$name} };
	};
	my $listening = begin(qw(psql -X -q -f), script('listening', 'LISTEN consent_profiling;', 'SELECT \watch 0.1'), $db);

	my $tps = in_rounds(sub {
		$prepare->(@_);
		return scalar tps($db, 'bench_app', 2, @{ $scripts->{extension} });
	}, qw(bare off notify message both));
	stop($listening);
	my $ms = in_rounds(sub {
		$prepare->(@_);
		my $session = connect_to($db);
		ask($session, 'BEGIN');
		my (undef, $time) = ask($session, consents_of($subjects));
		ask($session, 'ROLLBACK');
		disconnect($session);
		return $time;
	}, qw(bare off));
	figure('not announced', '/s', $tps->{off});
	figure('not announced / without the trigger', '', ratio($tps, qw(off bare)));
	figure('notified / not announced', '', ratio($tps, qw(notify off)));
	figure('logical messages / not announced', '', ratio($tps, qw(message off)));
	figure('both / not announced', '', ratio($tps, qw(both off)));
	figure('import_consents, not announced: time / without the trigger', '', ratio($ms, qw(off bare)));
});

# COPY reads a file; all write to a database where nothing was imported yet.  The
# tables like those of the extension have its columns and indexes, not its checks nor
# its chain of hashes.
define('import', 'import of consents of registered people', sub {
	my $registered = create_database('registered', 'bigint', $subjects, 1);
	my %list = (
		choice => "SELECT bench.key(n), 'newsletter', bench.consent(n),
				CASE WHEN NOT bench.permitted(n) THEN bench.consent(n) END
			FROM generate_series(1, $subjects) n",
		event => "SELECT 'import_consents', bench.key(n), 'newsletter', timestamptz '2026-01-01',
				now(), current_user, current_user, bench.consent(n)
			FROM generate_series(1, $subjects) n");
	my %columns = (
		choice => 'subject, purpose, consent, refusal',
		event => 'act, subject, purpose, at, recorded_at, session_role, caller, consent');
	my %ms;

	query($registered, "
		CREATE TABLE choice_1 (LIKE consent_profiling.choice INCLUDING GENERATED INCLUDING INDEXES);
		CREATE TABLE choice_2 (LIKE choice_1 INCLUDING ALL);
		CREATE TABLE event_2 (LIKE consent_profiling.event INCLUDING IDENTITY INCLUDING INDEXES);
		ALTER TABLE event_2 DROP link, DROP previous, DROP salt, DROP content, DROP hash;
		CREATE INDEX ON event_2 (subject)");
	query($registered, "COPY ($list{$_}) TO '$dir/$_.copy'") for keys %list;
	my $copy = sub { "COPY $_[0]_$_[1] ($columns{$_[0]}) FROM '$dir/$_[0].copy'" };
	my %import = (
		extension => [ consents_of($subjects) ],
		choice => [ $copy->('choice', 1) ],
		both => [ $copy->('choice', 2), $copy->('event', 2) ]);
	for my $round (1 .. $rounds)
	{
		my $session = connect_to(copy_of($registered, 'importing'));
		for my $name (turn($round, qw(extension choice both)))
		{
			$ms{$name}[$round] += (ask($session, $_))[1] for @{ $import{$name} };
		}
		my $answer;
		for my $table (qw(consent_profiling.choice choice_1 choice_2))
		{
			my ($found) = ask($session, "SELECT count(*), sum(hashtext(c::text)) FROM $table c");
			same(\$answer, $found, $table);
		}
		disconnect($session);
	}
	unlink glob("$dir/*.copy");
	figure('COPY, choices', 'ms', $ms{choice});
	figure('COPY, choices and history', 'ms', $ms{both});
	figure('import_consents', 'ms', $ms{extension});
	goal('speed of import_consents / COPY, choices', ratio(\%ms, qw(choice extension)), '>=', '0.25');
	figure('the same / COPY, choices and history', '', ratio(\%ms, qw(both extension)));
});

# To hash each event as text is the least that anybody would do by hand, and proves less.
define('history', 'sealing and verifying the history', sub {
	my $db = copy_of(database('bigint', $many), 'history');
	my $session = connect_to($db);
	my ($events) = ask($session, 'SELECT count(*) FROM consent_profiling.event');
	my %query = (
		hash => "SELECT count(sha256(convert_to(e::text, 'UTF8'))) FROM consent_profiling.event e",
		verify => "SELECT events + unsealed FROM consent_profiling.verify_history() WHERE problem IS NULL");

	my (undef, $seal) = ask($session, 'SELECT consent_profiling.seal_history()');
	my $ms = in_rounds(sub {
		my ($found, $time) = ask($session, $query{$_[0]});
		die "$_[0]: $found of $events events" if $found != $events;
		return $time;
	}, qw(hash verify));
	disconnect($session);
	figure('sealed, for the first time: events', '/s', [ $events / $seal * 1000 ]);
	figure('verified: events', '/s', [ map { defined $_ ? $events / $_ * 1000 : undef } @{ $ms->{verify} } ]);
	figure('verify_history: time / a SHA-256 of each event as text', '', ratio($ms, qw(verify hash)));
});

### Means: cases

# A case; preload => 0 where the library is not to be preloaded.
sub define
{
	my ($name, $title, $measure, %options) = @_;
	push @cases, { name => $name, title => $title, measure => $measure, preload => 1, %options };
}

# The numbers of people for which growth is measured: powers of ten up to MANY.
sub sizes
{
	my @sizes = grep { $_ < $many } map { 10**$_ } 4 .. 9;
	return (@sizes, $many);
}

# The ways in the order of this round, which every other time is reversed.
sub turn
{
	my ($round, @names) = @_;
	return $round % 2 ? @names : reverse @names;
}

# Measures all ways in every round in turn, once each has had its warm-up.  Returns
# what was found for each: a list by the number of the round.
sub in_rounds
{
	my ($measure, @names) = @_;
	my %slow = map { $_ => 1 } grep { $way{$_} && $way{$_}{slow} } @names;
	my %values;

	$measure->($_) for grep { !$slow{$_} } @names;
	for my $round (1 .. $rounds)
	{
		for my $name (turn($round, @names))
		{
			$values{$name}[$round] = $measure->($name) unless $slow{$name} && $round % 3 != 1;
		}
	}
	return \%values;
}

# Times a query in all ways, in one session.  It may be different for each way.
sub time_query
{
	my ($db, $query, @ways) = @_;
	my $session = connect_to($db);
	my $ms = time_query_in($session, $query, @ways);
	disconnect($session);
	return $ms;
}

sub time_query_in
{
	my ($session, $query, @ways) = @_;
	my $answer;

	return in_rounds(sub {
		my ($name) = @_;
		my $of_way = ref $query ? $query->{$name} : $query;
		my ($found, $ms) = ask($session, "SET ROLE $way{$name}{role}; $of_way");
		same(\$answer, $found, $way{$name}{title});
		return $ms;
	}, @ways);
}

# Dies unless all ways agree on the answer to a query.
sub agree
{
	my ($db, $query, @ways) = @_;
	my $answer;
	same(\$answer, query($db, "SET ROLE $way{$_}{role}; $query"), $way{$_}{title}) for @ways;
}

sub same
{
	my ($answer, $found, $who) = @_;
	$$answer = $found unless defined $$answer;
	die "$who found\n$found\nand others\n$$answer\n" if $found ne $$answer;
}

# Of two ways, round by round.
sub by_round
{
	my ($values, $a, $b, $combine) = @_;
	my ($va, $vb) = @$values{ $a, $b };
	return [ map { defined $va->[$_] && defined $vb->[$_] ? $combine->($va->[$_], $vb->[$_]) : undef }
		  0 .. max($#$va, $#$vb) ];
}

sub ratio { return by_round(@_, sub { $_[0] / $_[1] }) }
sub less { return by_round(@_, sub { $_[0] - $_[1] }) }

sub show_ways
{
	my ($unit, $values, @names) = @_;
	figure($way{$_}{title}, $unit, $values->{$_}) for @names;
}

### Means: databases

my %seconds;	# that imports took, by database
my %done;		# what once() did

# The name of a database with so many people who have this kind of keys; it is made
# when it is first asked for.
sub database
{
	my ($kind, $n) = @_;
	my $db = "${kind}_$n";

	unless ($seconds{$db})
	{
		create_database($db, $kind, $n, $rows);
		$seconds{$db}{consents} = (query($db, consents_of($n)))[1] / 1000;
		query($db, 'VACUUM ANALYZE');
		query($db, 'CHECKPOINT');
	}
	return $db;
}

# The same without consents.
sub create_database
{
	my ($db, $kind, $n, $visits) = @_;

	progress('loading ' . commas($n) . " people with $kind keys");
	query('postgres', "CREATE DATABASE $db");
	psql($db, 'setup.sql', type => $key{$kind}[0], key => $key{$kind}[1], subjects => $n, rows => $visits);
	$seconds{$db}{subjects} = (query($db, "SELECT consent_profiling.import_subjects(\$\$
		SELECT bench.key(n) AS subject, date '1980-01-01' AS birth_date
		FROM generate_series(1, $n) n \$\$)"))[1] / 1000;
	query($db, 'VACUUM ANALYZE');
	return $db;
}

sub import_seconds { return $seconds{"$_[0]_$_[1]"} }

sub consents_of
{
	my ($n) = @_;
	return "SELECT consent_profiling.import_consents(\$\$
		SELECT bench.key(n) AS subject, 'newsletter' AS purpose, bench.consent(n) AS consent
		FROM generate_series(1, $n) n \$\$)";
}

# A copy of a database, in place of any former of that name.
sub copy_of
{
	my ($db, $copy) = @_;
	query('postgres', "DROP DATABASE IF EXISTS $copy");
	query('postgres', "CREATE DATABASE $copy TEMPLATE $db STRATEGY file_copy");
	return $copy;
}

# Does something to a database that is not yet done.
sub once
{
	my ($db, $what, $sql) = @_;
	query($db, $sql) unless $done{"$db $what"}++;
}

sub lookups_by_hand
{
	my ($db) = @_;
	psql($db, 'lookups.sql', subjects => $subjects) unless $done{"$db lookups"}++;
}

# Makes the set that all sessions share, by a scan.  Returns the maker's statistics.
sub make_set
{
	my ($db) = @_;
	my $session = connect_to($db, 'bench_gate');

	ask($session, $scan);
	my $stats = stats($session);
	die "no set was made in $db: ROWS is too small for so many people" unless $stats->{has_set};
	disconnect($session);
	return $stats;
}

# What a session's engine_stats() says.
sub stats
{
	my ($session) = @_;
	my @names = qw(has_set shared subjects bytes dirty builds build_ms);
	my ($found) = ask($session, 'SELECT ' . join(', ', @names)
		  . " FROM consent_profiling.engine_stats() WHERE purpose = 'newsletter'");
	chomp $found;
	my %stats = (has_set => 'f', shared => 'f');
	@stats{@names} = split /\|/, $found if $found ne '';
	$stats{$_} = $stats{$_} eq 't' for qw(has_set shared);
	return \%stats;
}

### Means: server and clients

my @sessions;
my @pinned;	# begins the commands that are kept to a processor

# Starts the server anew, with the library preloaded or not.
sub restart
{
	my ($preload) = @_;
	disconnect($_) for @sessions;
	@pinned = ();
	run('pg_ctl', '-D', $ENV{PGHOST}, qw(-w -s -t 600 -m fast -l), "$ENV{PGHOST}/server.log", '-o',
		'-c shared_preload_libraries=' . ($preload ? 'consent_profiling' : "''"), 'restart');
}

# Keeps the server and pgbench to one processor, until the next restart().
sub pin
{
	my ($processor) = `taskset -c -p $$` =~ /(\d+)[-,\d]*$/m or die "taskset failed";
	my ($postmaster) = (Report::lines("$ENV{PGHOST}/postmaster.pid"))[0] =~ /(\d+)/;

	@pinned = (qw(taskset -c), $processor);
	`taskset -c -p $processor $postmaster`;
	die "taskset failed" if $?;
}

# A psql that stays connected.
sub connect_to
{
	my ($db, $role) = @_;
	my $session = {};

	$session->{pid} = open2(@$session{qw(out in)}, qw(psql -X -q -A -t -v ON_ERROR_STOP=1 -U),
		$role || 'postgres', '-d', $db);
	push @sessions, $session;
	ask($session, '\timing on');
	return $session;
}

# Has it run some SQL.  Returns what it prints, and how long the last statement took.
sub ask
{
	my ($session, $sql) = @_;
	my ($found, $ms) = ('');
	my $in = $session->{in};

	$sql .= ';' unless $sql =~ /^\\/;
	print $in "$sql\n\\echo ::\n";
	$in->flush;
	while (defined(my $line = readline $session->{out}))
	{
		return ($found, $ms) if $line eq "::\n";
		if ($line =~ /^Time: ([0-9.]+) ms/) { $ms = $1 }
		else { $found .= $line }
	}
	die "psql failed at: $sql\n";
}

sub disconnect
{
	my ($session) = @_;
	close $session->{in};
	close $session->{out};
	waitpid $session->{pid}, 0;
	@sessions = grep { $_ != $session } @sessions;
}

# The same in a session of its own.
sub query
{
	my ($db, $sql) = @_;
	my $session = connect_to($db);
	my @answer = ask($session, $sql);
	disconnect($session);
	return @answer;
}

# Runs a file of SQL that lies beside this one, with variables.
sub psql
{
	my ($db, $file, %variables) = @_;
	run(qw(psql -X -q -o /dev/null -d), $db, (map { ('-v', "$_=$variables{$_}") } sort keys %variables),
		'-f', "test/bench/$file");
}

# Writes a script for pgbench.
sub script
{
	my ($name, @lines) = @_;
	my $file = "$ENV{TMPDIR}/$name.pgbench";
	open(my $handle, '>', $file) or die "$file: $!";
	print $handle map { "$_\n" } @lines;
	close $handle or die "$file: $!";
	return $file;
}

# Runs pgbench, and returns what it says.
sub pgbench
{
	open(my $output, '-|', @pinned, qw(pgbench -n -M prepared), @_) or die "pgbench: $!";
	my $said = join '', readline $output;
	close $output or die "pgbench failed: $said";
	return $said;
}

# Transactions a second, and how many there were.
sub tps
{
	my ($db, $role, $clients, @scripts) = @_;
	my $said = pgbench('-T', $secs, '-c', $clients, '-j', $clients, '-U', $role, '-D', "rows=$rows",
		(map { ('-f', $_) } @scripts), $db);
	my ($sent) = $said =~ /^number of transactions actually processed: (\d+)/m or die $said;
	my ($tps) = $said =~ /^tps = ([0-9.]+)/m or die $said;
	return wantarray ? ($tps, $sent) : $tps;
}

sub run
{
	system(@_) == 0 or die "$_[0] failed\n";
}

# Begins what is to run in the background, silently, until stop().
sub begin
{
	my $pid = fork;
	die "fork: $!" unless defined $pid;
	return $pid if $pid;
	open(STDOUT, '>', '/dev/null');
	open(STDERR, '>', '/dev/null');
	exec @_ or die "$_[0]: $!";
}

sub stop
{
	my ($pid) = @_;
	kill 'TERM', $pid;
	waitpid $pid, 0;
}

### Main

my %wanted = map { $_ => 1 } split ' ', $ENV{ONLY};
my %known = map { $_->{name} => 1 } @cases;
for my $name (keys %wanted)
{
	die "ONLY: there is no case $name, but " . join(' ', map { $_->{name} } @cases) . "\n" unless $known{$name};
}
for my $kind (@keys)
{
	die "KEYS: there is no kind $kind, but " . join(' ', sort keys %key) . "\n" unless $key{$kind};
}
exit if $ARGV[0] eq '--check';

$dir = $ARGV[0];
$| = 1;
machine();
query('postgres', "CREATE ROLE $_->{role} LOGIN") for values %way;
query('postgres', 'ALTER ROLE bench_bypass BYPASSRLS');
query('postgres', 'CREATE ROLE bench_app LOGIN');
for my $case (@cases)
{
	next if %wanted && !$wanted{ $case->{name} };
	progress("$case->{name}: $case->{title}");
	restart($case->{preload});
	Report::begin_case($case->{name}, $case->{title});
	$case->{measure}->();
	Report::write_files($dir);
}
disconnect($_) for @sessions;
Report::summary();
