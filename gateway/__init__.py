"""Zegel's gateway: intercepts outbound mail, seals what must not travel in the open, delivers the rest."""
