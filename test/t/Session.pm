# A psql that stays, for tests in which sessions wait for one another.

package Session;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();

our @EXPORT = qw(session begin_asking answer ask close_session);

# Starts one.
sub session
{
	my ($node, $dbname) = @_;
	my %session = (in => '', out => '', err => '', timer => IPC::Run::timeout(180));
	$session{handle} = IPC::Run::start(
		[ 'psql', '-XqAt', '-h', $node->host, '-p', $node->port, $dbname ],
		'<', \$session{in}, '>', \$session{out}, '2>', \$session{err}, $session{timer});
	$session{pid} = ask(\%session, 'SELECT pg_backend_pid();');
	return \%session;
}

# Sends something, which is answered when the mark comes back.
sub begin_asking
{
	my ($session, $sql) = @_;
	$session->{out} = '';
	$session->{err} = '';
	$session->{in} .= "$sql\n\\echo MARK\n";
	$session->{handle}->pump_nb;
	return;
}

sub answer
{
	my ($session) = @_;
	$session->{handle}->pump until $session->{out} =~ /^MARK$/m;
	(my $out = $session->{out}) =~ s/\n?MARK\n$//;
	return $out;
}

sub ask
{
	my ($session, $sql) = @_;
	begin_asking($session, $sql);
	return answer($session);
}

sub close_session
{
	my ($session) = @_;
	$session->{in} .= "\\q\n";
	$session->{handle}->finish;
	return;
}

1;
