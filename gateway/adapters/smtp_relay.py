"""Who may send from where to whom: never an open relay.

An *account* sends from its own addresses to anybody. A *trusted* peer (its network is configured) sends from an organisation's
domains to anybody, or from anybody, `<>` too, to one organisation. With `<>` it may also send outwards while there is just one
organisation, whose reports they then are. Nobody else sends anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.adapters.smtp_address import routes_by_local_part
from gateway.adapters.smtp_reply import Refusal
from gateway.core.organisation import Organisations
from gateway.core.records import Account


@dataclass(slots=True)
class MailTransaction:
    """What was said since MAIL. `organisation` is empty until it is known whose mail this is; `outbound` says that the
    sender told, so that recipients may be anybody."""

    mail_from: str
    organisation: str
    outbound: bool
    smtputf8: bool = False
    rcpt_tos: list[str] = field(default_factory=list)


def organisation_of_sender(
    organisations: Organisations, mail_from: str, *, account: Account | None, trusted: bool
) -> str:
    """Whose mail this is, as far as MAIL FROM tells; empty when the recipients must. Raises `Refusal`."""
    if account is not None:
        if not organisations.has(account.organisation):
            raise Refusal(550, "5.7.1", "This account may not send")
        if mail_from.lower() not in account.addresses:
            raise Refusal(553, "5.7.1", "The sender's address is not yours")
        return account.organisation
    if not trusted:
        raise Refusal(530, "5.7.0", "Authentication required")
    owner = organisations.owning(mail_from) if mail_from else None
    return owner.id if owner is not None else ""


def organisation_of_recipient(organisations: Organisations, transaction: MailTransaction, recipient: str) -> str:
    """Whose mail this is with one more recipient. Raises `Refusal`; MAIL was allowed before."""
    if transaction.outbound:
        return transaction.organisation
    owner = organisations.owning(recipient)
    if owner is None:
        if not transaction.mail_from and len(organisations.all) == 1:
            return organisations.all[0].id
        raise Refusal(550, "5.7.1", "Relaying is not allowed")
    if routes_by_local_part(recipient):
        raise Refusal(550, "5.7.1", "Relaying is not allowed")
    if transaction.organisation not in ("", owner.id):
        # 452 4.5.3 makes a client send the others in a transaction of their own
        raise Refusal(452, "4.5.3", "Recipients of another organisation need a message of their own")
    return owner.id
