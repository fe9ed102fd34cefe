"""What every event has: identity, time, its place in the order of its aggregate."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID, uuid4

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from contracts.sealed import KeyRing

_TYPE = re.compile(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*\.v[1-9][0-9]*")
_YEARS = range(1900, 2201)
LARGEST_INTEGER = 2**53 - 1
"""The largest integer every JSON reader and BSON keep exactly."""


def _utc(moment: datetime) -> datetime:
    """UTC, as precise as stores keep it; years in which arithmetic with terms and time zones could overflow are refused."""
    if moment.year not in _YEARS:
        raise ValueError("the moment must lie between the years 1900 and 2200")
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Count = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
"""A number of things; bounded, so that no foreign message brings an integer that stores cannot hold."""


class Event(BaseModel):
    """A fact that happened. Frozen; unknown fields are ignored, so that v1 may gain optional ones.

    `version` is the version of the aggregate after the change: consumers that keep state from events drop what is not newer
    than what they hold. It is 0 for events that belong to no ordered aggregate; those are their own stream.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, use_attribute_docstrings=True)

    type: ClassVar[str]
    """Routing key, CloudEvents type and queue suffix in one: `<publisher>.<noun-verbed>.v<major>`."""
    aggregate: ClassVar[str | None] = None
    """Name of the field that identifies the aggregate whose order matters, or None."""

    about: ClassVar[str | None] = None
    """Name of the field that identifies the person it is about, or None. Who forgot that person lets such an event pass by."""

    event_id: UUID = Field(default_factory=uuid4)
    occurred_at: Moment
    version: Count = 0

    @property
    def stream(self) -> str:
        """Events of one stream are published in the order of their versions."""
        if self.aggregate is None:
            return str(self.event_id)
        return f"{self.aggregate}:{getattr(self, self.aggregate)}"

    @property
    def about_id(self) -> UUID | None:
        """The person it is about."""
        person_id: UUID | None = None if self.about is None else getattr(self, self.about)
        return person_id

    @property
    def publisher(self) -> str:
        """The service that owns this fact."""
        return self.type.partition(".")[0]

    def to_wire(self, key_ring: KeyRing) -> bytes:
        """The JSON body; sealed fields are encrypted with the active key of the ring. Raises `ValueError` for what JSON cannot hold."""
        return self.model_dump_json(context={"key_ring": key_ring}).encode()

    @classmethod
    def from_wire(cls, body: bytes, key_ring: KeyRing) -> Self:
        """The event of a JSON body. Raises `pydantic.ValidationError` for anything that is not one, unknown keys included.

        Nothing that identifies or orders an event is made up: without `event_id` a repeated delivery could not be recognised.
        """
        event = cls.model_validate_json(body, context={"key_ring": key_ring})
        missing = _ALWAYS_SENT - event.model_fields_set
        if missing:
            raise ValidationError.from_exception_data(
                cls.__name__, [{"type": "missing", "loc": (name,), "input": None} for name in sorted(missing)], "json", hide_input=True
            )
        return event

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.aggregate is not None and cls.aggregate not in cls.model_fields:
            raise TypeError(f"{cls.__qualname__} names the aggregate field {cls.aggregate!r} and does not have it")
        if cls.about is not None and cls.about not in cls.model_fields:
            raise TypeError(f"{cls.__qualname__} is about the person of the field {cls.about!r} and does not have it")
        if "type" not in cls.__dict__:
            return
        if not _TYPE.fullmatch(cls.type):
            raise TypeError(f"{cls.__qualname__}: {cls.type!r} is not <publisher>.<noun-verbed>.v<major>")
        known = EVENT_TYPES.setdefault(cls.type, cls)
        if known is not cls and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(f"{cls.type} is declared by both {known.__qualname__} and {cls.__qualname__}")


_ALWAYS_SENT = frozenset({"event_id", "version"})
EVENT_TYPES: dict[str, type[Event]] = {}
"""Every declared event by its type; filled as the modules of this package are imported."""
