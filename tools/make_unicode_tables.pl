#!/usr/bin/perl
# Writes src/analyzer/unicode_tables.inc: which code points belong to words (Alphabetic or a number)
# and their lower case. Run it again to move to the Unicode version of a newer perl.
use strict;
use warnings;
use feature 'unicode_strings';
use Unicode::UCD;

my (@words, @lower);
for my $code (0 .. 0x10ffff) {
    next if $code >= 0xd800 && $code < 0xe000;
    my $char = chr $code;
    if ($char =~ /[\p{Alphabetic}\p{N}]/) {
        if (@words && $words[-1][1] == $code - 1) { $words[-1][1] = $code }
        else { push @words, [$code, $code] }
    }
    my $lc = lc $char;
    next if $lc eq $char;
    my $delta = ord($lc) - $code;
    # Alternating upper and lower letters are one range of step 2.
    my $last = $lower[-1];
    if ($last && $last->[2] == $delta && ($last->[0] == $last->[1] || $last->[1] + $last->[3] == $code)
        && ($code - $last->[1] <= 2)) {
        $last->[3] = $code - $last->[1];
        $last->[1] = $code;
    } else {
        push @lower, [$code, $code, $delta, 1];
    }
}
print "// Written by tools/make_unicode_tables.pl from Unicode ", Unicode::UCD::UnicodeVersion(), ".\n";
print "constexpr WordRange kWordRanges[] = {\n";
printf "    {0x%x, 0x%x},\n", @$_ for @words;
print "};\n// first, last, what to add, step\nconstexpr LowerRange kLowerRanges[] = {\n";
printf "    {0x%x, 0x%x, %d, %d},\n", @$_ for @lower;
print "};\n";
