"""Login passwords: Argon2id in PHC strings (RFC 9106, second recommended option)."""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from gateway.core.passwords import prepared

ITERATIONS = 3
LANES = 4
MEMORY_KIB = 64 * 1024


class Argon2Logins:
    """Implements `gateway.core.login_ports.Logins`; the cost is a parameter for tests only."""

    def __init__(self, memory_kib: int = MEMORY_KIB) -> None:
        self._memory = memory_kib

    def hash(self, password: str) -> str:
        kdf = Argon2id(salt=os.urandom(16), length=32, iterations=ITERATIONS, lanes=LANES, memory_cost=self._memory)
        return kdf.derive_phc_encoded(prepared(password))

    def verify(self, password: str, phc: str) -> bool:
        """False for a wrong password; also for a string that is no hash."""
        try:
            Argon2id.verify_phc_encoded(prepared(password), phc)
        except (InvalidKey, ValueError):
            return False
        return True
