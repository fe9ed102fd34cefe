"""The CloudEvents envelope: what we write others read, what others write is guarded."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_rabbitmq_event
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.access import PersonalDataRead
from contracts.applications import ReviewReleased
from contracts.base import Event
from contracts.envelope import CONTENT_TYPE, LONGEST_ATTRIBUTE, MalformedEnvelope, envelope_of, headers_of, schema_uri
from contracts.generate.samples import GOLDEN_KEY_RING, sample_of
from contracts.generate.schemas import declared_events, schema_of

EVENT = sample_of(ReviewReleased, version=3)
HEADERS = headers_of(EVENT, causation_id="request-1")


@pytest.mark.parametrize("event_type", declared_events(), ids=lambda event: event.type)
def test_the_cloudevents_library_reads_every_message_of_ours(event_type: type[Event]) -> None:
    event = sample_of(event_type)
    body = event.to_wire(GOLDEN_KEY_RING)
    read = from_rabbitmq_event(RabbitMQMessage(headers=headers_of(event, causation_id="cause"), content_type=CONTENT_TYPE, body=body))
    assert read.get_id() == str(event.event_id)
    assert read.get_type() == event.type
    assert read.get_source() == f"/medkabinet/{event.publisher}"
    assert read.get_specversion() == "1.0"
    assert read.get_time() == event.occurred_at
    assert read.get_subject() == event.stream
    assert read.get_dataschema() == schema_of(event_type)["$id"]
    assert read.get_extension("causationid") == "cause"
    assert isinstance(read.get_data(), dict)


def test_the_headers_are_text_and_named_as_the_binding_says() -> None:
    assert headers_of(sample_of(ReviewReleased, occurred_at=datetime(2026, 11, 22, 9, 30, tzinfo=UTC)), causation_id=None) == {
        "ce-id": str(EVENT.event_id),
        "ce-source": "/medkabinet/applications",
        "ce-type": "applications.review-released.v1",
        "ce-specversion": "1.0",
        "ce-time": "2026-11-22T09:30:00Z",
        "ce-subject": f"application_id:{EVENT.application_id}",
        "ce-dataschema": schema_uri("applications.review-released.v1"),
    }


def test_a_fact_any_service_may_state_names_the_service_that_stated_it() -> None:
    headers = headers_of(sample_of(PersonalDataRead), causation_id=None, service="documents")
    assert headers["ce-source"] == "/medkabinet/documents"


def test_our_own_headers_are_read_back() -> None:
    envelope = envelope_of(HEADERS | {"traceparent": "00-1-2-3", "x-attempt": 2})
    assert (envelope.event_id, envelope.type, envelope.stream) == (EVENT.event_id, EVENT.type, EVENT.stream)
    assert (envelope.source, envelope.causation_id) == ("/medkabinet/applications", "request-1")


def test_no_cause_is_none() -> None:
    assert envelope_of(headers_of(EVENT, causation_id=None)).causation_id is None


FOREIGN: dict[str, dict[str, Any]] = {
    "no version": {"ce-specversion": None},
    "a newer version": {"ce-specversion": "2.0"},
    "id no UUID": {"ce-id": "42"},
    "id a number": {"ce-id": 42},
    "id a table": {"ce-id": {"a": 1}},
    "id a list": {"ce-id": [1]},
    "id a moment": {"ce-id": datetime(2026, 1, 1, tzinfo=UTC)},
    "id missing": {"ce-id": None},
    "type empty": {"ce-type": ""},
    "type of bytes outside ASCII": {"ce-type": b"\xff"},
    "type too long": {"ce-type": "x" * (LONGEST_ATTRIBUTE + 1)},
    "type with a line break": {"ce-type": "a\nb"},
    "type with NUL": {"ce-type": "a\0"},
    "source true": {"ce-source": True},
    "subject a surrogate": {"ce-subject": "\ud800"},
    "cause a float": {"ce-causationid": float("nan")},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
def test_foreign_headers_are_refused_by_name(headers: dict[str, Any]) -> None:
    with pytest.raises(MalformedEnvelope, match=next(iter(headers))):
        envelope_of(HEADERS | headers)


def test_headers_as_bytes_of_another_client_are_read() -> None:
    assert envelope_of({name: value.encode() for name, value in HEADERS.items()}).event_id == EVENT.event_id


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers(), max_size=2)


@settings(max_examples=200, deadline=None)
@given(headers=st.dictionaries(st.sampled_from(sorted(HEADERS)), ANYTHING))
def test_any_headers_are_an_envelope_or_a_value_error(headers: dict[str, Any]) -> None:
    try:
        envelope = envelope_of(HEADERS | headers)
    except MalformedEnvelope:
        return
    assert envelope.type
