"""Pure mail, policy and delivery logic: no I/O, no clock, no randomness; imports nothing of the other parts."""
