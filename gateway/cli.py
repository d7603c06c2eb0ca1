"""The command `zegel`: runs roles, makes keys and accounts, checks rules, explains decisions, takes messages back."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gateway.core.errors import Misconfigured, NotAllowed, ZegelError
from gateway.core.records import Scope
from gateway.core.wishes import span
from gateway.settings import Settings

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
account = typer.Typer(no_args_is_help=True, help="Accounts of senders.")
held = typer.Typer(no_args_is_help=True, help="Mail that a policy holds for a reviewer.")
key = typer.Typer(no_args_is_help=True, help="Keys of this installation.")
token = typer.Typer(no_args_is_help=True, help="API tokens: programs that ask in the name of an account.")
app.add_typer(account, name="account")
app.add_typer(held, name="held")
app.add_typer(key, name="key")
app.add_typer(token, name="token")

Config = Annotated[Path, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG", help="The settings file.")]
DEFAULT = Path("/etc/zegel/zegel.toml")


def main() -> None:
    """Runs the command; a mistake or refusal ends it with code 1 and a sentence, never with a stack trace."""
    try:
        app()
    except Misconfigured as error:
        _fail(*(str(mistake) for mistake in error.mistakes))
    except ZegelError as error:
        _fail(error.public)
    except OSError as error:
        _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))


def _fail(*sentences: str) -> None:
    for sentence in sentences:
        typer.echo(sentence, err=True)
    sys.exit(1)


def _settings(config: Path) -> Settings:
    from gateway.config import load

    # Only `zegel demo` sets it, for the roles that it starts: a settings file can't open the demo's pages.
    return load(config, demo=os.environ.get("ZEGEL_DEMO") == "1")


def _do(config: Path, work: Callable[[Settings], Awaitable[T]]) -> T:
    from gateway.adapters import logs

    # Standard output is the command's answer, which scripts read; what it did is in the audit log.
    logs.configure("command", level=logging.WARNING)
    settings = _settings(config)

    async def done() -> T:
        return await work(settings)

    return asyncio.run(done())


# -- roles


@app.command()
def run(config: Config = DEFAULT) -> None:
    """Run all roles on this machine, under one supervisor."""
    from gateway.group import run_all

    run_all(_settings(config))


@app.command()
def smtp(config: Config = DEFAULT) -> None:
    """Run the role that takes mail in."""
    from gateway.app import run_smtp

    run_smtp(_settings(config))


@app.command()
def scan(config: Config = DEFAULT) -> None:
    """Run the role that parses and classifies, in sandboxed worker processes."""
    from gateway.app import run_scan

    run_scan(_settings(config))


@app.command()
def deliver(config: Config = DEFAULT) -> None:
    """Run the role that notifies, sends, retries and reports."""
    from gateway.app import run_deliver

    run_deliver(_settings(config))


@app.command()
def portal(config: Config = DEFAULT) -> None:
    """Run the role that serves the pages."""
    from gateway.app import exec_portal

    exec_portal(_settings(config))


@app.command()
def demo(
    data: Annotated[Path, typer.Option(help="Where the demo keeps everything.")] = Path("demo-data"),
    smtp_port: Annotated[int, typer.Option(min=1, max=65535)] = 2525,
    http_port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    sink_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Of the sink that plays the world; 0: a free one.")
    ] = 0,
    smarthost: Annotated[str, typer.Option(help="A real server behind, instead of the sink: smtp://host:port.")] = "",
    answers: Annotated[str, typer.Option(help="How answers reach the sender: plain or sealed.")] = "plain",
) -> None:
    """Run everything on loopback with an example organisation, a demo inbox and a world that is a sink."""
    from gateway.demo import Demo
    from gateway.group import run_demo

    run_demo(Demo(data.resolve(), smtp_port, http_port, sink_port, smarthost, answers))


# -- setting up


@app.command()
def init(config: Config = DEFAULT) -> None:
    """Make the keys and the database. Prints each organisation's recovery key once: keep it on paper, offline."""
    from gateway.config import load
    from gateway.installation import initialise

    made = initialise(load(config))
    for line in made.lines():
        typer.echo(line)


@app.command()
def migrate(config: Config = DEFAULT) -> None:
    """Bring the database to this version's schema."""
    from gateway.adapters.migrate import upgrade

    upgrade(_settings(config).store_url)
    typer.echo("the database is up to date")


@key.command("rotate-queue")
def rotate_queue(config: Config = DEFAULT) -> None:
    """Make a new queue key. The former one still opens what waits; restart the roles to use the new one."""
    from gateway.installation import rotate_queue_key

    typer.echo(f"new queue key {rotate_queue_key(_settings(config))}; restart the roles to use it")


@account.command("add")
def account_add(
    address: str,
    name: Annotated[str, typer.Option(help="The display name.")] = "",
    functional: Annotated[bool, typer.Option(help="A functional account, such as info@.")] = False,
    alias: Annotated[list[str] | None, typer.Option(help="Another address of it; may be repeated.")] = None,
    config: Config = DEFAULT,
) -> None:
    """Add an account; asks for its password."""
    from gateway.commands import add_account

    password = typer.prompt("Password", hide_input=True, confirmation_prompt=sys.stdin.isatty())
    made = _do(config, lambda settings: add_account(settings, address, name, password, functional, tuple(alias or ())))
    typer.echo(f"added {made.address} ({made.id})")


@account.command("list")
def account_list(config: Config = DEFAULT) -> None:
    """List all accounts."""
    from gateway.commands import list_accounts

    for item in _do(config, list_accounts):
        state = "active" if item.login_hash else "not activated"
        typer.echo(f"{item.id}  {item.organisation:12} {item.address:40} {item.kind.value:10} {state}")


