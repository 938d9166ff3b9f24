# What a dump keeps: verdicts, history, protection, permissions and duties; in
# another database, in another cluster, and in one that lacks a role.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $setup = <<'SQL';
CREATE EXTENSION consent_profiling;
SET search_path = public, consent_profiling;

SELECT add_purpose('shop', basis => 'legitimate_interests'),
	add_purpose('shop.news', direct_marketing => true),
	add_purpose('health', special_category => true, minimum_age => 21, description => 'it''s "special"'),
	add_purpose('stats', basis => 'public_task'),
	add_purpose('loans', basis => 'contract', automated_decision => true),
	add_purpose('parcels', basis => 'contract', evaluates_person => false);

-- people in every state; who is permitted differs from purpose to purpose
SELECT count(register_subject(g, CASE WHEN g % 10 > 0 THEN date '1950-01-01' + g * 120 END))
	FROM generate_series(1, 200) g;
SELECT register_subject('crm:7f "quoted"', '1980-01-01'), register_subject('00000000-0000-0000-0000-00000000000a', '1980-01-01');
SELECT count(give_consent(s.id, p, g % 2 = 0, CASE WHEN g % 7 = 0 THEN '2026-02-01' ELSE 'infinity' END::timestamptz,
			timestamptz '2026-01-01' + g * interval '1 minute', 'notice', '{"n": 1}'))
	FROM (SELECT id, row_number() OVER (ORDER BY id) AS g FROM subject) s,
		unnest('{profiling,shop.news,health}'::text[]) p WHERE g % 3 > 0;
SELECT count(withdraw_consent(g, 'shop')) FROM generate_series(1, 200, 11) g;
SELECT count(refuse_consent(g)) FROM generate_series(1, 200, 13) g;
SELECT count(raise_objection(g, 'shop')) FROM generate_series(1, 200, 5) g;
SELECT count(override_objection(g, 'shop', 'compelling')) FROM generate_series(1, 200, 10) g;
SELECT count(withdraw_objection(g, 'shop')) FROM generate_series(1, 200, 15) g;
SELECT count(request_review(g, 'loans')) FROM generate_series(2, 200, 3) g;
SELECT count(record_review(g, 'loans', 'it''s "right"', 'Ms Doe')) FROM generate_series(2, 200, 6) g;
SELECT count(restrict_subject(g, 'accuracy contested')) FROM generate_series(1, 200, 17) g;
SELECT add_recipient('printer', 'processor', 'dpo@printer.example'), add_recipient('broker');
SELECT count(record_disclosure(g, 'printer', 'shop')) FROM generate_series(1, 200, 7) g;
SELECT count(rectify_birth_date(g, '1950-01-01')) FROM generate_series(1, 200, 14) g;
SELECT count(open_request(g, 'access', '2026-01-31 00:00Z')) FROM generate_series(1, 200, 50) g;
SELECT extend_request(open_request(2, 'objection', purpose => 'shop'), 'many');
SELECT close_request(open_request(2, 'access'), 'granted');
SELECT set_controller('Shop', 'Main Street 1', jurisdiction => 'DE'), add_notice('notice', 'de', 'https://shop.example/privacy', repeat('ab', 32));
SELECT seal_history() IS NOT NULL;
SELECT count(erase_subject(g)) FROM generate_series(1, 200, 19) g;
SELECT seal_history() IS NOT NULL;
SELECT withdraw_consent(g) FROM generate_series(2, 4) g;

CREATE TABLE customer (id int PRIMARY KEY, income int);
INSERT INTO customer SELECT g, g FROM generate_series(1, 200) g;
CREATE TABLE shared (id int PRIMARY KEY);
INSERT INTO shared SELECT g FROM generate_series(1, 200) g;
GRANT SELECT ON customer, shared TO analyst, clerk;
SELECT protect('customer', 'id', '{analyst}', 'shop.news'), protect('shared', 'id', '{analyst,clerk}', 'shop.news');
CREATE TABLE people (key int, born date);
INSERT INTO people VALUES (1001, '1980-01-01');
SELECT track_subjects('people', 'key', 'born');

SELECT allow_purpose('analyst', 'shop.news'), allow_purpose('clerk', 'shop.news'),
	allow_purpose('analyst', 'health'), allow_purpose('clerk', 'stats'), allow_purpose('clerk', 'profiling'),
	allow_purpose('public', 'shop'), disallow_purpose('public', 'profiling');
