# Logical replication and decoding: decoding knows no policies; a subscriber
# has a gate of its own, which goes by its own registry.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $table = q{
	CREATE EXTENSION consent_profiling;
	CREATE ROLE analyst LOGIN;
	CREATE TABLE people (id int PRIMARY KEY, name text);
	GRANT SELECT ON people TO analyst;
	SELECT consent_profiling.protect('people', 'id', '{analyst}');
	SELECT consent_profiling.register_subject(i, '1980-01-01') FROM generate_series(1, 3) i;
};
my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
$publisher->safe_psql('postgres', $table);
my $subscriber = PostgreSQL::Test::Cluster->new('subscriber');
$subscriber->init;
$subscriber->start;
$subscriber->safe_psql('postgres', $table);

sub seen
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT string_agg(id::text, ' ' ORDER BY id) FROM people",
		extra_params => [ '-U', 'analyst' ]);
}

# The trap: who may decode sees every row that is written.
$publisher->safe_psql('postgres', q{
	CREATE ROLE decoder LOGIN REPLICATION;
	GRANT SELECT ON people TO decoder;
	SELECT consent_profiling.protect('people', 'id', '{analyst,decoder}');
	SELECT pg_create_logical_replication_slot('decoding', 'test_decoding');
	INSERT INTO people VALUES (1, 'one'), (3, 'three');
	SELECT consent_profiling.give_consent(1, 'profiling')});
is($publisher->safe_psql('postgres', 'SELECT count(*) FROM people', extra_params => [ '-U', 'decoder' ]),
	1, 'a gated role sees who may be profiled');
is( $publisher->safe_psql('postgres',
		q{SELECT count(*) FROM pg_logical_slot_get_changes('decoding', NULL, NULL) WHERE data LIKE '%people%INSERT%'},
		extra_params => [ '-U', 'decoder' ]),
	2, 'with REPLICATION it sees all, decoded');
my ($ret, $out, $err) = $publisher->psql('postgres',
	q{SELECT * FROM pg_logical_slot_get_changes('decoding', NULL, NULL)}, extra_params => [ '-U', 'analyst' ]);
like($err, qr/must be superuser or replication role|permission denied to use replication slots/, 'without it, nothing');
$publisher->safe_psql('postgres', q{SELECT pg_drop_replication_slot('decoding')});

# A subscriber with a protected table: everything arrives, existing and new.
my $connstr = $publisher->connstr . ' dbname=postgres';
$publisher->safe_psql('postgres', 'CREATE PUBLICATION pub FOR TABLE people');
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION sub CONNECTION '$connstr' PUBLICATION pub");
$subscriber->wait_for_subscription_sync($publisher, 'sub');
$publisher->safe_psql('postgres', q{INSERT INTO people VALUES (2, 'two'); UPDATE people SET name = upper(name)});
$publisher->wait_for_catchup('sub');
is($subscriber->safe_psql('postgres', "SELECT string_agg(name, ' ' ORDER BY id) FROM people"),
	'ONE TWO THREE', 'all rows arrive');

# The two gates know nothing of each other.
is(seen($publisher), '1', 'gated there by what is recorded there');
is(seen($subscriber), '', 'and here by what is recorded here');
$subscriber->safe_psql('postgres', q{SELECT consent_profiling.give_consent(3, 'profiling')});
is(seen($subscriber), '3', 'a consent given here');
is(seen($publisher), '1', 'does not count there');

# A tracked table of the subscriber that is partitioned by what a change moves: a new
# key arrives as a deleted row and an inserted one, and takes along what denies.
my $keyed = 'CREATE TABLE keyed (id int PRIMARY KEY, mail text, born date)';
$publisher->safe_psql('postgres', qq{
	$keyed; ALTER TABLE keyed REPLICA IDENTITY FULL;
	INSERT INTO keyed SELECT i, 'k' || i, '1980-01-01' FROM generate_series(1, 8) i;
	ALTER PUBLICATION pub ADD TABLE keyed});
(my $split = $keyed) =~ s/ PRIMARY KEY//;
$subscriber->safe_psql('postgres', qq{
	SELECT consent_profiling.add_purpose('stats', basis => 'legitimate_interests');
	$split PARTITION BY HASH (mail);
	CREATE TABLE keyed0 PARTITION OF keyed FOR VALUES WITH (MODULUS 3, REMAINDER 0);
	CREATE TABLE keyed1 PARTITION OF keyed FOR VALUES WITH (MODULUS 3, REMAINDER 1);
	CREATE TABLE keyed2 PARTITION OF keyed FOR VALUES WITH (MODULUS 3, REMAINDER 2);
	SELECT consent_profiling.track_subjects('keyed', 'mail', 'born');
	ALTER SUBSCRIPTION sub REFRESH PUBLICATION});
