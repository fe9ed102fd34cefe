"""Read models of others' events. An event that is not newer than what is held changes nothing."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.encryption import FieldCipher
from chassis.mongo import ASCENDING, DESCENDING, Collection, Database, Document, IndexModel, prepare_collection
from chassis.transaction import Transaction
from contracts.roles import Role
from services.applications.domain.facts import OwnedDocument, Practitioner, StaffMember, Verdict
from services.applications.repository.places import Query

PRACTITIONERS = "practitioners"
DOCUMENTS = "known_documents"
STAFF = "staff_members"
CONTACTS = "practitioner_contacts"
PORTAL = "portal_confirmations"
TURNS = "reviewer_turns"
_VERSION = "version"
"""Missing where a record is only a mark of somebody who waits for it."""
_STAFF_MAX = 10_000
_BY_OWNER = IndexModel(
    [("owner_id", ASCENDING), ("document_type", ASCENDING), ("verdict", ASCENDING), ("seen_at", DESCENDING)], name="newest_by_type"
)


class FactsRepository:
    """Practitioners, documents and staff as their owners told."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def prepare(self) -> None:
        """Make the collections and their indexes."""
        await prepare_collection(self._database, PRACTITIONERS)
        await prepare_collection(self._database, DOCUMENTS, indexes=[_BY_OWNER])
        await prepare_collection(self._database, STAFF)
        await prepare_collection(self._database, PORTAL)
        await prepare_collection(self._database, CONTACTS)
        await prepare_collection(self._database, TURNS)

    async def practitioner(self, practitioner_id: UUID, *, tx: Transaction | None = None) -> Practitioner | None:
        """The profile as last confirmed; None before the first verdict."""
        found = await self._database[PRACTITIONERS].find_one({"_id": practitioner_id}, session=tx.session if tx else None)
        if found is None:
            return None
        personal = await self._cipher.decrypt(found["personal"]) if found.get("personal") else {"facts": None}
        facts = personal["facts"] and {**personal["facts"], **await self._newer_contacts(practitioner_id, found["version"], tx)}
        return Practitioner(practitioner_id, found["version"], found["is_verified"], facts, found.get("is_correction_overdue", False))

    async def _newer_contacts(self, practitioner_id: UUID, version: int, tx: Transaction | None) -> dict[str, Any]:
        """Telephone and e-mail that changed after the profile of that version was confirmed."""
        newer = {"_id": practitioner_id, "version": {"$gt": version}}
        found = await self._database[CONTACTS].find_one(newer, session=tx.session if tx else None)
        return {} if found is None else await self._cipher.decrypt(found["personal"])

    async def keep_verified(self, tx: Transaction, practitioner_id: UUID, version: int, facts: dict[str, Any]) -> bool:
        """The registries confirmed these facts; False when something newer is known."""
        personal = await self._cipher.encrypt({"facts": facts})
        changed = {"is_verified": True, "is_correction_overdue": False, "personal": personal, "schema_version": 1}
        return await _keep(self._database[PRACTITIONERS], tx, practitioner_id, version, changed)

    async def keep_unverified(self, tx: Transaction, practitioner_id: UUID, version: int, *, is_overdue: bool = False) -> None:
        """The registries disagree, or have yet to see what changed; the facts confirmed before stay for comparison."""
        changed = {"is_verified": False, "is_correction_overdue": is_overdue, "schema_version": 1}
        await _keep(self._database[PRACTITIONERS], tx, practitioner_id, version, changed)

    async def keep_contacts(self, tx: Transaction, practitioner_id: UUID, version: int, contacts: dict[str, str]) -> bool:
        """How to reach a practitioner from now on; False when something newer is known."""
        changed = {"personal": await self._cipher.encrypt(contacts), "schema_version": 1}
        return await _keep(self._database[CONTACTS], tx, practitioner_id, version, changed)

    async def portal_confirmed_at(self, practitioner_id: UUID, *, tx: Transaction | None = None) -> datetime | None:
        """When the state portal last confirmed the practitioner; None for never."""
        found = await self._database[PORTAL].find_one({"_id": practitioner_id}, session=tx.session if tx else None)
        return None if found is None else found["confirmed_at"]

    async def keep_portal_confirmed(self, tx: Transaction, practitioner_id: UUID, provider: str, at: datetime) -> None:
        """The state portal confirmed the practitioner; the latest time stays."""
        portal, told = self._database[PORTAL], {"provider": provider, "confirmed_at": at, "schema_version": 1}
        held = await portal.find_one({"_id": practitioner_id}, session=tx.session)
        if held is None:
            await portal.insert_one({"_id": practitioner_id, **told}, session=tx.session)
        elif held["confirmed_at"] < at:
            await portal.update_one({"_id": practitioner_id}, {"$set": told}, session=tx.session)

    async def forget(self, tx: Transaction, person_id: UUID) -> None:
        """Remove the person's confirmed profile, their contacts and what is known of their documents."""
        for name in (PRACTITIONERS, PORTAL, CONTACTS):
            await self._database[name].delete_one({"_id": person_id}, session=tx.session)
        await self._database[DOCUMENTS].delete_many(owned(person_id).found(), session=tx.session)

    async def document(self, tx: Transaction, document_id: UUID) -> OwnedDocument | None:
        """One document; None when nobody told about it."""
        found = await self._database[DOCUMENTS].find_one({"_id": document_id}, session=tx.session)
        return None if found is None or _VERSION not in found else _to_document(found)

    async def documents(self, document_ids: Iterable[UUID], *, tx: Transaction | None = None) -> dict[UUID, OwnedDocument]:
        """Those of the documents that are known."""
        ids = list(document_ids)
        cursor = self._database[DOCUMENTS].find({"_id": {"$in": ids}, _VERSION: {"$exists": True}}, session=tx.session if tx else None)
        return {found["_id"]: _to_document(found) for found in await cursor.to_list(len(ids) or 1)}

    async def newest_accepted(self, tx: Transaction, owner_id: UUID, document_types: Iterable[str]) -> dict[str, UUID]:
        """The newest accepted document of each type, for a new form."""
        newest: dict[str, UUID] = {}
        for document_type in document_types:
            query = accepted(owner_id, document_type)
            found = await self._database[DOCUMENTS].find_one(query.found(), sort=query.order, session=tx.session)
            if found is not None:
                newest[document_type] = found["_id"]
        return newest

    async def keep_document(self, tx: Transaction, document: OwnedDocument) -> bool:
        """Keep what documents told; False when something newer is known."""
        changed = {
            "owner_id": document.owner_id,
            "document_type": document.document_type,
            "file_version": document.file_version,
            "verdict": document.verdict.value,
            "sha256": document.sha256,
            "size_bytes": document.size_bytes,
            "media_type": document.media_type,
            "codes": list(document.codes),
            "seen_at": document.seen_at,
            "schema_version": 1,
        }
        return await _keep(self._database[DOCUMENTS], tx, document.id, document.version, changed)

    async def await_documents(self, tx: Transaction, document_ids: Iterable[UUID], application_id: UUID) -> None:
        """Mark documents whose next verdict an application waits for; one nobody told about becomes a mark alone.

        The mark makes this transaction and the one that brings the verdict write the same record, so one of them sees the other. It is
        counted, because setting what is there already writes nothing.
        """
        for document_id in document_ids:
            marked = {"$set": {"awaited_by": application_id}, "$inc": {"awaits": 1}}
            await self._database[DOCUMENTS].update_one({"_id": document_id}, marked, upsert=True, session=tx.session)

    async def staff_member(self, staff_id: UUID, *, tx: Transaction | None = None) -> StaffMember | None:
        """Somebody who works here."""
        found = await self._database[STAFF].find_one({"_id": staff_id}, session=tx.session if tx else None)
        return None if found is None else _to_member(found)

    async def all_staff(self) -> dict[UUID, StaffMember]:
        """Everybody who works here or did, as the watch and the assignment of reviews weigh them."""
        found = await self._database[STAFF].find().limit(_STAFF_MAX).to_list(_STAFF_MAX)
        return {row["_id"]: _to_member(row) for row in found}

    async def given_at(self, reviewer_ids: Iterable[UUID], *, tx: Transaction | None = None) -> dict[UUID, datetime]:
        """When each reviewer was last given an application unasked."""
        found = self._database[TURNS].find({"_id": {"$in": list(reviewer_ids)}}, session=tx.session if tx else None)
        return {row["_id"]: row["at"] async for row in found}

    async def note_given(self, tx: Transaction, reviewer_id: UUID, at: datetime) -> None:
        """The reviewer was given one. It is counted, so that two at the same moment meet in this row."""
        turn = {"$set": {"at": at, "schema_version": 1}, "$inc": {"given": 1}}
        await self._database[TURNS].update_one({"_id": reviewer_id}, turn, upsert=True, session=tx.session)

    async def keep_staff_member(self, tx: Transaction, member: StaffMember) -> None:
        """Keep what identity told."""
        changed = {
            "roles": sorted(role.value for role in member.roles),
            "specialty_codes": sorted(member.specialty_codes),
            "workplace_ogrn": member.workplace_ogrn,
            "schema_version": 1,
        }
        await _keep(self._database[STAFF], tx, member.id, member.version, changed)


