"""Invented people and the events that make them known; check digits are computed."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from contracts.documents import DocumentAccepted, DocumentReceived, DocumentRejected
from contracts.identity import Employment, Licence, ProfileFacts, ProfileVerified, StaffMemberAdded, Workplace
from contracts.roles import Role

CARDIOLOGY = "31.08.36"
NOW = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)


def snils(first_nine: str = "112233445") -> str:
    total = sum(int(digit) * (9 - place) for place, digit in enumerate(first_nine)) % 101
    return f"{first_nine}{0 if total == 100 else total:02d}"


def inn(first_ten: str = "7707123456") -> str:
    for weights in ((7, 2, 4, 10, 3, 5, 9, 4, 6, 8), (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)):
        first_ten += str(sum(int(digit) * weight for digit, weight in zip(first_ten, weights, strict=True)) % 11 % 10)
    return first_ten


def ogrn(first_twelve: str = "102770013219") -> str:
    return f"{first_twelve}{int(first_twelve) % 11 % 10}"


def facts(**changed: Any) -> ProfileFacts:
    known = {
        "surname": "Вымышленникова",
        "given_name": "Алёна",
        "patronymic": "Тестовна",
        "birth_date": date(1988, 2, 3),
        "birth_place": "г. Примерск",
        "passport_series": "4512",
        "passport_number": "345678",
        "passport_issued_on": date(2010, 3, 4),
        "passport_issued_by": "ОВД города Примерска",
        "snils": snils(),
        "inn": inn(),
        "phone": "+79990001122",
        "email": "alena@example.org",
        "diploma_number": "ВСГ 1234567",
        "qualification": "Врач-кардиолог",
        "specialty_code": CARDIOLOGY,
        "licence": Licence(series="ЛО-77", number="01-000111", holder="organisation", valid_from=date(2020, 1, 1)),
        "workplace": Workplace(organisation="ГБУЗ Пример", ogrn=ogrn(), address="г. Примерск, ул. Первая, 1", department="Кардиология"),
        "employments": (Employment(organisation="ГБУЗ Пример", position="врач", started_on=date(2015, 1, 10)),),
        "training_hours": 160,
    }
    return ProfileFacts(**{**known, **changed})


def verified(practitioner_id: UUID, *, version: int = 1, **changed: Any) -> ProfileVerified:
    return ProfileVerified(occurred_at=NOW, version=version, practitioner_id=practitioner_id, facts=facts(**changed))


def reviewer(staff_id: UUID, *specialties: str, workplace_ogrn: str | None = None) -> StaffMemberAdded:
    return StaffMemberAdded(
        occurred_at=NOW,
        version=1,
        staff_id=staff_id,
        roles=(Role.REVIEWER,),
        specialty_codes=specialties or (CARDIOLOGY,),
        workplace_ogrn=workplace_ogrn,
    )


def registrar(staff_id: UUID, *, workplace_ogrn: str | None = None) -> StaffMemberAdded:
    return reviewer(staff_id, workplace_ogrn=workplace_ogrn).model_copy(update={"roles": (Role.REGISTRAR,), "specialty_codes": ()})


def received(owner_id: UUID, document_type: str, document_id: UUID, *, file_version: int = 1) -> DocumentReceived:
    return DocumentReceived(
        occurred_at=NOW,
        version=file_version * 2 - 1,
        document_id=document_id,
        owner_id=owner_id,
        document_type=document_type,
        file_version=file_version,
        size_bytes=1000,
        media_type="application/pdf",
        sha256=f"{file_version}" * 64,
    )


def accepted(owner_id: UUID, document_type: str, document_id: UUID | None = None, *, file_version: int = 1) -> DocumentAccepted:
    return DocumentAccepted(
        occurred_at=NOW,
        version=file_version * 2,
        document_id=document_id or uuid4(),
        owner_id=owner_id,
        document_type=document_type,
        file_version=file_version,
        size_bytes=1000,
        media_type="application/pdf",
        sha256=f"{file_version}" * 64,
        received_at=NOW,
    )


def rejected(owner_id: UUID, document_type: str, document_id: UUID, *, file_version: int = 1) -> DocumentRejected:
    return DocumentRejected(
        occurred_at=NOW,
        version=file_version * 2,
        document_id=document_id,
        owner_id=owner_id,
        document_type=document_type,
        file_version=file_version,
        codes=("not-sharp",),
    )


REQUIRED = ("diploma", "licence", "training-certificate", "gosuslugi-confirmation")
CONSENT = {"personal_data": True, "accuracy": True}
