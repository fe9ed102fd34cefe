"""Bodies of a person's rights over their own data."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.identity.domain.consents import in_force
from services.identity.domain.erasure import Erasure, ErasureState, Standing
from services.identity.domain.exports import SOURCES, DataExport
from services.identity.domain.registration import Consent
from services.identity.schemas.base import In, Secret
from services.identity.usecases.consents import ConsentView

_GROUNDS = {
    Standing.OPEN: "Заявление {number} ещё рассматривается.",
    Standing.REJECTED: "По заявлению {number} отказано, его материалы нужно хранить.",
    Standing.WITHDRAWN: "Заявление {number} отозвано, его материалы нужно хранить.",
    Standing.CERTIFIED: "По заявлению {number} выдан сертификат, его материалы нужно хранить.",
}


class ConsentOut(BaseModel):
    """Agreement to one version of a document."""

    document: str
    version: str
    given_at: datetime
    address: str | None
    withdrawn_at: datetime | None
    is_in_force: bool


class ConsentDueOut(BaseModel):
    """A document whose version the person is to be asked for."""

    document: str
    version: str

    @classmethod
    def all_of(cls, due: Mapping[str, str]) -> "list[ConsentDueOut]":
        """Every one of them."""
        return [cls(document=document, version=version) for document, version in due.items()]


class ConsentsOut(BaseModel):
    """Every consent ever given, oldest first, what is asked for now, and the request to erase that a withdrawal began.

    `cancelled_erasure_request_id` is that request again, once giving the consent anew has ended it.
    """

    items: list[ConsentOut]
    due: list[ConsentDueOut]
    erasure_request_id: UUID | None
    cancelled_erasure_request_id: UUID | None

    @classmethod
    def of(cls, view: ConsentView) -> "ConsentsOut":
        """The answer."""

        def shown(consent: Consent) -> ConsentOut:
            return ConsentOut(
                document=consent.document,
                version=consent.version,
                given_at=consent.given_at,
                address=consent.address,
                withdrawn_at=consent.withdrawn_at,
                is_in_force=in_force(view.consents, consent.document) is consent,
            )

        return cls(
            items=[shown(consent) for consent in view.consents],
            due=ConsentDueOut.all_of(view.due),
            erasure_request_id=view.erasure.id if view.erasure else None,
            cancelled_erasure_request_id=view.cancelled.id if view.cancelled else None,
        )


class ExportPartOut(BaseModel):
    """One service's part of an export."""

    service: str
    is_here: bool


class ExportOut(BaseModel):
    """An export of one's own data; the file can be downloaded once it is ready. `missing` names services that did not answer in time."""

    id: UUID
    requested_at: datetime
    ready_at: datetime | None
    expires_at: datetime
    parts: list[ExportPartOut]
    missing: list[str]

    @classmethod
    def of(cls, export: DataExport) -> "ExportOut":
        """The answer."""
        missing = export.missing
        return cls(
            id=export.id,
            requested_at=export.requested_at,
            ready_at=export.ready_at,
            expires_at=export.expires_at,
            parts=[ExportPartOut(service=name, is_here=name not in missing) for name in SOURCES],
            missing=list(missing) if export.ready_at is not None else [],
        )


class ErasureIn(In):
    """The wish to be erased. `closes_account`: where the law makes us keep the account, nobody may sign in to it meanwhile."""

    password: Secret
    closes_account: bool = False


class GroundOut(BaseModel):
    """Why something is kept, and until when; `until` is None while the application is open."""

    application_number: str
    detail: str
    until: datetime | None


class ErasureOut(BaseModel):
    """A request to be erased: when it is carried out (None while an open application holds everything) and what holds it."""

    id: UUID
    state: ErasureState
    requested_at: datetime
    due_at: datetime | None
    ended_at: datetime | None
    grounds: list[GroundOut]
    source: str | None

    @classmethod
    def of(cls, erasure: Erasure, *, source: str) -> "ErasureOut":
        """The answer; `source` is the ground of the terms."""
        grounds = [
            GroundOut(
                application_number=ground.number,
                detail=_GROUNDS[ground.standing].format(number=ground.number),
                until=ground.until,
            )
            for ground in erasure.grounds
        ]
        return cls(
            id=erasure.id,
            state=erasure.state,
            requested_at=erasure.requested_at,
            due_at=erasure.due_at,
            ended_at=erasure.ended_at,
            grounds=grounds,
            source=source if grounds else None,
        )


class ErasuresOut(BaseModel):
    """The caller's last requests, newest first."""

    items: list[ErasureOut]
