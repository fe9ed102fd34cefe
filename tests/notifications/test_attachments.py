import hashlib
from collections.abc import Callable

import httpx
import pytest

from services.notifications.gateways import Attachments, ProviderUnavailable

BODY = b"%PDF-1.7 invented"
SHA256 = hashlib.sha256(BODY).hexdigest()


async def fetch(
    answer: Callable[[httpx.Request], httpx.Response], *, limit_bytes: int = 100, link: str = "http://store.test/x"
) -> bytes | None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        return await Attachments(client, limit_bytes).fetch(link, sha256=SHA256)


async def test_a_file_comes_whole() -> None:
    assert await fetch(lambda _: httpx.Response(200, content=BODY)) == BODY


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_an_expired_link_gives_nothing(status: int) -> None:
    assert await fetch(lambda _: httpx.Response(status)) is None


async def test_an_altered_or_too_large_file_gives_nothing() -> None:
    assert await fetch(lambda _: httpx.Response(200, content=b"other")) is None
    assert await fetch(lambda _: httpx.Response(200, content=BODY), limit_bytes=5) is None


@pytest.mark.parametrize("link", ["ftp://store.test/x", "nowhere"])
async def test_a_link_that_is_none_gives_nothing(link: str) -> None:
    async with httpx.AsyncClient() as client:
        assert await Attachments(client, 100).fetch(link, sha256=SHA256) is None


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_store_in_trouble_is_asked_again(status: int) -> None:
    with pytest.raises(ProviderUnavailable, match="attachment-unavailable"):
        await fetch(lambda _: httpx.Response(status))


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_a_store_out_of_reach_is_asked_again(error: type[httpx.TransportError]) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise error("away")

    with pytest.raises(ProviderUnavailable, match="attachment-unavailable"):
        await fetch(refuse)
