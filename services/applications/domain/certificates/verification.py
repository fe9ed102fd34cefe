"""What is found out about a certificate that somebody holds in their hands, and what its holder sees of that."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from services.applications.domain.certificates.certificate import Certificate
from services.applications.domain.certificates.standing import Status


class Way(StrEnum):
    """By what it was verified."""

    NUMBER = "number"
    PAGE = "page"
    CODE = "code"
    FILE = "file"
    SHARE = "share"
    EMPLOYER = "employer"


class Outcome(StrEnum):
    """What was found."""

    GENUINE = "genuine"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ALTERED = "altered"
    FOREIGN_KEY = "foreign-key"
    UNKNOWN = "unknown"


class Signature(StrEnum):
    """What a signature is worth by itself."""

    VALID = "valid"
    ALTERED = "altered"
    FOREIGN_KEY = "foreign-key"
    MISSING = "missing"


class Entry(StrEnum):
    """What our register says."""

    FOUND = "found"
    UNKNOWN = "unknown"
    NOT_ASKED = "not-asked"


WAY_TITLES: MappingProxyType[Way, str] = MappingProxyType(
    {
        Way.NUMBER: "По номеру",
        Way.PAGE: "На странице проверки",
        Way.CODE: "По QR-коду",
        Way.FILE: "По файлу сертификата",
        Way.SHARE: "По вашей ссылке",
        Way.EMPLOYER: "Работодателем",
    }
)
OUTCOME_TITLES: MappingProxyType[Outcome, str] = MappingProxyType(
    {
        Outcome.GENUINE: "Подлинный, действует",
        Outcome.EXPIRED: "Подлинный, срок действия истёк",
        Outcome.SUSPENDED: "Подлинный, действие приостановлено",
        Outcome.REVOKED: "Подлинный, но аннулирован",
        Outcome.ALTERED: "Изменён: это не то, что было выдано",
        Outcome.FOREIGN_KEY: "Подписан не нами",
        Outcome.UNKNOWN: "Такого сертификата в реестре нет",
    }
)
_OF_STATUS: MappingProxyType[Status, Outcome] = MappingProxyType(
    {
        Status.VALID: Outcome.GENUINE,
        Status.NOT_YET: Outcome.GENUINE,
        Status.EXPIRED: Outcome.EXPIRED,
        Status.SUSPENDED: Outcome.SUSPENDED,
        Status.REVOKED: Outcome.REVOKED,
    }
)
_OF_SIGNATURE: MappingProxyType[Signature, Outcome] = MappingProxyType(
    {
        Signature.VALID: Outcome.UNKNOWN,
        Signature.MISSING: Outcome.UNKNOWN,
        Signature.ALTERED: Outcome.ALTERED,
        Signature.FOREIGN_KEY: Outcome.FOREIGN_KEY,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one verification; the certificate is there only when it is genuine."""

    outcome: Outcome
    signature: Signature | None
    """None where no signature was looked at: the number alone, or the very bytes that were issued."""
    entry: Entry
    certificate: Certificate | None = None

    @classmethod
    def of_issued(cls, certificate: Certificate, at: datetime, signature: Signature | None = None) -> "Finding":
        """What was issued: the standing decides."""
        return cls(_OF_STATUS[certificate.status_at(at)], signature, Entry.FOUND, certificate)

    @classmethod
    def of_nothing_issued(cls, signature: Signature) -> "Finding":
        """Nothing in the register: the signature says what it was. Ours without an entry is as good as none."""
        asked = Entry.UNKNOWN if signature in (Signature.VALID, Signature.MISSING) else Entry.NOT_ASKED
        return cls(_OF_SIGNATURE[signature], signature, asked)


@dataclass(frozen=True, slots=True)
class Verification:
    """What a holder sees: who asks in one way within one hour is one row. `asker` tells askers apart and nobody's name or address."""

    id: UUID
    certificate_id: UUID
    way: Way
    outcome: Outcome
    asker: str
    first_at: datetime
    last_at: datetime
    times: int
    employer_id: UUID | None = None
    """Who asked with a key of its own, and for that has a name."""
    purpose: str | None = None
