"""`python -m gateway`: the same as the command `zegel`."""

from gateway.cli import main

main()
