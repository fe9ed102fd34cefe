"""Bodies of factors."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.identity.domain.factors import Factors, TrustedDevice
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


class DeviceOut(BaseModel):
    """A device the caller trusts."""

    device_id: UUID
    trusted_at: datetime
    expires_at: datetime
    address: str | None
    device: str | None

    @classmethod
    def of(cls, trusted: TrustedDevice) -> "DeviceOut":
        """The answer."""
        return cls(
            device_id=trusted.id,
            trusted_at=trusted.trusted_at,
            expires_at=trusted.expires_at,
            address=trusted.address,
            device=trusted.device,
        )


class DevicesOut(BaseModel):
    """Trusted devices, newest first."""

    items: list[DeviceOut]
