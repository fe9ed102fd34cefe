"""The access log: who did what with whose data. One hash chain per person concerned, so a changed or missing row shows."""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from contracts.roles import Role

GENESIS = bytes(32)


class Action(StrEnum):
    """What was done."""

    REGISTERED = "registered"
    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    SIGNED_OUT = "signed-out"
    SESSION_ENDED = "session-ended"
    STEPPED_UP = "stepped-up"
    STEP_UP_REFUSED = "step-up-refused"
    RECORD_READ = "record-read"
    STAFF_ADDED = "staff-added"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    RECOVERY_CODES_RENEWED = "recovery-codes-renewed"
    PASSWORD_RESET_REQUESTED = "password-reset-requested"  # noqa: S105 - an act, no secret
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - an act, no secret
    DEVICE_TRUSTED = "device-trusted"
    DEVICE_DISTRUSTED = "device-distrusted"
    VERIFICATION_RENEWED = "verification-renewed"
    PORTAL_LINKED = "portal-linked"
    PORTAL_UNLINKED = "portal-unlinked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing done. `subject_id` is whose data; None for `actor_id` means nobody proved who they are."""

    id: UUID
    at: datetime
    subject_id: UUID
    actor_id: UUID | None
    actor_role: Role | None
    action: Action
    service: str
    record: str | None
    purpose: str | None
    outcome: Literal["allowed", "refused"]
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainedEntry:
    """An entry in its place: numbered from 1 within the chain of its subject, its hash covering the one before."""

    entry: Entry
    sequence: int
    previous: bytes
    digest: bytes


def chain(entry: Entry, *, sequence: int, previous: bytes, secret: bytes) -> ChainedEntry:
    """The entry in its place. Keyed, so that whoever can write the database cannot make a chain that fits."""
    body = {"sequence": sequence, "previous": previous.hex(), **asdict(entry)}
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    digest = hmac.new(secret, canonical.encode(), hashlib.sha256).digest()
    return ChainedEntry(entry=entry, sequence=sequence, previous=previous, digest=digest)


def first_break(rows: Iterable[ChainedEntry], *, head: tuple[int, bytes], secret: bytes) -> int | None:
    """The sequence at which a chain read in order stops being what was written; None for a whole one. `head` is the last known place."""
    sequence, previous = 0, GENESIS
    for row in rows:
        sequence += 1
        expected = chain(row.entry, sequence=sequence, previous=previous, secret=secret)
        if (row.sequence, row.previous) != (sequence, previous) or not hmac.compare_digest(row.digest, expected.digest):
            return sequence
        previous = row.digest
    return None if (sequence, previous) == head else sequence + 1


def _plain(value: object) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)
