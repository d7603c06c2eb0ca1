"""The portal role: builds what the pages need, and nothing else, and serves them until SIGTERM.

It holds the public half of the queue key, the server key and the history key. `python -m portal SETTINGS_FILE` runs it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import sys
import time
from pathlib import Path

import uvicorn

from gateway.adapters import logs
from gateway.adapters.passkeys import WebAuthn
from gateway.adapters.password_judge import Zxcvbn
from gateway.adapters.sms.factory import open_sms
from gateway.adapters.system import clock, new_boundary, new_id, new_secret
from gateway.app import (
    Base,
    accounts_of,
    api_tokens_of,
    familiar_of,
    letters_of,
    opened,
    revoke_of,
    scanner_of,
    sealing_of,
)
from gateway.config import load
from gateway.core.ports import Scanner
from gateway.rule_files import PolicyHolder
from gateway.service.answer import Answers
from gateway.service.case_desk import CaseDesk
from gateway.service.deciding import Deciding
from gateway.service.gate import Gate
from gateway.service.live_check import LiveCheck
from gateway.service.login_desk import login_desk
from gateway.service.manage import Manage
from gateway.service.new_passwords import NewPasswords
from gateway.service.owners import Owners
from gateway.service.parts import Parts
from gateway.service.pickup import Pickup
from gateway.service.reading import Reader
from gateway.settings import PortalSettings, Settings
from gateway.supervisor import end_with_supervisor, leave_no_core, say_ready
from gateway.vault.totp import AppCodes
from portal.app import create_app
from portal.connection import CuttableProtocol
from portal.deps import ApiSettings, PageSettings, PortalDeps

LIVE_SECONDS = 15.0  # a live check that takes longer is of no use to who is typing


def build(base: Base, policies: PolicyHolder, scanner: Scanner) -> PortalDeps:
    """The services over the adapters that every role shares."""
    settings, key = base.settings, base.keys.server_key()
    gate = Gate(organisations=base.organisations, vault=base.vault, clock=clock)
    reader = Reader(
        store=base.store,
        blobs=base.blobs,
        vault=base.vault,
        gate=gate,
        clock=clock,
        monotonic=time.monotonic,
        boundary=new_boundary,
    )
    accounts = accounts_of(base)
    world = settings.world / "sms.jsonl" if settings.demo else None
    sms = open_sms(settings.sms.provider, settings.sms.options, world)
    letters = letters_of(base)
    manage = Manage(
        store=base.store,
        vault=base.vault,
        server_key=key,
        organisations=base.organisations,
        payloads=base.payloads,
        revoke=revoke_of(base),
        bus=base.bus,
        clock=clock,
        new_id=new_id,
    )
    return PortalDeps(
        pickup=Pickup(
            store=base.store,
            vault=base.vault,
            server_key=key,
            sms=sms,
            gate=gate,
            reader=reader,
            letters=letters,
            bus=base.bus,
            clock=clock,
            digits=_digits,
        ),
        answers=Answers(
            store=base.store,
            gate=gate,
            reader=reader,
            sealing=sealing_of(base),
            payloads=base.payloads,
            bus=base.bus,
            clock=clock,
            new_id=new_id,
        ),
        manage=manage,
        accounts=accounts,
        login=login_desk(
            store=base.store,
            blobs=base.blobs,
            vault=base.vault,
            accounts=accounts,
            manage=manage,
            passwords=NewPasswords(Zxcvbn()),
            letters=letters,
            server_key=key,
            sms=sms,
            totp=AppCodes(),
            passkeys=WebAuthn(),
            organisations=base.organisations,
            bus=base.bus,
            clock=clock,
            new_id=new_id,
            new_secret=new_secret,
            digits=_digits,
            boundary=new_boundary,
        ),
        cases=CaseDesk(
            store=base.store,
            vault=base.vault,
            parts=Parts(blobs=base.blobs, vault=base.vault),
            organisations=base.organisations,
            accounts=accounts,
            payloads=base.payloads,
            server_key=key,
            bus=base.bus,
            clock=clock,
            new_id=new_id,
        ),
        owners=Owners(store=base.store, organisations=base.organisations),
        organisations=base.organisations,
        server_key=key,
        parse_code=base.vault.parse_code,
        clock=clock,
        settings=page_settings(settings),
        api_tokens=api_tokens_of(base),
        live_check=LiveCheck(
            organisations=base.organisations,
            deciding=Deciding(policies=policies.get, scanner=scanner, familiar=familiar_of(base), clock=clock),
            new_boundary=new_boundary,
            # One worker stays free for mail that is really sent, where there are several.
            at_once=max(1, settings.scan.workers - 1),
            seconds=LIVE_SECONDS,
        ),
        titles=policies.titles,
        api=ApiSettings(
            origins=settings.portal.api_origins,
            message_bytes=settings.smtp.limits.message_bytes,
            recipients=settings.smtp.limits.recipients,
            memory_bytes=settings.portal.api_memory_bytes,
        ),
    )


def _digits() -> str:
    return f"{secrets.randbelow(1_000_000):06}"


def page_settings(settings: Settings) -> PageSettings:
    https = all(item.fields.portal_url.startswith("https:") for item in settings.organisations)
    return PageSettings(https=https, demo=settings.demo, world=settings.world)


async def serve(settings: Settings) -> None:
    async with opened(settings) as base:
        policies, scanner = PolicyHolder(settings), scanner_of(settings)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, policies.reload)
        await Server(server_config(settings.portal, build(base, policies, scanner))).serve()
        await scanner.close()


def server_config(settings: PortalSettings, deps: PortalDeps) -> uvicorn.Config:
    """X-Forwarded-For is believed only from the proxies named; the access log is our own, without queries."""
    return uvicorn.Config(
        create_app(deps),
        http=CuttableProtocol,
        host=settings.host,
        port=settings.port,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=[str(network) for network in settings.proxies],
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=10,
        limit_concurrency=500,
        h11_max_incomplete_event_size=32 * 1024,
    )


class Server(uvicorn.Server):
    """Tells the supervisor when it serves."""

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            say_ready()


def main() -> None:
    end_with_supervisor()
    leave_no_core()
    logs.configure("portal")
    # Only `zegel demo` sets it: a settings file can't open the demo's pages.
    asyncio.run(serve(load(Path(sys.argv[1]), demo=os.environ.get("ZEGEL_DEMO") == "1")))


if __name__ == "__main__":
    main()
