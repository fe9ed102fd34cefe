"""Accounts and what they say of a person: registration, verification, profile, its changes, the registries behind it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from contracts.identity import (
    CorrectionDueSoon,
    CorrectionOverdue,
    PractitionerRegistered,
    ProfileChanged,
    ProfileRefused,
    ProfileVerified,
    VerificationEscalated,
)
from services.identity.domain.verification import Registry
from tests.identity import people
from tests.identity.conftest import running_identity
from tests.identity.provider import HostileProvider
from tests.identity.registries import FakeRegistries
from tests.identity.signing import Bureau
from tests.identity.visitor import Visitor
from tests.identity.walk import Json, Walk
from tests.support import Component, Infra, Signer, eventually

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SILENT = 503
MOSCOW, CALENDAR = ZoneInfo("Europe/Moscow"), country_holidays("RU")
WRONG_LICENCE = {"outcome": "mismatch", "fields": [{"field": "licence.number", "code": "does-not-match"}]}


async def test_id_1_registration_in_steps_resumes_by_phone(identity: Component, signer: Signer) -> None:
    first = await Walk(identity).begin()
    await first.ask("PUT", f"{first.path}/passport", people.passport())
    failed = await first.send("PUT", f"{first.path}/snils", {"snils": "112-233-445 96"})
    assert (failed.status_code, failed.json()["errors"][0]["pointer"]) == (422, "/snils")

    walk = await Walk(identity, phone=first.phone, inn=None).begin()
    assert walk.registration_id == first.registration_id, "another browser needs the telephone alone"

    async def done() -> set[str]:
        return {step["name"] for step in (await walk.ask("GET", walk.path))["steps"] if step["is_done"]}

    assert await done() == {"phone", "passport"}
    await walk.fill(scans=False)
    early = await walk.send("POST", f"{walk.path}/completion")
    assert (early.status_code, early.json()["missing"]) == (409, ["scans"])
    await walk.bring_scans()
    assert await done() == {"phone", "passport", "snils", "profile", "email", "password", "scans", "consents"}
    practitioner_id = await walk.complete()

    visitor = await Visitor(walk, signer).sign_in(walk.email)
    assert visitor.id == practitioner_id
    assert (await visitor.next(PractitionerRegistered)).version == 1
    assert (await visitor.ask("GET", "/profile"))["inn"] is None
    consents = (await visitor.ask("GET", "/consents"))["items"]
    assert [(one["document"], one["version"], one["address"]) for one in consents] == [
        ("terms", "1", "127.0.0.1"),
        ("personal-data", "1", "127.0.0.1"),
    ]
    assert all(identity.clock.now() - datetime.fromisoformat(one["given_at"]) < MINUTE for one in consents)


async def next_attempt(identity: Component, person_id: UUID, after: datetime | None = None) -> datetime:
    """When the registries are asked again, as it stands once an attempt after that moment has failed."""

    async def planned() -> datetime | None:
        row = await identity.database["timers"].find_one({"_id": f"verification:{person_id}"})
        return row["due_at"] if row is not None and (after is None or row["due_at"] > after) else None

    return await eventually(planned)


async def test_id_2_a_silent_registry_delays_for_a_day_then_comes_to_an_administrator(
    identity: Component, registries: FakeRegistries, signer: Signer
) -> None:
    """Asked again after a minute, then ever later; 24 h after the request it is a person's turn."""
    registries.answers["inn"] = SILENT
    begun_at = identity.clock.now()
    visitor = await Visitor.registered(identity, signer)
    first = await next_attempt(identity, visitor.id)
    assert MINUTE / 2 < first - begun_at < 2 * MINUTE
    assert (await visitor.ask("GET", "/profile"))["status"] == "awaiting-verification"
    registries.asked.clear()
    identity.clock.move(first - identity.clock.now() + SECOND)
    second = await next_attempt(identity, visitor.id, after=first)
    assert second - first > first - begun_at, "ever later"
    identity.clock.move(begun_at + DAY - MINUTE - identity.clock.now())
    last = await next_attempt(identity, visitor.id, after=second)
    assert visitor.told(VerificationEscalated) == []
    assert abs(last - begun_at - DAY) < MINUTE
    identity.clock.move(2 * MINUTE)
    assert (await visitor.next(VerificationEscalated)).registries == ("inn",)
    assert {name for name, given in registries.asked if given.get("snils") == visitor.walk.snils} <= {"inn"}

    administrator = await Visitor.member(identity, signer, "administrator")
    queue = (await administrator.ask("GET", "/verifications"))["items"]
    assert str(visitor.id) in {item["practitioner_id"] for item in queue}
    registries.answers.clear()
    await administrator.ask("POST", f"/verifications/{visitor.id}/requests")
    assert (await visitor.next(ProfileVerified)).facts.inn == visitor.walk.inn


