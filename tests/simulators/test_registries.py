from typing import Any

import pytest

from tests.simulators.conftest import Running

PERSON = {"surname": "Березнеговская", "given_name": "Евстолия", "snils": "11223344595"}


async def check(simulators: Running, registry: str, fields: dict[str, Any]) -> Any:
    answer = await simulators.http.post(f"/registries/{registry}/checks", json=fields)
    return answer.json() if answer.status_code == 200 else answer.status_code


@pytest.mark.parametrize("registry", ["passport", "snils", "inn", "diplomas", "licences", "training", "employment"])
async def test_every_registry_confirms_an_ordinary_person(simulators: Running, registry: str) -> None:
    assert await check(simulators, registry, PERSON) == {"outcome": "match", "fields": []}


async def test_a_telling_name_mismatches_at_its_field_wherever_it_stands(simulators: Running) -> None:
    answer = await check(simulators, "licences", {"licence": {"holder_name": "НЕСОВПАДОВ"}, "number": "12"})
    assert answer == {"outcome": "mismatch", "fields": [{"field": "licence.holder_name", "code": "does-not-match"}]}


async def test_a_telling_name_finds_the_registry_out_of_order(simulators: Running) -> None:
    assert await check(simulators, "inn", PERSON | {"surname": "Недоступова"}) == 503


async def test_a_mode_speaks_for_one_registry_only_and_can_be_taken_back(simulators: Running) -> None:
    await simulators.http.put("/registries/snils/mode", json={"mode": "mismatch", "fields": ["snils"]})
    assert (await check(simulators, "snils", PERSON))["fields"] == [{"field": "snils", "code": "does-not-match"}]
    assert (await check(simulators, "passport", PERSON))["outcome"] == "match"
    await simulators.http.put("/registries/snils/mode", json={"mode": "unavailable"})
    assert await check(simulators, "snils", PERSON) == 503
    await simulators.http.put("/registries/snils/mode", json={"mode": "match"})
    assert (await check(simulators, "snils", PERSON))["outcome"] == "match"


async def test_a_rule_for_one_value_overrides_the_mode_until_it_is_dropped(simulators: Running) -> None:
    await simulators.http.put("/registries/snils/mode", json={"mode": "mismatch"})
    await simulators.http.put("/registries/snils/rules", json={"value": PERSON["snils"], "outcome": "match"})
    assert (await check(simulators, "snils", PERSON))["outcome"] == "match"
    await simulators.http.delete("/registries/snils/rules", params={"value": PERSON["snils"]})
    assert (await check(simulators, "snils", PERSON))["outcome"] == "mismatch"


async def test_an_unknown_registry_or_mode_is_refused(simulators: Running) -> None:
    assert await check(simulators, "tax", PERSON) == 422
    assert (await simulators.http.put("/registries/inn/mode", json={"mode": "perhaps"})).status_code == 422
