"""Links to certificates: they end by time, by views, by their holder's wish, and nobody learns which."""

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from typing import Any

import httpx

from tests.applications.certified import certified
from tests.applications.conftest import Applicant, Hands
from tests.support import Component


async def test_a_link_shows_as_much_and_as_often_as_its_holder_wants_and_every_end_of_it_looks_alike(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    own = f"/certificates/{(await certified(applicant, reviewers[0], registrar)).certificate_number}"

    async def share(**wanted: Any) -> tuple[str, str]:
        made = await applicant.ok("POST", f"{own}/shares", {"days": 30, "views_max": 3, **wanted})
        return made["token"], made["share"]["id"]

    async def view(token: str) -> httpx.Response:
        return await service.client.post("/shares/views", json={"token": token})

    thrice, thrice_id = await share()
    answers = await asyncio.gather(*(view(thrice) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 404, 404], "no view more than allowed"
    shown = next(answer.json() for answer in answers if answer.is_success)["certificate"]
    assert (shown["holder"], shown["status"]) == ("Вымышленникова А. Т.", "valid")
    full, full_id = await share(shows="full-name")
    assert (await view(full)).json()["certificate"]["holder"] == "Вымышленникова Алёна Тестовна"
    over, _ = await share()
    past = service.clock.now() - timedelta(seconds=1)
    await service.database["shares"].update_many({"views": 0}, {"$set": {"expires_at": past}})
    await applicant.ok("DELETE", f"{own}/shares/{full_id}")
    await applicant.ok("DELETE", f"{own}/shares/{full_id}")
    ends = [await view(token) for token in (thrice, over, full, "A" * 43)]
    told = [{name: value for name, value in end.json().items() if name != "trace_id"} for end in ends]
    assert all(one == told[0] for one in told)
    assert (ends[0].status_code, told[0]["code"]) == (404, "share-not-found")

    listed = (await applicant.ok("GET", f"{own}/shares"))["items"]
    assert [(one["views"], one["is_open"]) for one in listed] == [(0, False), (1, False), (3, False)]
    assert not any(token in str(listed) for token in (thrice, over, full))
    kept = await service.database["shares"].find_one({"views": 3})
    assert kept is not None
    assert thrice not in str(kept)
    seen = (await applicant.ok("GET", f"{own}/verifications"))["items"]
    assert sum(one["times"] for one in seen if one["way"] == "share") == 4
    assert thrice_id == listed[-1]["id"]


async def test_a_link_opens_a_page_that_shows_nothing_before_a_button_is_pressed(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    own = f"/certificates/{(await certified(applicant, reviewers[0], registrar)).certificate_number}"
    made = await applicant.ok("POST", f"{own}/shares", {"days": 1, "views_max": 1})
    page, mark, token = made["link"].partition("#")
    assert (page, mark, token) == ("http://cabinet.test/share", "#", made["token"])
    opened = await service.client.get(f"{service.url}/share")
    assert opened.status_code == 200
    [script] = re.findall(r"<script>(.*?)</script>", opened.text)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in opened.headers["content-security-policy"]
    assert "Вымышленникова" not in opened.text
    shown = await service.client.post(f"{service.url}/share", data={"token": token})
    assert (shown.status_code, "Вымышленникова А. Т." in shown.text, "Алёна" in shown.text) == (200, True, False)
    for form in ({"token": token}, {"token": "<script>"}, {}):
        over = await service.client.post(f"{service.url}/share", data=form)
        assert (over.status_code, "Ссылка не действует" in over.text, "<script><" in over.text) == (404, True, False)


async def test_links_are_bounded(applicant: Applicant, reviewers: list[Hands], registrar: Hands) -> None:
    own = f"/certificates/{(await certified(applicant, reviewers[0], registrar)).certificate_number}"
    for wrong in ({"days": 91, "views_max": 1}, {"days": 1, "views_max": 1001}):
        refused = await applicant.call("POST", f"{own}/shares", wrong)
        assert (refused.status_code, refused.json()["code"]) == (422, "share-too-long")
    for _ in range(18):
        await applicant.ok("POST", f"{own}/shares", {"days": 1, "views_max": 1})
    at_once = await asyncio.gather(*(applicant.call("POST", f"{own}/shares", {"days": 1, "views_max": 1}) for _ in range(8)))
    assert sorted(answer.status_code for answer in at_once) == [201] * 2 + [409] * 6
    assert {answer.json()["code"] for answer in at_once if answer.status_code == 409} == {"too-many-shares"}
