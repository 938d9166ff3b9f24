# The README tells the truth: its SQL runs, in order, and prints what it says;
# it names everything that the extension offers; the other files that users see
# agree about the version.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file('README.md');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
$node->start;

# In psql as its users have it, all in one session.  A block of text is what the
# block of SQL before it prints last.
my $script = "\\set ON_ERROR_STOP on\n";
my @printed;
while ($readme =~ /^```(\w*)\n(.*?)^```$/msg)
{
	my ($kind, $block) = ($1, $2);

	if ($kind eq 'sql')
	{
		$script .= sprintf("\\echo block %d\n%s", scalar(@printed), $block);
		push @printed, undef;
	}
	elsif ($kind eq 'text')
	{
		$printed[-1] = $block;
	}
}
cmp_ok(scalar(@printed), '>', 20, 'the README has SQL');

my ($stdout, $stderr) = ('', '');
my $result = IPC::Run::run(
	[ 'psql', '-X', '-q', '-d', $node->connstr('postgres') ],
	'<', \$script, '>', \$stdout, '2>', \$stderr);
ok($result, 'the SQL of the README runs') or diag($stderr);

my @blocks = split /^block \d+\n/m, $stdout;
shift @blocks;
is(scalar(@blocks), scalar(@printed), 'all of it');
for my $i (0 .. $#printed)
{
	next unless defined $printed[$i];
	like("\n$blocks[$i]", qr/\n\Q$printed[$i]\E\s*$/,
		"block $i prints what the README says");
}

# What the extension offers is what it says something about, internals aside.
$node->safe_psql('postgres', 'CREATE EXTENSION consent_profiling');
my $offered = $node->safe_psql(
	'postgres', q{
	LOAD 'consent_profiling';
	SELECT DISTINCT name FROM (
		SELECT p.proname AS name, obj_description(p.oid, 'pg_proc') AS said
			FROM pg_proc p
			WHERE p.pronamespace = 'consent_profiling'::regnamespace AND p.prokind = 'f'
				AND NOT EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid)
		UNION ALL
		SELECT t.typname, obj_description(t.oid, 'pg_type') FROM pg_type t
			WHERE t.typnamespace = 'consent_profiling'::regnamespace
		UNION ALL
		SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c
			WHERE c.relnamespace = 'consent_profiling'::regnamespace
		UNION ALL
		SELECT a.attname, 'a column that everybody may read' FROM pg_attribute a
			WHERE a.attrelid IN ('consent_profiling.event'::regclass,
								 'consent_profiling.protected_table'::regclass)
				AND a.attnum > 0
		UNION ALL
		SELECT e.enumlabel, 'a verdict' FROM pg_enum e
			WHERE e.enumtypid = 'consent_profiling.verdict'::regtype
		UNION ALL
		SELECT s.name, s.short_desc FROM pg_settings s
			WHERE s.name LIKE 'consent\_profiling.%'
	) o
	WHERE said !~ '^(internal|I/O$|implementation of|hash$|less-equal-greater$|larger of two$)'
	ORDER BY 1});
for my $name (split /\n/, $offered)
{
	like($readme, qr/`[^`\n]*\b\Q$name\E\b[^`\n]*`/, "the README names $name");
}

# The version's home is the control file.
my ($version) =
  slurp_file('consent_profiling.control') =~ /^default_version *= *'(.*)'/m;
like(slurp_file('META.json'),
	qr/"version": "\Q$version\E\.0"/, 'META.json has the version');
like(slurp_file('CHANGELOG.md'),
	qr/^## \Q$version\E /m, 'CHANGELOG.md has the version');

$node->stop;
done_testing();
