"""All roles as one process group: `zegel run`, and `zegel demo` with an example organisation and a world that is a sink."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from dataclasses import replace

from gateway.adapters import logs
from gateway.adapters.migrate import upgrade
from gateway.adapters.system import clock
from gateway.app import accounts_of, opened
from gateway.config import load
from gateway.demo import ACCOUNTS, PASSWORD, Demo
from gateway.installation import initialise, self_signed
from gateway.settings import Settings
from gateway.supervisor import Role, Supervisor, role


def roles_of(settings: Settings) -> list[Role]:
    """In the order of need: who takes mail in comes last."""
    config = ("--config", str(settings.file.resolve()))
    return [
        role("scan", "scan", *config),
        role("deliver", "deliver", *config),
        role("portal", str(settings.file.resolve()), module="portal"),
        role("smtp", "smtp", *config),
    ]


def run_all(settings: Settings) -> None:
    """Returns when a signal asked to stop and every role has ended."""
    logs.configure("supervisor")
    settings.sockets.mkdir(parents=True, exist_ok=True, mode=0o750)
    upgrade(settings.store_url)
    asyncio.run(Supervisor(roles_of(settings)).run(_tell_ready))


def run_demo(demo: Demo) -> None:
    """Makes what isn't there yet, then runs everything on loopback; prints `ready` when all of it serves."""
    if not demo.sink_port:
        demo = replace(demo, sink_port=_free_port())
    demo.make_folders()
    demo.write_policies()
    # Before the settings are read: they name the certificate.
    self_signed(demo.folder / "keys", "mail.example.nl", clock())
    settings = load(demo.write_config(), demo=True)
    made = initialise(settings)
    asyncio.run(_add_accounts(settings))
    os.environ["ZEGEL_DEMO"] = "1"
    logs.configure("supervisor")
    sink = ("--port", str(demo.sink_port), "--folder", str(settings.world))
    roles = [role("world", *sink, module="portal.demo_sink"), *roles_of(settings)]

    def tell() -> None:
        for line in made.lines() if made.recovery else []:
            print(line)  # noqa: T201
        print(demo.welcome())  # noqa: T201
        _tell_ready()

    asyncio.run(Supervisor(roles).run(tell))
    sys.stdout.flush()


async def _add_accounts(settings: Settings) -> None:
    async with opened(settings) as base:
        organisation = base.organisations.all[0]
        accounts = accounts_of(base)
        async with base.store.read() as tx:
            known = {account.address for account in await tx.accounts(organisation.id)}
        for address, name in ACCOUNTS:
            if address not in known:
                await accounts.create(organisation=organisation, address=address, name=name, password=PASSWORD)


def _tell_ready() -> None:
    """In one write, or a role's log line could get between the word and its end."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
