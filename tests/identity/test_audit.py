"""The access log for those it concerns and for auditors: who may search, what is shown, what the search itself leaves behind."""

import csv
import io
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.access import PersonalDataRead
from contracts.roles import Role
from services.identity.domain.access_log import Action, Filters
from services.identity.repository import access_log
from tests.identity.chain_desk import Desk
from tests.identity.walk import Walk
from tests.support import Signer, eventually

Json = dict[str, Any]
WHY = {"reason": "complaint", "case_number": "SU-2026-000017-4"}
PURPOSE = "complaint SU-2026-000017-4"


async def read(walk: Walk, subject_id: UUID, **changes: Any) -> PersonalDataRead:
    """Somebody reads a record about the person, and the log has it."""
    said: Json = {
        "occurred_at": walk.identity.clock.now(),
        "reader_id": uuid4(),
        "reader_role": Role.REVIEWER,
        "subject_id": subject_id,
        "service": "documents",
        "record": f"document:{uuid4()}",
        "purpose": "review",
        "address": "10.1.2.3",
    }
    event = PersonalDataRead(**said | changes)
    await walk.identity.publish(event)
    rows = walk.identity.database["access_rows"]
    await eventually(lambda: rows.find_one({"actor_id": event.reader_id, "subject_id": subject_id}))
    return event


async def search(walk: Walk, signer: Signer, auditor_id: UUID, path: str = "/audit/access-log", **query: Any) -> Any:
    headers = signer.headers(auditor_id, Role.AUDITOR)
    return await walk.identity.client.get(path, params=WHY | query, headers=headers)


async def test_an_auditor_finds_rows_by_every_filter(walk: Walk, signer: Signer) -> None:
    auditor_id, subject_id = uuid4(), uuid4()
    events = [await read(walk, subject_id) for _ in range(3)]

    async def found(**query: Any) -> list[Json]:
        answer = await search(walk, signer, auditor_id, **query)
        assert answer.status_code == 200, answer.text
        return [item for item in answer.json()["items"] if item["action"] == "record-read"]

    shown = await found(subject_id=subject_id)
    assert {item["record"] for item in shown} == {event.record for event in events}
    assert {(item["address"], item["is_intact"], item["actor_role"]) for item in shown} == {("10.1.2.3", True, "reviewer")}
    one = events[1]
    assert [item["record"] for item in await found(actor_id=one.reader_id)] == [one.record]
    moment = one.occurred_at
    span = {"from": moment.isoformat(), "to": (moment + timedelta(milliseconds=1)).isoformat()}
    assert one.record in [item["record"] for item in await found(subject_id=subject_id, **span)]
    assert await found(subject_id=subject_id, outcome="refused") == []
    assert len(await found(subject_id=subject_id, action="record-read", service="documents", outcome="allowed")) == 3
    assert await found(subject_id=subject_id, service="support") == []


async def test_pages_of_a_search_follow_on_each_other(walk: Walk, signer: Signer) -> None:
    auditor_id, subject_id = uuid4(), uuid4()
    events = [await read(walk, subject_id) for _ in range(3)]
    query: Json = {"subject_id": subject_id, "action": "record-read", "limit": 2}
    first = (await search(walk, signer, auditor_id, **query)).json()
    second = (await search(walk, signer, auditor_id, **query, cursor=first["next_cursor"])).json()
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
    assert {item["record"] for item in first["items"] + second["items"]} == {event.record for event in events}


async def test_the_person_sees_that_an_auditor_looked_and_why(walk: Walk, signer: Signer) -> None:
    auditor_id, other_id = uuid4(), uuid4()
    practitioner_id = await walk.register()
    event = await read(walk, practitioner_id)
    await read(walk, other_id, reader_id=event.reader_id)
    assert (await search(walk, signer, auditor_id, actor_id=event.reader_id)).status_code == 200
    log = await walk.ask("GET", "/access-log?limit=1", None, **signer.headers(practitioner_id, Role.PRACTITIONER))
    [latest] = log["items"]
    assert (latest["action"], latest["actor_role"], latest["purpose"], latest["is_own"]) == ("log-searched", "auditor", PURPOSE, False)
    assert latest["address"] is latest["device"] is None, "an auditor's address is for auditors"
    noted = await walk.identity.database["access_rows"].find({"actor_id": auditor_id}).to_list()
    assert {row["subject_id"] for row in noted} == {practitioner_id, other_id, event.reader_id}