async def test_id_2_each_mismatching_field_is_told_with_what_to_do(identity: Component, registries: FakeRegistries, signer: Signer) -> None:
    registries.answers |= {"licences": WRONG_LICENCE}
    registries.answers |= {"diplomas": {"outcome": "mismatch", "fields": [{"field": "diploma_number", "code": "does-not-match"}]}}
    visitor = await Visitor.registered(identity, signer)
    refused = await visitor.next(ProfileRefused)
    assert {wrong.field for wrong in refused.mismatches} == {"licence.number", "diploma_number"}
    shown = await visitor.ask("GET", "/profile")
    advice = {wrong["field"]: wrong["advice"] for wrong in shown["verification"]["mismatches"]}
    assert shown["status"] == "refused"
    assert len(set(advice.values())) == 2
    assert visitor.told(ProfileVerified) == [], "only who is verified may apply"


async def test_id_8_the_profile_holds_what_is_asked_for_and_no_wrong_digit(visitor: Visitor) -> None:
    await visitor.next(ProfileVerified)
    shown = await visitor.ask("GET", "/profile")
    practice = shown["practice"]
    assert (shown["surname"], shown["given_name"], shown["patronymic"]) == ("Березнеговская", "Евстолия", "Мефодиевна")
    assert (shown["snils"], shown["inn"], shown["phone"], shown["email"]) == (
        visitor.walk.snils,
        visitor.walk.inn,
        visitor.walk.phone,
        visitor.walk.email,
    )
    assert shown["passport"].keys() >= {"series", "number", "issued_on", "issued_by"}
    assert practice.keys() >= {"birth_date", "birth_place", "diploma_number", "qualification", "specialty_code", "licence", "employments"}
    assert practice["licence"].keys() >= {"series", "number", "holder", "valid_from", "valid_until"}
    assert practice["workplace"].keys() >= {"organisation", "ogrn", "address", "department"}
    assert practice["experience_years"] >= 10, "computed from the work history"
    for patch, pointer in (
        ({"snils": "112-233-445 96"}, "/snils"),
        ({"inn": "500100732258"}, "/inn"),
        ({"practice": {"workplace": {"ogrn": "1027700132196"}}}, "/practice/workplace/ogrn"),
        ({"passport": {"series": "450", "number": "12345"}}, "/passport/series"),
        ({"passport": {"issued_on": "2002-01-01"}}, "/passport/issued_on"),
        ({"phone": "+7 916 123"}, "/phone"),
        ({"email": "nobody"}, "/email"),
        ({"practice": {"licence": {"valid_from": "2020-01-01", "valid_until": "2021-01-01"}}}, "/practice/licence/valid_until"),
    ):
        answer = await visitor.send("POST", "/profile/changes", patch, **{"If-Match": f'"{shown["version"]}"'})
        assert pointer in {error["pointer"] for error in answer.json()["errors"]}, patch


async def propose(visitor: Visitor, patch: Json) -> Json:
    version = (await visitor.ask("GET", "/profile"))["version"]
    return await visitor.ask("POST", "/profile/changes", patch, **{"If-Match": f'"{version}"'})


async def change(visitor: Visitor, patch: Json) -> Json:
    """Confirmed by a code to the telephone."""
    since, path = visitor.now(), f"/profile/changes/{(await propose(visitor, patch))['change_id']}"
    await visitor.ask("POST", f"{path}/code", {})
    return await visitor.ask("POST", f"{path}/confirmation", {"code": await visitor.code(since)})


@pytest.mark.parametrize("kind", ["rsa", "p256", "gost256"])
async def test_id_9_a_change_is_confirmed_by_signature(visitor: Visitor, signing_folder: Path, kind: str) -> None:
    await visitor.next(ProfileVerified)
    bureau = Bureau(signing_folder)
    issuer = bureau.authority(f"items-{kind}-{uuid4().hex[:6]}", kind)
    (signing_folder / "trusted" / issuer.pem.name).write_bytes(issuer.pem.read_bytes())
    (signing_folder / "lists" / f"{issuer.name}.crl").write_bytes(bureau.revocations(issuer).read_bytes())
    own = bureau.person(f"own-{issuer.name}", issuer, kind, subject=f"/CN=P/1.2.643.100.3={visitor.walk.snils}")
    proposed = await propose(visitor, {"surname": "Иновникова"})
    signature = base64.b64encode(bureau.sign(proposed["text"].encode(), own)).decode()
    changed = await visitor.ask("POST", f"/profile/changes/{proposed['change_id']}/signature", {"signature": signature})
    assert (changed["surname"], changed["profile_version"]) == ("Иновникова", 2)
    assert (await visitor.next(ProfileChanged)).confirmed_by == "signature"
    assert (await visitor.next(ProfileVerified)).version > 2


