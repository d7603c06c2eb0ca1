"""Which way mail goes, and what one transaction carries."""

from __future__ import annotations

import pytest

from gateway.core.routes import RECIPIENTS_PER_PARCEL, Protocol, Route, Routes, TlsDemand

MAILBOXES = Route.parse("lmtp://[::1]:24", TlsDemand.NONE)
SMARTHOST = Route.parse("smtp://relay.example:25", TlsDemand.REQUIRED, "gate", "geheim")
MX = Route.parse("mx", TlsDemand.OPPORTUNISTIC)


def test_a_route_is_read_from_its_address() -> None:
    assert (MAILBOXES.protocol, MAILBOXES.host, MAILBOXES.port) == (Protocol.LMTP, "::1", 24)
    assert (SMARTHOST.protocol, SMARTHOST.host, SMARTHOST.port) == (Protocol.SMTP, "relay.example", 25)
    assert Route.parse("smtps://relay.example:465", TlsDemand.REQUIRED).implicit_tls
    assert "geheim" not in repr(SMARTHOST)


@pytest.mark.parametrize(
    "to", ["", "smtp://host", "smtp://host:0", "smtp://host:99999", "http://host:1", "MX", "smtp://a b:1"]
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(ValueError, match="is not a server"):
        Route.parse(to, TlsDemand.NONE)


def test_a_domain_has_its_own_route_whatever_its_case() -> None:
    routes = Routes(SMARTHOST, [("Example.NL", MAILBOXES)])
    assert routes.choose("anna@EXAMPLE.nl") is MAILBOXES
    assert routes.choose("anna@sub.example.nl") is SMARTHOST


def test_recipients_with_the_same_next_server_share_a_parcel() -> None:
    routes = Routes(SMARTHOST, [("example.nl", MAILBOXES)])
    parcels = routes.parcels(["a@x.example", "anna@example.nl", "b@y.example"])
    assert [(p.destination, p.rcpt_tos) for p in parcels] == [
        ("relay.example:25", ("a@x.example", "b@y.example")),
        ("::1:24", ("anna@example.nl",)),
    ]


def test_by_mx_each_domain_is_a_destination() -> None:
    parcels = Routes(MX).parcels(["a@x.example", "b@y.example", "c@X.example"])
    assert [(p.destination, p.rcpt_tos) for p in parcels] == [
        ("x.example", ("a@x.example", "c@X.example")),
        ("y.example", ("b@y.example",)),
    ]


def test_a_parcel_has_no_more_recipients_than_every_server_takes() -> None:
    parcels = Routes(SMARTHOST).parcels([f"{n}@x.example" for n in range(250)])
    assert [len(p.rcpt_tos) for p in parcels] == [RECIPIENTS_PER_PARCEL, RECIPIENTS_PER_PARCEL, 50]