# -- API tokens


@token.command("add")
def token_add(
    address: Annotated[str, typer.Argument(help="The account's address.")],
    name: Annotated[str, typer.Option(help="Which program will use it.")],
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; may be repeated.")] = None,
    expires: Annotated[str, typer.Option(help="After that time it is worth nothing: P365D, PT12H.")] = "P365D",
    config: Config = DEFAULT,
) -> None:
    """Make an API token for an account. It is printed once, alone on the last line, and kept nowhere."""
    from gateway.token_commands import add_token

    life = span(expires)
    if life is None:
        raise NotAllowed("--expires is a time like P365D or PT12H, ten years at most")
    scopes = tuple(scope or (Scope.CHECK,))
    made, text = _do(config, lambda settings: add_token(settings, address, name, scopes, life))
    typer.echo(
        f"{made.id}  {','.join(made.scopes)}  until {made.expires_at:%Y-%m-%d %H:%M} UTC; keep this, it is not shown again:"
    )
    typer.echo(text)


@token.command("list")
def token_list(config: Config = DEFAULT) -> None:
    """List all API tokens; never the secrets."""
    from gateway.token_commands import list_tokens

    for item in _do(config, list_tokens):
        made, used = item.token, item.token.last_used_at
        last = f"{used:%Y-%m-%d %H:%M}" if used else "never"
        typer.echo(
            f"{made.id}  {item.account.address:40} {','.join(made.scopes):10} created {made.created_at:%Y-%m-%d}"
            f"  expires {made.expires_at:%Y-%m-%d}  last used {last}  {made.name}"
        )


@token.command("revoke")
def token_revoke(token_id: str, config: Config = DEFAULT) -> None:
    """End an API token at once."""
    from gateway.token_commands import revoke_token

    _do(config, lambda settings: revoke_token(settings, token_id))
    typer.echo("revoked")


# -- policies and rules


@app.command()
def check(
    config: Annotated[Path | None, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG")] = None,
    rules: Annotated[list[Path] | None, typer.Option(help="Another folder of rules.")] = None,
    policies: Annotated[list[Path] | None, typer.Option(help="Another folder of policies.")] = None,
) -> None:
    """Check settings, policies and rules, and run every rule's own examples."""
    from gateway.commands import check_everything

    report = check_everything(config, tuple(rules or ()), tuple(policies or ()))
    for line in report.lines:
        typer.echo(line, err=not report.good)
    if not report.good:
        sys.exit(1)


@app.command()
def explain(
    message: Annotated[Path, typer.Argument(help="An .eml file.")],
    sender: Annotated[str, typer.Option("--from", help="MAIL FROM.")],
    to: Annotated[list[str], typer.Option("--to", help="RCPT TO; may be repeated.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    config: Annotated[Path | None, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG")] = None,
) -> None:
    """Tell what would happen to a message, and why; nothing is sent or stored."""
    from gateway.commands import explain_message

    typer.echo(explain_message(config, message.read_bytes(), sender, tuple(to), as_json=as_json))


# -- messages


@app.command()
def revoke(
    message_id: str,
    recipient: Annotated[str, typer.Option(help="Only this recipient's access.")] = "",
    config: Config = DEFAULT,
) -> None:
    """Take back a sealed message, or one recipient's access: its keys are destroyed at once."""
    from gateway.commands import revoke_message

    _do(config, lambda settings: revoke_message(settings, message_id, recipient))
    typer.echo(f"revoked {recipient or 'for everybody'}: the keys are destroyed")


@app.command()
def recover(
    message_id: str,
    out: Annotated[Path, typer.Option(help="The .eml file to write; it is plaintext, so mind where.")],
    config: Config = DEFAULT,
) -> None:
    """Open a sealed message with the organisation's recovery key; asks for the key. Noted in the audit log."""
    from gateway.commands import recover_message

    printed = typer.prompt("Recovery key", hide_input=sys.stdin.isatty())
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            _do(config, lambda settings: recover_message(settings, message_id, printed, file.write))
        except BaseException:
            out.unlink()
            raise
    typer.echo(f"written to {out}")


@held.command("list")
def held_list(config: Config = DEFAULT) -> None:
    """List held mail, one line per recipient."""
    from gateway.commands import list_held

    for row in _do(config, list_held):
        typer.echo(f"{row.id}  {row.created_at:%Y-%m-%d %H:%M}  {row.mail_from} -> {row.rcpt_to}")


@held.command("cases")
def held_cases(config: Config = DEFAULT) -> None:
    """List warned and held messages with what was decided, by whom, and the words that they wrote; the newest first."""
    from gateway.commands import list_cases

    for item in _do(config, list_cases):
        case = item.case
        became = (
            f"{case.choice.value} by {case.by}" if case.choice is not None else f"until {case.deadline:%Y-%m-%d %H:%M}"
        )
        line = f"{case.id}  {case.created_at:%Y-%m-%d %H:%M}  {case.kind.value}  {case.mail_from or '<>'}  {became}"
        typer.echo(f"{line}  {' '.join(item.words.split())}".rstrip())


@held.command("release")
def held_release(delivery_id: str, config: Config = DEFAULT) -> None:
    """Let held mail go on to its recipient, as it is."""
    from gateway.commands import review_held

    _do(config, lambda settings: review_held(settings, delivery_id, release=True))
    typer.echo("released")


@held.command("refuse")
def held_refuse(delivery_id: str, config: Config = DEFAULT) -> None:
    """Refuse held mail: it is destroyed, and its sender gets a report."""
    from gateway.commands import review_held

    _do(config, lambda settings: review_held(settings, delivery_id, release=False))
    typer.echo("refused")
