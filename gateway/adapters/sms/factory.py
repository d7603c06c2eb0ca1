"""From the settings' provider and options to a way of sending text messages. The options stand in `gateway.config`."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from gateway.adapters.sms.bird import BirdSms
from gateway.adapters.sms.cm import CmSms
from gateway.adapters.sms.console import ConsoleSms
from gateway.adapters.sms.smpp import SmppSms
from gateway.adapters.sms.spryng import SpryngSms
from gateway.adapters.sms.template import TemplateSms
from gateway.adapters.sms.twilio import TwilioSms
from gateway.core.errors import Misconfigured, Mistake
from gateway.core.ports import Sms

BY_HTTP: dict[str, Callable[..., Sms]] = {
    "template": TemplateSms,
    "spryng": SpryngSms,
    "cm": CmSms,
    "bird": BirdSms,
    "twilio": TwilioSms,
}


def open_sms(provider: str, options: Mapping[str, str], world_file: Path | None = None) -> Sms:
    """Nothing is contacted yet. `world_file` is where the console provider keeps its messages for the demo.

    Raises `Misconfigured` for options that can't work."""
    if provider == "console":
        return ConsoleSms(world_file)
    try:
        if provider == "smpp":
            return _smpp(**options)
        _check_url(options.get("url", ""))
        return BY_HTTP[provider](**options)
    except KeyError:
        raise _mistake("provider", f'"{provider}" is not a provider') from None
    except TypeError:
        raise _mistake("provider", f'the options do not fit "{provider}"') from None
    except ValueError as error:
        raise _mistake("", str(error)) from None


def _smpp(host: str, port: str, system_id: str, password: str, tls: str = "") -> Sms:
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("port must be 1 to 65535")
    if len(system_id) > 15 or len(password) > 8:
        raise ValueError("SMPP allows 15 characters of system_id and 8 of password")
    if tls not in ("", "yes", "no"):
        raise ValueError('tls must be "yes" or "no"')
    context = ssl.create_default_context() if tls == "yes" else None
    return SmppSms(host, int(port), system_id, password, tls=context)


def _check_url(url: str) -> None:
    """Codes travel encrypted, except on this machine itself."""
    if not url:
        return
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and _here(parts.hostname or "")):
        raise ValueError("url must begin with https://, except on this machine itself")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _mistake(key: str, sentence: str) -> Misconfigured:
    return Misconfigured((Mistake("", 0, f"sms.{key}".rstrip("."), sentence),))