SELECT grant_duty('app', 'recorder'), grant_duty('dpo', 'officer');
SQL

# All that a restored database has to say the same about, a line each.
my %facts = (
	verdicts => q{SELECT s.id || ' ' || p.name || ': ' || consent_profiling.verdict_of(s.id, p.name)
		FROM consent_profiling.subject s, consent_profiling.purpose p WHERE p.name <> 'parcels' ORDER BY s.id, p.name},
	decisions => q{SELECT s.id || ' ' || consent_profiling.may_decide(s.id, 'loans') FROM consent_profiling.subject s ORDER BY s.id},
	'verdicts as of then' => q{SELECT s.id || ' ' || p.name || ' ' || t.at || ': ' || consent_profiling.verdict_of(s.id, p.name, t.at)
		FROM consent_profiling.subject s, consent_profiling.purpose p,
			(SELECT DISTINCT date_trunc('milliseconds', recorded_at) AS at FROM consent_profiling.event) t WHERE p.name <> 'parcels' ORDER BY s.id, p.name, t.at},
	purposes => 'SELECT p::text FROM consent_profiling.purpose p ORDER BY p.name',
	'versions of purposes' => q{SELECT v::text FROM consent_profiling.purpose_version v WHERE name NOT IN ('profiling', 'direct_marketing') ORDER BY v.name, v.added_at},
	subjects => 'SELECT s::text FROM consent_profiling.subject s ORDER BY s.id',
	choices => 'SELECT c::text FROM consent_profiling.choice c ORDER BY c.subject, c.purpose',
	reviews => 'SELECT r::text FROM consent_profiling.review r ORDER BY r.id',
	events => 'SELECT e::text FROM consent_profiling.event e ORDER BY e.id',
	requests => 'SELECT r::text FROM consent_profiling.request r ORDER BY r.id',
	'does the history fit' => 'SELECT v::text FROM consent_profiling.verify_history() v',
	seals => q{SELECT s::text, consent_profiling.seal_line(s), v.event, v.problem
		FROM consent_profiling.seal s, consent_profiling.verify_history(seal => consent_profiling.seal_line(s)) v ORDER BY s.id},
	'the secret of tombstones' => 'SELECT t::text FROM consent_profiling.tombstone_secret t',
	'who was erased' => q{SELECT g || ' ' || consent_profiling.verdict_of(g) || ' ' || consent_profiling.tombstone(g) FROM generate_series(1, 200) g},
	notices => 'SELECT n::text FROM consent_profiling.notice n ORDER BY n::text',
	controller => 'SELECT c::text FROM consent_profiling.controller c ORDER BY c::text',
	'what is overdue' => 'SELECT o::text FROM consent_profiling.request_overdue o ORDER BY o.request',
	restrictions => 'SELECT r::text FROM consent_profiling.restriction r ORDER BY r::text',
	recipients => 'SELECT r::text FROM consent_profiling.recipient r ORDER BY r.name',
	disclosures => 'SELECT d::text FROM consent_profiling.disclosure d ORDER BY d.subject, d.recipient',
	'who is to be told' => 'SELECT n::text FROM consent_profiling.notification_due n ORDER BY n.notification',
	protection => q{SELECT p::text FROM consent_profiling.protected_table p ORDER BY p.relation::text COLLATE "C"},
	'row security' => q{SELECT c.oid::regclass, relrowsecurity, relforcerowsecurity FROM pg_class c
		WHERE relname IN ('customer', 'shared', 'permission') ORDER BY relname},
	tracking => q{SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgfoid = 'consent_profiling.track_subject_change'::regproc ORDER BY tgrelid::regclass::text, tgname},
	permissions => q{SELECT purpose, CASE WHEN role = 0 THEN 'public' ELSE role::regrole::text END
		FROM consent_profiling.permissions() ORDER BY 1, 2},
	duties => q{SELECT r, p.oid::regprocedure FROM unnest('{app,dpo,analyst,clerk}'::text[]) r, pg_proc p
		WHERE p.pronamespace = 'consent_profiling'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')
			AND NOT has_function_privilege('nobody', p.oid, 'EXECUTE') ORDER BY 1, p.oid::regprocedure::text COLLATE "C"},
	'rights on the registry' => q{SELECT r, c.relname, p FROM unnest('{app,dpo,analyst,clerk,nobody}'::text[]) r, pg_class c,
			unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[]) p
		WHERE c.relnamespace = 'consent_profiling'::regnamespace AND c.relkind = 'r' AND has_table_privilege(r, c.oid, p) ORDER BY 1, 2, 3},
);

