#!/usr/bin/perl
# An independent verifier: reads a message from standard input, the DNS text of its key from the first argument; prints the result.
use strict; use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;
my $record = shift;
{
    no warnings qw(redefine once);
    *Mail::DKIM::PublicKey::fetch_async = sub {
        my ($class, %prms) = @_;
        my $key = Mail::DKIM::PublicKey->parse($record);
        my $on_success = $prms{Callbacks}->{Success} || sub { $_[0] };
        return sub { $on_success->($key) };
    };
}
my $verifier = Mail::DKIM::Verifier->new;
binmode STDIN;
$verifier->PRINT($_) while <STDIN>;
$verifier->CLOSE;
print $verifier->result_detail, "\n";
