# The history holds whatever the encoding of the database, and goes on to hold
# when it is restored into another.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('encodings');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;

sub database
{
	my ($name, $encoding) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $name TEMPLATE template0 ENCODING '$encoding'");
	return;
}

sub verified
{
	my ($database) = @_;
	return $node->safe_psql($database, 'SELECT events, event, problem FROM consent_profiling.verify_history()');
}

# "e" with an acute is one byte in LATIN1 and two in UTF8, and jsonb has its keys in
# the order of their lengths: it comes before "zz" in the one and after it in the other
database('latin1', 'LATIN1');
$node->safe_psql('latin1', q{
	SET client_encoding = 'UTF8';
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.register_subject('m\u00fcller', '1980-01-01');
	SELECT consent_profiling.give_consent('m\u00fcller', notice => 'gel\u00e9sen',
		evidence => '{"\u00e9": 1, "zz": [2, "\u00e9", {"z\u00e9": null, "aaa": true}], "a": "\u00e9"}');
	SELECT consent_profiling.withdraw_consent('m\u00fcller', evidence => '"\u00e9"');
	SELECT consent_profiling.register_subject('erased');
	SELECT consent_profiling.erase_subject('erased');
	SELECT consent_profiling.seal_history()} =~ s/\\u([0-9a-f]{4})/ my $c = chr(hex($1)); utf8::encode($c); $c /ger);
is(verified('latin1'), '5||', 'LATIN1: all fits');

my $dump = $node->backup_dir . '/latin1.dump';
mkdir $node->backup_dir;
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, $node->connstr('latin1') ], 'LATIN1 is dumped');
database('utf8', 'UTF8');
$node->command_ok([ 'pg_restore', '-d', $node->connstr('utf8'), $dump ], 'and restored into UTF8');
is(verified('utf8'), '5||', 'UTF8: all fits');
is($node->safe_psql('utf8', q{SELECT consent_profiling.verdict_of('erased')}), 'erased', 'UTF8: who was erased is refused');

# a key must not be too long for the database that it may move to
{
	my ($rc, $out, $err) = $node->psql('latin1', q{SELECT consent_profiling.register_subject(repeat(chr(233), 128))});
	isnt($rc, 0, 'LATIN1: a key that is too long in UTF-8 is refused');
	like($err, qr/must not exceed 255 bytes in UTF-8/, 'LATIN1: the error says why');
	is($node->safe_psql('latin1', q{SELECT octet_length((repeat(chr(233), 127) || 'x')::consent_profiling.subject_id::text)}), 128,
		'LATIN1: one that is just short enough is taken');
}

# what steers a terminal is one byte there, and no part of a letter
$node->safe_psql('latin1', q{
	SELECT consent_profiling.register_subject('steer');
	SELECT consent_profiling.give_consent('steer', notice => 'a' || chr(133) || 'b' || chr(155) || '31m')});
is($node->safe_psql('latin1', q{SELECT t ~ '[\x80-\x9f]', t ~ 'a b 31m' FROM consent_profiling.subject_report_text('steer') t}), 'f|t',
	'LATIN1: a letter has no control characters');

# SQL_ASCII takes any bytes for a text; whoever withdraws in such is not turned away
database('ascii', 'SQL_ASCII');
$node->safe_psql('ascii', q{
	CREATE EXTENSION consent_profiling;
	SELECT consent_profiling.register_subject(E'm\xfcller', '1980-01-01');
	SELECT consent_profiling.give_consent(E'm\xfcller', notice => E'gel\xe9sen', evidence => E'{"\xe9": 1, "zz": 2}');
	SELECT consent_profiling.withdraw_consent(E'm\xfcller', notice => E'sch\xf6n');
	SELECT consent_profiling.register_subject(E'gel\xf6scht');
	SELECT consent_profiling.erase_subject(E'gel\xf6scht')});
is(verified('ascii'), '5||', 'SQL_ASCII: all fits');
is($node->safe_psql('ascii', q{SELECT consent_profiling.verdict_of(E'm\xfcller'), consent_profiling.verdict_of(E'gel\xf6scht')}),
	'consent_withdrawn|erased', 'SQL_ASCII: what was recorded counts');

# what PostgreSQL lets in unchecked would make a history that cannot be restored
sub refused
{
	my ($what, %params) = @_;
	my ($rc, $out, $err) = $node->psql('utf8', q{SELECT consent_profiling.withdraw_consent('gone')}, %params);
	isnt($rc, 0, "$what is not recorded");
	like($err, qr/invalid byte sequence for encoding "UTF8": 0xfc/, "$what: the error says why");
	return;
}

$node->safe_psql('utf8', q{SELECT consent_profiling.register_subject('gone')});
$node->safe_psql('latin1', q{SET client_encoding = 'LATIN1'; CREATE ROLE "sch}."\xfc".q{tz" LOGIN SUPERUSER});
{
	local $ENV{PGOPTIONS} = "-c consent_profiling.actor=m\xfcller";
	refused('an actor of bytes that are no text');
}
refused("a role of another encoding", extra_params => [ '-U', "sch\xfctz" ]);
is(verified('utf8'), '6||', 'all still fits');

$node->stop;
done_testing();
