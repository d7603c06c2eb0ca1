"""`zegel account` and `zegel token`: accounts of senders, and programs that ask in their name. Reads arguments and prints."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gateway.command_line import DEFAULT, Config, do
from gateway.core.errors import NotAllowed
from gateway.core.records import Scope
from gateway.core.wishes import span

account = typer.Typer(no_args_is_help=True, help="Accounts of senders.")
token = typer.Typer(no_args_is_help=True, help="API tokens: programs that ask in the name of an account.")


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
    made = do(config, lambda settings: add_account(settings, address, name, password, functional, tuple(alias or ())))
    typer.echo(f"added {made.address} ({made.id})")


@account.command("list")
def account_list(config: Config = DEFAULT) -> None:
    """List all accounts."""
    from gateway.commands import list_accounts

    for item in do(config, list_accounts):
        state = "active" if item.login_hash else "not activated"
        typer.echo(f"{item.id}  {item.organisation:12} {item.address:40} {item.kind.value:10} {state}")


@account.command("recover")
def account_recover(
    address: str,
    drop_second_factors: Annotated[
        bool, typer.Option("--drop-second-factors", help="Also take off apps, phone numbers and passkeys.")
    ] = False,
    config: Config = DEFAULT,
) -> None:
    """Help somebody who forgot their password; asks for the recovery key. A code goes to the account's address, old messages
    stay readable. Noted in the audit log."""
    from gateway.commands import recover_account

    printed = typer.prompt("Recovery key", hide_input=sys.stdin.isatty())
    helped = do(config, lambda settings: recover_account(settings, address, printed, drop_factors=drop_second_factors))
    typer.echo(f"a code to choose a new password is on its way to {helped.address}")


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
    made, text = do(config, lambda settings: add_token(settings, address, name, scopes, life))
    typer.echo(
        f"{made.id}  {','.join(made.scopes)}  until {made.expires_at:%Y-%m-%d %H:%M} UTC; keep this, it is not shown again:"
    )
    typer.echo(text)


@token.command("list")
def token_list(config: Config = DEFAULT) -> None:
    """List all API tokens; never the secrets."""
    from gateway.token_commands import list_tokens

    for item in do(config, list_tokens):
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

    do(config, lambda settings: revoke_token(settings, token_id))
    typer.echo("revoked")
