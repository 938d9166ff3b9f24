# Announcements: who listens or decodes hears of every event that was committed, of
# no other, and of nobody in particular; and of nothing unless it is switched on.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('announcing');
$node->init(allows_streaming => 'logical');
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION consent_profiling;
	CREATE ROLE app LOGIN;
	CREATE ROLE stranger LOGIN;
	SELECT consent_profiling.grant_duty('app', 'recorder');
	SELECT consent_profiling.add_purpose('news');
	SELECT consent_profiling.register_subject('secret-' || n, '1980-01-01') FROM generate_series(1, 5) n;
	SELECT pg_create_logical_replication_slot('messages', 'test_decoding')});

# A role with no rights listens, in a session that stays.
my $listener = session($node, 'postgres');
ask($listener, 'SET ROLE stranger; LISTEN consent_profiling;');

sub notified
{
	my ($said) = ask($_[0] || $listener, 'SELECT;');
	return join "\n", $said =~ /^Asynchronous notification "consent_profiling" with payload "(.*)" received/mg;
}

sub decoded
{
	return $node->safe_psql('postgres', q{
		SELECT substring(data FROM 'content:(.*)') FROM pg_logical_slot_get_changes('messages', NULL, NULL)
		WHERE data LIKE 'message: transactional: 1 prefix: consent_profiling,%'});
}

# The events that came after one, as they are announced.
sub announced
{
	my ($after) = @_;
	return $node->safe_psql('postgres', qq{
		SELECT format('{"event": %s, "act": %s, "purpose": %s}', id, to_json(act), COALESCE(to_json(purpose), 'null'))
		FROM consent_profiling.event WHERE id > $after ORDER BY id});
}

sub last_event { return $node->safe_psql('postgres', 'SELECT max(id) FROM consent_profiling.event') }

my $acts = q{
	SELECT consent_profiling.give_consent('secret-1', 'news');
	SELECT consent_profiling.raise_objection('secret-2', evidence => '{"private": 1}');
	SELECT consent_profiling.register_subject('secret-6', '1980-01-01');
	SELECT consent_profiling.add_recipient('printer', contact => 'private');
	SELECT consent_profiling.import_consents($$ SELECT 'secret-' || n AS subject, 'news' AS purpose,
		'given at 2026-01-01T00:00:00Z' AS consent FROM generate_series(3, 5) n $$);
	SELECT consent_profiling.restrict_subject('secret-1', 'unlawful');
	SELECT consent_profiling.erase_subject('secret-1');
	SELECT consent_profiling.register_subject('secret-1');
};

# Off is how it comes.
$node->safe_psql('postgres', $acts);
is(notified(), '', 'nobody is notified unless that is switched on');
is(decoded(), '', 'nothing is logged unless that is switched on');

