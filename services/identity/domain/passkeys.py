"""Passkeys: public keys of authenticators, and the ceremonies in which one is made or used. Source: W3C Web Authentication Level 3."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from chassis.errors import Conflict, FieldError, Invalid, NotFound
from services.identity.domain import fields

_NAME_LENGTH = 64
_UNNAMED = "Ключ доступа"


class PasskeyRefused(Invalid):
    """What an authenticator answered is not accepted."""

    code = "passkey-refused"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[FieldError("/credential", self.code, detail)])


class MalformedCredential(PasskeyRefused):
    """Not what `navigator.credentials` makes."""

    code = "credential-malformed"

    def __init__(self) -> None:
        super().__init__("Ответ устройства не удалось прочитать. Начните заново.")


class WrongChallenge(PasskeyRefused):
    """Signed for another ceremony, or for another kind of it."""

    code = "wrong-challenge"

    def __init__(self) -> None:
        super().__init__("Ответ устройства относится к другому запросу. Начните заново.")


class ForeignOrigin(PasskeyRefused):
    """Signed on a page that is none of ours, or inside a frame of one."""

    code = "foreign-origin"

    def __init__(self) -> None:
        super().__init__("Ответ устройства получен на другом сайте. Откройте кабинет по его настоящему адресу и начните заново.")


class WrongRelyingParty(PasskeyRefused):
    """Signed for another relying party."""

    code = "wrong-relying-party"

    def __init__(self) -> None:
        super().__init__("Ответ устройства выдан для другого сайта. Откройте кабинет по его настоящему адресу и начните заново.")


class NotVerified(PasskeyRefused):
    """The authenticator did not make sure who is using it."""

    code = "user-not-verified"

    def __init__(self) -> None:
        super().__init__("Устройство не проверило, что это вы. Подтвердите действие отпечатком, лицом или ПИН-кодом.")


class UnsupportedKey(PasskeyRefused):
    """A key, or a statement about it, of a kind that was not asked for."""

    code = "unsupported-key"

    def __init__(self) -> None:
        super().__init__("Это устройство создаёт ключи, которые кабинет не принимает. Выберите другое устройство.")


class NotAccepted(PasskeyRefused):
    """Unknown credential, somebody else's, a wrong signature or a counter gone back: which one is not said."""

    code = "passkey-not-accepted"

    def __init__(self) -> None:
        super().__init__("Ключ доступа не принят. Попробуйте другой ключ или войдите с паролем.")


class CeremonyOver(Invalid):
    """Unknown, late or used."""

    code = "ceremony-over"

    def __init__(self) -> None:
        super().__init__("Время на ответ истекло, или ответ уже был. Начните заново.")


class PasskeyRegistered(Conflict):
    """The credential belongs to an account already."""

    code = "passkey-already-registered"

    def __init__(self) -> None:
        super().__init__("Этот ключ доступа уже добавлен. Выберите другое устройство.")


class TooManyPasskeys(Conflict):
    """As many as one person may have."""

    code = "too-many-passkeys"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Можно иметь не более {limit} ключей доступа. Удалите ненужный и добавьте новый.", limit=limit)


class NoPasskey(Conflict):
    """Nothing to confirm with."""

    code = "no-passkey"

    def __init__(self) -> None:
        super().__init__("У вас нет ключей доступа. Подтвердите действие кодом.")


class NoSuchPasskey(NotFound):
    """No passkey of this id for who is asking."""

    code = "no-such-passkey"

    def __init__(self) -> None:
        super().__init__("Ключ доступа не найден.")


class CeremonyKind(StrEnum):
    """What an authenticator is asked for."""

    REGISTRATION = "registration"
    SIGN_IN = "sign-in"
    STEP_UP = "step-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """One question to an authenticator. Any answer uses it up, so a challenge is signed once.

    `person_id` and `session_id` are None in a sign-in: who it is turns out by the answer.
    """

    id: UUID
    kind: CeremonyKind
    challenge: bytes = field(repr=False)
    created_at: datetime
    expires_at: datetime
    person_id: UUID | None = None
    session_id: UUID | None = None
    used_at: datetime | None = None
    version: int = 0

    def answered(self, at: datetime) -> "Ceremony":
        """Used up. Raises `CeremonyOver` if it is over or was answered before."""
        if self.used_at is not None or at >= self.expires_at:
            raise CeremonyOver
        return replace(self, used_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """What a registration says about the key it made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    is_backup_eligible: bool
    is_backed_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a right signature says besides who signed. `user_handle` is None where the authenticator keeps none."""

    sign_count: int
    is_backed_up: bool
    user_handle: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """The public half of a key pair that an authenticator keeps. `public_key` is a COSE key."""

    id: UUID
    person_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: tuple[str, ...]
    is_backup_eligible: bool
    is_backed_up: bool
    name: str = field(repr=False)
    created_at: datetime
    last_used_at: datetime | None = None
    version: int = 0

    @classmethod
    def of(cls, made: NewCredential, *, passkey_id: UUID, person_id: UUID, name: str, at: datetime) -> "Passkey":
        """A new one."""
        return cls(
            id=passkey_id,
            person_id=person_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            is_backup_eligible=made.is_backup_eligible,
            is_backed_up=made.is_backed_up,
            name=passkey_name(name),
            created_at=at,
        )

    def is_cloned(self, signature: Signature) -> bool:
        """Whether the counter did not go forward: a second authenticator has the same key. Both zero means that none counts."""
        return (signature.sign_count, self.sign_count) != (0, 0) and signature.sign_count <= self.sign_count

    def belongs_to(self, signature: Signature, *, is_asked_of: UUID | None) -> bool:
        """Whether the account that the authenticator names is the passkey's. Asked of somebody known, it need not name one."""
        named = self.person_id.bytes if signature.user_handle is None and is_asked_of is not None else signature.user_handle
        return named == self.person_id.bytes and is_asked_of in (None, self.person_id)

    def used(self, signature: Signature, at: datetime) -> "Passkey":
        """Used once more."""
        return replace(self, sign_count=signature.sign_count, is_backed_up=signature.is_backed_up, last_used_at=at)

    def renamed(self, name: str) -> "Passkey":
        """Under another name."""
        return replace(self, name=passkey_name(name))


def passkey_name(name: str) -> str:
    """What is seen of it; where that is nothing, a general word."""
    return fields.title(name, _NAME_LENGTH) or _UNNAMED


@dataclass(frozen=True, slots=True)
class PasskeyPolicy:
    """How many passkeys a person may have, and how long an authenticator may take to answer."""

    limit: int
    lifetime: timedelta

    def check(self, held: int) -> None:
        """Raises `TooManyPasskeys` when one more may not be added."""
        if held >= self.limit:
            raise TooManyPasskeys(self.limit)
