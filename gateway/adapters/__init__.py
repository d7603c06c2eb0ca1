"""The ports of `gateway.core.ports`, each made real with one library."""
