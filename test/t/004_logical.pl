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

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION sub');
$subscriber->stop;
$publisher->stop;

done_testing();
