"""What somebody proves themselves with besides the password: an authenticator app, recovery codes, passkeys."""

import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from chassis.errors import Conflict, NotFound
from contracts.factors import Factor
from services.identity.domain.codes import CodeExhausted, CodeExpired, CodeRefused, WrongCode

STEP_SECONDS = 30
"""How long one code of an authenticator app is shown. Source: RFC 6238, section 5.2."""


class FactorAlreadySetUp(Conflict):
    """A limited token sets up the first factor only."""

    code = "factor-already-set-up"

    def __init__(self) -> None:
        super().__init__("Второй фактор уже подключён. Войдите с ним, чтобы добавить или заменить другой.")


class NoSuchFactor(NotFound):
    """Nothing of the kind is set up."""

    code = "no-such-factor"


class LastFactor(Conflict):
    """Staff keep at least one strong factor."""

    code = "last-factor"

    def __init__(self) -> None:
        super().__init__("Сотруднику нужен второй фактор. Сначала подключите другой, затем удалите этот.")


@dataclass(frozen=True, slots=True)
class FactorPolicy:
    """How long a secret waits for its proof, how often that may be tried, how many recovery codes there are."""

    setup: timedelta
    tries: int
    recovery_codes: int


@dataclass(frozen=True, slots=True)
class Totp:
    """A confirmed authenticator app. Of all steps whose code was accepted the last is known: none up to it is accepted again."""

    secret: str = field(repr=False)
    confirmed_at: datetime
    last_step: int


@dataclass(frozen=True, slots=True)
class PendingTotp:
    """A secret that was shown and that no code has proved yet."""

    secret: str = field(repr=False)
    expires_at: datetime
    tries_left: int


class NoSuchDevice(NotFound):
    """The caller trusts no such device."""

    code = "no-such-device"


@dataclass(frozen=True, slots=True)
class DevicePolicy:
    """How long a device is trusted, and how many a person may trust at once."""

    lifetime: timedelta
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedDevice:
    """A device on which the password alone signs its owner in; of its token only the keyed hash is known."""

    id: UUID
    digest: bytes
    trusted_at: datetime
    expires_at: datetime
    address: str | None = field(default=None, repr=False)
    device: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class TypedCode:
    """What somebody typed, in each form a code is known by: as one that was sent, as a step of the app's secret, as a recovery code."""

    sent: bytes
    step: int | None
    recovery: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What one person (`id`) has set up. Of recovery codes only keyed hashes are known, and only of those still left."""

    id: UUID
    totp: Totp | None = None
    pending: PendingTotp | None = None
    recovery: tuple[bytes, ...] = ()
    passkeys: int = 0
    devices: tuple[TrustedDevice, ...] = ()
    version: int = 0

    @property
    def strong(self) -> frozenset[Factor]:
        """The factors that staff need one of."""
        held = {Factor.TOTP: self.totp is not None, Factor.PASSKEY: self.passkeys > 0}
        return frozenset(factor for factor, is_held in held.items() if is_held)

    def takes_sms(self, *, is_staff: bool) -> bool:
        """Whether a code by SMS counts: of staff only as long as they have nothing better."""
        return not (is_staff and self.strong)

    def is_sent_sms(self, *, is_staff: bool) -> bool:
        """Whether a code is sent without being asked for."""
        return self.totp is None and self.takes_sms(is_staff=is_staff)

    def beginning_totp(self, secret: str, at: datetime, policy: FactorPolicy) -> "Factors":
        """A secret waits for its proof; an earlier one that waited is forgotten, a confirmed one goes on."""
        return replace(self, pending=PendingTotp(secret=secret, expires_at=at + policy.setup, tries_left=policy.tries))

    def confirming_totp(self, step: int | None, at: datetime) -> "tuple[Factors, CodeRefused | None]":
        """After one try to prove the waiting secret, to be stored in any case, and why it was refused. `step` is a right code's."""
        if self.pending is None or at >= self.pending.expires_at:
            return self, CodeExpired("Время подключения истекло. Получите новый секрет.")
        if self.pending.tries_left <= 0:
            return self, CodeExhausted("Слишком много неверных попыток. Получите новый секрет.")
        if step is None:
            left = self.pending.tries_left - 1
            wrong = WrongCode("Код неверный. Проверьте цифры и время на телефоне.", tries_left=left)
            return replace(self, pending=replace(self.pending, tries_left=left)), wrong
        return replace(self, totp=Totp(self.pending.secret, confirmed_at=at, last_step=step), pending=None), None

    def without_totp(self, *, is_staff: bool) -> "Factors":
        """The app is disconnected. Raises `NoSuchFactor`, `LastFactor`."""
        if self.totp is None:
            raise NoSuchFactor("Приложение для кодов не подключено.")
        if is_staff and self.strong == {Factor.TOTP}:
            raise LastFactor
        return replace(self, totp=None, pending=None)

    def with_passkey(self) -> "Factors":
        """One more passkey."""
        return replace(self, passkeys=self.passkeys + 1)

    def without_passkey(self, *, is_staff: bool) -> "Factors":
        """One passkey less. Raises `LastFactor`."""
        left = replace(self, passkeys=max(0, self.passkeys - 1))
        if is_staff and not left.strong:
            raise LastFactor
        return left

    def emptied(self) -> "Factors":
        """Nothing is set up any more."""
        return Factors(id=self.id, version=self.version)

    def with_recovery(self, digests: tuple[bytes, ...]) -> "Factors":
        """A new set of recovery codes; of the old one none counts."""
        return replace(self, recovery=digests)

    def proved(self, typed: TypedCode, *, is_staff: bool) -> "tuple[Factors, Factor | None]":
        """What the code proves, and the factors after it; None if it proves nothing. A step or a recovery code counts once."""
        left = tuple(digest for digest in self.recovery if not hmac.compare_digest(digest, typed.recovery))
        if self.totp is not None and typed.step is not None and typed.step > self.totp.last_step:
            return replace(self, totp=replace(self.totp, last_step=typed.step)), Factor.TOTP
        if len(left) < len(self.recovery) and not is_staff:
            return replace(self, recovery=left), Factor.RECOVERY_CODE
        return self, None

    def trusting(self, device: TrustedDevice, policy: DevicePolicy) -> "Factors":
        """One more trusted device; the oldest beyond the number allowed, and those whose time is over, are forgotten."""
        still = (known for known in self.devices if device.trusted_at < known.expires_at)
        return replace(self, devices=(*still, device)[-policy.most :])

    def trusts(self, digest: bytes, at: datetime) -> bool:
        """Whether a device with this token needs no code now."""
        fitting = [device for device in self.devices if hmac.compare_digest(device.digest, digest)]
        return any(at < device.expires_at for device in fitting)

    def without_device(self, device_id: UUID) -> "Factors":
        """The device needs a code again. Raises `NoSuchDevice`."""
        left = tuple(device for device in self.devices if device.id != device_id)
        if len(left) == len(self.devices):
            raise NoSuchDevice("Доверенное устройство не найдено.")
        return replace(self, devices=left)

    def without_devices(self) -> "Factors":
        """No device is trusted any more."""
        return replace(self, devices=())


def recovery_key(text: str) -> str:
    """How a recovery code is compared: capitals, no separators."""
    return "".join(char for char in text.upper() if char.isalnum())
