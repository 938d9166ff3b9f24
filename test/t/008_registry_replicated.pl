# The registry itself, by logical replication: what the subscriber's gate answers
# follows what arrives, in sessions that are open and have answers or a set.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $publisher = PostgreSQL::Test::Cluster->new('publisher');
$publisher->init(allows_streaming => 'logical');
$publisher->start;
$publisher->safe_psql('postgres', q{
	CREATE EXTENSION consent_profiling;
	CREATE TABLE person AS SELECT generate_series(1, 2000) AS id;
	SELECT consent_profiling.add_purpose('news', basis => 'contract');
	SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM person');
	CREATE PUBLICATION pub FOR TABLE consent_profiling.purpose, consent_profiling.subject, consent_profiling.choice,
		consent_profiling.tombstone_secret, consent_profiling.review;
});

for my $mode ('private', 'shared')
{
	my $subscriber = PostgreSQL::Test::Cluster->new($mode);
	$subscriber->init;
	$subscriber->append_conf('postgresql.conf', "shared_preload_libraries = 'consent_profiling'") if $mode eq 'shared';
	$subscriber->start;
	$subscriber->safe_psql('postgres', qq{
		CREATE EXTENSION consent_profiling;
		CREATE TABLE person AS SELECT generate_series(1, 2000) AS id;
		TRUNCATE consent_profiling.purpose CASCADE;
		CREATE SUBSCRIPTION sub_$mode CONNECTION '@{[$publisher->connstr]} dbname=postgres' PUBLICATION pub;
	});
	$subscriber->wait_for_subscription_sync($publisher, "sub_$mode");

	# one that comes to have a set, and one that asks about a single person
	my $many = $subscriber->background_psql('postgres');
	my $single = $subscriber->background_psql('postgres');
	my $all = q{SELECT count(*) FILTER (WHERE consent_profiling.may_profile(id, 'news')),
		count(*) FILTER (WHERE consent_profiling.verdict_of(id, 'news') = 'permitted') FROM person};
	my $one = q{SELECT consent_profiling.may_profile(1, 'news'), consent_profiling.verdict_of(1, 'news')};
	my $arrives = sub {
		my ($what, $sql, $permitted, $answer) = @_;
		$publisher->safe_psql('postgres', $sql);
		$publisher->wait_for_catchup("sub_$mode");
		is($many->query_safe($all), "$permitted|$permitted", "$mode: $what, by the set");
		is($single->query_safe($one), $answer, "$mode: $what, by an answer that was kept");
		return;
	};

	$arrives->('all at once', '', 2000, 't|permitted');
	is($many->query_safe(q{SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'news'}), 't', "$mode: there is a set");
	$arrives->('an objection', q{SELECT FROM consent_profiling.raise_objection(1, 'news')}, 1999, 'f|objected');
	$arrives->('its end', q{SELECT FROM consent_profiling.withdraw_objection(1, 'news')}, 2000, 't|permitted');
	$arrives->('a restriction', q{SELECT FROM consent_profiling.restrict_subject(1, 'accuracy contested')}, 1999, 'f|restricted');
	$arrives->('its lifting', q{SELECT FROM consent_profiling.lift_restriction(1, clock_timestamp())}, 2000, 't|permitted');
	$arrives->('a purpose of another basis',
		q{UPDATE consent_profiling.purpose SET basis = 'consent' WHERE name = 'news'}, 0, 'f|consent_missing');
	$arrives->('the basis of before',
		q{UPDATE consent_profiling.purpose SET basis = 'contract' WHERE name = 'news'}, 2000, 't|permitted');
	$arrives->('nobody at all', 'BEGIN; TRUNCATE consent_profiling.choice, consent_profiling.subject; COMMIT', 0, 'f|unknown_subject');
	$publisher->safe_psql('postgres',
		q{SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM person')});

	# What is administered there does not collide with what arrives, and nothing
	# is recorded there.
	$subscriber->safe_psql('postgres', q{
		CREATE ROLE analyst;
		GRANT SELECT ON person TO analyst;
		SELECT consent_profiling.allow_purpose('analyst', 'news'), consent_profiling.grant_duty('analyst', 'recorder');
		SELECT consent_profiling.protect('person', 'id', '{analyst}', 'news');
	});
	$arrives->('a purpose added after that', qq{SELECT consent_profiling.add_purpose('later_$mode')}, 2000, 't|permitted');
	is($subscriber->safe_psql('postgres', qq{SELECT count(*) FROM consent_profiling.purpose WHERE name = 'later_$mode'}), 1, "$mode: it has arrived");
	$arrives->('an objection after that', q{SELECT FROM consent_profiling.raise_objection(1, 'news')}, 1999, 'f|objected');
	is($subscriber->safe_psql('postgres', 'SET ROLE analyst; SELECT count(*) FROM person'), 1999, "$mode: the gate follows");
	for my $act (q{withdraw_consent(2, 'news')}, q{register_subject(2001)}, q{add_purpose('here')}, qq{drop_purpose('later_$mode')}, q{erase_subject(2)},
		q{import_consents('SELECT 2 AS subject, ''news'' AS purpose, ''refused at 2020-01-01T00:00Z'' AS consent')})
	{
		my ($status, $out, $err) = $subscriber->psql('postgres', "SELECT consent_profiling.$act");
		like($err, qr/ERROR:  the registry belongs to a subscription/, "$mode: refused, $act");
	}
	my $erased = $mode eq 'private' ? 11 : 12;
	$arrives->('an erasure', "SELECT consent_profiling.erase_subject($erased)", 1998, 'f|objected');
	is($subscriber->safe_psql('postgres', "SELECT consent_profiling.verdict_of($erased, 'news')"), 'erased', "$mode: it is known as that");

	$many->quit;
	$single->quit;
	$subscriber->safe_psql('postgres', "DROP SUBSCRIPTION sub_$mode");
	# Without a subscription it is a registry of its own.
	$subscriber->safe_psql('postgres', q{SELECT consent_profiling.register_subject(2001)});
	$subscriber->stop;
	$publisher->safe_psql('postgres', q{
		BEGIN;
		TRUNCATE consent_profiling.choice, consent_profiling.subject;
		SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM person');
		COMMIT;
	});
}

$publisher->stop;
done_testing();
