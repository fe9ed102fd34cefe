"""Secrets we give out once and keep as keyed hashes."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

_BYTES = 32


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """Tokens of one purpose; those of another have other hashes."""

    key: bytes
    purpose: str

    def make(self) -> tuple[str, bytes]:
        """A fresh token, and what is kept of it."""
        token = secrets.token_urlsafe(_BYTES)
        return token, self.hashed(token)

    def hashed(self, token: str) -> bytes:
        """What is kept of a token."""
        return hmac.digest(self.key, f"{self.purpose}\n{token}".encode(errors="surrogatepass"), hashlib.sha256)
