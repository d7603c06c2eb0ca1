"""Passkeys by the library py_webauthn: WebAuthn Level 3 as relying party.

We ask for no attestation (whose make a key is, is the person's own affair), always for verification of the person (a stolen key
alone opens nothing), and for the PRF extension (section 10.1.4), whose secret can wrap a private key. The library knows
no extensions: `prf` is added to its options here.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.core.login import CHALLENGE, NewPasskey, NoAnswer, RelyingParty

MILLISECONDS = int(CHALLENGE.total_seconds() * 1000)
# One input for all: the secret is the authenticator's own for each passkey, and a sign-in without a name can't know which.
PRF_INPUT = hashlib.sha256(b"zegel: private key of an account, 1").digest()


class WebAuthn:
    """Implements `gateway.core.login_ports.Passkeys`."""

    def creation(
        self, party: RelyingParty, account_id: str, address: str, name: str, known: Sequence[bytes]
    ) -> tuple[str, bytes]:
        options = generate_registration_options(
            rp_id=party.id,
            rp_name=party.name,
            user_id=account_id.encode(),
            user_name=address,
            user_display_name=name or address,
            timeout=MILLISECONDS,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return _with_prf(options_to_json(options)), options.challenge

    def created(self, answer: str, party: RelyingParty, challenge: bytes) -> NewPasskey:
        try:
            made = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise NoAnswer from error
        return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)

    def request(self, party: RelyingParty, allowed: Sequence[bytes]) -> tuple[str, bytes]:
        options = generate_authentication_options(
            rp_id=party.id,
            timeout=MILLISECONDS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _with_prf(options_to_json(options)), options.challenge

    def credential(self, answer: str) -> bytes:
        try:
            return parse_authentication_credential_json(answer).raw_id
        except _BROKEN as error:
            raise NoAnswer from error

    def asserted(self, answer: str, party: RelyingParty, challenge: bytes, public_key: bytes, counter: int) -> int:
        try:
            proved = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=party.id,
                expected_origin=party.origin,
                credential_public_key=public_key,
                credential_current_sign_count=counter,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise NoAnswer from error
        return proved.new_sign_count


# A hostile answer may break the library anywhere in its parsing; whatever it raises means that nothing was proved.
_BROKEN = (
    WebAuthnException,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)


def _with_prf(options: str) -> str:
    fields = json.loads(options)
    first = base64.urlsafe_b64encode(PRF_INPUT).decode().rstrip("=")
    fields["extensions"] = {**fields.get("extensions", {}), "prf": {"eval": {"first": first}}}
    return json.dumps(fields)