for my $case ([ 1, 0 ], [ 0, 1 ], [ 1, 1 ])
{
	my ($notify, $message) = @$case;
	my $name = join ' and ', ('notify') x $notify, ('logical_message') x $message;
	my $on = "SET consent_profiling.notify = $notify; SET consent_profiling.logical_message = $message;";
	my $before = last_event();

	(my $other_acts = $acts) =~ s/secret-1/secret-1$notify$message/g;
	$node->safe_psql('postgres', "SELECT consent_profiling.register_subject('secret-1$notify$message', '1980-01-01'); $on $other_acts");
	my $expected = announced($before + 1);
	my @lines = split /\n/, $expected;
	cmp_ok(scalar(@lines), '>=', 10, "$name: there is something to announce");
	is(notified(), $notify ? $expected : '', "$name: what is notified");
	is(decoded(), $message ? $expected : '', "$name: what is decoded");
	unlike($expected, qr/secret|private|printer|1980/, "$name: and of nobody in particular");

	# What did not happen.
	$before = last_event();
	my ($status) = $node->psql('postgres', "$on BEGIN; SELECT consent_profiling.give_consent('secret-2', 'news'); ROLLBACK;");
	is($status, 0, "$name: somebody thought better of it");
	$node->psql('postgres', "$on SELECT consent_profiling.give_consent('nobody', 'news')");
	is(notified() . decoded(), '', "$name: not what was rolled back");
	$node->safe_psql('postgres', "$on BEGIN; SELECT consent_profiling.give_consent('secret-2', 'news'); SAVEPOINT s;
		SELECT consent_profiling.withdraw_consent('secret-2', 'news'); ROLLBACK TO s; COMMIT");
	$expected = announced($before);
	is($expected =~ tr/\n//, 0, "$name: one event, in a transaction of two");
	is(notified(), $notify ? $expected : '', "$name: the one is notified");
	is(decoded(), $message ? $expected : '', "$name: the one is decoded");

	# What comes by replication was announced where it was recorded.
	$node->safe_psql('postgres', "$on SET session_replication_role = replica; SELECT consent_profiling.give_consent('secret-2', 'news')");
	is(notified() . decoded(), '', "$name: not on a replica");
}

# Not before the commit.
my $recorder = session($node, 'postgres');
my $before = last_event();
ask($recorder, q{SET consent_profiling.notify = on; BEGIN; SELECT consent_profiling.give_consent('secret-2', 'news');});
is(notified(), '', 'nothing is notified before the commit');
ask($recorder, 'COMMIT;');
is(notified(), announced($before), 'and then it is');
close_session($recorder);

# Who may switch it: a superuser, for sessions of others too.
for my $setting (qw(notify logical_message))
{
	my ($status, $out, $err) = $node->psql('postgres', "SET consent_profiling.$setting = on; SELECT consent_profiling.may_profile(1)",
		extra_params => [ '-U', 'app' ]);
	like($err, qr/permission denied to set parameter "consent_profiling.$setting"/, "a recorder does not set $setting");
}
$node->safe_psql('postgres', q{ALTER DATABASE postgres SET consent_profiling.notify = on;
	ALTER ROLE app SET consent_profiling.logical_message = on});
$before = last_event();
$node->safe_psql('postgres', q{SELECT consent_profiling.refuse_consent('secret-2', 'news')}, extra_params => [ '-U', 'app' ]);
is(notified(), announced($before), "set for the database, a recorder's act is notified");
is(decoded(), announced($before), 'set for the role, it is logged');
($before) = last_event();
my ($status, $out, $err) = $node->psql('postgres',
	q{SET consent_profiling.notify = off; SELECT consent_profiling.refuse_consent('secret-2', 'news')}, extra_params => [ '-U', 'app' ]);
is(notified(), announced($before), 'who is told to announce cannot keep quiet');
decoded();

# A restore inserts events that were announced before; one says so.
mkdir $node->backup_dir;
my $dump = $node->backup_dir . '/announced.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $dump, 'postgres' ], 'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE restored; ALTER DATABASE restored SET consent_profiling.notify = on;
	ALTER DATABASE restored SET consent_profiling.logical_message = on');
my $there = session($node, 'restored');
ask($there, 'LISTEN consent_profiling;');
{
	local $ENV{PGOPTIONS} = '-c consent_profiling.notify=off -c consent_profiling.logical_message=off';
	$node->command_ok([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', $dump, 'restored' ], 'restored, quietly');
}
is(notified($there), '', 'nothing is announced again');
is($node->safe_psql('restored', 'SELECT max(id) FROM consent_profiling.event'), last_event(), 'what is there');
$node->safe_psql('restored', q{SELECT consent_profiling.give_consent('secret-2', 'news')});
like(notified($there), qr/^\{"event": \d+, "act": "give_consent", "purpose": "news"\}$/, 'what comes after it is announced');
is(notified(), '', 'there, not here');
close_session($there);

# The function is for its trigger.
($status, $out, $err) = $node->psql('postgres', q{
	CREATE TABLE mine (id text, act int, subject text, purpose int);
	CREATE TRIGGER mine AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION consent_profiling.announce_event();
	INSERT INTO mine VALUES ('x', 1, 'y', 2)});
like($err, qr/announce_event\(\) can only be called by the trigger on the history/, "not for a table of one's own");

close_session($listener);
$node->stop;
done_testing();
