# A dump brings the gates of a partitioned table one by one, in an order of its
# own.  While it is restored nothing may be added to them, nor anything lost.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', q{
	CREATE ROLE analyst;
	CREATE ROLE other;
	CREATE ROLE app;
	CREATE DATABASE source;
});
# Parents and children in schemas and under names that sort before and after
# each other, and before and after those of the policies.
$node->safe_psql('source', q{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.add_purpose('news');
	CREATE SCHEMA a;
	CREATE SCHEMA z;
	CREATE TABLE a.orders (id int PRIMARY KEY, k int);
	CREATE TABLE a.parent (id int, k int, PRIMARY KEY (id, k)) PARTITION BY LIST (k);
	CREATE TABLE z.p1 PARTITION OF a.parent FOR VALUES IN (1) PARTITION BY LIST (k);
	CREATE TABLE a.b PARTITION OF z.p1 FOR VALUES IN (1);
	CREATE TABLE public.zz PARTITION OF a.parent FOR VALUES IN (2);
	CREATE TABLE z.mother (id int REFERENCES a.orders);
	CREATE TABLE a.child () INHERITS (z.mother);
	CREATE TABLE z.own (id int, k int);
	CREATE POLICY everybody ON z.own USING (true);
	ALTER TABLE z.own ENABLE ROW LEVEL SECURITY;
	ALTER TABLE a.b OWNER TO analyst;
	SELECT consent_profiling.protect('a.parent', 'id', '{analyst}');
	SELECT consent_profiling.protect('a.parent', 'k', '{other,analyst}', 'news');
	SELECT consent_profiling.protect('z.mother', 'id', '{analyst,other}');
	SELECT consent_profiling.protect('z.own', 'id', '{public}', 'news');
	SELECT consent_profiling.protect('a.orders', 'id', '{other}');
	CREATE TABLE a.tenant (id int, k int);
	CREATE TABLE z.tenant (id int, k int);
	SELECT consent_profiling.protect('a.tenant', 'id', '{analyst}'), consent_profiling.protect('z.tenant', 'id', '{analyst}');
	CREATE POLICY a ON a.tenant USING (k = 1);
	CREATE POLICY z ON z.tenant TO app USING (k = 1);
	INSERT INTO a.orders VALUES (1, 1);
	-- Nor may anything be recorded before the history is there again.
	CREATE POLICY extra ON a.tenant AS RESTRICTIVE FOR SELECT TO app USING (consent_profiling.may_profile(id) OR k = 2);
});

my $state = q{
	SELECT format('%s %s %s %s', c.oid::regclass, c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity)
		FROM pg_class c WHERE relnamespace IN ('a'::regnamespace, 'z'::regnamespace, 'public'::regnamespace)
			AND relkind IN ('r', 'p') ORDER BY 1;
	SELECT * FROM pg_policies WHERE schemaname <> 'consent_profiling' ORDER BY 1, 2, 3;
	SELECT relation::text, subject_column, purpose, roles FROM consent_profiling.protected_table ORDER BY 1, 2;
	SELECT id, act, detail FROM consent_profiling.event ORDER BY id;
};
my $before = $node->safe_psql('source', $state);
like($before, qr/^a\.b analyst t t$/m, 'FORCE where the owner is gated');
like($before, qr/^z\|tenant\|consent_profiling_ungated\|.*\(NOT consent_profiling\.ungated\(\)\)/m, 'the policy of a tenant holds');

my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fd', '-f', $dump, 'source' ], 'dump');
my %way = (
	'in one transaction' => [ '--single-transaction' ],
	'in parallel'        => [ '-j', '4' ],
	'with clean'         => [ '--clean', '--if-exists' ],);
foreach my $way (sort keys %way)
{
	(my $db = $way) =~ s/ /_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->command_ok([ 'pg_restore', '--exit-on-error', @{ $way{$way} }, '-d', $db, $dump ], "restored $way");
	is($node->safe_psql($db, $state), $before, "$way, all is as it was");
}

# the schema alone leaves the history empty, for the data to come
$node->safe_psql('postgres', 'CREATE DATABASE schema_only');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-s', '-d', 'schema_only', $dump ], 'restored the schema');
is($node->safe_psql('schema_only', 'SELECT count(*) FROM consent_profiling.event'), 0, 'nothing is recorded');

# and it goes on
$node->safe_psql('in_parallel', 'CREATE TABLE z.p3 PARTITION OF a.parent FOR VALUES IN (3)');
is($node->safe_psql('in_parallel',
		q{SELECT string_agg(subject_column, ' ' ORDER BY subject_column) FROM consent_profiling.protected_table WHERE relation = 'z.p3'::regclass}),
	'id k', 'a partition made after restoring is gated');

done_testing();
