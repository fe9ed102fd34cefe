"""Bodies of factors."""

from datetime import datetime

from pydantic import BaseModel

from services.identity.domain.factors import Factors
from services.identity.usecases.factors import NewTotp


class FactorsOut(BaseModel):
    """What the caller has set up besides the password. `totp_since` is None without an authenticator app."""

    totp_since: datetime | None
    passkeys: int
    recovery_codes_left: int

    @classmethod
    def of(cls, factors: Factors) -> "FactorsOut":
        """The answer."""
        since = factors.totp.confirmed_at if factors.totp else None
        return cls(totp_since=since, passkeys=factors.passkeys, recovery_codes_left=len(factors.recovery))


class NewTotpOut(BaseModel):
    """A secret for an authenticator app, shown this once: to be typed (base32) or read from a QR code of the URI."""

    secret: str
    otpauth_uri: str
    expires_at: datetime

    @classmethod
    def of(cls, made: NewTotp) -> "NewTotpOut":
        """The answer."""
        return cls(secret=made.secret, otpauth_uri=made.uri, expires_at=made.expires_at)


class RecoveryCodesOut(BaseModel):
    """The new set, shown this once."""

    codes: list[str]
