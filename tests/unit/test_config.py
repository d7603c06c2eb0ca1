"""Configuration: the example is right, and each broken file is refused with file, line, key and a helpful sentence."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import parse
from gateway.core.errors import Misconfigured
from gateway.core.routes import TlsDemand
from gateway.settings import HistorySettings, Tls

BROKEN = sorted((Path(__file__).parent / "broken_config").glob("*.toml"))
EXAMPLE = Path(__file__).parents[2] / "config" / "zegel.toml"


def test_there_are_at_least_twelve_broken_configurations() -> None:
    assert len(BROKEN) >= 12


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_configuration_is_refused_with_its_places(path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        parse(path, path.read_text())
    told = "".join(f"{mistake}\n" for mistake in caught.value.mistakes)
    assert told == path.with_suffix(".expected").read_text()


def test_the_example_reads(tmp_path: Path) -> None:
    (tmp_path / "tls").mkdir()
    for name in ("mail.example.nl.crt", "mail.example.nl.key"):
        (tmp_path / "tls" / name).touch()
    settings = parse(tmp_path / "zegel.toml", EXAMPLE.read_text())
    assert [(listener.port, listener.tls) for listener in settings.smtp.listeners] == [
        (587, Tls.STARTTLS),
        (465, Tls.IMPLICIT),
        (10025, Tls.NONE),
    ]
    assert settings.routes[-1].to == "smtp://127.0.0.1:10028"
    assert settings.routes[-1].tls is TlsDemand.OPPORTUNISTIC
    assert settings.organisations[0].fields.domains == ("example.nl",)
    assert settings.store_url == "sqlite:////var/lib/zegel/zegel.db"


def test_how_long_the_past_is_kept(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("tls_certificate", "# ").replace("tls_key", "# ")
    text = text.replace('tls = "starttls"', 'tls = "none"').replace('tls = "implicit"', 'tls = "none"')
    assert parse(tmp_path / "zegel.toml", text).history == HistorySettings(timedelta(days=365), timedelta(days=90))
    kept = text.replace("[sms]", '[history]\ncontacts = "P30D"\ndecisions = "P7D"\n\n[sms]')
    assert parse(tmp_path / "zegel.toml", kept).history == HistorySettings(timedelta(days=30), timedelta(days=7))


def test_a_secret_is_read_from_its_file_and_hides(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-token\n")
    text = (BROKEN[0].parent / "secret-in-file.toml").read_text().replace('token = "abc"', 'token_file = "token"')
    settings = parse(tmp_path / "zegel.toml", text)
    assert settings.sms.options["token"] == "s3cret-token"
    assert "s3cret" not in repr(settings)
