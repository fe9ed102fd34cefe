from collections.abc import AsyncIterator

from deploy.journey.stream import ServerSentEvent, parse_events


async def lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


async def test_events_comments_and_ids_are_read_as_the_standard_says() -> None:
    text = 'id: 7\nretry: 2000\n\n: ping\n\nevent: notice\nid: 8\ndata: {"a":\ndata:1}\n\ndata: last\n\n'
    assert [event async for event in parse_events(lines(text))] == [
        ServerSentEvent("8", "notice", '{"a":\n1}'),
        ServerSentEvent("8", "message", "last"),
    ]
