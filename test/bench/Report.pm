# What measure.pl found: a plain table on the screen as it goes, and the same as
# results.csv and results.svg.
package Report;
use strict;
use warnings;

use Exporter 'import';
use List::Util qw(max min);

our @EXPORT = qw(machine progress figure goal point median commas);

my @rows;		# of the table: hashes
my %case;		# the current one
my @facts;		# about the machine: names and values
my %curves;		# growth: by kind of key, [people, ratio]

### Figures

# The middle one; a round where nothing was measured does not count.
sub median
{
	my @sorted = sort { $a <=> $b } grep { defined } ref $_[0] ? @{ $_[0] } : @_;
	my $n = @sorted;
	die "nothing was measured" unless $n;
	return $n % 2 ? $sorted[ $n / 2 ] : ($sorted[ $n / 2 - 1 ] + $sorted[ $n / 2 ]) / 2;
}

# A number with three significant digits, or all of those before the point.
sub digits
{
	my ($number) = @_;
	my $size = abs $number;
	return commas(sprintf '%.0f', $number) if $size >= 100;
	return sprintf $size >= 10 ? '%.1f' : $size >= 0.1 ? '%.2f' : '%.3f', $number;
}

sub commas
{
	my ($number) = @_;
	1 while $number =~ s/^(-?\d+)(\d{3})/$1,$2/;
	return $number;
}

sub progress { printf "== %s\n", @_ }

sub say_row
{
	my ($row) = @_;
	my $spread = $row->{n} > 1 ? sprintf '(%s to %s)', map { digits($row->{$_}) } qw(min max) : '';
	my $goal = $row->{goal} ? "goal $row->{goal}: $row->{verdict}" : '';
	my $line = sprintf '  %-52s %9s %-5s %-20s %s', $row->{title}, digits($row->{median}), $row->{unit},
	  $spread, $goal;
	$line =~ s/\s+$//;
	print "$line\n";
}

# The case that what follows is about.
sub begin_case
{
	%case = (name => $_[0], title => $_[1]);
}

# Something that was measured once or in each round.
sub figure
{
	my ($title, $unit, $values, %more) = @_;
	my @values = grep { defined } @$values;
	my $row = { case => $case{name}, title => $title, unit => $unit, n => scalar(@values),
		median => median(@values), min => min(@values), max => max(@values), %more };
	push @rows, $row;
	say_row($row);
}

# The same with what it is to be: '<=' or '>=' a limit.
sub goal
{
	my ($title, $values, $operator, $limit, $unit) = @_;
	my $median = median($values);
	my $met = $operator eq '<=' ? $median <= $limit : $median >= $limit;
	figure($title, $unit || '', $values, goal => "$operator $limit", operator => $operator,
		limit => $limit, verdict => $met ? 'met' : 'missed');
}

# A point of the growth curve.
sub point
{
	my ($kind, $people, $ratio) = @_;
	push @{ $curves{$kind} }, [ $people, $ratio ];
}

# Where all this was measured.
sub machine
{
	my ($version) = `postgres --version` =~ /(\d\S*)/;
	my ($model) = map { /^model name\s*:\s*(.*)/ ? $1 : () } lines('/proc/cpuinfo');
	my ($memory) = map { /^MemTotal:\s*(\d+)/ ? $1 : () } lines('/proc/meminfo');

	chomp(my $cores = `nproc`);
	@facts = ([ 'PostgreSQL', $version ], [ 'processor', $model || 'unknown' ], [ 'cores', $cores ],
		[ 'memory', sprintf('%.0f GB', ($memory || 0) / 1024**2) ],
		map { [ $_, $ENV{$_} ] } qw(ROWS SUBJECTS MANY ROUNDS SECS BUFFERS));
	printf "%-12s %s\n", $_->[0], commas($_->[1]) for @facts;
}

sub lines
{
	my ($file) = @_;
	open(my $handle, '<', $file) or return;
	return readline $handle;
}

sub summary
{
	my @goals = grep { $_->{goal} } @rows;
	my @missed = grep { $_->{verdict} eq 'missed' } @goals;

	print "\n";
	print "missed: $_->{case}: $_->{title}\n" for @missed;
	printf "%d of %d goals met\n", @goals - @missed, scalar @goals;
}

### Files

