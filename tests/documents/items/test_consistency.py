"""Documents are read and compared with the profile of whoever sent them."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID

import pytest
from typer.testing import CliRunner

from contracts.documents import CheckRequested, DocumentAccepted, DocumentRejected
from contracts.identity import Licence, PersonErased, ProfileChanged, ProfileFacts, ProfileVerified, Workplace
from deploy.cli.main import app
from deploy.journey import files
from deploy.journey import people as invented
from deploy.journey.files import File
from services.documents.domain.rules import RULES_VERSION, MediaType
from tests.documents import samples
from tests.documents.person import Person
from tests.support import eventually

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
INVENTED = invented.invent_person("consistency", today=date(2026, 11, 23))
SOMEBODY_ELSE = invented.invent_person("somebody else", today=date(2026, 11, 23))
NAMES = {"surname": SOMEBODY_ELSE.surname, "given_name": SOMEBODY_ELSE.given_name, "patronymic": SOMEBODY_ELSE.patronymic}
WARNED_UNTIL_THEN = ["profile-not-verified"]


def facts_of(person: invented.Person, **changes: Any) -> ProfileFacts:
    own = {name: getattr(person, name) for name in ProfileFacts.model_fields if name not in {"licence", "workplace", "employments"}}
    return ProfileFacts(**{**own, "licence": Licence(**person.licence), "workplace": Workplace(**person.workplace)} | changes)


@dataclass
class Doctor:
    """Somebody with an account and, once it is verified, a profile."""

    person: Person
    version: int = 0

    async def verified(self, **changes: Any) -> None:
        """Identity tells so, and documents knows."""
        self.version += 1
        told = facts_of(INVENTED, **changes)
        await self.person.service.publish(
            ProfileVerified(occurred_at=NOW, version=self.version, practitioner_id=self.person.id, facts=told)
        )
        await self._known()

    async def changed(self) -> None:
        """The profile is other and nobody confirmed it yet."""
        self.version += 1
        more: dict[str, Any] = {"profile_version": self.version, "fields": ("/surname",), "confirmed_by": "sms", "is_to_be_verified": True}
        await self.person.service.publish(ProfileChanged(occurred_at=NOW, version=self.version, practitioner_id=self.person.id, **more))
        await self._known()

    async def _known(self) -> None:
        async def is_known() -> bool:
            profile = await self.person.service.database["profiles"].find_one({"_id": self.person.id})
            return profile is not None and profile["version"] == self.version

        await eventually(is_known)

    async def sent(self, document_type: str, file: File) -> dict[str, Any]:
        """The document once there is a verdict."""
        answer = await self.person.upload(file.content, document_type, **self.person.upload_headers(file.name, file.media_type))
        assert answer.status_code == 202, answer.text
        return await self.person.decided(answer.json()["document_id"])

    async def stands(self, document: dict[str, Any], state: str, codes: list[str]) -> dict[str, Any]:
        """Once the verdict over the document is this one."""

        async def check() -> dict[str, Any] | None:
            found = await self.person.document(document["document_id"])
            return found if (found["state"], codes_of(found)) == (state, codes) else None

        return await eventually(check, timeout=30)

    async def read_at(self, document: dict[str, Any]) -> datetime:
        """When its text was read."""
        case = await self.person.service.database["checks"].find_one({"document_id": UUID(document["document_id"])})
        assert case is not None
        return next(cast("datetime", result["at"]) for result in case["results"] if result["step"] == "text")


def codes_of(document: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in (*document["file"]["findings"], *document["file"]["warnings"])]


@pytest.fixture
def doctor(person: Person) -> Doctor:
    return Doctor(person)


async def test_do_5_own_papers_are_accepted_and_somebody_else_s_refused_by_the_field(doctor: Doctor) -> None:
    await doctor.verified()
    own = await asyncio.gather(
        doctor.sent("diploma", files.diploma(INVENTED)),
        doctor.sent("licence", files.licence(INVENTED)),
        doctor.sent("training-certificate", files.training_certificate(INVENTED)),
        doctor.sent("gosuslugi-confirmation", files.gosuslugi_confirmation(INVENTED)),
        doctor.sent("snils", files.snils_scan(INVENTED)),
    )
    assert [(one["state"], codes_of(one)) for one in own] == [("accepted", [])] * len(own)
    others = await asyncio.gather(
        doctor.sent("diploma", files.diploma(SOMEBODY_ELSE)), doctor.sent("training-certificate", files.training_certificate(SOMEBODY_ELSE))
    )
    assert [(one["state"], codes_of(one)) for one in others] == [
        ("rejected", ["name-differs", "diploma-number-differs", "birth-date-differs"]),
        ("rejected", ["name-differs", "birth-date-differs"]),
    ]
    shown = others[0]["file"]["findings"][0]["detail"]
    assert shown.startswith("«Диплом о высшем медицинском образовании»: фамилия, имя или отчество не те, что в профиле. Загрузите")


async def test_do_5_a_number_off_by_one_is_refused_and_what_cannot_be_read_is_for_the_reviewer(doctor: Doctor) -> None:
    number = INVENTED.licence["number"]
    await doctor.verified(licence=Licence(**INVENTED.licence | {"number": number[:-1] + str((int(number[-1]) + 1) % 10)}))
    off_by_one = await doctor.sent("licence", files.licence(INVENTED))
    assert (off_by_one["state"], codes_of(off_by_one)) == ("rejected", ["licence-number-differs"])
    unreadable = await doctor.sent("diploma", File("Диплом.jpg", MediaType.JPEG.value, samples.jpeg()))
    assert (unreadable["state"], codes_of(unreadable)) == ("accepted", ["text-unreadable"])
    assert "прочитать не удалось" in unreadable["file"]["warnings"][0]["detail"]


async def test_do_5_a_scan_from_before_the_profile_is_compared_once_it_is_verified_and_read_once(doctor: Doctor) -> None:
    own, other = await asyncio.gather(
        doctor.sent("passport", files.passport_scan(INVENTED)), doctor.sent("snils", files.snils_scan(SOMEBODY_ELSE))
    )
    assert [(one["state"], codes_of(one)) for one in (own, other)] == [("accepted", WARNED_UNTIL_THEN)] * 2
    before = [await doctor.read_at(one) for one in (own, other)]
    await doctor.verified()
    await doctor.stands(own, "accepted", [])
    await doctor.stands(other, "rejected", ["name-differs", "snils-differs", "birth-date-differs"])
    assert [await doctor.read_at(one) for one in (own, other)] == before
    tap = doctor.person.service.tap
    told = await tap.next(DocumentAccepted, where=lambda one: str(one.document_id) == own["document_id"] and one.was_accepted)
    assert told.warnings == ()
    await tap.next(DocumentRejected, where=lambda one: str(one.document_id) == other["document_id"])


async def test_do_5_a_changed_profile_is_compared_with_what_was_accepted_before(doctor: Doctor) -> None:
    await doctor.verified()
    diploma, passport = await asyncio.gather(
        doctor.sent("diploma", files.diploma(INVENTED)), doctor.sent("snils", files.snils_scan(INVENTED))
    )
    await doctor.changed()
    await doctor.verified(surname=SOMEBODY_ELSE.surname + "х")
    await doctor.stands(diploma, "accepted", ["surname-differs"])
    await doctor.stands(passport, "rejected", ["name-differs"])
    await doctor.verified()
    await asyncio.gather(doctor.stands(diploma, "accepted", []), doctor.stands(passport, "accepted", []))


async def test_do_5_what_was_read_cannot_be_read_in_the_store_and_goes_with_its_owner(doctor: Doctor) -> None:
    await doctor.verified()
    await doctor.sent("diploma", files.diploma(INVENTED))
    readings = doctor.person.service.database["readings"]
    kept = await readings.find_one({"owner_id": doctor.person.id})
    assert kept is not None
    assert kept["source"] == "text-layer"
    assert not any(word in str(kept) for word in (INVENTED.surname, INVENTED.given_name, INVENTED.diploma_number))
    await doctor.person.service.publish(PersonErased(occurred_at=NOW, person_id=doctor.person.id))

    async def is_gone() -> bool:
        return await readings.find_one({"owner_id": doctor.person.id}) is None

    await eventually(is_gone)


async def test_do_5_files_judged_by_older_rules_are_judged_by_the_present_ones_on_demand(
    doctor: Doctor, service_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await doctor.verified()
    diploma = await doctor.sent("diploma", files.diploma(INVENTED))
    mine = {"document_id": UUID(diploma["document_id"])}
    checks = doctor.person.service.database["checks"]
    await checks.update_one(mine, {"$unset": {"rules_version": ""}, "$pull": {"results": {"step": {"$in": ["text", "consistency"]}}}})
    for name, value in service_env.items():
        monkeypatch.setenv(name, value)
    asked = await asyncio.to_thread(CliRunner().invoke, app, ["documents", "recheck", "--outdated"])
    assert asked.exit_code == 0, asked.stderr
    told = await doctor.person.service.tap.next(
        CheckRequested, where=lambda one: (one.document_id, one.reason) == (mine["document_id"], "rules")
    )
    assert told.steps == ("text", "consistency")

    async def is_judged() -> bool:
        case = await checks.find_one(mine)
        return (
            case is not None
            and case.get("rules_version") == RULES_VERSION
            and {"text", "consistency"} <= {one["step"] for one in case["results"]}
        )

    await eventually(is_judged, timeout=30)
    for unclear in ([], ["--outdated", "--step", "text"]):
        refused = await asyncio.to_thread(CliRunner().invoke, app, ["documents", "recheck", *unclear])
        assert refused.exit_code == 2
