"""Collecting everything that is known of a person: identity asks by one event, every service answers with sealed pieces."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4

from chassis.exports import PORTION, every, in_portions, pieces
from chassis.transaction import Begin, Transaction, atomic
from contracts.exports import DataExportPiece
from contracts.identity import DataExportReady, DataExportRequested, DataExportTermReached
from contracts.roles import Role
from services.identity.domain.access_log import Action
from services.identity.domain.exports import SOURCES, DataExport, ExportNotReady, ExportUnderWay, check_pace
from services.identity.domain.versions import ProfileVersion
from services.identity.repository.encoding import plain
from services.identity.repository.exports import ExportRepository
from services.identity.repository.factors import FactorRepository
from services.identity.repository.people import PersonRepository
from services.identity.repository.portal import PortalLinkRepository
from services.identity.repository.profiles import ProfileVersionRepository
from services.identity.repository.sessions import SessionRepository
from services.identity.usecases.access import AccessUseCases, Origin

R = TypeVar("R")
_LINKS = 100
"""One for each provider."""
_SECRET = frozenset({"password_hash", "token_digest", "used_digests", "subject_digest", "secret", "digest", "hash", "codes", "public_key"})


@dataclass(frozen=True, slots=True)
class ExportTerms:
    """How long parts are waited for, how long the file is kept, and how many a person may begin an hour."""

    wait: timedelta
    keep: timedelta
    an_hour: int


@dataclass(frozen=True, slots=True)
class Sources:
    """What identity itself knows of a person."""

    people: PersonRepository
    versions: ProfileVersionRepository
    sessions: SessionRepository
    factors: FactorRepository
    portal_links: PortalLinkRepository


@dataclass(frozen=True, slots=True)
class ExportUseCases:
    """From the request to the file."""

    begin: Begin
    exports: ExportRepository
    sources: Sources
    access: AccessUseCases
    terms: ExportTerms
    now: Callable[[], datetime]

    @atomic
    async def request(self, person_id: UUID, origin: Origin) -> DataExport:
        """Begin to collect. Raises `ExportUnderWay`, `TooManyExports`."""
        at = self.now()
        async with self.begin() as tx:
            known = await self.exports.open_of(tx, person_id)
            if known is not None:
                raise ExportUnderWay("Копия данных уже собирается.", export_id=str(known.id))
            check_pace(await self.exports.last_requests(tx, person_id, limit=self.terms.an_hour), at, an_hour=self.terms.an_hour)
            fresh = DataExport(id=uuid4(), person_id=person_id, requested_at=at, expires_at=at + self.terms.keep, parts={})
            export = await self.exports.add(tx, fresh)
            await tx.publish(DataExportRequested(occurred_at=at, person_id=person_id, export_id=export.id))
            term = DataExportTermReached(occurred_at=at, export_id=export.id)
            await tx.schedule(_term_key(export.id), at + self.terms.wait, term)
            await self._note(tx, Action.DATA_EXPORT_REQUESTED, export, origin)
        return export

    @atomic
    async def get(self, export_id: UUID, *, person_id: UUID) -> DataExport:
        """Raises `NoSuchExport`."""
        async with self.begin() as tx:
            return await self.exports.get(tx, export_id, person_id=person_id, at=self.now())

    @atomic
    async def answer(self, event: DataExportRequested) -> None:
        """Identity's own part."""
        if await self._find(event.export_id) is not None:
            parts = await pieces(self._own(event.person_id))
            for portion in in_portions(tuple(enumerate(parts, 1))):
                await self._keep_own(event.export_id, portion)
            await self._finish_own(event, len(parts))

    @atomic
    async def _find(self, export_id: UUID) -> DataExport | None:
        async with self.begin(is_last=False) as tx:
            return await self.exports.find(tx, export_id)

    @atomic
    async def _keep_own(self, export_id: UUID, portion: Sequence[tuple[int, str]]) -> None:
        """Only so many pieces in one transaction: it must not grow with what is known of a person."""
        async with self.begin(is_last=False) as tx:
            export = await self.exports.find(tx, export_id)
            if export is not None:
                for number, content in portion:
                    await self.exports.keep_piece(tx, export, "identity", number, content)

    @atomic
    async def _finish_own(self, event: DataExportRequested, count: int) -> None:
        async with self.begin(handling=event) as tx:
            export = await self.exports.find(tx, event.export_id)
            if export is not None:
                for number in range(1, count + 1):
                    export = export.with_piece("identity", number, count)
                await self._keep(tx, export)

    @atomic
    async def keep(self, event: DataExportPiece) -> None:
        """A piece of another service's part."""
        async with self.begin(handling=event) as tx:
            export = await self.exports.find(tx, event.export_id)
            if export is None or export.person_id != event.person_id or event.number > event.count:
                return
            await self.exports.keep_piece(tx, export, event.publisher, event.number, event.content)
            await self._keep(tx, export.with_piece(event.publisher, event.number, event.count))

    @atomic
    async def end_wait(self, event: DataExportTermReached) -> None:
        """Offer what is there; what is missing is named."""
        async with self.begin(handling=event) as tx:
            export = await self.exports.find(tx, event.export_id)
            if export is not None and export.ready_at is None:
                await self._offer(tx, export)

    async def file(self, export_id: UUID, *, person_id: UUID, origin: Origin) -> AsyncIterator[bytes]:
        """One JSON document, piece by piece. Raises `NoSuchExport`, `ExportNotReady`."""
        return self._stream(await self._opened(export_id, person_id, origin))

    @atomic
    async def _opened(self, export_id: UUID, person_id: UUID, origin: Origin) -> DataExport:
        async with self.begin() as tx:
            export = await self.exports.get(tx, export_id, person_id=person_id, at=self.now())
            if export.ready_at is None:
                raise ExportNotReady("Копия данных ещё собирается. Мы сообщим, когда она будет готова.")
            await self._note(tx, Action.DATA_EXPORTED, export, origin)
        return export

    async def _stream(self, export: DataExport) -> AsyncIterator[bytes]:
        head = {"export_id": str(export.id), "requested_at": export.requested_at.isoformat(), "missing": list(export.missing)}
        yield json.dumps(head)[:-1].encode() + b', "parts": {'
        for index, service in enumerate(SOURCES):
            yield f"{', ' if index else ''}{json.dumps(service)}: [".encode()
            is_first = True
            async for content in self.exports.pieces(export.id, service):
                records = content[1:-1]
                if records:
                    yield (records if is_first else f",{records}").encode()
                    is_first = False
            yield b"]"
        yield b"}}"

    async def _keep(self, tx: Transaction, export: DataExport) -> None:
        if export.missing or export.ready_at is not None:
            await self.exports.save(tx, export)
        else:
            await self._offer(tx, export)

    async def _offer(self, tx: Transaction, export: DataExport) -> None:
        at = self.now()
        export = await self.exports.save(tx, export.ready(at))
        await tx.cancel(_term_key(export.id))
        ready = DataExportReady(
            occurred_at=at, person_id=export.person_id, export_id=export.id, expires_at=export.expires_at, missing=export.missing
        )
        await tx.publish(ready)

    async def _own(self, person_id: UUID) -> AsyncIterator[dict[str, Any]]:
        """All that identity knows, read in portions."""
        sources = self.sources
        yield _shown("account", await self._read(lambda tx: sources.people.get(tx, person_id)))
        async for version in every(partial(self._versions_behind, person_id)):
            yield _shown("profile-version", version)
        async for session in sources.sessions.each_not_ended(person_id, portion=PORTION):
            yield _shown("session", session)
        yield _shown("factors", await self._read(lambda tx: sources.factors.get(tx, person_id)))
        for link in await self._read(lambda tx: sources.portal_links.all_of(tx, person_id, limit=_LINKS)):
            yield _shown("portal-link", link)
        async for entry in self.access.of(person_id, portion=PORTION):
            yield _shown("access", entry)

    async def _versions_behind(self, person_id: UUID, last: ProfileVersion | None) -> list[ProfileVersion]:
        before = None if last is None else last.number
        return await self._read(lambda tx: self.sources.versions.page(tx, person_id, limit=PORTION, before=before))

    @atomic
    async def _read(self, read: Callable[[Transaction], Awaitable[R]]) -> R:
        async with self.begin(is_last=False) as tx:
            return await read(tx)

    async def _note(self, tx: Transaction, action: Action, export: DataExport, origin: Origin) -> None:
        role, record = Role.PRACTITIONER, f"data-export:{export.id}"
        await self.access.note(tx, action, export.person_id, actor_id=export.person_id, actor_role=role, origin=origin, record=record)


def _shown(kind: str, value: Any) -> dict[str, Any]:
    return {"kind": kind, **_open(plain(value))}


def _open(value: Any) -> Any:
    """Without secrets and their hashes, and whatever is bytes."""
    if isinstance(value, dict):
        return {name: _open(item) for name, item in value.items() if name not in _SECRET and not isinstance(item, bytes)}
    if isinstance(value, list):
        return [_open(item) for item in value if not isinstance(item, bytes)]
    return value


def _term_key(export_id: UUID) -> str:
    """The timer of an export."""
    return f"data-export:{export_id}"
