"""From a provider's name and options, as the settings have them, to its adapter. A new provider is one more line here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.adapters.sms.bird import BirdSettings, BirdSms
from gateway.adapters.sms.cm import CmSettings, CmSms
from gateway.adapters.sms.console import ConsoleSettings, ConsoleSms
from gateway.adapters.sms.smpp import SmppSettings, SmppSms
from gateway.adapters.sms.spryng import SpryngSettings, SpryngSms
from gateway.adapters.sms.template import TemplateSettings, TemplateSms
from gateway.adapters.sms.twilio import TwilioSettings, TwilioSms
from gateway.core.ports import Clock, Sms


def open_sms(provider: str, options: Mapping[str, str], *, clock: Clock, console_file: Path | None = None) -> Sms:
    """Raises KeyError for an unknown provider, TypeError for an option it does not have."""
    if provider == "console":
        return ConsoleSms(ConsoleSettings(console_file), clock)
    if provider == "smpp":
        return SmppSms(SmppSettings(**{**options, "port": int(options["port"])}))  # type: ignore[arg-type]
    return {
        "template": lambda: TemplateSms(TemplateSettings(**options)),  # type: ignore[arg-type]
        "spryng": lambda: SpryngSms(SpryngSettings(**options)),
        "cm": lambda: CmSms(CmSettings(**options)),
        "bird": lambda: BirdSms(BirdSettings(**options)),
        "twilio": lambda: TwilioSms(TwilioSettings(**options)),
    }[provider]()
