"""Cryptography of sealed messages: format, stream, keys, grants."""