# What somebody sees and may ask, errors included, by a SELECT each.
my %asked = (
	'SELECT count(*) FROM customer' => 'rows of customer',
	'SELECT count(*) FROM shared' => 'rows of shared',
	map { ("SELECT consent_profiling.may_profile(7, '$_')" => "use of $_") } qw(profiling shop shop.news health stats));

sub ask
{
	my ($node, $db, $role, $sql) = @_;
	my ($status, $out, $err) = $node->psql($db, "SET ROLE $role;\n$sql");
	return $status == 0 ? $out : $err =~ /ERROR:  (.*)/ ? $1 : $err;
}

sub facts
{
	my ($node, $db, @roles) = @_;
	my %found = map { $_ => ask($node, $db, 'NONE', $facts{$_}) } keys %facts;
	for my $role (@roles)
	{
		$found{"$role: $asked{$_}"} = ask($node, $db, $role, $_) for keys %asked;
	}
	return \%found;
}

sub same_facts
{
	my ($node, $db, $expected, $name) = @_;
	my $found = facts($node, $db, qw(analyst clerk nobody));
	for my $fact (sort keys %$expected)
	{
		next if ok($found->{$fact} eq $expected->{$fact}, "$name: $fact");

		# a few lines that differ say enough
		my %there = map { $_ => 1 } split /\n/, $found->{$fact};
		my @missing = grep { !delete $there{$_} } split /\n/, $expected->{$fact};
		diag("missing: $_") for grep { defined } @missing[0 .. 2];
		diag("added: $_") for grep { defined } (sort keys %there)[0 .. 2];
	}
}

my $roles = join '', map { "CREATE ROLE $_;\n" } qw(app dpo clerk nobody);

my $source = PostgreSQL::Test::Cluster->new('source');
$source->init;
$source->start;
$source->safe_psql('postgres', "$roles CREATE ROLE analyst LOGIN;\n$setup");
my $expected = facts($source, 'postgres', qw(analyst clerk nobody));

# Is there something to keep?  Every verdict occurs, and people are told apart.
for my $verdict (qw(erased age_unknown child restricted objected consent_missing consent_refused
	consent_withdrawn consent_expired consent_not_explicit permitted))
{
	like($expected->{verdicts}, qr/: $verdict$/m, "there is somebody $verdict");
}
for my $fact (sort keys %facts)
{
	isnt($expected->{$fact}, '', "there is something to keep: $fact");
}
like($expected->{'does the history fit'}, qr/^\(\d+,[1-9]\d*,,\)$/, 'the history fits, and its end is not sealed');
is(scalar(() = $expected->{seals} =~ /\|\|$/mg), 2, 'it fits two seals');
is(scalar(() = $expected->{'who was erased'} =~ / erased /g), 11, 'some were erased');
my $permitted = $expected->{'analyst: rows of customer'};
cmp_ok($permitted, '>', 0, 'the analyst sees somebody');
cmp_ok($permitted, '<', 200, 'the analyst does not see everybody');
is($expected->{'clerk: rows of customer'}, 200, 'the clerk is not gated on that table');
is($expected->{'clerk: rows of shared'}, $permitted, 'the clerk is gated on the other');
is($expected->{'nobody: use of profiling'}, 'role "nobody" is not allowed to profile for purpose "profiling"', 'the root purpose is closed');

my $dir = $source->backup_dir;
mkdir $dir;
$source->command_ok([ 'pg_dump', '--no-sync', '-f', "$dir/plain.sql", 'postgres' ], 'pg_dump, plain');
$source->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-f', "$dir/custom.dump", 'postgres' ], 'pg_dump, custom');

# into another database, and into another cluster
my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->start;
$target->safe_psql('postgres', "$roles CREATE ROLE analyst LOGIN;");
for my $node ($source, $target)
{
	my $where = $node->name;
	$node->safe_psql('postgres', "CREATE DATABASE plain;\nCREATE DATABASE custom;");
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", 'plain' ], "$where: restored from plain");
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', 'custom', "$dir/custom.dump" ], "$where: restored from custom");
	same_facts($node, $_, $expected, "$where, $_") for qw(plain custom);
}

