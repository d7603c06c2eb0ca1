"""What the commands of `zegel` do, beside running roles; `gateway.cli` only reads arguments and prints."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.system import clock, new_boundary, new_id
from gateway.app import Base, account_recovery_of, accounts_of, letters_of, opened, revoke_of
from gateway.config import load
from gateway.core.envelope import domain_of
from gateway.core.errors import CannotOpen, Misconfigured, Mistake, NotAllowed, Refused
from gateway.core.policy import PolicySet
from gateway.core.records import Account, AccountKind, Case, Delivery
from gateway.resources import resource
from gateway.rule_files import files_in, own_lists
from gateway.service.cases import words_of
from gateway.service.check import check as check_files
from gateway.service.parts import Parts
from gateway.service.recover import Recover
from gateway.service.review import MOST_LISTED, NotHeld, Review
from gateway.settings import OrganisationSettings, Settings
from gateway.vault.key_files import parse_recovery


class NotFound(Refused):
    """There is no such thing."""


def operator() -> str:
    """Who runs the command, for the audit log."""
    return f"operator:{getpass.getuser()}"


# -- accounts


async def add_account(
    settings: Settings, address: str, name: str, password: str, functional: bool, aliases: tuple[str, ...]
) -> Account:
    """Raises NotAllowed when no organisation owns the address."""
    async with opened(settings) as base:
        organisation = base.organisations.owning(address)
        if organisation is None:
            raise NotAllowed(f"{address} is in no domain of this installation")
        return await accounts_of(base).create(
            organisation=organisation,
            address=address,
            name=name,
            password=password,
            kind=AccountKind.FUNCTIONAL if functional else AccountKind.PERSONAL,
            aliases=aliases,
        )


async def list_accounts(settings: Settings) -> list[Account]:
    async with opened(settings) as base, base.store.read() as tx:
        return [account for item in base.organisations.all for account in await tx.accounts(item.id)]


async def recover_account(settings: Settings, address: str, printed_key: str, *, drop_factors: bool) -> Account:
    """Sends the account a code for a new password. Raises CannotOpen for a mistyped or wrong key, or no such account."""
    private = parse_recovery(printed_key)
    if private is None:
        raise CannotOpen("this is no recovery key: a character is wrong or missing")
    async with opened(settings) as base:
        return await account_recovery_of(base).recover(address, private, operator(), drop_factors=drop_factors)


# -- messages


async def revoke_message(settings: Settings, message_id: str, recipient: str) -> None:
    """Raises NotFound when there is nothing (left) to revoke."""
    async with opened(settings) as base:
        revoke = revoke_of(base)
        if recipient:
            done = await revoke.recipient(message_id, recipient, operator())
        else:
            done = await revoke.message(message_id, operator())
    if not done:
        raise NotFound("there is nothing to revoke: it was revoked before, has expired, or never was")


async def recover_message(
    settings: Settings, message_id: str, printed_key: str, write: Callable[[bytes], object]
) -> None:
    """Writes the message as .eml. Raises CannotOpen for a mistyped or wrong key, or a message without keys."""
    private = parse_recovery(printed_key)
    if private is None:
        raise CannotOpen("this is no recovery key: a character is wrong or missing")
    async with opened(settings) as base:
        recover = Recover(
            store=base.store,
            vault=base.vault,
            parts=Parts(blobs=base.blobs, vault=base.vault),
            clock=clock,
            boundary=new_boundary,
        )
        async for chunk in await recover.eml(message_id, private, operator()):
            write(chunk)


def _review_of(base: Base) -> Review:
    return Review(
        organisations=base.organisations,
        store=base.store,
        payloads=base.payloads,
        letters=letters_of(base),
        bus=base.bus,
        clock=clock,
        new_id=new_id,
    )


async def list_held(settings: Settings) -> list[Delivery]:
    async with opened(settings) as base:
        return await _review_of(base).held()


@dataclass(frozen=True, slots=True)
class DecidedCase:
    """A case with the sender's reason or the reviewer's note, in clear; empty when there is none."""

    case: Case
    words: str


async def list_cases(settings: Settings) -> list[DecidedCase]:
    """The newest first. Opens what people wrote with the server key."""
    async with opened(settings) as base:
        key = base.keys.server_key()
        async with base.store.read() as tx:
            cases = await tx.cases(MOST_LISTED)
        return [
            DecidedCase(case, key.open(case.reason, words_of(case.id)).decode() if case.reason else "")
            for case in cases
        ]


async def review_held(settings: Settings, delivery_id: str, *, release: bool) -> None:
    """Raises NotFound when no such mail is held."""
    async with opened(settings) as base:
        review = _review_of(base)
        try:
            if release:
                await review.release(delivery_id, operator())
            else:
                await review.refuse(delivery_id, operator())
        except NotHeld:
            raise NotFound("no mail with that id is held") from None


# -- rules and policies


@dataclass(frozen=True, slots=True)
class Report:
    good: bool
    lines: tuple[str, ...]


def _strangers(policies: PolicySet, known: tuple[OrganisationSettings, ...]) -> list[Mistake]:
    """Addresses that policies name but that are in no organisation: they would never get a letter, or review anything."""
    domains = {domain for item in known for domain in item.fields.domains}
    named = (
        (policy.id, key, address)
        for policy in policies.policies
        for key, addresses in (
            ("notify", policy.notify),
            ("reviewers", policy.waiting.reviewers if policy.waiting else ()),
        )
        for address in addresses
    )
    return [
        Mistake("policies", 0, f"{policy_id}.then.{key}", f"{address} is in no domain of this installation")
        for policy_id, key, address in named
        if domain_of(address) not in domains
    ]


def _unusable_lists(settings: Settings) -> tuple[Mistake, ...]:
    try:
        own_lists(settings).opened()
    except Misconfigured as error:
        return error.mistakes
    return ()


def check_everything(config: Path | None, rules: tuple[Path, ...], policies: tuple[Path, ...]) -> Report:
    """Settings (where there are any), rules, policies, and the rules' own examples."""
    rule_folders: tuple[Path, ...] = (resource("dlp_rules"),)
    policy_folders: tuple[Path, ...] = (resource("policies"),)
    list_folders: tuple[Path, ...] = ()
    mistakes: list[Mistake] = []
    if config is not None:
        try:
            settings = load(config)
        except Misconfigured as error:
            mistakes += error.mistakes
        else:
            rule_folders, policy_folders, list_folders = settings.rules, settings.policies, settings.lists
            mistakes += _unusable_lists(settings)
    checked = check_files(files_in((*rule_folders, *rules), (*policy_folders, *policies), list_folders))
    mistakes += checked.mistakes
    if config is not None and checked.policies is not None and not mistakes:
        mistakes += _strangers(checked.policies, settings.organisations)
    if mistakes:
        return Report(False, tuple(str(mistake) for mistake in mistakes))
    assert checked.rules is not None and checked.policies is not None  # noqa: PT018, S101
    told = f"good: {len(checked.rules.rules)} rules, {checked.examples} examples, {len(checked.policies.policies)} policies"
    return Report(True, (told,))
