"""Events on the wire: they come back as they were, and nothing foreign gets through as anything but a refusal."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.applications import ReviewReleased
from contracts.base import EVENT_TYPES, LARGEST_INTEGER, Event
from contracts.generate.samples import GOLDEN_KEY_RING, sample_of
from contracts.generate.schemas import declared_events
from contracts.topology import SUBSCRIPTIONS

RELEASED = sample_of(ReviewReleased, version=3)
BODY: dict[str, Any] = json.loads(RELEASED.to_wire(GOLDEN_KEY_RING))


def body_with(**values: Any) -> bytes:
    return json.dumps(BODY | values).encode()


@pytest.mark.parametrize("event", declared_events(), ids=lambda event: event.type)
def test_every_event_comes_back_from_the_wire_as_it_was(event: type[Event]) -> None:
    sent = sample_of(event)
    assert event.from_wire(sent.to_wire(GOLDEN_KEY_RING), GOLDEN_KEY_RING) == sent


@pytest.mark.parametrize("event", declared_events(), ids=lambda event: event.type)
def test_every_event_type_is_named_after_its_publisher_and_its_class(event: type[Event]) -> None:
    publisher, name, major = event.type.split(".")
    assert publisher in {*SUBSCRIPTIONS, "access"}
    words = "".join(word.capitalize() for word in name.split("-"))
    assert event.__name__ == (words if major == "v1" else words + major.upper())
    assert (event.__doc__ or "").strip()


def test_events_are_frozen() -> None:
    with pytest.raises(ValidationError):
        RELEASED.number = "other"  # type: ignore[misc]  # what mypy refuses is refused at run time too


def test_the_stream_is_the_aggregate_or_the_event_itself() -> None:
    assert RELEASED.stream == f"application_id:{RELEASED.application_id}"
    alone = sample_of(EVENT_TYPES["notifications.delivery-requested.v1"])
    assert alone.stream == str(alone.event_id)


PERSON_FIELDS = {"person_id", "practitioner_id", "applicant_id", "owner_id", "requester_id", "recipient_id", "holder_id", "subject_id"}
ABOUT_NOBODY = {
    "identity.person-erased.v1": "an erasure bears repetition, after it was carried out too",
    "identity.registration-lapsed.v1": "as an erasure",
    "documents.removal-term-reached.v1": "the second look of a removal",
    "documents.check-requested.v1": "a moment to look at something",
    "documents.check-term-reached.v1": "a moment to look at something",
    "documents.upload-term-reached.v1": "a moment to look at something",
    "documents.quarantine-term-reached.v1": "a moment to look at something",
    "documents.retention-term-reached.v1": "a moment to look at something",
    "access.personal-data-read.v1": "the access log keeps it whoever was erased",
}


@pytest.mark.parametrize("event", declared_events(), ids=lambda event: event.type)
def test_an_event_says_which_person_it_is_about(event: type[Event]) -> None:
    named = PERSON_FIELDS & set(event.model_fields)
    if event.type in ABOUT_NOBODY or not named:
        assert event.about is None
    else:
        assert event.about in named
        assert isinstance(sample_of(event).about_id, UUID)


def test_the_publisher_is_the_first_word_of_the_type() -> None:
    assert RELEASED.publisher == "applications"


def test_unknown_fields_of_a_newer_version_are_ignored() -> None:
    assert ReviewReleased.from_wire(body_with(invented_later={"deep": [1]}), GOLDEN_KEY_RING) == RELEASED


@pytest.mark.parametrize("name", ["event_id", "version", "occurred_at", "application_id"])
def test_a_body_without_a_field_that_is_always_sent_is_refused(name: str) -> None:
    body = json.dumps({key: value for key, value in BODY.items() if key != name}).encode()
    with pytest.raises(ValidationError, match=name):
        ReviewReleased.from_wire(body, GOLDEN_KEY_RING)


def test_moments_arrive_in_utc_whatever_zone_they_were_sent_in() -> None:
    moscow = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=3)))
    event = ReviewReleased.from_wire(body_with(occurred_at=moscow.isoformat()), GOLDEN_KEY_RING)
    assert event.occurred_at == moscow
    assert event.occurred_at.tzinfo is UTC


HOSTILE: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"<event/>",
    "not UTF-8": b"\xff\xfe\x00",
    "null": b"null",
    "a list": b"[]",
    "a string": b'"x"',
    "no fields": b"{}",
    "cut short": body_with()[:-10],
    "deep nesting": b"[" * 200_000,
    "deep nesting in an ignored field": body_with(deep=0).replace(b'"deep": 0', b'"deep": ' + b"[" * 100_000 + b"]" * 100_000),
    "a raw surrogate": body_with(number="?").replace(b'"?"', b'"\xed\xa0\x80"'),
    "an escaped surrogate": body_with(number="\ud800"),
    "an integer too large to store": body_with(version=LARGEST_INTEGER + 1),
    "an integer of 400 digits": body_with(version=10**400),
    "an integer of 5000 digits": body_with().replace(b'"version": 3', b'"version": ' + b"9" * 5000),
    "NaN": body_with(version=float("nan")),
    "infinity": body_with(version=float("inf")),
    "1e999": body_with().replace(b'"version": 3', b'"version": 1e999'),
    "a fraction": body_with(version=1.5),
    "a negative version": body_with(version=-1),
    "a naive moment": body_with(occurred_at="2026-11-22T09:30:00"),
    "the first year in the furthest zone": body_with(occurred_at="0001-01-01T00:00:00+14:00"),
    "the last year in the furthest zone": body_with(occurred_at="9999-12-31T23:59:59-14:00"),
    "a moment of 1e300": body_with(occurred_at=1e300),
    "a moment of 400 digits": body_with(occurred_at=10**400),
    "an identity that is none": body_with(application_id="../../etc/passwd"),
    "an identity of the wrong type": body_with(application_id={"$gt": ""}),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_body_is_a_validation_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValidationError):
        ReviewReleased.from_wire(body, GOLDEN_KEY_RING)


JSON_VALUES = st.recursive(
    st.none() | st.floats() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3), max_leaves=5
)


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=200) | JSON_VALUES.map(lambda value: json.dumps(value).encode()))
def test_random_bytes_and_values_are_a_validation_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(ValidationError):
        ReviewReleased.from_wire(body, GOLDEN_KEY_RING)


@settings(max_examples=200, deadline=None)
@given(
    name=st.sampled_from(sorted(BODY)),
    value=st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.lists(st.text(), max_size=2)
    | st.dictionaries(st.text(), st.text(), max_size=2),
)
def test_any_value_in_any_field_is_an_event_or_a_validation_error(name: str, value: Any) -> None:
    try:
        event = ReviewReleased.from_wire(body_with(**{name: value}), GOLDEN_KEY_RING)
    except ValidationError:
        return
    assert event.to_wire(GOLDEN_KEY_RING)


def test_text_that_json_cannot_hold_is_refused_when_it_is_sent() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        RELEASED.model_copy(update={"number": "\ud800"}).to_wire(GOLDEN_KEY_RING)


def test_every_integer_of_every_event_is_bounded() -> None:
    def unbounded(node: Any, path: str) -> list[str]:
        if isinstance(node, list):
            return [found for index, item in enumerate(node) for found in unbounded(item, f"{path}/{index}")]
        if not isinstance(node, dict):
            return []
        own = [path] if node.get("type") in ("integer", "number") and not {"maximum", "exclusiveMaximum"} & node.keys() else []
        return own + [found for key, item in node.items() for found in unbounded(item, f"{path}/{key}")]

    assert [found for event in declared_events() for found in unbounded(event.model_json_schema(), event.type)] == []


def test_an_error_never_quotes_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        ReviewReleased.from_wire(body_with(application_id="Иванова Анна"), GOLDEN_KEY_RING)
    assert "Иванова" not in str(refused.value)
    assert "Иванова" not in repr(refused.value)


@pytest.mark.parametrize("name", ["NoDots", "tests.UpperCase.v1", "tests.no-major", "tests.zero.v0", "tests..v1"])
def test_a_class_with_a_type_out_of_form_cannot_be_declared(name: str) -> None:
    with pytest.raises(TypeError, match="is not <publisher>"):
        type("OutOfForm", (Event,), {"type": name, "__annotations__": {"type": ClassVar[str]}, "__module__": __name__})
    assert name not in EVENT_TYPES


def test_a_class_whose_aggregate_field_is_missing_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match="absent_id"):

        class Lost(Event):
            type: ClassVar[str] = "tests.lost.v1"
            aggregate: ClassVar[str | None] = "absent_id"


def test_two_classes_cannot_share_a_type() -> None:
    with pytest.raises(TypeError, match="declared by both"):

        class SecondReviewReleased(Event):
            type: ClassVar[str] = ReviewReleased.type
            application_id: UUID = uuid4()