sub write_files
{
	my ($dir) = @_;
	write_file("$dir/results.csv", csv());
	write_file("$dir/results.svg", svg());
}

sub write_file
{
	my ($file, $text) = @_;
	open(my $handle, '>', $file) or die "$file: $!";
	print $handle $text;
	close $handle or die "$file: $!";
}

# The first lines tell about the machine.
sub csv
{
	my @lines = ([qw(case figure unit median min max goal verdict)]);

	push @lines, [ 'machine', $_->[0], '', $_->[1], ('') x 4 ] for @facts;
	for my $row (@rows)
	{
		push @lines, [ @$row{qw(case title unit)}, (map { sprintf '%.6g', $row->{$_} } qw(median min max)),
			map { defined ? $_ : '' } @$row{qw(goal verdict)} ];
	}
	return join '', map { join(',', map { quoted($_) } @$_) . "\n" } @lines;
}

sub quoted
{
	my ($field) = @_;
	return $field unless $field =~ /[",\n]/;
	$field =~ s/"/""/g;
	return "\"$field\"";
}

# Text between tags.
sub escaped
{
	my ($text) = @_;
	my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;');
	$text =~ s/([&<>])/$entity{$1}/g;
	$text =~ s/&lt;=/≤/g;
	$text =~ s/&gt;=/≥/g;
	return $text;
}

# Where things are in the picture.
my $width = 960;
my $left = 430;			# of the bars
my $goal_at = 640;		# of the goals
my $right = 750;		# end of the longest bar
my $step = 24;			# from bar to bar

# The bars of all goals, those that are limits first, and the curves beneath.
sub svg
{
	my $y = 40;
	my @parts;

	for my $group ([ '<=', 'At most: a bar that ends before the line is well' ],
		[ '>=', 'At least: a bar that reaches the line is well' ])
	{
		my ($operator, $title) = @$group;
		my @goals = grep { $_->{goal} && $_->{operator} eq $operator } @rows;
		next unless @goals;
		push @parts, text(20, $y, 'h', $title);
		$y += 14;
		push @parts, text($goal_at, $y, 's m', 'goal'),
		  sprintf('<path class="goal" d="M%d %dV%d"/>', $goal_at, $y + 4, $y + 6 + @goals * $step);
		push @parts, bar($_, $y += $step) for @goals;
		$y += 44;
	}
	if (%curves)
	{
		push @parts, text(20, $y, 'h', 'Growth: time of a gated scan, relative to an inline boolean column'),
		  curves($y + 20);
		$y += 345;
	}
	push @parts, text(20, $y, 's', join ' · ', map { "$_->[0] " . commas($_->[1]) } @facts[0 .. 3]),
	  text(20, $y + 18, 's', join ' · ', map { "$_->[0] " . commas($_->[1]) } @facts[4 .. $#facts]),
	  text(20, $y + 36, 's', 'Medians of all rounds; thin lines: lowest to highest.');
	return svg_head($y + 56) . join("\n", @parts) . "\n</svg>\n";
}

sub svg_head
{
	my ($height) = @_;
	return <<SVG;
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $width $height" width="$width" height="$height" role="img">
<title>Measurements of consent_profiling</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.h { font-weight: bold; font-size: 15px }
.s { fill: #57606a; font-size: 12px }
.e { text-anchor: end }
.m { text-anchor: middle }
.page { fill: #ffffff }
.met { fill: #2f81c7 } .missed { fill: #d9730d } text.missed { fill: #a34e00; font-weight: bold }
.goal { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 4 3 }
.spread { stroke: #1f2328; stroke-width: 1.5 }
.axis { stroke: #57606a; fill: none }
.grid { stroke: #d0d7de; stroke-width: 1 }
.line { fill: none; stroke-width: 2.5 }
.c0 { stroke: #2f81c7 } .c1 { stroke: #d9730d } .c2 { stroke: #2da44e } .c3 { stroke: #8250df }
circle.c0 { fill: #2f81c7 } circle.c1 { fill: #d9730d } circle.c2 { fill: #2da44e } circle.c3 { fill: #8250df }
\@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.s { fill: #9da7b3 }
.page { fill: #0d1117 }
text.missed { fill: #ffa657 }
.goal { stroke: #e6edf3 }
.spread { stroke: #e6edf3 }
.axis { stroke: #9da7b3 }
.grid { stroke: #30363d }
}
</style>
<rect class="page" width="$width" height="$height"/>
SVG
}

sub text
{
	my ($x, $y, $class, $text) = @_;
	return sprintf '<text x="%d" y="%d" class="%s">%s</text>', $x, $y, $class, escaped($text);
}

# All goals lie on one line, so each bar has a scale of its own.
sub bar
{
	my ($row, $y) = @_;
	my $at = sub {
		my $x = $left + ($goal_at - $left) * $_[0] / $row->{limit};
		return $x < $left ? $left : $x > $right ? $right : $x;
	};
	my $end = $at->($row->{median});
	my ($from, $to) = map { $at->($row->{$_}) } qw(min max);
	my $unit = $row->{unit} eq '' ? '' : " $row->{unit}";
	my @parts = (
		text($left - 10, $y - 6, 'e', "$row->{case}: $row->{title}"),
		sprintf('<rect class="%s" x="%d" y="%d" width="%.1f" height="14"/>', $row->{verdict}, $left, $y - 17,
			max($end - $left, 1)),
		text($right + 10, $y - 6, $row->{verdict} eq 'missed' ? 'missed' : '',
			digits($row->{median}) . "$unit (" . $row->{goal} . ($row->{verdict} eq 'missed' ? ', missed)' : ')')));
	# an arrow where the bar would go on
	push @parts, sprintf '<path class="page" d="M%d %dl7 7l-7 7h8v-14z"/>', $end - 7, $y - 17
	  if $end >= $right;
	push @parts, sprintf '<path class="spread" d="M%.1f %dH%.1f"/>', $from, $y - 10, $to if $to > $from;
	return @parts;
}

# Ratio by the number of people, a curve for each kind of key.
sub curves
{
	my ($top) = @_;
	my ($x0, $x1, $y0, $y1) = (80, $width - 160, $top + 250, $top);
	my @all = map { @$_ } values %curves;
	my ($low, $high) = map { log $_ } min(map { $_->[0] } @all), max(map { $_->[0] } @all);
	my $most = max(map { $_->[1] } @all) * 1.1;
	my $step_y = $most > 5 ? 1 : $most > 2.5 ? 0.5 : 0.25;
	my $x = sub { $x0 + ($x1 - $x0) * ($high > $low ? (log($_[0]) - $low) / ($high - $low) : 0.5) };
	my $y = sub { $y0 - ($y0 - $y1) * $_[0] / $most };
	my @parts;
	my %sizes = map { $_->[0] => 1 } @all;

	for (my $tick = 0; $tick <= $most; $tick += $step_y)
	{
		push @parts, sprintf('<path class="grid" d="M%d %.1fH%d"/>', $x0, $y->($tick), $x1),
		  text($x0 - 10, $y->($tick) + 4, 's e', $tick);
	}
	push @parts, sprintf '<path class="goal" d="M%d %.1fH%d"/>', $x0, $y->(1), $x1;
	push @parts, sprintf '<path class="axis" d="M%d %dV%dH%d"/>', $x0, $y1, $y0, $x1;
	push @parts, text($x->($_), $y0 + 20, 's m', commas($_)) for sort { $a <=> $b } keys %sizes;
	push @parts, text(($x0 + $x1) / 2, $y0 + 42, 's m', 'people in the registry');

	# the names beside their ends, no two on top of each other
	my $last = $y0 + 100;
	my %class = map { (sort keys %curves)[$_] => $_ % 4 } 0 .. keys(%curves) - 1;
	for my $kind (sort { $curves{$a}[-1][1] <=> $curves{$b}[-1][1] } keys %curves)
	{
		my @points = map { [ $x->($_->[0]), $y->($_->[1]) ] } @{ $curves{$kind} };
		push @parts, sprintf '<path class="line c%d" d="M%s"/>', $class{$kind},
		  join 'L', map { sprintf '%.1f %.1f', @$_ } @points;
		push @parts, map { sprintf '<circle class="c%d" cx="%.1f" cy="%.1f" r="4"/>', $class{$kind}, @$_ } @points;
		$last = min($points[-1][1] + 4, $last - 18);
		push @parts, text($x1 + 12, $last, '', sprintf '%s: %s', $kind, digits($curves{$kind}[-1][1]));
	}
	return @parts;
}

1;
