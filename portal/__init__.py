"""Zegel's web pages: recipients open and answer, senders manage."""