async def test_a_person_sees_the_device_of_own_acts(walk: Walk, signer: Signer) -> None:
    practitioner_id = await walk.register()
    await walk.sign_in()
    log = await walk.ask("GET", "/access-log", None, **signer.headers(practitioner_id, Role.PRACTITIONER))
    own = [item for item in log["items"] if item["action"] == "signed-in"]
    assert own[0]["is_own"]
    assert own[0]["device"].startswith("python-httpx")


@pytest.mark.parametrize("path", ["/audit/access-log", "/audit/access-log.csv"])
async def test_only_auditors_with_a_recent_factor_and_a_reason_search(walk: Walk, signer: Signer, path: str) -> None:
    client, someone = walk.identity.client, uuid4()
    for role in set(Role) - {Role.AUDITOR}:
        answer = await client.get(path, params=WHY, headers=signer.headers(someone, role))
        assert answer.status_code == 403, role
    assert (await client.get(path, params=WHY)).status_code == 401
    old = int(datetime.now(UTC).timestamp()) - 3600
    stale = signer.headers(someone, Role.AUDITOR, factors={"password": old, "totp": old})
    assert (await client.get(path, params=WHY, headers=stale)).status_code == 403
    without = await client.get(path, headers=signer.headers(someone, Role.AUDITOR))
    assert (without.status_code, without.json()["errors"][0]["pointer"]) == (422, "#query:reason")
    free: list[Json] = [{"reason": "жалоба Ивановой"}, {"case_number": "Иванова"}, {"case_number": "4505626798"}, {"service": "Иванова"}]
    bad: list[Json] = [*free, {"from": "x"}, {"from": "2026-01-01T00:00:00"}, {"action": "x"}, {"subject_id": "1"}, {"service": "x" * 51}]
    for query in bad:
        assert (await search(walk, signer, someone, path, **query)).status_code == 422, query
    assert await walk.identity.database["access_rows"].count_documents({"actor_id": someone}) == 0


async def test_an_export_is_a_table_without_formulas_and_is_noted_about_everybody_in_it(walk: Walk, signer: Signer) -> None:
    auditor_id, reader_id, subjects = uuid4(), uuid4(), [uuid4() for _ in range(2)]
    for subject_id in subjects:
        await read(walk, subject_id, reader_id=reader_id, record='=HYPERLINK("x")', purpose="a;b")
    answer = await search(walk, signer, auditor_id, "/audit/access-log.csv", actor_id=reader_id)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    table = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert len(table) == 3
    assert {(row[7], row[8], row[12]) for row in table[1:]} == {('\'=HYPERLINK("x")', "a;b", "да")}
    noted = await walk.identity.database["access_rows"].find({"actor_id": auditor_id}).to_list()
    assert {row["subject_id"] for row in noted} == {reader_id, *subjects}
    assert {row["action"] for row in noted} == {"log-exported"}


async def test_a_row_that_was_changed_is_shown_as_such(walk: Walk, signer: Signer) -> None:
    event = await read(walk, uuid4())
    await walk.identity.database["access_rows"].update_one({"actor_id": event.reader_id}, {"$set": {"service": "support"}})
    found = (await search(walk, signer, uuid4(), actor_id=event.reader_id)).json()["items"]
    assert [(item["service"], item["is_intact"]) for item in found] == [("support", False)]
    await walk.identity.database["access_rows"].update_one({"actor_id": event.reader_id}, {"$set": {"service": "documents"}})


FIELDS: Json = {
    "subject_id": UUID(int=1),
    "actor_id": UUID(int=2),
    "action": Action.RECORD_READ,
    "service": "documents",
    "outcome": "refused",
    "from_at": datetime(2026, 1, 1, tzinfo=UTC),
    "to_at": datetime(2026, 2, 1, tzinfo=UTC),
    "before_id": UUID(int=3),
}


async def test_every_combination_of_filters_is_served_by_an_index(desk: Desk) -> None:
    """Of an empty log: the embedded store runs what it explains, and the log of all tests is long."""
    rows = desk.database["access_rows"]
    combinations = [names for count in range(len(FIELDS) + 1) for names in itertools.combinations(FIELDS, count)]
    scanned = []
    for names in combinations:
        found, index = access_log._query(Filters(**{name: FIELDS[name] for name in names}))
        plan = await rows.find(found).sort([("_id", -1)]).hint(index).limit(20).explain()
        stages = str(plan["queryPlanner"]["winningPlan"])
        if "COLLSCAN" in stages or f"'{index}'" not in stages:
            scanned.append(names)
    assert (len(combinations), scanned) == (256, [])
