"""Where a domain's mail goes, by DNS: MX, implicit MX, null MX (RFC 5321 section 5.1, RFC 7505).

Rule: "no" and "don't know" are different answers. A domain that does not exist or takes no mail raises `NoMailHost`
(permanent); a DNS server that fails or is silent raises `DnsFailure` (temporary).
"""

from __future__ import annotations

from collections.abc import Callable

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import idna

from gateway.core.errors import Refused, Unavailable

SECONDS = 15.0
NO_NAME = (dns.exception.SyntaxError, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel)
MOST_HOSTS = 10  # of a domain's MX that are tried in one attempt


class NoMailHost(Refused):
    """The domain does not exist, or says that it takes no mail."""

    code = 550
    status = "5.1.2"
    public = "The recipient's domain takes no mail"


class NullMx(NoMailHost):
    status = "5.1.10"
    public = "The recipient's domain says that it takes no mail (null MX)"


class DnsFailure(Unavailable):
    status = "4.4.3"
    public = "The recipient's domain could not be looked up"


class MxResolver:
    """Asks the system's name servers. `shuffle` orders hosts of equal preference (RFC 5321 asks to spread the load)."""

    def __init__(
        self, shuffle: Callable[[list[str]], None], resolver: dns.asyncresolver.Resolver | None = None
    ) -> None:
        self._shuffle = shuffle
        self._resolver = resolver

    async def mail_hosts(self, domain: str) -> list[str]:
        """Host names, best first; never empty. Raises `NoMailHost` or `DnsFailure`."""
        try:
            name = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        except idna.IDNAError:
            raise NoMailHost from None
        hosts = await self._mx(name)
        if hosts is None:
            await self._must_have_an_address(name)
            return [name]  # the implicit MX
        return hosts[:MOST_HOSTS]

    async def _mx(self, name: str) -> list[str] | None:
        """None when the domain has no MX records."""
        answer = await self._ask(name, "MX")
        if answer is None:
            return None
        by_preference: dict[int, list[str]] = {}
        for record in answer:
            by_preference.setdefault(record.preference, []).append(record.exchange.to_text(omit_final_dot=True))
        if [host for hosts in by_preference.values() for host in hosts] in ([""], ["."]):
            raise NullMx
        ordered: list[str] = []
        for preference in sorted(by_preference):
            hosts = [host for host in sorted(by_preference[preference]) if host not in ("", ".")]
            self._shuffle(hosts)
            ordered += hosts
        if not ordered:
            raise NoMailHost
        return ordered

    async def _must_have_an_address(self, name: str) -> None:
        if await self._ask(name, "A") is None and await self._ask(name, "AAAA") is None:
            raise NoMailHost

    async def _ask(self, name: str, kind: str) -> dns.resolver.Answer | None:
        """None when the name has no such record."""
        try:
            resolver = self._resolver or self._system_resolver()
            return await resolver.resolve(name, kind, lifetime=SECONDS, search=False)
        except dns.resolver.NoAnswer:
            return None
        except dns.resolver.NXDOMAIN:
            raise NoMailHost("The recipient's domain does not exist") from None
        except NO_NAME:
            raise NoMailHost from None
        except (dns.exception.DNSException, OSError) as exc:
            raise DnsFailure from exc

    def _system_resolver(self) -> dns.asyncresolver.Resolver:
        """Made at first use: a machine without DNS can still use a smarthost."""
        resolver = dns.asyncresolver.Resolver()
        resolver.cache = dns.resolver.Cache()
        self._resolver = resolver
        return resolver
