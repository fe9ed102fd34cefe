"""The access log: who did what with whose data. Every row carries a keyed digest; `access_chain` puts rows into an order that shows."""

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal
from uuid import UUID

from contracts.roles import Role

Outcome = Literal["allowed", "refused"]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENGTHS = struct.Struct(">8I")
_RANDOM_HIGH = 0xFFF << 64
_RANDOM_LOW = (1 << 62) - 1


class Action(StrEnum):
    """What was done."""

    REGISTERED = "registered"
    SIGNED_IN = "signed-in"
    SIGN_IN_BEGUN = "sign-in-begun"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    SESSION_ENDED = "session-ended"
    STEPPED_UP = "stepped-up"
    STEP_UP_REFUSED = "step-up-refused"
    RECORD_READ = "record-read"
    LOG_SEARCHED = "log-searched"
    LOG_EXPORTED = "log-exported"
    STAFF_ADDED = "staff-added"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    RECOVERY_CODES_RENEWED = "recovery-codes-renewed"
    PASSWORD_RESET_REQUESTED = "password-reset-requested"  # noqa: S105 - an act, no secret
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - an act, no secret
    DEVICE_TRUSTED = "device-trusted"
    DEVICE_DISTRUSTED = "device-distrusted"
    STAFF_READ = "staff-read"
    STAFF_CHANGED = "staff-changed"
    STAFF_DEACTIVATED = "staff-deactivated"
    STAFF_ACTIVATED = "staff-activated"
    FACTORS_RESET = "factors-reset"
    UNLOCKED = "unlocked"
    VERIFICATION_RENEWED = "verification-renewed"
    PORTAL_LINKED = "portal-linked"
    PORTAL_UNLINKED = "portal-unlinked"
    VERIFICATION_DECIDED = "verification-decided"
    PROFILE_CHANGED = "profile-changed"
    PROFILE_CHANGE_REFUSED = "profile-change-refused"
    CONSENT_GIVEN = "consent-given"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    ERASURE_REQUESTED = "erasure-requested"
    ERASURE_CANCELLED = "erasure-cancelled"
    DATA_EXPORT_REQUESTED = "data-export-requested"
    DATA_EXPORTED = "data-exported"
    ACCOUNT_CLOSED = "account-closed"
    ACCOUNT_REOPENED = "account-reopened"
    PERSON_ERASED = "person-erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing done. `subject_id` is whose data; None for `actor_id` means nobody proved who they are.

    Its `id` is made by `entry_id`, so that ids sort by time.
    """

    id: UUID
    at: datetime
    subject_id: UUID
    actor_id: UUID | None
    actor_role: Role | None
    action: Action
    service: str
    record: str | None
    purpose: str | None
    outcome: Outcome
    address: str | None
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row as it is kept: what it says, the bytes its digest covers, and the digest."""

    entry: Entry
    parts: tuple[bytes, ...]
    mac: bytes

    def is_intact(self, secret: bytes) -> bool:
        """Whether the row says what was written."""
        return hmac.compare_digest(self.mac, row_mac(self.parts, secret))


class SearchReason(StrEnum):
    """Why an auditor searches. A list and no free text, because a sentence would name people.

    It stands in the address of the search, stays in the log for ever, and is shown to everybody whose rows were found.
    """

    COMPLAINT = "complaint"
    INCIDENT = "incident"
    INSPECTION = "inspection"
    PERSON_ASKED = "person-asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which rows are looked for; None is any. `before_id` continues a list whose last row it was."""

    subject_id: UUID | None = None
    actor_id: UUID | None = None
    action: Action | None = None
    service: str | None = None
    outcome: Outcome | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
    before_id: UUID | None = None


def entry_id(at: datetime, entropy: UUID) -> UUID:
    """An id that sorts by time; of the same `entropy` always the same. Source: RFC 9562, version 7."""
    random_bits = entropy.int & (_RANDOM_HIGH | _RANDOM_LOW)
    return UUID(int=_millis(at) << 80 | 0x7 << 76 | 0b10 << 62 | random_bits)


def first_id(at: datetime) -> UUID:
    """Not greater than any id of that moment, greater than every one before."""
    return UUID(int=_millis(at) << 80)


def row_mac(parts: Sequence[bytes], secret: bytes) -> bytes:
    """The digest of a row: keyed, so that whoever can write the database cannot make one that fits.

    `parts` are id, subject, actor (empty for nobody), action, service, outcome, details, origin; their lengths are covered too.
    """
    return hmac.digest(secret, _LENGTHS.pack(*map(len, parts)) + b"".join(parts), hashlib.sha256)


def _millis(at: datetime) -> int:
    return max(0, (at - _EPOCH) // timedelta(milliseconds=1))
