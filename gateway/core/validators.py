"""The closed vocabulary of validators: what a pattern found is confirmed, or thrown out.

A validator takes the matched text and returns its *canonical value*, by which equal numbers in different spellings count
once, or an empty text when it is not what the rule looks for. Rule: a validator never raises and keeps nothing.

Names with a dot are python-stdnum's modules ("be.nn" is stdnum.be.nn): their check digits, dates and lengths. Such a
module is asked as it is, so another country's number is one more name here. The others are written out, in
`validators_nl` and `validators_text`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from stdnum import iban as stdnum_iban
from stdnum import luhn as stdnum_luhn
from stdnum.exceptions import ValidationError

from gateway.core import validators_nl, validators_text

Validator = Callable[[str], str]

# Numbers of persons unless said otherwise. Imported at the start: a scan worker may not read files later on. Some of
# them (be.nn, dk.cpr, no.fodselsnummer, se.personnummer) ask today's date, to refuse who has yet to be born.
STDNUM = (
    "at.vnr",
    "be.bis",
    "be.nn",
    "bg.egn",
    "bg.pnf",
    "bic",  # of a bank
    "ch.ssn",
    "cz.rc",
    "de.idnr",
    "dk.cpr",
    "ee.ik",
    "es.dni",
    "es.nie",
    "fi.hetu",
    "fr.nif",
    "fr.nir",
    "gb.nhs",
    "gb.utr",
    "gr.amka",
    "hr.oib",
    "ie.pps",
    "is_.kennitala",
    "it.codicefiscale",
    "lt.asmens",
    "lv.pvn",
    "nl.onderwijsnummer",
    "no.fodselsnummer",
    "pl.pesel",
    "pt.cc",
    "pt.nif",
    "ro.cnp",
    "se.personnummer",
    "si.emso",
    "sk.rc",
    "tr.tckimlik",
    "ua.rntrc",
)


def _of_stdnum(name: str) -> Validator:
    validate = import_module(f"stdnum.{name}").validate

    def confirmed(text: str) -> str:
        try:
            return str(validate(text))
        except (ValidationError, ValueError):
            return ""

    return confirmed


def iban(text: str) -> str:
    """An account number (ISO 13616): length and format of its country, mod 97. National check digits and lists of banks
    are not asked: the lists grow old."""
    try:
        return str(stdnum_iban.validate(validators_text.bare(text), check_country=False))
    except (ValidationError, ValueError):
        return ""


def luhn(text: str) -> str:
    """A payment card or other number with a Luhn check digit (ISO/IEC 7812): 12 to 19 digits, not all the same."""
    digits = validators_text.bare(text)
    if not digits.isdigit() or not 12 <= len(digits) <= 19 or len(set(digits)) < 2:
        return ""
    return digits if stdnum_luhn.is_valid(digits) else ""


VALIDATORS: Mapping[str, Validator] = MappingProxyType(
    {
        "bank-account-nl": validators_nl.bank_account,
        "bsn": validators_nl.bsn,
        "btw": validators_nl.btw,
        "date": validators_text.date,
        "document-nl": validators_nl.document,
        "iban": iban,
        "icd-10": validators_text.icd_10,
        "icpc": validators_text.icpc,
        "key": validators_text.key,
        "luhn": luhn,
        "mrz": validators_text.mrz,
        "phone-nl": validators_nl.phone,
        "plate-nl": validators_nl.plate,
        "postcode-nl": validators_nl.postcode,
        "secret": validators_text.secret,
        "tax-nl": validators_nl.tax_number,
    }
    | {name: _of_stdnum(name) for name in STDNUM}
)
