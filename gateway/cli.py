"""The command `zegel`: runs roles, makes keys and accounts, checks rules, explains decisions, takes messages back."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.account_cli import account, token
from gateway.command_line import DEFAULT, Config, do, settings_of
from gateway.core.errors import Misconfigured, ZegelError
from gateway.list_cli import lists

if TYPE_CHECKING:
    from gateway.policy_commands import Explained

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
held = typer.Typer(no_args_is_help=True, help="Mail that a policy holds for a reviewer.")
key = typer.Typer(no_args_is_help=True, help="Keys of this installation.")
policy = typer.Typer(no_args_is_help=True, help="Policies.")
rules = typer.Typer(no_args_is_help=True, help="Rules.")
app.add_typer(account, name="account")
app.add_typer(lists, name="lists")
app.add_typer(policy, name="policy")
app.add_typer(rules, name="rules")
app.add_typer(held, name="held")
app.add_typer(key, name="key")
app.add_typer(token, name="token")


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


# -- roles


@app.command()
def run(config: Config = DEFAULT) -> None:
    """Run all roles on this machine, under one supervisor."""
    from gateway.group import run_all

    run_all(settings_of(config))


@app.command()
def smtp(config: Config = DEFAULT) -> None:
    """Run the role that takes mail in."""
    from gateway.app import run_smtp

    run_smtp(settings_of(config))


@app.command()
def scan(config: Config = DEFAULT) -> None:
    """Run the role that parses and classifies, in sandboxed worker processes."""
    from gateway.app import run_scan

    run_scan(settings_of(config))


@app.command()
def deliver(config: Config = DEFAULT) -> None:
    """Run the role that notifies, sends, retries and reports."""
    from gateway.app import run_deliver

    run_deliver(settings_of(config))


@app.command()
def portal(config: Config = DEFAULT) -> None:
    """Run the role that serves the pages."""
    from gateway.app import exec_portal

    exec_portal(settings_of(config))


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

    upgrade(settings_of(config).store_url)
    typer.echo("the database is up to date")


@key.command("rotate-queue")
def rotate_queue(config: Config = DEFAULT) -> None:
    """Make a new queue key. The former one still opens what waits; restart the roles to use the new one."""
    from gateway.installation import rotate_queue_key

    typer.echo(f"new queue key {rotate_queue_key(settings_of(config))}; restart the roles to use it")


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
    message: Annotated[Path, typer.Argument(help="An .eml file, or a folder of them.", exists=True)],
    sender: Annotated[str, typer.Option("--from", help="MAIL FROM; else the author.")] = "",
    to: Annotated[list[str] | None, typer.Option("--to", help="RCPT TO, may be repeated; else To and Cc.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON; of a folder one line for each message.")] = False,
    config: Annotated[Path | None, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG")] = None,
) -> None:
    """Tell what would happen to a message, and why; nothing is sent or stored."""
    from gateway.policy_commands import HEADS, explain_files, messages_in, table

    async def told() -> list[Explained]:
        return [item async for item in explain_files(config, messages_in(message), sender, tuple(to or ()))]

    found = asyncio.run(told())
    if as_json:
        for item in found:
            typer.echo(json.dumps(item.as_json(), indent=None if message.is_dir() else 2, ensure_ascii=False))
    elif message.is_dir():
        for line in table(HEADS, [item.cells() for item in found]):
            typer.echo(line)
    else:
        for item in found:
            if item.explanation is None:
                _fail(item.mistake)
            else:
                typer.echo(item.explanation.as_text())


@policy.command("replay")
def policy_replay(
    policies: Annotated[
        Path, typer.Argument(help="Policies to try: a file or folder; they replace by id.", exists=True)
    ],
    since: Annotated[int, typer.Option(help="Days to look back.", min=1, max=3650)] = 30,
    with_held: Annotated[bool, typer.Option("--held", help="Also scan mail that waits (needs the queue key).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One line for each recipient with a change.")] = False,
    config: Config = DEFAULT,
) -> None:
    """Try other policies on what was decided before: what would change. Changes nothing."""
    from datetime import timedelta

    from gateway.policy_commands import policies_in, replay_policies

    found, tally = do(
        config, lambda settings: replay_policies(settings, policies_in(policies), timedelta(days=since), held=with_held)
    )
    if as_json:
        for item in found:
            typer.echo(json.dumps(item.as_json(), ensure_ascii=False))
    else:
        for line in tally.lines():
            typer.echo(line)


@rules.command("test")
def rules_test(
    file: Annotated[Path, typer.Argument(help="A text, message or document.", exists=True, dir_okay=False)],
    rule: Annotated[str, typer.Option(help="Only this rule.")] = "",
    folder: Annotated[list[Path] | None, typer.Option("--rules", help="Another folder of rules.")] = None,
    show: Annotated[bool, typer.Option(help="Show what was matched; on a terminal only.")] = False,
) -> None:
    """Tell what the rules find in a file: rule, place, confidence, count and lines."""
    from gateway.policy_commands import MATCH_HEADS, run_rules, table

    if show and not sys.stdout.isatty():
        _fail("--show is for a terminal: what was matched must not end in a file")
    matches, unread = run_rules(file, rule, tuple(folder or ()))
    for line in table(MATCH_HEADS, [match.cells() for match in matches]) if matches else ["nothing found"]:
        typer.echo(line)
    for match in matches if show else ():
        typer.echo(f"{match.finding.rule}: {', '.join(match.texts)}")
    for sentence in unread:
        typer.echo(sentence)


# -- messages


@app.command()
def revoke(
    message_id: str,
    recipient: Annotated[str, typer.Option(help="Only this recipient's access.")] = "",
    config: Config = DEFAULT,
) -> None:
    """Take back a sealed message, or one recipient's access: its keys are destroyed at once."""
    from gateway.commands import revoke_message

    do(config, lambda settings: revoke_message(settings, message_id, recipient))
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
            do(config, lambda settings: recover_message(settings, message_id, printed, file.write))
        except BaseException:
            out.unlink()
            raise
    typer.echo(f"written to {out}")


@held.command("list")
def held_list(config: Config = DEFAULT) -> None:
    """List held mail, one line per recipient."""
    from gateway.commands import list_held

    for row in do(config, list_held):
        typer.echo(f"{row.id}  {row.created_at:%Y-%m-%d %H:%M}  {row.mail_from} -> {row.rcpt_to}")


@held.command("cases")
def held_cases(config: Config = DEFAULT) -> None:
    """List warned and held messages with what was decided, by whom, and the words that they wrote; the newest first."""
    from gateway.commands import list_cases

    for item in do(config, list_cases):
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

    do(config, lambda settings: review_held(settings, delivery_id, release=True))
    typer.echo("released")


@held.command("refuse")
def held_refuse(delivery_id: str, config: Config = DEFAULT) -> None:
    """Refuse held mail: it is destroyed, and its sender gets a report."""
    from gateway.commands import review_held

    do(config, lambda settings: review_held(settings, delivery_id, release=False))
    typer.echo("refused")
