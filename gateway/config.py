"""The settings of one installation: `zegel.toml` read once into frozen types.

The rule: a mistake refuses the start, and all mistakes are told at once with file, line and key. Relative paths are relative
to the file's folder. A secret is given as a file (`*_file`, also a systemd credential), and hides in repr.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from gateway.core.organisation import Answers, DkimKey, Organisation, SecondFactor
from gateway.core.routes import TlsDemand
from gateway.core.toml_source import Source, Table, read
from gateway.resources import resource
from gateway.settings import (
    HistorySettings,
    ListenerSettings,
    Network,
    OrganisationSettings,
    PortalSettings,
    RouteSettings,
    ScanSettings,
    Settings,
    SmsSettings,
    SmtpIn,
    SmtpLimits,
    Tls,
)

HOST_AND_PORT = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):\d+"
HOSTNAME = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
ORIGIN = r"(https|moz-extension|chrome-extension)://[a-z0-9.-]+(:\d+)?|http://localhost(:\d+)?"
MEBIBYTE = 1024 * 1024


# What each SMS provider needs: option -> required? Secrets are given as `<option>_file`.
SMS_PROVIDERS: dict[str, dict[str, bool]] = {
    "console": {},
    "template": {
        "url": True,
        "method": False,
        "content_type": False,
        "body": True,
        "authorization": False,
        "success": False,
    },
    "spryng": {"token": True, "route": False, "url": False},
    "cm": {"product_token": True, "url": False},
    "bird": {"access_key": True, "url": False},
    "twilio": {"account_sid": True, "auth_token": True, "url": False},
    "smpp": {"host": True, "port": True, "system_id": True, "password": True, "tls": False},
}
SECRET_OPTIONS = {"token", "product_token", "access_key", "auth_token", "password", "authorization"}


def load(path: Path, *, demo: bool = False) -> Settings:
    """Reads a settings file. Raises `Misconfigured` with every mistake; OSError when it can't be read."""
    return parse(path, path.read_text(encoding="utf-8"), demo=demo)


def parse(path: Path, text: str, *, demo: bool = False) -> Settings:
    """The settings in a text that stands at `path`."""
    source = read(path.name, text)
    root, here = source.root, path.resolve().parent
    data = here / root.string("data", "/var/lib/zegel")
    keys = here / root.string("keys", "/etc/zegel/keys")
    settings = Settings(
        hostname=root.string("hostname", pattern=HOSTNAME, shape="a host name"),
        data=data,
        keys=keys,
        rules=(resource("dlp_rules"), *_folders(root, "rules", here)),
        policies=(resource("policies"), *_folders(root, "policies", here)),
        lists=_folders(root, "lists", here),
        store_url=_store_url(root.table("store"), data),
        blobs_url=_blobs_url(root.table("blobs"), data),
        smtp=_smtp(root.table("smtp"), here),
        scan=_scan(root.table("scan"), data),
        routes=_routes(root.table("deliver"), here),
        portal=_portal(root.table("portal")),
        sms=_sms(root.table("sms"), here),
        organisations=_organisations(source, here, keys),
        file=path,
        history=_history(root.table("history")),
        demo=demo,
    )
    source.finish()
    return settings


def _folders(table: Table, key: str, here: Path) -> tuple[Path, ...]:
    folders = tuple(here / name for name in table.strings(key, ()))
    for folder in folders:
        if not folder.is_dir():
            table.mistake(key, f"there is no folder {folder.name}")
    return folders


def _store_url(table: Table, data: Path) -> str:
    url = table.string("url", "")
    if url and urlsplit(url).scheme not in ("sqlite", "postgresql"):
        table.mistake("url", 'must begin with "sqlite://" or "postgresql://"')
    return url or f"sqlite:///{data}/zegel.db"


def _blobs_url(table: Table, data: Path) -> str:
    url = table.string("url", "")
    if url and urlsplit(url).scheme not in ("file", "s3"):
        table.mistake("url", 'must begin with "file://" or "s3://"')
    return url or f"file://{data}/blobs"


