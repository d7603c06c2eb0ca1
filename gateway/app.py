"""The composition root: the only place of the gateway that builds adapters and joins them to services.

Each `run_*` is one role: it builds what that role may hold and nothing else (docs/flow.md lists it), serves until
SIGTERM, and ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
import uvloop

from gateway.adapters import logs
from gateway.adapters.blobs import open_blobs
from gateway.adapters.bus import ZmqBus
from gateway.adapters.dkim_signer import DkimSigner
from gateway.adapters.letters import JinjaLetters
from gateway.adapters.migrate import upgrade
from gateway.adapters.password_judge import Zxcvbn
from gateway.adapters.resolver import MxResolver
from gateway.adapters.scan_broker import BrokerSettings, run_broker
from gateway.adapters.scanner import ZmqScanner
from gateway.adapters.smtp_client import SmtpCourier
from gateway.adapters.smtp_server import SmtpServer
from gateway.adapters.smtp_settings import Limits, Listener, SmtpSettings, server_context
from gateway.adapters.store import SqlStore
from gateway.adapters.system import clock, new_id, new_secret
from gateway.core import limits as reading
from gateway.core.organisation import Organisations
from gateway.core.ports import Blobs
from gateway.core.routes import Route, Routes
from gateway.installation import KeyFolder
from gateway.resources import resource
from gateway.rule_files import PolicyHolder, own_lists, rule_texts
from gateway.service.accept import Accept
from gateway.service.account_recovery import AccountRecovery
from gateway.service.accounts import Accounts
from gateway.service.aftermath import Aftermath
from gateway.service.api_tokens import ApiTokens
from gateway.service.carry_out import CarryOut
from gateway.service.cases import Cases
from gateway.service.contents import Contents
from gateway.service.deciding import Deciding
from gateway.service.deliver import Deliver
from gateway.service.familiar import Familiar
from gateway.service.new_passwords import NewPasswords
from gateway.service.notify import Notify
from gateway.service.payloads import Payloads
from gateway.service.revoke import Revoke
from gateway.service.sealing import Sealing
from gateway.service.sender_letters import SenderLetters
from gateway.service.settle import Settle
from gateway.service.sweep import Sweep
from gateway.settings import ScanSettings, Settings, SmtpIn
from gateway.supervisor import end_with_supervisor, leave_no_core, say_ready
from gateway.vault.logins import Argon2Logins
from gateway.vault.vault import Vault

log = structlog.get_logger()

SWEEP_SECONDS = 60.0
LOGIN_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Base:
    """What every role with mail in its hands shares."""

    settings: Settings
    organisations: Organisations
    keys: KeyFolder
    store: SqlStore
    blobs: Blobs
    vault: Vault
    bus: ZmqBus
    payloads: Payloads

    async def close(self) -> None:
        await self.bus.close()
        await self.store.close()


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Base]:
    """The shared part of a role, closed again at the end. The schema is brought up to date first."""
    await asyncio.to_thread(upgrade, settings.store_url)
    keys = KeyFolder(settings.keys)
    blobs = open_blobs(settings.blobs_url)
    base = Base(
        settings=settings,
        organisations=organisations(settings),
        keys=keys,
        store=SqlStore(settings.store_url),
        blobs=blobs,
        vault=Vault(),
        bus=ZmqBus(settings.sockets),
        payloads=Payloads(queue=keys.queue_sealer(), blobs=blobs, clock=clock, new_id=new_id),
    )
    try:
        yield base
    finally:
        await base.close()


def organisations(settings: Settings) -> Organisations:
    """The organisations with their recovery keys."""
    keys = KeyFolder(settings.keys)
    return Organisations(
        tuple(
            replace(item.fields, recovery_public=keys.recovery(item.recovery_file)) for item in settings.organisations
        )
    )


def accounts_of(base: Base) -> Accounts:
    return Accounts(
        store=base.store,
        vault=base.vault,
        logins=Argon2Logins(),
        passwords=NewPasswords(Zxcvbn()),
        payloads=base.payloads,
        clock=clock,
        new_id=new_id,
    )


def account_recovery_of(base: Base) -> AccountRecovery:
    return AccountRecovery(
        store=base.store,
        vault=base.vault,
        letters=letters_of(base),
        organisations=base.organisations,
        server_key=base.keys.server_key(),
        bus=base.bus,
        clock=clock,
    )


def api_tokens_of(base: Base) -> ApiTokens:
    return ApiTokens(
        store=base.store, organisations=base.organisations, clock=clock, new_id=new_id, new_secret=new_secret
    )


def sealing_of(base: Base) -> Sealing:
    return Sealing(
        vault=base.vault,
        contents=Contents(vault=base.vault, blobs=base.blobs),
        payloads=base.payloads,
        queue=base.keys.queue_sealer(),
        clock=clock,
        new_id=new_id,
    )


def revoke_of(base: Base) -> Revoke:
    return Revoke(store=base.store, blobs=base.blobs, clock=clock)


def sweep_of(base: Base) -> Sweep:
    return Sweep(
        store=base.store,
        blobs=base.blobs,
        revoke=revoke_of(base),
        clock=clock,
        contacts=base.settings.history.contacts,
        decisions=base.settings.history.decisions,
    )


def familiar_of(base: Base) -> Familiar:
    return Familiar(store=base.store, pseudonyms=base.keys.history_key(), providers=mail_providers(), clock=clock)


def mail_providers() -> frozenset[str]:
    """Where anybody has a private address."""
    lines = (resource("config") / "mail-providers.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


def letters_of(base: Base) -> SenderLetters:
    return SenderLetters(payloads=base.payloads, clock=clock, new_id=new_id)


def routes_of(settings: Settings) -> Routes:
    made = [(item.domain, Route.parse(item.to, item.tls, item.username, item.password)) for item in settings.routes]
    return Routes(made[-1][1], made[:-1])


# -- the roles


def run_smtp(settings: Settings) -> None:
    _serve("smtp", settings, _smtp)


def run_deliver(settings: Settings) -> None:
    _serve("deliver", settings, _deliver)


def scan_limits(scan: ScanSettings) -> reading.Limits:
    """A reader stops by itself before the broker kills its worker; without OCR no image is read."""
    usual = reading.Limits()
    return reading.Limits(
        images=usual.images if scan.ocr else 0,
        image_seconds=min(usual.image_seconds, scan.seconds * 0.4),
        seconds=min(usual.seconds, scan.seconds * 0.6),
        classify_seconds=min(usual.classify_seconds, scan.seconds * 0.2),
    )


def run_scan(settings: Settings) -> None:
    """The broker is its own loop; it holds no key but that of the lists, and no database."""
    end_with_supervisor()
    logs.configure("scan")
    run_broker(
        BrokerSettings(
            endpoint=settings.scan.endpoint,
            workers=settings.scan.workers,
            seconds=settings.scan.seconds,
            memory_bytes=settings.scan.memory_bytes,
            read_rules=lambda: rule_texts(settings),
            read_lists=lambda: own_lists(settings),
            limits=scan_limits(settings.scan),
        ),
        on_ready=say_ready,
    )


def exec_portal(settings: Settings) -> None:
    """Becomes the portal: the gateway never imports it."""
    os.execv(sys.executable, (sys.executable, "-m", "portal", str(settings.file)))  # noqa: S606


def _serve(role: str, settings: Settings, work: Callable[[Base, asyncio.Event], Awaitable[None]]) -> None:
    end_with_supervisor()
    leave_no_core()
    logs.configure(role)

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with opened(settings) as base:
            await work(base, stop)
        log.info("role_stopped")

    uvloop.run(serve())


def accept_of(base: Base, policies: PolicyHolder, scanner: ZmqScanner, accounts: Accounts) -> Accept:
    """For mail that comes in, and in the deliver role for mail that waited."""
    familiar = familiar_of(base)
    return Accept(
        hostname=base.settings.hostname,
        organisations=base.organisations,
        deciding=Deciding(policies=policies.get, scanner=scanner, familiar=familiar, clock=clock),
        aftermath=Aftermath(store=base.store, familiar=familiar, letters=letters_of(base), clock=clock, new_id=new_id),
        store=base.store,
        sealing=sealing_of(base),
        cases=Cases(
            store=base.store,
            vault=base.vault,
            contents=Contents(vault=base.vault, blobs=base.blobs),
            payloads=base.payloads,
            accounts=accounts,
            titles=policies.titles,
            clock=clock,
            new_id=new_id,
        ),
        payloads=base.payloads,
        accounts=accounts,
        guard=base.keys.transport_guard(),
        bus=base.bus,
        clock=clock,
        new_id=new_id,
    )


def scanner_of(settings: Settings) -> ZmqScanner:
    return ZmqScanner((settings.scan.endpoint,), seconds=settings.scan.seconds * 2 + 5)


async def _smtp(base: Base, stop: asyncio.Event) -> None:
    policies = PolicyHolder(base.settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, policies.reload)
    accounts, scanner = accounts_of(base), scanner_of(base.settings)
    accept = accept_of(base, policies, scanner, accounts)
    server = SmtpServer(
        smtp_settings(base.settings.hostname, base.settings.smtp),
        authenticate=accounts.authenticate,
        accept=accept.accept,
        organisations=base.organisations,
        count=lambda key: _count_login(base, key),
    )
    await server.start()
    say_ready()
    await stop.wait()
    await server.stop()
    await scanner.close()


async def _count_login(base: Base, key: str) -> int:
    """Failed logins, counted for all processes that take mail in."""
    async with base.store.write() as tx:
        return await tx.count(key, clock(), LOGIN_WINDOW)


def smtp_settings(hostname: str, smtp: SmtpIn) -> SmtpSettings:
    limits = smtp.limits
    return SmtpSettings(
        hostname=hostname,
        listeners=tuple(Listener(item.host, item.port, item.tls.value, item.auth) for item in smtp.listeners),
        tls=server_context(smtp.certificate, smtp.key) if smtp.certificate and smtp.key else None,
        trusted=smtp.trusted,
        xforward=smtp.xforward,
        limits=Limits(
            message_bytes=limits.message_bytes,
            bytes_in_flight=limits.in_flight_bytes,
            recipients=limits.recipients,
            hops=limits.received_hops,
            errors=limits.errors,
            sessions=limits.sessions,
            sessions_per_address=limits.sessions_per_address,
            command_seconds=limits.idle_seconds,
        ),
        plaintext_auth_on_loopback=smtp.plain_auth_on_loopback,
    )


async def _deliver(base: Base, stop: asyncio.Event) -> None:
    policies = PolicyHolder(base.settings)
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, policies.reload)
    scanner = scanner_of(base.settings)
    letters = JinjaLetters()
    queue, guard = base.keys.queue_ring(), base.keys.transport_guard()
    routes = routes_of(base.settings)
    courier = SmtpCourier(routes, hostname=base.settings.hostname, resolver=MxResolver(random.shuffle))
    deliver = Deliver(
        organisations=base.organisations,
        store=base.store,
        queue=queue,
        payloads=base.payloads,
        courier=courier,
        signer=DkimSigner(base.organisations.all),
        guard=guard,
        notify=Notify(
            organisations=base.organisations,
            store=base.store,
            vault=base.vault,
            queue=queue,
            server_key=base.keys.server_key(),
            letters=letters,
            payloads=base.payloads,
            clock=clock,
            new_id=new_id,
        ),
        carry_out=CarryOut(
            organisations=base.organisations,
            store=base.store,
            queue=queue,
            payloads=base.payloads,
            blobs=base.blobs,
            accept=accept_of(base, policies, scanner, accounts_of(base)),
            letters=letters_of(base),
            clock=clock,
        ),
        settle=Settle(
            organisations=base.organisations,
            store=base.store,
            payloads=base.payloads,
            letters=letters,
            bus=base.bus,
            clock=clock,
            new_id=new_id,
            jitter=random.random,
            hostname=base.settings.hostname,
        ),
        routes=routes,
        bus=base.bus,
        clock=clock,
    )
    sweeping = asyncio.create_task(_sweep(sweep_of(base), stop))
    say_ready()
    await deliver.run(stop)
    await sweeping
    await courier.close()
    await scanner.close()


async def _sweep(sweep: Sweep, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await sweep.once()
        except Exception:
            # Sweeping again in a minute is all it takes; delivering must go on meanwhile.
            log.exception("sweep_failed")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SWEEP_SECONDS)