$subscriber->wait_for_subscription_sync($publisher, 'sub');
$subscriber->safe_psql('postgres',
	q{SELECT consent_profiling.raise_objection('k' || i, 'stats') FROM generate_series(1, 8) i WHERE i <> 4});
$publisher->safe_psql('postgres', q{UPDATE keyed SET mail = 'x' || mail});
# rows that are deleted and inserted there are other people
$publisher->safe_psql('postgres',
	q{BEGIN; DELETE FROM keyed WHERE id = 8; INSERT INTO keyed VALUES (9, 'k9', '1980-01-01'); COMMIT});
$publisher->wait_for_catchup('sub');
is( $subscriber->safe_psql('postgres', q{
		SELECT string_agg(id || ' ' || consent_profiling.verdict_of(mail, 'stats'), ', ' ORDER BY id) FROM keyed}),
	'1 objected, 2 objected, 3 objected, 4 permitted, 5 objected, 6 objected, 7 objected, 9 permitted',
	'a key that changes there takes along what denies here');
cmp_ok($subscriber->safe_psql('postgres', q{SELECT count(DISTINCT tableoid) FROM keyed}), '>', 1, 'the rows lie in several partitions');

# Many rows that are deleted, and rows that move, in one transaction.
$publisher->safe_psql('postgres', q{
	INSERT INTO keyed SELECT i, 'k' || i, '1980-01-01' FROM generate_series(101, 300) i});
$publisher->wait_for_catchup('sub');
$subscriber->safe_psql('postgres',
	q{SELECT consent_profiling.raise_objection('k' || i, 'stats') FROM generate_series(201, 300, 2) i});
$publisher->safe_psql('postgres', q{
	BEGIN;
	DELETE FROM keyed WHERE id BETWEEN 101 AND 200;
	UPDATE keyed SET mail = 'y' || mail WHERE id > 200;
	INSERT INTO keyed SELECT i, 'k' || i, '1980-01-01' FROM generate_series(301, 400) i;
	DELETE FROM keyed WHERE id BETWEEN 301 AND 350;
	UPDATE keyed SET mail = 'z' || mail WHERE id > 200;
	COMMIT});
$publisher->wait_for_catchup('sub');
is( $subscriber->safe_psql('postgres', q{
		SELECT count(*) || ' ' || count(*) FILTER (WHERE (consent_profiling.verdict_of(mail, 'stats') = 'objected') <> (id < 300 AND id % 2 = 1))
		FROM keyed WHERE id > 200}),
	'150 0', 'each row keeps what denies it, and no other');

# A row that moves to a foreign partition.
SKIP:
{
	skip 'no postgres_fdw', 1
		if $subscriber->safe_psql('postgres', q{SELECT count(*) FROM pg_available_extensions WHERE name = 'postgres_fdw'}) eq '0';
	my ($host, $port) = ($publisher->host, $publisher->port);
	$publisher->safe_psql('postgres', 'CREATE TABLE far (id text, born date, k int)');
	$subscriber->safe_psql('postgres', qq{
		CREATE EXTENSION postgres_fdw;
		CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host', port '$port', dbname 'postgres');
		CREATE USER MAPPING FOR CURRENT_USER SERVER far;
		CREATE TABLE both_sides (id text, born date, k int) PARTITION BY LIST (k);
		CREATE TABLE near PARTITION OF both_sides FOR VALUES IN (1);
		CREATE FOREIGN TABLE far PARTITION OF both_sides FOR VALUES IN (2) SERVER far;
		SELECT consent_profiling.track_subjects('both_sides', 'id', 'born');
		INSERT INTO both_sides VALUES ('f1', '1980-01-01', 1), ('f2', '1980-01-01', 1);
		SELECT consent_profiling.raise_objection('f1', 'stats');
		UPDATE both_sides SET k = 2, id = 'g' || id WHERE k = 1});
	is( $subscriber->safe_psql('postgres', q{
			SELECT string_agg(id || ' ' || consent_profiling.verdict_of(id, 'stats'), ', ' ORDER BY id) FROM both_sides}),
		'gf1 objected, gf2 permitted', 'a key that changes on the way to another server takes along what denies');
}

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION sub');
$subscriber->stop;
$publisher->stop;

done_testing();