def _smtp(table: Table, here: Path) -> SmtpIn:
    listeners = tuple(_listener(item) for item in table.tables("listener"))
    if not listeners:
        table.mistake("listener", 'at least one is needed: [[smtp.listener]] with address = "0.0.0.0:587"')
    certificate = _file(table, "tls_certificate", here)
    key = _file(table, "tls_key", here)
    if any(listener.tls is not Tls.NONE for listener in listeners) and not (certificate and key):
        table.mistake("tls_certificate", "a listener speaks TLS, so tls_certificate and tls_key are needed")
    limits = SmtpLimits(
        message_bytes=table.integer("max_message_mb", 50, minimum=1, maximum=1024) * MEBIBYTE,
        recipients=table.integer("max_recipients", 1000, minimum=100),
        sessions=table.integer("max_sessions", 500, minimum=1),
        sessions_per_address=table.integer("max_sessions_per_address", 50, minimum=1),
        idle_seconds=table.integer("idle_seconds", 300, minimum=5),
        errors=table.integer("max_errors", 10, minimum=1),
        received_hops=table.integer("max_received", 30, minimum=5, maximum=100),
        in_flight_bytes=table.integer("max_in_flight_mb", 1024, minimum=64) * MEBIBYTE,
    )
    if limits.in_flight_bytes < limits.message_bytes:
        table.mistake("max_in_flight_mb", "must be at least max_message_mb, or no large message could ever come in")
    return SmtpIn(
        listeners=listeners,
        trusted=_networks(table, "trusted_networks"),
        xforward=_networks(table, "xforward_hosts"),
        limits=limits,
        certificate=certificate,
        key=key,
        plain_auth_on_loopback=table.boolean("plain_auth_on_loopback", False),
    )


def _listener(table: Table) -> ListenerSettings:
    host, port = _address(table, "address")
    return ListenerSettings(
        host=host,
        port=port,
        tls=table.choice("tls", {tls.value: tls for tls in Tls}, Tls.STARTTLS),
        auth=table.boolean("auth", True),
    )


def _address(table: Table, key: str, default: str | None = None) -> tuple[str, int]:
    text = table.string(key, default, pattern=HOST_AND_PORT, shape='a host and port like "127.0.0.1:8080"')
    host, _, port = text.rpartition(":")
    if port.isdigit() and not 0 < int(port) < 65536:
        table.mistake(key, f"{port} is not a port; ports are 1 to 65535")
    return host.strip("[]"), int(port) if port.isdigit() else 0


def _networks(table: Table, key: str) -> tuple[Network, ...]:
    networks = []
    for index, text in enumerate(table.strings(key, ())):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError:
            table.source.mistake(
                (*table.path, key, index), f'"{text}" is not a network like "10.0.0.0/8" or an address'
            )
    return tuple(networks)


def _file(table: Table, key: str, here: Path) -> Path | None:
    name = table.string(key, "")
    if not name:
        return None
    path = here / name
    if not path.is_file():
        table.mistake(key, f"there is no file {name}")
    return path


def _scan(table: Table, data: Path) -> ScanSettings:
    return ScanSettings(
        workers=table.integer("workers", 2, minimum=1, maximum=64),
        seconds=table.integer("seconds", 30, minimum=1, maximum=600),
        memory_bytes=table.integer("memory_mb", 1024, minimum=256) * MEBIBYTE,
        endpoint=table.string(
            "endpoint", f"ipc://{data}/run/scan.sock", pattern=r"(ipc|tcp)://.+", shape="an ipc:// or tcp:// address"
        ),
        ocr=table.boolean("ocr", True),
    )


def _routes(table: Table, here: Path) -> tuple[RouteSettings, ...]:
    shape = 'a server like "smtp://host:25" or "lmtp://host:24", or "mx"'
    pattern = rf"(smtp|lmtp)://{HOST_AND_PORT}|mx"
    tls = {tls.value: tls for tls in TlsDemand}
    routes = [
        RouteSettings(
            domain=item.string("domain", pattern=HOSTNAME, shape="a mail domain").lower(),
            to=item.string("to", pattern=pattern, shape=shape),
            tls=item.choice("tls", tls, TlsDemand.OPPORTUNISTIC),
            username=item.string("username", ""),
            password=_secret(item, "password", here),
        )
        for item in table.tables("route")
    ]
    routes.append(
        RouteSettings(
            domain="",
            to=table.string("smarthost", "mx", pattern=pattern, shape=shape),
            tls=table.choice("tls", tls, TlsDemand.OPPORTUNISTIC),
            username=table.string("username", ""),
            password=_secret(table, "password", here),
        )
    )
    return tuple(routes)


def _secret(table: Table, key: str, here: Path, *, required: bool = False) -> str:
    if table.has(key):
        table.mistake(
            key, f"a secret may not stand in this file; put it in a file of its own and name it in {key}_file"
        )
        return ""
    path = _file(table, f"{key}_file", here)
    if path is None:
        if required:
            table.mistake(f"{key}_file", "is required")
        return ""
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _portal(table: Table) -> PortalSettings:
    host, port = _address(table, "listen", "127.0.0.1:8080")
    return PortalSettings(
        host=host,
        port=port,
        proxies=_networks(table, "trusted_proxies"),
        api_origins=_origins(table, "api_origins"),
        api_memory_bytes=table.integer("api_memory_mb", 512, minimum=64) * MEBIBYTE,
    )


