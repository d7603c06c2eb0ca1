"""Numbers that make the providers of the tests answer in a certain way; any other number is served."""

GOOD = "+31612345678"
REFUSED = "+31600000001"  # the documented answer to a bad number
NO_CREDIT = "+31600000002"
GARBAGE = "+31600000003"  # an answer that is none
BROKEN = "+31600000004"  # an internal error
SILENT = "+31600000005"
GONE = "+31600000006"  # hangs up
BUSY = "+31600000007"
ENQUIRED = "+31600000008"  # SMPP: asks for a sign of life before it answers
