# Gates that the catalogue alone does not apply: to members that do not inherit,
# and copies that are permissive, as Citus makes them.  They hold when the
# library is preloaded; when it is not, that is said.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

for my $preloaded (0, 1)
{
	my $name = $preloaded ? 'preloaded' : 'not preloaded';
	my $node = PostgreSQL::Test::Cluster->new($preloaded ? 'preloaded' : 'plain');
	$node->init;
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'consent_profiling'") if $preloaded;
	$node->start;
	$node->safe_psql('postgres', q{
		CREATE EXTENSION consent_profiling;
		CREATE ROLE analyst;
		CREATE ROLE app;
		CREATE ROLE owner;
		CREATE ROLE noinherit NOINHERIT;
		CREATE ROLE below;
		CREATE ROLE stranger NOINHERIT;
		CREATE TABLE t (id int);
		INSERT INTO t SELECT generate_series(1, 10);
		ALTER TABLE t OWNER TO owner;
		GRANT SELECT, INSERT ON t TO analyst, app, noinherit, below, stranger;
		CREATE VIEW of_owner AS SELECT * FROM t;
		ALTER VIEW of_owner OWNER TO app;
		GRANT SELECT ON of_owner TO noinherit, analyst;
		SELECT consent_profiling.register_subject(i, '1980-01-01'), consent_profiling.give_consent(i) FROM generate_series(1, 3) i;
		SELECT consent_profiling.protect('t', 'id', '{analyst}');
		GRANT analyst TO noinherit;
		GRANT noinherit TO below;
	});

	# Each by a session of its own, which has called nothing of ours yet.
	my $seen = sub {
		my ($role, $from) = @_;
		my ($status, $out, $err) = $node->psql('postgres', "SET ROLE $role; SELECT count(*) FROM " . ($from // 't'));
		return $status == 0 ? $out : $err;
	};
	my $count = $preloaded ? 3 : 10;
	is($seen->('app'), 10, "$name: the application sees all");
	is($seen->('stranger'), 10, "$name: so does a role that is not a member");
	is($seen->('analyst'), 3, "$name: the gated role does not");
	is($seen->('noinherit'), $count, "$name: a member that does not inherit");
	is($seen->('below'), $count, "$name: a member of that one");
	is($seen->('noinherit', 'of_owner'), 10, "$name: a view asks with the rights of its owner");
	is($seen->('analyst', 'of_owner'), 10, "$name: for those that inherit as well");
	my ($status, $out, $err) = $node->psql('postgres', 'SET ROLE noinherit; INSERT INTO t VALUES (5)');
	like($err, $preloaded ? qr/violates row-level security policy/ : qr/^$/, "$name: and writes");
	is($node->safe_psql('postgres', 'SET ROLE analyst; EXPLAIN (COSTS OFF) SELECT * FROM t'),
		"Seq Scan on t\n  Filter: consent_profiling.may_profile(id)", "$name: one call per row");
	is($node->safe_psql('postgres', 'SET ROLE noinherit; EXPLAIN (COSTS OFF) SELECT * FROM t'),
		"Seq Scan on t" . ($preloaded ? "\n  Filter: consent_profiling.may_profile(id)" : ''), "$name: for members, too");
	$node->psql('postgres', q{SELECT consent_profiling.protect('t', 'id', '{analyst}')}, stderr => \$err);
	like($err, $preloaded ? qr/^$/ : qr/WARNING:  members that do not inherit from a gated role are not gated: below, noinherit/,
		"$name: protect() says who is not gated");
	my $report = $node->safe_psql('postgres', 'SELECT consent_profiling.compliance_report()');
	($preloaded ? \&unlike : \&like)->($report, qr/members that do not inherit see all, as the library is not preloaded: .*below.*, .*noinherit/, "$name: so does the report");

	# Membership ends, and begins, in a session that goes on.
	my $session = $node->background_psql('postgres');
	$session->query_safe('SET ROLE noinherit');
	is($session->query_safe('SELECT count(*) > 9 FROM t'), $preloaded ? 'f' : 't', "$name: before");
	$node->safe_psql('postgres', 'REVOKE analyst FROM noinherit');
	is($session->query_safe('SELECT count(*) > 9 FROM t WHERE true'), 't', "$name: no longer a member");
	$node->safe_psql('postgres', 'ALTER ROLE noinherit INHERIT; GRANT analyst TO noinherit');
	is($session->query_safe('SELECT count(*) > 9 FROM t WHERE 1 = 1'), 'f', "$name: one that inherits is gated in any case");
	$session->quit;
	$node->safe_psql('postgres', 'ALTER ROLE noinherit NOINHERIT');

	# The owner comes to be a member by a session that has called nothing of ours.
	$node->safe_psql('postgres', 'GRANT analyst TO owner');
	is($seen->('owner') > 9 ? 't' : 'f', $preloaded ? 'f' : 't', "$name: the owner becomes a member");
	is($node->safe_psql('postgres', 'SELECT intact FROM consent_profiling.protected_table'), $preloaded ? 't' : 'f', "$name: which is listed");
	$node->safe_psql('postgres', q{SELECT consent_profiling.protect('t', 'id', '{analyst}')});
	is($seen->('owner'), 3, "$name: protect() repairs it");
	$node->safe_psql('postgres', q{REVOKE analyst FROM owner; SELECT consent_profiling.protect('t', 'id', '{analyst}')});
	$node->safe_psql('postgres', 'CREATE ROLE new_owner IN ROLE analyst; REASSIGN OWNED BY owner TO new_owner');
	is($seen->('new_owner') > 9 ? 't' : 'f', $preloaded ? 'f' : 't', "$name: a member becomes the owner");

	# A new role can make one as well.
	$node->safe_psql('postgres', q{
		CREATE ROLE solo;
		CREATE TABLE of_solo (id int);
		ALTER TABLE of_solo OWNER TO solo;
		SELECT consent_profiling.protect('of_solo', 'id', '{analyst}');
	});
	$node->safe_psql('postgres', 'CREATE ROLE team IN ROLE analyst ROLE solo');
	is($node->safe_psql('postgres', q{SELECT relforcerowsecurity FROM pg_class WHERE relname = 'of_solo'}), $preloaded ? 't' : 'f',
		"$name: the owner becomes a member of a new role");
	$node->safe_psql('postgres', 'DROP TABLE of_solo; DROP ROLE team');

	# What a role does to tables of its own does not stop others.
	$session = $node->background_psql('postgres');
	$session->query_safe(q{
		SET client_min_messages = error;
		CREATE TABLE forced (id int);
		ALTER TABLE forced OWNER TO solo;
		SELECT consent_profiling.protect('forced', 'id', '{analyst}');
		ALTER TABLE forced FORCE ROW LEVEL SECURITY;
		CREATE TEMP TABLE own (id int);
		SELECT consent_profiling.protect('own', 'id', '{analyst}');
		ALTER TABLE own OWNER TO solo;
		ALTER TABLE own FORCE ROW LEVEL SECURITY;
		CREATE TEMP TABLE by_hand (id int);
		ALTER TABLE by_hand OWNER TO solo;
		CREATE POLICY hand ON by_hand AS RESTRICTIVE USING (consent_profiling.may_profile(id));
		BEGIN;
		LOCK TABLE forced IN ACCESS SHARE MODE;
	});
	for my $command ('GRANT app TO stranger', q{ALTER ROLE stranger PASSWORD 'x'}, 'REASSIGN OWNED BY stranger TO app')
	{
		$node->psql('postgres', "SET lock_timeout = '2s'; $command", stderr => \$err);
		is($err, '', "$name: $command");
	}
	$session->query_safe('ROLLBACK');
	$session->quit;
	$node->safe_psql('postgres', 'REVOKE app FROM stranger; DROP TABLE forced');

	# What Citus makes of the gate on its shards, and what a hand makes of it.
	my $all = $seen->('app');
	$node->safe_psql('postgres', q{UPDATE pg_policy SET polpermissive = true WHERE polrelid = 't'::regclass});
	is($seen->('analyst'), $preloaded ? 3 : $all, "$name: a gate that is permissive");
	is($seen->('app'), $all, "$name: and the application");
	is($node->safe_psql('postgres', 'SELECT intact FROM consent_profiling.protected_table'), 'f', "$name: is listed as not intact");
	$node->safe_psql('postgres', q{
		CREATE TABLE by_hand (id int);
		INSERT INTO by_hand SELECT generate_series(1, 10);
		GRANT SELECT ON by_hand TO analyst, app;
		ALTER TABLE by_hand ENABLE ROW LEVEL SECURITY;
		CREATE POLICY everybody ON by_hand USING (true);
		CREATE POLICY gate ON by_hand TO analyst USING (consent_profiling.may_profile(id));
		CREATE TABLE closed (id int);
		INSERT INTO closed SELECT generate_series(1, 10);
		GRANT SELECT ON closed TO analyst, app;
		ALTER TABLE closed ENABLE ROW LEVEL SECURITY;
		CREATE POLICY everybody ON closed USING (true);
		CREATE POLICY consent_profiling_closed ON closed TO analyst USING (false);
	});
	is($seen->('analyst', 'by_hand'), $preloaded ? 3 : 10, "$name: a permissive copy beside a permissive policy");
	is($seen->('app', 'by_hand'), 10, "$name: and the application");
	is($seen->('analyst', 'closed'), $preloaded ? 0 : 10, "$name: a permissive copy of what closes a table");
	is($seen->('app', 'closed'), 10, "$name: and the application");

	# Where Citus is, gates hold or throw.
	$node->safe_psql('postgres', q{
		INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
			VALUES (99999, 'citus', 10, 'pg_catalog'::regnamespace, false, '13.2');
	});
	my $refused = qr/consent_profiling must be preloaded where Citus is/;
	like($seen->('analyst'), $preloaded ? qr/^3$/ : $refused, "$name: with Citus, the gated role");
	$node->psql('postgres', q{SELECT consent_profiling.protect('by_hand', 'id', '{analyst}')}, stderr => \$err);
	($preloaded ? \&unlike : \&like)->($err, $refused, "$name: with Citus, protect()");
	like($seen->('app'), $preloaded ? qr/^$all$/ : $refused,
		"$name: with Citus, the application");
	$node->stop;
}

done_testing();
