"""However much is stored: each question is served by an index, lists join to the whole, and what is old gets its places."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.mongo import Document
from contracts.roles import Role
from services.applications.domain.application import WORKPLACE, Proposal
from services.applications.domain.facts import StaffMember
from services.applications.domain.rules import Kind
from services.applications.repository.places import Query
from tests.applications import people
from tests.applications.conftest import Hands
from tests.applications.planting import plant, waiting, withdrawn
from tests.applications.queries import EXAMPLES
from tests.support import Component, Signer, eventually


def nodes(plan: Any) -> Iterator[Document]:
    """All stages of a plan, however nested."""
    if isinstance(plan, dict):
        yield from ([plan] if "stage" in plan else [])
        for inner in plan.values():
            yield from nodes(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from nodes(inner)


@pytest.mark.parametrize("name", EXAMPLES)
async def test_every_question_is_served_by_an_index_and_by_nothing_else(service: Component, name: str) -> None:
    for collection, query in EXAMPLES[name]:
        for found in pages(query):
            command = {"find": collection, "filter": found, **({"sort": dict(query.order)} if query.column else {})}
            told = await service.database.command(
                {"explain": command, "verbosity": "executionStats"}, codec_options=service.database.codec_options
            )
            stages = {node["stage"]: node for node in nodes(told["queryPlanner"]["winningPlan"])}
            assert "IXSCAN" in stages, (name, found)
            assert "COLLSCAN" not in stages
            index = (await service.database[collection].index_information())[stages["IXSCAN"]["indexName"]]
            left = set(stages.get("FETCH", {}).get("filter", {})) - set(index.get("partialFilterExpression", {}))
            assert not left, f"{name} reads rows only to leave them out by {left}"
            matching = await service.database[collection].count_documents(found)
            assert told["executionStats"]["totalKeysExamined"] <= matching + 1


def pages(query: Query) -> list[Document]:
    """The first page and a later one."""
    return [query.found(), query.found("0")] if query.column.endswith("place") else [query.found()]


async def test_pages_of_every_order_join_to_the_whole_list(service: Component, signer: Signer) -> None:
    person = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    kinds = list(Kind)
    planted = [  # three begun and three ended at the same moment
        withdrawn(
            person.id, people.NOW + timedelta(days=place // 3), people.NOW + timedelta(days=9 - place // 3), kind=kinds[place % len(kinds)]
        )
        for place in range(9)
    ]
    await plant(service, *planted)
    for sort, key in {"start": "started_at", "end": "ended_at", "kind": "kind"}.items():
        for sign in ("", "-"):
            rows = await everything(person, f"/applications?sort={sign}{sort}&limit=2")
            assert {row["id"] for row in rows} == {str(one.id) for one in planted}
            assert len(rows) == len(planted)
            values = [row[key] for row in rows]
            assert values == sorted(values, reverse=bool(sign)), sort
    window = "started_from=2026-04-15&started_to=2026-04-15&status=completed"
    for sort in ("start", "-start", "end", "-kind"):
        rows = await everything(person, f"/applications?{window}&sort={sort}&limit=2")
        assert {row["id"] for row in rows} == {str(one.id) for one in planted[3:6]}, sort
    assert await everything(person, "/applications?status=rejected&limit=2") == []


async def everything(person: Hands, path: str) -> list[Document]:
    """All pages of a list."""
    page = await person.ok("GET", path)
    rows: list[Document] = page["items"]
    while page["next_cursor"]:
        page = await person.ok("GET", f"{path}&cursor={page['next_cursor']}")
        rows += page["items"]
    return rows


def works_at(ogrn: str) -> Proposal:
    return Proposal(2, people.NOW, {WORKPLACE: ogrn})


async def test_the_queue_joins_what_is_held_and_every_specialty(service: Component, signer: Signer) -> None:
    reviewer = Hands(service, signer, uuid4(), Role.REVIEWER)
    specialties = ("31.08.66", "31.08.58")
    await service.publish(people.reviewer(reviewer.id, *specialties, workplace_ogrn=people.ogrn("102770013999")))
    await eventually(lambda: service.database["staff_members"].find_one({"_id": reviewer.id}))
    planted = [waiting(people.NOW + timedelta(days=days), specialty_code=specialties[days % 2]) for days in range(7)]
    colleague = waiting(people.NOW, specialty_code=specialties[0])
    colleague = waiting(
        people.NOW,
        specialty_code=specialties[0],
        form=colleague.form.merged({"professional": {"workplace": {"ogrn": people.ogrn("102770013999")}}}),
    )
    since = waiting(people.NOW, specialty_code=specialties[1], proposals=(works_at(people.ogrn("102770013999")),))
    await plant(service, colleague, since, *planted)
    for one in (planted[5], planted[3]):
        await reviewer.ok("PUT", f"/reviews/{one.id}/claim")
    expected = [str(planted[place].id) for place in (3, 5, 0, 1, 2, 4, 6)]
    for limit in (1, 2, 3, 100):
        rows = await everything(reviewer, f"/reviews?limit={limit}")
        assert [row["application_id"] for row in rows] == expected, limit


async def test_what_was_stored_without_places_gets_them_at_the_next_start(service: Component, signer: Signer) -> None:
    person = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    planted = [withdrawn(person.id, people.NOW + timedelta(days=days), people.NOW + timedelta(days=9)) for days in range(3)]
    await plant(service, *planted)
    rows = service.database["applications"]
    places = dict.fromkeys(("start_place", "end_place", "kind_place", "review_place", "queue", "queue_place"), "")
    await rows.update_many({"applicant_id": person.id}, {"$unset": places, "$set": {"schema_version": 1}})
    await rows.create_index([("applicant_id", 1), ("created_at", -1), ("_id", -1)], name="own_by_start")
    await service.app.state.usecases.applications.prepare()
    assert [UUID(row["id"]) for row in await everything(person, "/applications?sort=start&limit=2")] == [one.id for one in planted]
    assert await rows.count_documents({"schema_version": 1}) == 0
    assert "own_by_start" not in await rows.index_information()


async def test_what_was_stored_before_later_workplaces_were_known_tells_them_at_the_next_start(service: Component) -> None:
    ogrn = people.ogrn("102770013401")
    one = waiting(people.NOW, specialty_code="31.08.67", proposals=(works_at(ogrn), works_at(people.ogrn("102770013500"))))
    await plant(service, one)
    rows, applications = service.database["applications"], service.app.state.usecases.applications
    lacking = {"handed_in_place": "", "later_workplaces": ""}
    await rows.update_one({"_id": one.id}, {"$unset": lacking, "$set": {"schema_version": 2}})
    colleague = StaffMember(uuid4(), 1, frozenset({Role.REVIEWER}), frozenset({"31.08.67"}), ogrn)
    assert [row.id for row in await applications.list_unasked(colleague, limit=9)] == [one.id]
    await applications.prepare()
    assert await applications.list_unasked(colleague, limit=9) == []
    row = await rows.find_one({"_id": one.id})
    assert row is not None
    assert (row["handed_in_place"] > "", row["schema_version"]) == (True, 3)
    assert await applications.workplaces([row]) == {one.id: one.workplaces}
