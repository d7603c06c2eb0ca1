"""The portal's composition root and server: `python -m portal SETTINGS`. Builds what the pages need, and serves until SIGTERM.

The access log holds method, path and status; never a query string, and a code never reaches the server in an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import structlog
import uvicorn
import uvloop

from gateway.adapters import logs
from gateway.adapters.sms.factory import open_sms
from gateway.adapters.system import clock, new_id
from gateway.app import Base, accounts_of, opened, revoke_of, sealing_of
from gateway.config import load
from gateway.core.errors import Misconfigured
from gateway.service.answer import Answers
from gateway.service.gate import Gate
from gateway.service.manage import Manage
from gateway.service.pickup import Pickup
from gateway.service.reading import Reader
from gateway.service.sender_letters import SenderLetters
from gateway.settings import Settings
from gateway.supervisor import end_with_supervisor, say_ready
from portal.app import create_app
from portal.deps import PageSettings, PortalDeps

log = structlog.get_logger()

DRAIN_SECONDS = 10


def build(base: Base) -> PortalDeps:
    """The services of the pages. The portal holds the public half of the queue key, and the server key."""
    settings = base.settings
    server_key = base.keys.server_key()
    gate = Gate(organisations=base.organisations, vault=base.vault, clock=clock)
    reader = Reader(
        store=base.store,
        blobs=base.blobs,
        vault=base.vault,
        gate=gate,
        clock=clock,
        monotonic=time.monotonic,
        boundary=_boundary,
    )
    world = settings.world / "sms.jsonl" if settings.demo else None
    return PortalDeps(
        pickup=Pickup(
            store=base.store,
            vault=base.vault,
            server_key=server_key,
            sms=open_sms(settings.sms.provider, settings.sms.options, world),
            gate=gate,
            reader=reader,
            letters=SenderLetters(payloads=base.payloads, clock=clock, new_id=new_id),
            clock=clock,
            digits=lambda: f"{secrets.randbelow(10**6):06}",
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
        manage=Manage(
            store=base.store,
            vault=base.vault,
            server_key=server_key,
            organisations=base.organisations,
            payloads=base.payloads,
            revoke=revoke_of(base),
            bus=base.bus,
            clock=clock,
            new_id=new_id,
        ),
        accounts=accounts_of(base),
        organisations=base.organisations,
        server_key=server_key,
        parse_code=base.vault.parse_code,
        clock=clock,
        settings=PageSettings(https=_is_https(base), demo=settings.demo, world=settings.world),
    )


def _boundary() -> str:
    return f"zegel-{secrets.token_hex(16)}"


def _is_https(base: Base) -> bool:
    return all(urlsplit(item.portal_url).scheme == "https" for item in base.organisations.all)


class Server(uvicorn.Server):
    """uvicorn, which says when it serves; signals are this module's."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        say_ready()


async def serve(settings: Settings) -> None:
    """Serves the pages until SIGTERM or SIGINT; downloads in progress get some seconds."""
    async with opened(settings) as base:
        config = uvicorn.Config(
            create_app(build(base)),
            host=settings.portal.host,
            port=settings.portal.port,
            proxy_headers=bool(settings.portal.proxies),
            forwarded_allow_ips=[str(network) for network in settings.portal.proxies],
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            lifespan="off",
            h11_max_incomplete_event_size=32 * 1024,
        )
        server = Server(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, setattr, server, "should_exit", True)
        log.info("portal_listening", address=f"{settings.portal.host}:{settings.portal.port}")
        await server.serve()


def main() -> None:
    end_with_supervisor()
    logs.configure("portal")
    try:
        settings = load(Path(sys.argv[1]), demo=os.environ.get("ZEGEL_DEMO") == "1")
    except (IndexError, OSError, Misconfigured) as error:
        sys.exit(f"usage: python -m portal SETTINGS: {error}")
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