# the data alone, with triggers and without
my %data = (data => [], data_quiet => [ '--disable-triggers' ], data_parallel => [ '--disable-triggers', '-j', '2' ]);
for my $db (sort keys %data)
{
	$target->safe_psql('postgres', "CREATE DATABASE $db");
	$target->command_ok([ 'pg_restore', '--exit-on-error', '--schema-only', '-d', $db, "$dir/custom.dump" ], "$db: restored the schema");
	$target->command_ok([ 'pg_restore', '--exit-on-error', '--data-only', @{ $data{$db} }, '-d', $db, "$dir/custom.dump" ], "$db: restored the data");
	same_facts($target, $db, $expected, $db);
}

# life goes on: the history's numbers, the tracking, the gate
is($target->safe_psql('custom', q{
		SELECT max(id) AS last FROM consent_profiling.event \gset
		INSERT INTO people VALUES (1002, '1980-01-01');
		SET search_path = consent_profiling, public;
		SELECT consent_status(give_consent(1002, 'shop.news'));
		SELECT act, id - :last FROM event WHERE id > :last ORDER BY id;
		SELECT verdict_of(1002, 'shop.news');
		SELECT open_request(1002, 'access') - max(id) FROM request;
		INSERT INTO customer VALUES (1002, 0);}),
	"given\ntrack_subjects|1\ngive_consent|2\npermitted\n1", 'history and tracking go on');
is(ask($target, 'custom', 'analyst', 'SELECT count(*) FROM customer'), $permitted + 1, 'and so does the gate');

is($target->safe_psql('custom', q{
		SELECT FROM consent_profiling.seal_history();
		SELECT count(*) FROM consent_profiling.seal;
		SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => consent_profiling.export_seal())}),
	"3\n0||", 'the history goes on, and so do its seals');

# Whoever was erased does not come back, and the history guards itself.
for my $db (qw(plain custom), sort keys %data)
{
	like(ask($target, $db, 'NONE', q{SELECT consent_profiling.give_consent(20)}), qr/subject "20" has been erased/, "$db: an erased person is refused");
	is(ask($target, $db, 'NONE', q{BEGIN; SELECT FROM consent_profiling.register_subject(20, '1980-01-01'); SELECT consent_profiling.verdict_of(20)}),
		'erased', "$db: whoever registers them again");
	like(ask($target, $db, 'NONE', q{SET session_replication_role = replica; DELETE FROM consent_profiling.event}),
		qr/the history is append-only/, "$db: the history is guarded");
}

# Default privileges, there or here, open nothing of the extension; and what was granted
# on purpose is granted again.
my $defaults = join "\n", map { "ALTER DEFAULT PRIVILEGES GRANT ALL ON $_ TO nobody, PUBLIC;" } qw(TABLES SEQUENCES FUNCTIONS TYPES);
my $granted = q{
	SELECT concat_ws(' ', o.name, CASE a.grantee WHEN 0 THEN 'public' ELSE a.grantee::regrole::text END, a.privilege_type, a.is_grantable) COLLATE "C"
	FROM (SELECT oid::regclass::text, relowner, relacl, CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END
				FROM pg_class WHERE relnamespace = 'consent_profiling'::regnamespace AND relkind NOT IN ('i', 't')
			UNION ALL SELECT oid::regprocedure::text, proowner, proacl, 'f' FROM pg_proc WHERE pronamespace = 'consent_profiling'::regnamespace
			UNION ALL SELECT oid::regtype::text, typowner, typacl, 'T' FROM pg_type t WHERE typnamespace = 'consent_profiling'::regnamespace
				AND typcategory <> 'A' AND NOT EXISTS (SELECT FROM pg_class c WHERE c.reltype = t.oid)
			UNION ALL SELECT nspname, nspowner, nspacl, 'n' FROM pg_namespace WHERE nspname = 'consent_profiling') o (name, owner, acl, type),
		aclexplode(COALESCE(o.acl, acldefault(o.type, o.owner))) a
	ORDER BY 1};
