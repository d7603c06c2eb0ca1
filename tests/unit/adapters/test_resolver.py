"""Where mail goes by DNS: "no" is permanent, "don't know" is temporary."""

from __future__ import annotations

from typing import Any

import dns.exception
import dns.resolver
import dns.rrset
import pytest

from gateway.adapters.resolver import MOST_HOSTS, DnsFailure, MxResolver, NoMailHost, NullMx

Zone = dict[tuple[str, str], list[str] | Exception]


class Names:
    """A name server's answers, with dnspython's own records and exceptions."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.asked: list[tuple[str, str]] = []

    async def resolve(self, name: str, kind: str, **_: object) -> Any:
        self.asked.append((name, kind))
        found = self.zone.get((name, kind))
        if isinstance(found, Exception):
            raise found
        if found is None:
            if not any(known == name for known, _ in self.zone):
                raise dns.resolver.NXDOMAIN
            raise dns.resolver.NoAnswer
        return dns.rrset.from_text(name + ".", 300, "IN", kind, *found)


def resolver(zone: Zone) -> MxResolver:
    return MxResolver(list.reverse, Names(zone))  # type: ignore[arg-type]


async def test_hosts_come_by_preference_and_equal_ones_are_shuffled() -> None:
    zone: Zone = {("x.example", "MX"): ["20 last.example.", "10 a.example.", "10 b.example."]}
    assert await resolver(zone).mail_hosts("x.example") == ["b.example", "a.example", "last.example"]


async def test_without_mx_the_domain_itself_is_the_host() -> None:
    assert await resolver({("x.example", "A"): ["192.0.2.1"]}).mail_hosts("x.example") == ["x.example"]
    assert await resolver({("x.example", "AAAA"): ["2001:db8::1"]}).mail_hosts("x.example") == ["x.example"]


@pytest.mark.parametrize(
    ("zone", "error"),
    [
        ({}, NoMailHost),
        ({("x.example", "TXT"): ['"no address"']}, NoMailHost),
        ({("x.example", "MX"): ["0 ."]}, NullMx),
        ({("x.example", "MX"): dns.resolver.LifetimeTimeout(timeout=1, errors=[])}, DnsFailure),
        ({("x.example", "MX"): dns.resolver.NoNameservers()}, DnsFailure),
        ({("x.example", "MX"): OSError()}, DnsFailure),
        ({("x.example", "A"): dns.resolver.NoNameservers()}, DnsFailure),
    ],
)
async def test_no_is_permanent_and_unknown_is_temporary(zone: Zone, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        await resolver(zone).mail_hosts("x.example")
    assert caught.value.permanent is (error is not DnsFailure)  # type: ignore[attr-defined]


async def test_a_null_mx_beside_others_is_left_out() -> None:
    assert await resolver({("x.example", "MX"): ["0 .", "10 a.example."]}).mail_hosts("x.example") == ["a.example"]


async def test_a_domain_with_a_hundred_hosts_is_not_tried_all_day() -> None:
    zone: Zone = {("x.example", "MX"): [f"10 {n}.example." for n in range(100)]}
    assert len(await resolver(zone).mail_hosts("x.example")) == MOST_HOSTS


async def test_a_domain_beyond_ascii_is_asked_for_by_its_a_label() -> None:
    names = Names({("xn--caf-dma.example", "MX"): ["10 a.example."]})
    assert await MxResolver(list.reverse, names).mail_hosts("café.example") == ["a.example"]  # type: ignore[arg-type]
    with pytest.raises(NoMailHost):
        await resolver({}).mail_hosts("\u2024.example")


@pytest.mark.parametrize("domain", ["a..b", "x" * 64 + ".example", "x." * 200])
async def test_a_name_that_is_none_takes_no_mail(domain: str) -> None:
    with pytest.raises(NoMailHost):
        await MxResolver(list.reverse).mail_hosts(domain)