def owned(owner_id: UUID) -> Query:
    """All that is known of a person's documents."""
    return Query({"owner_id": owner_id})


def accepted(owner_id: UUID, document_type: str) -> Query:
    """A person's accepted documents of a type, the newest first."""
    equal = {"owner_id": owner_id, "document_type": document_type, "verdict": Verdict.ACCEPTED.value}
    return Query(equal, "seen_at", DESCENDING)


async def _keep(collection: Collection, tx: Transaction, key: UUID, version: int, changed: Document) -> bool:
    held = await collection.find_one({"_id": key}, {_VERSION: True}, session=tx.session)
    if held is None:
        await collection.insert_one({"_id": key, "version": version, **changed}, session=tx.session)
        return True
    if held.get(_VERSION, 0) >= version:
        return False
    await collection.update_one({"_id": key}, {"$set": {"version": version, **changed}}, session=tx.session)
    return True


def _to_document(found: Document) -> OwnedDocument:
    return OwnedDocument(
        id=found["_id"],
        version=found["version"],
        owner_id=found["owner_id"],
        document_type=found["document_type"],
        file_version=found["file_version"],
        verdict=Verdict(found["verdict"]),
        sha256=found["sha256"],
        size_bytes=found["size_bytes"],
        media_type=found["media_type"],
        codes=tuple(found["codes"]),
        seen_at=found["seen_at"],
    )


def _to_member(found: Document) -> StaffMember:
    roles = frozenset(Role(role) for role in found["roles"])
    return StaffMember(found["_id"], found["version"], roles, frozenset(found["specialty_codes"]), found["workplace_ogrn"])