def _origins(table: Table, key: str) -> tuple[str, ...]:
    """Exact origins (RFC 6454): a pattern would one day fit a page that nobody thought of."""
    origins = table.strings(key, ())
    for index, text in enumerate(origins):
        if not re.fullmatch(ORIGIN, text):
            table.source.mistake(
                (*table.path, key, index), f'"{text}" is not an origin like "https://addin.example.nl"'
            )
    return origins


def _history(table: Table) -> HistorySettings:
    standard = HistorySettings()
    return HistorySettings(
        contacts=table.duration("contacts", standard.contacts),
        decisions=table.duration("decisions", standard.decisions),
    )


def _sms(table: Table, here: Path) -> SmsSettings:
    provider = table.choice("provider", {name: name for name in SMS_PROVIDERS}, "console")
    options: dict[str, str] = {}
    for name, required in SMS_PROVIDERS[provider].items():
        if name in SECRET_OPTIONS:
            options[name] = _secret(table, name, here, required=required)
        elif required:
            options[name] = table.string(name)
        else:
            options[name] = table.string(name, "")
    return SmsSettings(provider, {name: value for name, value in options.items() if value})


def _organisations(source: Source, here: Path, keys: Path) -> tuple[OrganisationSettings, ...]:
    tables = source.root.tables("organisation")
    if not tables:
        source.root.mistake("organisation", "at least one [[organisation]] is needed")
    found: list[OrganisationSettings] = []
    for table in tables:
        settings = _organisation(table, here, keys)
        for other in found:
            if settings.fields.id == other.fields.id:
                table.mistake("id", f'"{settings.fields.id}" is used twice')
            for domain in sorted(set(settings.fields.domains) & set(other.fields.domains)):
                table.mistake("domains", f'{domain} belongs to "{other.fields.id}" already')
        found.append(settings)
    return tuple(found)


def _organisation(table: Table, here: Path, keys: Path) -> OrganisationSettings:
    identity = table.string(
        "id", pattern=r"[a-z0-9-]{1,32}", shape="a short name in lower-case letters, digits and dashes"
    )
    domains = tuple(domain.lower() for domain in table.strings("domains"))
    for index, domain in enumerate(domains):
        if not re.fullmatch(HOSTNAME, domain) or "." not in domain:
            table.source.mistake((*table.path, "domains", index), f'"{domain}" is not a mail domain like "example.nl"')
    logo = _file(table, "logo", here)
    fields = Organisation(
        id=identity,
        name=table.string("name"),
        domains=domains,
        language=table.choice("language", {"nl": "nl", "en": "en"}, "nl"),
        portal_url=_portal_url(table),
        recovery_public=b"",
        logo=str(logo) if logo else "",
        colour=table.string("colour", "#1f4b7a", pattern=r"#[0-9a-fA-F]{6}", shape='a colour like "#1f4b7a"'),
        support=table.string("support", ""),
        answers=table.choice("answers", {answers.value: answers for answers in Answers}, Answers.PLAIN),
        sms_sender=table.string(
            "sms_sender",
            "Zegel",
            pattern=r"[A-Za-z0-9 ]{1,11}|\+?\d{6,15}",
            shape="at most 11 letters or digits, or a number",
        ),
        dkim=tuple(_dkim(item, keys) for item in table.tables("dkim")),
        texts=_texts(table.table("texts")),
        second_factor=table.choice(
            "second_factor", {choice.value: choice for choice in SecondFactor}, SecondFactor.REQUIRED
        ),
        admins=_admins(table),
    )
    recovery = keys / table.string("recovery_key", f"recovery-{identity or 'organisation'}.pub")
    return OrganisationSettings(fields, recovery)


def _admins(table: Table) -> tuple[str, ...]:
    addresses = table.strings("admins", ())
    for index, address in enumerate(addresses):
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
            table.source.mistake((*table.path, "admins", index), f'"{address}" is not a mail address')
    return addresses


def _portal_url(table: Table) -> str:
    url = table.string(
        "portal_url", pattern=r"https?://[^/?#\s]+/?", shape='an address like "https://veilig.example.nl"'
    ).rstrip("/")
    if url.startswith("http:") and not _is_loopback(urlsplit(url).hostname or ""):
        table.mistake("portal_url", "must begin with https://, except on this machine itself")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _dkim(table: Table, keys: Path) -> DkimKey:
    key_file = keys / table.string("key_file")
    return DkimKey(
        domain=table.string("domain", pattern=HOSTNAME, shape="a mail domain").lower(),
        selector=table.string("selector", pattern=HOSTNAME, shape="a DKIM selector"),
        key_file=str(key_file),
    )


def _texts(table: Table) -> tuple[tuple[str, str, str], ...]:
    texts: list[tuple[str, str, str]] = []
    for language, sentences in table.children():
        if language not in ("nl", "en"):
            table.mistake(language, 'texts are by language: "nl" or "en"')
        texts.extend((language, key, sentences.string(key)) for key in sentences.keys())  # noqa: SIM118
    return tuple(texts)
