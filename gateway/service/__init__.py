"""Use cases over the ports of `gateway.core.ports`."""
