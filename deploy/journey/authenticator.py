"""An authenticator app on somebody's phone. Source: RFC 6238."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pyotp

from deploy.journey.waiting import until

_STEP_SECONDS = 30


@dataclass(slots=True)
class AuthenticatorApp:
    """Shows codes of a secret, each once: the product takes none twice. `now` is the time of the stack, which may have been moved."""

    secret: str = field(repr=False)
    now: Callable[[], datetime]
    _last_step: int = 0

    async def code(self) -> str:
        """The next code. The one after the present counts already; for a later one its time is waited for."""

        async def near() -> bool:
            return self._step() + 1 >= step

        step = max(self._step(), self._last_step + 1)
        await until(near, "следующий код приложения", timeout_seconds=2 * _STEP_SECONDS)
        self._last_step = step
        return pyotp.TOTP(self.secret).generate_otp(step)

    def _step(self) -> int:
        return int(self.now().timestamp()) // _STEP_SECONDS
