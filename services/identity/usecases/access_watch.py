"""Watching the access log for suspicious patterns, row by row as they are sealed: each once, and no request waits for it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chassis.transaction import Transaction
from contracts.identity import BulkReadingDetected, SecurityAlertKind, SecurityAlertRaised
from services.identity.domain.access_log import Action, Entry
from services.identity.domain.access_proof import StoredRow
from services.identity.domain.access_watch import Recent, Watched, WatchPolicy, device_family
from services.identity.gateways.hashing import Secrets
from services.identity.repository.access_log import AccessLogRepository
from services.identity.repository.access_watch import AccessWatchRepository

_WATCHED = {action.value.encode() for action in (Action.SIGNED_IN, Action.SIGN_IN_REFUSED, Action.RECORD_READ)}
_ACTION = 3


@dataclass(frozen=True, slots=True)
class AccessWatch:
    """Raises alerts within the transaction that seals the rows they come from."""

    log: AccessLogRepository
    memory: AccessWatchRepository
    secrets: Secrets
    policy: WatchPolicy

    async def look(self, tx: Transaction, rows: Sequence[StoredRow]) -> None:
        """At every row about to be sealed."""
        seen = _Memory(tx, self.memory)
        for row in rows:
            if row.parts is not None and bytes(row.parts[_ACTION]) in _WATCHED:
                await self._look(tx, seen, self.log.entry_of(row.parts))
        await self.memory.save(tx, list(seen.changed.values()))

    async def _look(self, tx: Transaction, seen: "_Memory", entry: Entry) -> None:
        if entry.action is Action.SIGN_IN_REFUSED:
            await self._refused(tx, seen, entry)
        elif entry.action is Action.SIGNED_IN:
            await self._signed_in(tx, seen, entry)
        elif entry.actor_id is not None and entry.actor_id != entry.subject_id:
            await self._has_read(tx, seen, entry)

    async def _refused(self, tx: Transaction, seen: "_Memory", entry: Entry) -> None:
        policy, known = self.policy, await seen.get(Watched.REFUSALS.key_of(entry.subject_id))
        known, is_reached = known.added(str(entry.id), entry.at, window=policy.refusal_window, limit=policy.refusals)
        seen.changed[known.key] = known
        if is_reached:
            await self._alert(tx, entry, SecurityAlertKind.MANY_REFUSALS)

    async def _signed_in(self, tx: Transaction, seen: "_Memory", entry: Entry) -> None:
        policy, known = self.policy, await seen.get(Watched.DEVICES.key_of(entry.subject_id))
        device = self.secrets.digest("watched-device", str(entry.subject_id), device_family(entry.device)).hex()
        known, is_strange = known.used(device, entry.at, keep=policy.device_keep, limit=policy.devices)
        seen.changed[known.key] = known
        if is_strange:
            await self._alert(tx, entry, SecurityAlertKind.NEW_DEVICE)

    async def _has_read(self, tx: Transaction, seen: "_Memory", entry: Entry) -> None:
        policy, known = self.policy, await seen.get(Watched.READING.key_of(entry.actor_id))
        known, is_reached = known.added(str(entry.subject_id), entry.at, window=policy.reading_window, limit=policy.people)
        seen.changed[known.key] = known
        if is_reached and entry.actor_id is not None and entry.actor_role is not None:
            window = int(policy.reading_window.total_seconds())
            who = {"reader_id": entry.actor_id, "reader_role": entry.actor_role.value}
            await tx.publish(BulkReadingDetected(occurred_at=entry.at, people=policy.people, window_seconds=window, **who))

    async def _alert(self, tx: Transaction, entry: Entry, kind: SecurityAlertKind) -> None:
        await tx.publish(SecurityAlertRaised(occurred_at=entry.at, person_id=entry.subject_id, kind=kind))


@dataclass(slots=True)
class _Memory:
    """Reads each document once, however many rows are about the same person."""

    tx: Transaction
    memory: AccessWatchRepository
    changed: dict[str, Recent] = field(default_factory=dict)

    async def get(self, key: str) -> Recent:
        return self.changed.get(key) or await self.memory.get(self.tx, key)
