"""All that the pages of signed-in accounts need, joined once: the composition root and the tests hand in the same ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.core.login_ports import Passkeys, Totp
from gateway.core.organisation import Organisations
from gateway.core.ports import Blobs, Bus, Clock, NewId, ServerKey, Sms, Store, Vault
from gateway.service.account_recovery import AccountRecovery
from gateway.service.accounts import Accounts
from gateway.service.login_sessions import LoginSessions
from gateway.service.login_sms import LoginSms
from gateway.service.manage import Manage
from gateway.service.new_passwords import NewPasswords
from gateway.service.passkey_questions import PasskeyQuestions
from gateway.service.profile import Profile
from gateway.service.second_factors import SecondFactors
from gateway.service.second_step import SecondStep
from gateway.service.sender_letters import SenderLetters
from gateway.service.sent import Sent
from gateway.service.sign_in import SignIn


@dataclass(frozen=True, slots=True)
class LoginDesk:
    sign_in: SignIn
    second: SecondStep
    sessions: LoginSessions
    factors: SecondFactors
    profile: Profile
    recovery: AccountRecovery
    sent: Sent


def login_desk(
    *,
    store: Store,
    blobs: Blobs,
    vault: Vault,
    accounts: Accounts,
    manage: Manage,
    passwords: NewPasswords,
    letters: SenderLetters,
    server_key: ServerKey,
    sms: Sms,
    totp: Totp,
    passkeys: Passkeys,
    organisations: Organisations,
    bus: Bus,
    clock: Clock,
    new_id: NewId,
    new_secret: Callable[[], bytes],
    digits: Callable[[], str],
    boundary: Callable[[], str],
) -> LoginDesk:
    """See the ports; `digits` makes the six digits of a text message, `boundary` MIME boundaries."""
    sessions = LoginSessions(store=store, vault=vault, clock=clock, new_id=new_id, new_secret=new_secret)
    texts = LoginSms(store=store, server_key=server_key, sms=sms, clock=clock, digits=digits)
    questions = PasskeyQuestions(store=store, passkeys=passkeys, server_key=server_key, clock=clock)
    sign_in = SignIn(
        store=store,
        vault=vault,
        accounts=accounts,
        sessions=sessions,
        questions=questions,
        server_key=server_key,
        organisations=organisations,
        clock=clock,
    )
    return LoginDesk(
        sign_in=sign_in,
        second=SecondStep(
            store=store,
            server_key=server_key,
            totp=totp,
            sms=texts,
            questions=questions,
            sessions=sessions,
            organisations=organisations,
            clock=clock,
        ),
        sessions=sessions,
        factors=SecondFactors(
            store=store,
            vault=vault,
            server_key=server_key,
            totp=totp,
            sms=texts,
            questions=questions,
            sessions=sessions,
            organisations=organisations,
            clock=clock,
            new_id=new_id,
        ),
        profile=Profile(
            store=store,
            accounts=accounts,
            sign_in=sign_in,
            sessions=sessions,
            passwords=passwords,
            organisations=organisations,
            clock=clock,
        ),
        recovery=AccountRecovery(
            store=store,
            vault=vault,
            letters=letters,
            organisations=organisations,
            server_key=server_key,
            bus=bus,
            clock=clock,
        ),
        sent=Sent(store=store, blobs=blobs, vault=vault, manage=manage, sessions=sessions, boundary=boundary),
    )
