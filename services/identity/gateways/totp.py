"""One-time passwords of authenticator apps. Source: RFC 6238 with SHA-1, 6 digits, 30 s: what every app understands."""

import hmac
from datetime import datetime

import pyotp

from services.identity.domain.factors import STEP_SECONDS

_DIGITS = 6


class TotpCodes:
    """Makes secrets and finds the step of a code. `window` is how many steps a phone's clock may be off either way."""

    def __init__(self, *, issuer: str, window: int) -> None:
        self._issuer = issuer
        self._window = window
        self._decoy = pyotp.random_base32()

    def new_secret(self) -> str:
        """160 random bits as base32."""
        return pyotp.random_base32()

    def uri(self, secret: str, account: str) -> str:
        """What the app reads from a QR code."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=self._issuer)

    def step(self, secret: str | None, text: str, at: datetime) -> int | None:
        """The latest step near `at` whose code was typed; None if there is none. No secret is as much work as a wrong code."""
        app = pyotp.TOTP(secret or self._decoy, digits=_DIGITS, interval=STEP_SECONDS)
        typed = text.strip().encode(errors="surrogatepass")
        now = app.timecode(at)
        near = range(now - self._window, now + self._window + 1)
        fitting = [step for step in near if hmac.compare_digest(app.generate_otp(step).encode(), typed)]
        return max(fitting) if fitting and secret is not None else None
