"""`zegel lists`: reads arguments and prints; `gateway.list_commands` does the work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.settings import Settings

lists = typer.Typer(no_args_is_help=True, help="Lists of your own: numbers and documents that rules look for.")

Config = Annotated[Path, typer.Option("--config", "-c", envvar="ZEGEL_CONFIG", help="The settings file.")]
Target = Annotated[Path, typer.Argument(help="The file to write: NAME.zlist, in a folder that `lists` names.")]
DEFAULT = Path("/etc/zegel/zegel.toml")


def _key(config: Path) -> bytes:
    from gateway.config import load
    from gateway.installation import KeyFolder

    settings: Settings = load(config)
    return KeyFolder(settings.keys).lists_key()


@lists.command()
def build(
    target: Target,
    source: Annotated[Path, typer.Argument(help="A CSV file in UTF-8; its first line names the columns.")],
    primary: Annotated[str, typer.Option(help="The column that rules find by its pattern, such as a patient number.")],
    support: Annotated[list[str] | None, typer.Option(help="A column that makes it certain; may be repeated.")] = None,
    delimiter: Annotated[str, typer.Option(help="What stands between the columns.")] = ",",
    config: Config = DEFAULT,
) -> None:
    """Make a list of numbers, such as those of patients or customers; no value of it is kept, only keyed hashes."""
    from gateway.list_commands import build_list

    rows = build_list(source, target, primary, tuple(support or ()), _key(config), delimiter)
    typer.echo(
        f"written: {rows} rows. Reload the roles (SIGHUP) to use it, and delete the CSV file where it isn't needed"
    )


@lists.command()
def fingerprint(
    target: Target,
    documents: Annotated[list[Path], typer.Argument(help="Documents, of any kind that Zegel reads.")],
    config: Config = DEFAULT,
) -> None:
    """Make fingerprints of documents, such as an intake form, so that filled-in copies are found."""
    from gateway.list_commands import fingerprint_documents

    count = fingerprint_documents(tuple(documents), target, _key(config))
    typer.echo(f"written: {count} fingerprints of {len(documents)} documents. Reload the roles (SIGHUP) to use it")
