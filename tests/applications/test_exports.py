"""AP-15: exports of any length hold a portion in memory, are refused by name where a format cannot hold them, and are told of."""

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.routing import iter_route_contexts
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from chassis.auth.markers import calls_of
from chassis.guards import time_limit
from chassis.mongo import Document
from contracts.applications import RegistryExported
from contracts.roles import Role
from services.applications.domain.application import CertificateReference, Remark
from services.applications.domain.rules import Kind
from services.applications.domain.states import State
from services.applications.repository import ExportRepository
from services.applications.repository.applications import COLLECTION
from services.applications.repository.places import place
from services.applications.usecases import UseCases
from tests.applications.conftest import Hands
from tests.applications.planting import plant, withdrawn
from tests.support import Component, Infra, Signer

ROWS = 2500
"""More than a PDF may hold."""
FIRST_DAY = datetime(2031, 3, 3, 9, tzinfo=UTC)
"""Of no other test: what is handed in then is what is planted here."""
DAY = timedelta(days=1)


def copies(row: Document, count: int) -> list[Document]:
    """The same application again and again, a day later each; the encrypted part need not differ."""
    made = []
    for number in range(1, count + 1):
        key, at = uuid4(), FIRST_DAY + (number * 4 // count) * DAY + timedelta(milliseconds=number)
        places = {"start_place": place(at, key=key), "handed_in_place": place(at, key=key), "kind_place": place(row["kind"], at, key=key)}
        changed = {"_id": key, "number": f"MK-2031-{number:08}-0", "created_at": at, "submitted_at": at}
        made.append(row | changed | places | {"end_place": place(at + DAY, key=key)})
    return made


@pytest.fixture(scope="module")
async def owner(service: Component, signer: Signer) -> AsyncIterator[Hands]:
    """Somebody with thousands of applications handed in within four days."""
    person = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    await plant(service, replace(withdrawn(person.id, FIRST_DAY, FIRST_DAY + DAY), number="MK-2031-00000000-0", submitted_at=FIRST_DAY))
    store = service.database[COLLECTION]
    row = await store.find_one({"applicant_id": person.id})
    assert row is not None
    await store.insert_many(copies(row, ROWS - 1), ordered=False)
    yield person
    await store.delete_many({"applicant_id": person.id})


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


async def test_a_whole_list_is_exported_as_csv_by_its_filters_and_refused_by_name_as_pdf(owner: Hands) -> None:
    everything = await owner.call("GET", "/applications/exports?selection=all&sort=start")
    rows = rows_of(everything.content)
    assert (len(rows), rows[0]["Номер"], rows[-1]["Номер"]) == (ROWS, "MK-2031-00000000-0", f"MK-2031-{ROWS - 1:08}-0")
    window = "started_from=2031-03-04&started_to=2031-03-05&status=completed&sort=kind"
    part = rows_of((await owner.call("GET", f"/applications/exports?selection=all&{window}")).content)
    assert {row["Начато"] for row in part} == {"04.03.2031", "05.03.2031"}
    assert 0 < len(part) < ROWS
    refused = await owner.call("GET", "/applications/exports?selection=all&format=pdf")
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-rows")
    assert "CSV" in refused.json()["detail"]


async def test_memory_does_not_grow_with_the_rows(service: Component, owner: Hands) -> None:
    usecases: UseCases = service.app.state.usecases

    async def peak(days: int) -> tuple[int, int]:
        before = FIRST_DAY.replace(hour=0) + days * DAY
        tracemalloc.reset_peak()
        held, _ = tracemalloc.get_traced_memory()
        count = 0
        async for rows in usecases.exports.exports.handed_in(FIRST_DAY.replace(hour=0), before, lambda _: True):
            count += len(rows)
        return count, tracemalloc.get_traced_memory()[1] - held

    tracemalloc.start()
    try:
        await peak(1)  # what is made once
        few, whole = await peak(2), await peak(30)
    finally:
        tracemalloc.stop()
    assert (few[0] < ROWS * 0.6, whole[0]) == (True, ROWS)
    assert whole[1] < few[1] + 512 * 1024, "twice the rows take the same"


async def test_a_registrar_exports_everybodys_without_names_and_that_is_told(service: Component, signer: Signer, owner: Hands) -> None:
    registrar = Hands(service, signer, uuid4(), Role.REGISTRAR)
    path = "/registry/exports?handed_in_from=2031-03-03&handed_in_to=2031-03-31"
    answer = await registrar.call("GET", f"{path}&purpose=inspection")
    rows = rows_of(answer.content)
    assert (len(rows), rows[0]["Номер"], rows[0]["Подано"]) == (ROWS, "MK-2031-00000000-0", "03.03.2031")
    assert "Вымышленникова" not in answer.text
    told = await service.tap.next(RegistryExported, where=lambda event: event.reader_id == registrar.id)
    assert (told.purpose, str(told.first_day), told.group) == ("inspection", "2031-03-03", None)
    assert rows_of((await registrar.call("GET", f"{path}&purpose=statistics&status=rejected")).content) == []
    foreign = await registrar.call("GET", f"{path}&purpose=statistics&specialty_code=31.08.20")
    assert rows_of(foreign.content) == []
    backwards = await registrar.call("GET", "/registry/exports?handed_in_from=2031-03-03&handed_in_to=2031-03-01&purpose=statistics")
    assert backwards.json()["code"] == "window-unusable"
    assert (await registrar.call("GET", f"{path}&purpose=curiosity")).status_code == 422
    assert (await registrar.call("GET", path)).status_code == 422
    registrar.factor_age_seconds = 601
    assert (await registrar.call("GET", f"{path}&purpose=inspection")).json()["code"] == "step-up-required"


async def test_more_than_the_limit_is_refused_before_anything_is_sent(service: Component, signer: Signer, owner: Hands) -> None:
    usecases: UseCases = service.app.state.usecases
    small = replace(usecases.exports, registry_rows_max=ROWS - 1)
    service.app.state.usecases = replace(usecases, exports=small)
    registrar = Hands(service, signer, uuid4(), Role.REGISTRAR)
    try:
        path = "/registry/exports?handed_in_from=2031-03-03&handed_in_to=2031-03-31&purpose=inspection"
        refused = await registrar.call("GET", path)
    finally:
        service.app.state.usecases = usecases
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-rows")


async def test_counting_may_take_as_long_as_a_portion(infra: Infra, service: Component, owner: Hands) -> None:
    async with AsyncMongoClient[dict[str, Any]](infra.mongo_url, timeoutMS=1) as hurried:
        database = hurried[service.database.name]
        with pytest.raises(PyMongoError):
            await database["applications"].find_one({"_id": uuid4()})
        counted = ExportRepository(database, portion_seconds=60).count_handed_in(FIRST_DAY.replace(hour=0), FIRST_DAY + 30 * DAY, limit=10)
        assert await counted == 10


async def test_a_row_tells_validity_and_reasons(service: Component, signer: Signer) -> None:
    person = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    at = datetime(2027, 5, 5, 9, tzinfo=UTC)
    number = f"MC-2027-{uuid4().int % 10**8:08}-0"
    one = withdrawn(person.id, at, at)
    reference = CertificateReference(uuid4(), number, at, at + 5 * 365 * DAY)
    reason = Remark("qualification-incomplete", "/documents/diploma", "=HYPERLINK")
    await plant(
        service,
        replace(one, state=State.CERTIFIED, certificate=reference),
        replace(one, id=uuid4(), kind=Kind.PERIODIC, state=State.REJECTED, reasons=(reason, reason)),
    )
    answer = await person.call("GET", "/applications/exports?selection=all&sort=kind")
    refused, certified = sorted(rows_of(answer.content), key=lambda row: row["Сертификат"])
    assert (certified["Сертификат"], certified["Действует с"], certified["Действует до"]) == (number, "05.05.2027", "03.05.2032")
    assert refused["Причины отказа"].count("валификаци") == 1
    assert "HYPERLINK" not in answer.text, "nobody's own words are exported"


@pytest.mark.parametrize("query", ["", "ids=&format=csv", f"selection=all&ids={UUID(int=1)}"])
async def test_an_export_names_its_rows_or_asks_for_all(service: Component, signer: Signer, query: str) -> None:
    person = Hands(service, signer, uuid4(), Role.PRACTITIONER)
    refused: Any = await person.call("GET", f"/applications/exports?{query}")
    assert refused.status_code == 422
    assert refused.json()["code"] in {"nothing-chosen", "invalid"}


@pytest.mark.parametrize("path", ["/applications/exports", "/registry/exports"])
def test_whoever_reads_slowly_is_not_cut_off(service: Component, path: str) -> None:
    """The default bounds the whole answer; 100,000 rows take longer to read over a slow line."""
    [route] = [one for one in iter_route_contexts(service.app.routes) if str(one.path).endswith(path)]
    [limit] = [call for call in calls_of(route.dependant) if isinstance(call, type(time_limit(None).dependency))]
    assert limit._seconds is None
