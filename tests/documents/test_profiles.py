"""What documents knows of profiles: the newest news stays whatever the order, nothing of it can be read in the store."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.testing import FakeBegin
from contracts.base import Event
from contracts.documents import DocumentsExported
from contracts.identity import Licence, PersonErased, ProfileChanged, ProfileFacts, ProfileRefused, ProfileVerified, Workplace
from services.documents.domain.profiles import Profile
from services.documents.usecases.profiles import Profiles
from tests.documents.fakes import FakeDocumentRepository, FakeProfileRepository
from tests.documents.house import House
from tests.support import Component, eventually
from tests.support.exports import exported

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def facts(surname: str = "Вымышленникова") -> ProfileFacts:
    return ProfileFacts(
        surname=surname,
        given_name="Алёна",
        patronymic="Тестовна",
        birth_date=date(1988, 2, 3),
        birth_place="г. Примерск",
        passport_series="4512",
        passport_number="345678",
        passport_issued_on=date(2010, 3, 4),
        passport_issued_by="ОВД города Примерска",
        snils="112-233-445 95",
        phone="+79990001122",
        email="alena@example.org",
        diploma_number="ВСГ 1234567",
        qualification="Врач-кардиолог",
        specialty_code="31.08.36",
        licence=Licence(series="ЛО-77", number="01-000111", holder="organisation", valid_from=date(2020, 1, 1)),
        workplace=Workplace(organisation="ГБУЗ Пример", ogrn="1027700132195", address="г. Примерск", department="Кардиология"),
    )


def verified(person_id: UUID, version: int, surname: str = "Вымышленникова") -> ProfileVerified:
    return ProfileVerified(occurred_at=NOW, version=version, practitioner_id=person_id, facts=facts(surname))


def changed(person_id: UUID, version: int, *, is_to_be_verified: bool = True) -> ProfileChanged:
    more: dict[str, Any] = {"profile_version": 2, "fields": ("/surname",), "confirmed_by": "sms"}
    return ProfileChanged(occurred_at=NOW, version=version, practitioner_id=person_id, is_to_be_verified=is_to_be_verified, **more)


def refused(person_id: UUID, version: int) -> ProfileRefused:
    return ProfileRefused(occurred_at=NOW, version=version, practitioner_id=person_id, mismatches=(), correct_by=NOW)


async def follow(profiles: Profiles, event: Event) -> None:
    match event:
        case ProfileVerified():
            await profiles.confirm(event)
        case ProfileChanged():
            await profiles.change(event)
        case ProfileRefused():
            await profiles.doubt(event)


async def after(*events: Event, person_id: UUID) -> Profile:
    profiles = Profiles(FakeBegin(), FakeProfileRepository(), FakeDocumentRepository(), lambda: NOW, 300)
    for event in events:
        await follow(profiles, event)
    return await profiles.known(person_id)


async def test_nothing_is_known_before_the_registries_confirmed() -> None:
    profile = await after(person_id=uuid4())
    assert (profile.version, profile.is_settled) == (0, False)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_newest_news_stays_in_whatever_order_it_comes(order: tuple[int, ...]) -> None:
    person_id = uuid4()
    history = [verified(person_id, 1), changed(person_id, 2), verified(person_id, 3, "Новофамильная")]
    profile = await after(*(history[place] for place in order), person_id=person_id)
    assert (profile.version, profile.facts) == (3, facts("Новофамильная"))


@pytest.mark.parametrize("news", [changed, refused])
async def test_facts_hold_no_longer_once_changed_or_refused(news: Any) -> None:
    person_id = uuid4()
    history = [verified(person_id, 1), news(person_id, 2)]
    for order in (history, history[::-1]):
        profile = await after(*order, person_id=person_id)
        assert (profile.version, profile.facts, profile.is_settled) == (2, None, False)


async def test_a_change_that_needs_no_confirmation_leaves_the_facts() -> None:
    person_id = uuid4()
    history = [verified(person_id, 1), changed(person_id, 2, is_to_be_verified=False)]
    for order in (history, history[::-1]):
        assert (await after(*order, person_id=person_id)).facts == facts()


async def test_the_end_of_a_person_takes_the_profile_along(house: House) -> None:
    person_id, other = uuid4(), uuid4()
    for one in (person_id, other):
        await house.usecases.profiles.confirm(verified(one, 1))
    await house.usecases.removals.remove_erased(PersonErased(occurred_at=NOW, person_id=person_id))
    assert list(house.profiles.stored) == [other]


async def test_a_profile_is_kept_encrypted_told_for_the_export_and_erased(service: Component) -> None:
    person_id = uuid4()
    profiles: Profiles = service.app.state.usecases.profiles
    for event in (verified(person_id, 1), changed(person_id, 2), verified(person_id, 3)):
        await service.publish(event)

    async def is_settled() -> bool:
        return await profiles.known(person_id) == Profile(person_id, 3, facts())

    await eventually(is_settled)
    raw = await service.database["profiles"].find_one({"_id": person_id})
    assert raw is not None
    assert "Вымышленникова" not in str(raw)
    [record] = await exported(service, DocumentsExported, person_id)
    assert record["compared_with_documents"]["surname"] == "Вымышленникова"

    await service.publish(PersonErased(occurred_at=NOW, person_id=person_id))

    async def is_gone() -> bool:
        return await service.database["profiles"].find_one({"_id": person_id}) is None

    await eventually(is_gone)
