"""A session that ends by hand ends everywhere, although its access token has minutes left."""

import httpx

from deploy.demo.stage import played_by
from deploy.journey.gateway import Caller
from deploy.journey.member import Member
from tests.e2e.conftest import Running
from tests.support import eventually

PAGES = ("/api/documents/documents", "/api/applications/applications", "/api/notifications/notices", "/api/support/tickets")


async def test_signing_out_voids_the_access_token_in_every_service(running: Running) -> None:
    doctor = played_by(Member, running.personas, "Второй врач", Caller(running.http), running.outside)
    await doctor.sign_in()
    assert doctor.caller.tokens is not None
    headers = {"Authorization": f"Bearer {doctor.caller.tokens.access_token}"}
    assert [(await running.http.get(page, headers=headers)).status_code for page in PAGES] == [httpx.codes.OK] * len(PAGES)
    await doctor.sign_out()

    async def is_void() -> bool:
        answers = [await running.http.get(page, headers=headers) for page in PAGES]
        return {answer.status_code for answer in answers} == {httpx.codes.UNAUTHORIZED}

    assert await eventually(is_void, timeout=10)