async def test_id_9_inaccuracies_are_to_be_corrected_in_ten_working_days(visitor: Visitor, registries: FakeRegistries) -> None:
    """With a reminder two days before; what is too late blocks until it is corrected. Every version stays."""
    clock = visitor.walk.identity.clock
    await visitor.next(ProfileVerified)
    registries.answers["licences"] = WRONG_LICENCE
    await change(visitor, {"practice": {"licence": {"number": people.digits(8)}}})
    refused = await visitor.next(ProfileRefused)
    registries.answers.clear()
    assert [wrong.field for wrong in refused.mismatches] == ["licence.number"]
    refused_on, due_on = (moment.astimezone(MOSCOW).date() for moment in (refused.occurred_at, refused.correct_by))
    between = [refused_on + timedelta(days=day) for day in range(1, (due_on - refused_on).days + 1)]
    assert sum(CALENDAR.is_working_day(day) for day in between) == 10
    assert CALENDAR.is_working_day(due_on)

    clock.move(refused.correct_by - 2 * DAY - MINUTE - clock.now())
    await visitor.sign_in()
    assert visitor.told(CorrectionDueSoon) == []
    clock.move(MINUTE + SECOND)
    assert (await visitor.next(CorrectionDueSoon)).correct_by == refused.correct_by
    assert visitor.told(CorrectionOverdue) == []
    clock.move(2 * DAY)
    await visitor.next(CorrectionOverdue)
    await visitor.sign_in()
    shown = await visitor.ask("GET", "/profile")
    assert (shown["status"], shown["verification"]["overdue_at"] is None) == ("refused", False)

    await change(visitor, {"practice": {"licence": {"number": people.digits(8)}}})
    await visitor.next(ProfileVerified)
    versions = (await visitor.ask("GET", "/profile/versions"))["items"]
    assert [(version["number"], version["outcomes"][0]["result"]) for version in versions] == [
        (3, "verified"),
        (2, "refused"),
        (1, "verified"),
    ]


async def test_id_12_each_registry_has_a_port_of_its_own(visitor: Visitor, registries: FakeRegistries) -> None:
    await visitor.next(ProfileVerified)
    registries.answers |= {str(name): {"outcome": "mismatch", "fields": []} for name in Registry}
    await change(visitor, {"surname": "Иновникова"})
    refused = await visitor.next(ProfileRefused)
    assert {wrong.registry for wrong in refused.mismatches} == set(Registry)
    assert len(Registry) == 7


@dataclass
class Mute:
    """A server that takes requests and never answers."""

    url: str = ""
    asked: int = 0

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked += 1
        while await reader.read(4096):
            """Until the other side has enough."""
        writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Mute"]:
        server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield self
        server.close()


async def test_id_12_a_registry_is_waited_for_briefly_asked_again_and_then_left_alone(
    infra: Infra, registries: FakeRegistries, provider: HostileProvider, signing_folder: Path, signer: Signer
) -> None:
    """Three tries of 0.2 s each; after two such failures in a row nobody waits for it, and the others answer as ever."""
    async with Mute().serving() as mute:
        changes = {
            "IDENTITY_REGISTRY_URLS": json.dumps({"training": mute.url}),
            "IDENTITY_REGISTRY_TIMEOUT_SECONDS": "0.2",
            "IDENTITY_REGISTRY_TRIES": "3",
            "IDENTITY_REGISTRY_BREAKER_FAILURES": "2",
        }
        async with running_identity(infra, registries, provider, signing_folder, **changes) as own:
            for asked in (3, 6, 6):
                visitor = await Visitor.registered(own, signer)
                await next_attempt(own, visitor.id)
                assert mute.asked == asked
                shown = await visitor.ask("GET", "/profile")
                assert (shown["status"], shown["verification"]["unanswered"]) == ("awaiting-verification", ["training"])
