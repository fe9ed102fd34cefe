"""One trace from the click to the notification, through outbox and broker."""

from tests.e2e.collector import CollectedSpan, Collector
from tests.e2e.walk import SUBMISSION_TRACE, Walked
from tests.support import eventually

SERVER, PRODUCER, CONSUMER = 2, 4, 5
EVENT = "applications.application-submitted.v1"


def ancestors(span: CollectedSpan, spans: list[CollectedSpan]) -> list[CollectedSpan]:
    by_id = {one.span_id: one for one in spans}
    line = []
    while (parent := by_id.get(span.parent_id)) is not None:
        line.append(parent)
        span = parent
    return line


async def test_click_outbox_broker_and_notification_share_one_trace(walked: Walked, collector: Collector) -> None:
    assert walked.submitted

    async def told_spans() -> list[CollectedSpan]:
        spans = collector.of_trace(SUBMISSION_TRACE)
        return [span for span in spans if span.service == "notifications" and span.kind == CONSUMER and EVENT in str(span)]

    told = (await eventually(told_spans))[0]
    line = ancestors(told, collector.of_trace(SUBMISSION_TRACE))
    published = next(span for span in line if span.kind == PRODUCER)
    clicked = next(span for span in line if span.kind == SERVER)
    assert (published.service, published.name) == ("applications", f"{EVENT} publish")
    assert clicked.service == "applications"
    assert "submission" in clicked.name
    assert line.index(published) < line.index(clicked)


async def test_every_listener_of_the_submission_joins_the_trace(walked: Walked, collector: Collector) -> None:
    assert walked.submitted

    async def services() -> bool:
        found = {span.service for span in collector.of_trace(SUBMISSION_TRACE)}
        return found >= {"applications", "documents", "notifications", "support"}

    assert await eventually(services)