my $wanted = $source->safe_psql('postgres', $granted);
unlike($wanted, qr/ nobody /, 'nothing is granted to anybody without a duty');
$source->safe_psql('postgres', 'CREATE DATABASE opened');
$source->safe_psql('opened', "$defaults\nALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO nobody, PUBLIC;
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.allow_purpose('analyst', 'profiling');
	SELECT consent_profiling.grant_duty('app', 'recorder'), consent_profiling.grant_duty('dpo', 'officer');");
is($source->safe_psql('opened', $granted), $wanted, 'default privileges of the source');
$source->command_ok([ 'pg_dump', '--no-sync', '-f', "$dir/opened.sql", 'opened' ], 'pg_dump of that');
for my $db (qw(plain opened))
{
	$target->safe_psql('postgres', "CREATE DATABASE into_$db;\nCREATE DATABASE at_once_$db;");
	$target->safe_psql("into_$db", $defaults);
	$target->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$db.sql", "into_$db" ], "restored $db where default privileges are");
	is($target->safe_psql("into_$db", $granted), $wanted, "default privileges of the target, $db");

	# The schema is there before the extension, and would be another role's to use.
	$target->safe_psql("at_once_$db", "$defaults\nALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO nobody, PUBLIC;");
	$target->command_fails_like([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$db.sql", "at_once_$db" ],
		qr/role "nobody" must not have CREATE on schema consent_profiling/, 'not where they give CREATE on schemas');
	$target->safe_psql("at_once_$db", 'DROP SCHEMA consent_profiling');
	$target->command_ok([ 'psql', '-X', '-q', '-1', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$db.sql", "at_once_$db" ], 'but in one transaction');
	is($target->safe_psql("at_once_$db", $granted), $wanted, "default privileges of the target on schemas, $db");
}

# a dump of a dump
$target->command_ok([ 'pg_dump', '--no-sync', '-f', "$dir/again.sql", 'plain' ], 'pg_dump of what was restored');
$target->safe_psql('postgres', 'CREATE DATABASE again');
$target->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/again.sql", 'again' ], 'restored once more');
same_facts($target, 'again', $expected, 'again');

# In a cluster without the analyst nothing opens, and what is not his is there.
my $stranger = PostgreSQL::Test::Cluster->new('stranger');
$stranger->init;
$stranger->start;
$stranger->safe_psql('postgres', "$roles CREATE DATABASE plain;\nCREATE DATABASE custom;");
my %restore = (
	plain => [ 'psql', '-X', '-q', '-d', $stranger->connstr('plain'), '-f', "$dir/plain.sql" ],
	custom => [ 'pg_restore', '-d', $stranger->connstr('custom'), "$dir/custom.dump" ]);
for my $db (sort keys %restore)
{
	my ($out, $err);
	IPC::Run::run($restore{$db}, '>', \$out, '2>', \$err);
	my @errors = $err =~ /ERROR:\s+(.*)/g;
	cmp_ok(scalar @errors, '>', 0, "without the analyst, $db: there are errors");
	is(scalar(grep { $_ ne 'role "analyst" does not exist' } @errors), 0, 'and none but that the role does not exist')
		or diag($err);

	my %wanted = map { $_ => $expected->{$_} } qw(verdicts events choices subjects purposes);
	$wanted{permissions} = join "\n", grep { !/\|analyst$/ } split /\n/, $expected->{permissions};
	for my $role (qw(clerk nobody))
	{
		$wanted{"$role: $asked{$_}"} = $expected->{"$role: $asked{$_}"} for grep { /may_profile/ } keys %asked;
	}
	my $found = facts($stranger, $db, qw(clerk nobody));
	is($found->{$_}, $wanted{$_}, "stranger, $db: $_") for sort keys %wanted;
	isnt($found->{'clerk: rows of shared'}, 200, "stranger, $db: the clerk does not see everybody where he was gated");
}

# a dump by somebody who is gated fails, or says that it wants a part only
$source->command_fails_like([ 'pg_dump', '--no-sync', '-U', 'analyst', '-t', 'customer', '-f', "$dir/gated.sql", 'postgres' ],
	qr/query would be affected by row-level security policy for table "customer"/, 'pg_dump by the analyst fails');
$source->safe_psql('postgres', "ALTER ROLE analyst SET consent_profiling.purpose = 'shop.news'");
$source->command_ok([ 'pg_dump', '--no-sync', '-U', 'analyst', '--enable-row-security', '-a', '-t', 'customer', '-f', "$dir/part.sql", 'postgres' ],
	'pg_dump --enable-row-security by the analyst');
my @rows = slurp_file("$dir/part.sql") =~ /^(\d+\t\d+)$/mg;
is(scalar @rows, $permitted, 'dumps whom the analyst may profile');
# of the registry not even that
$source->command_fails_like([ 'pg_dump', '--no-sync', '-U', 'analyst', '-t', 'consent_profiling.subject', '-f', "$dir/registry.sql", 'postgres' ],
	qr/permission denied for table subject/, 'pg_dump of the registry by the analyst fails');

done_testing();
