"""What every event has: identity, time, its place in the order of its aggregate."""

from datetime import UTC
from typing import Annotated, Any, ClassVar, Self
from uuid import UUID, uuid4

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from contracts.sealed import KeyRing

Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class Event(BaseModel):
    """A fact that happened. Frozen; unknown fields are ignored, so that v1 may gain optional ones.

    `version` is the version of the aggregate after the change: consumers that keep state from events drop what is not newer
    than what they hold. It is 0 for events that belong to no ordered aggregate; those are their own stream.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    """Routing key, CloudEvents type and queue suffix in one: `<publisher>.<noun-verbed>.v<major>`."""
    aggregate: ClassVar[str | None] = None
    """Name of the field that identifies the aggregate whose order matters, or None."""

    event_id: UUID = Field(default_factory=uuid4)
    occurred_at: Moment
    version: int = Field(default=0, ge=0)

    @property
    def stream(self) -> str:
        """Events of one stream are published in the order of their versions."""
        if self.aggregate is None:
            return str(self.event_id)
        return f"{self.aggregate}:{getattr(self, self.aggregate)}"

    @property
    def publisher(self) -> str:
        """The service that owns this fact."""
        return self.type.partition(".")[0]

    def to_wire(self, key_ring: KeyRing) -> bytes:
        """The JSON body; sealed fields are encrypted with the active key of the ring."""
        return self.model_dump_json(context={"key_ring": key_ring}).encode()

    @classmethod
    def from_wire(cls, body: bytes, key_ring: KeyRing) -> Self:
        """The event of a JSON body. Raises `pydantic.ValidationError` for anything that is not one, unknown keys included."""
        return cls.model_validate_json(body, context={"key_ring": key_ring})

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            known = EVENT_TYPES.setdefault(cls.type, cls)
            if known is not cls and known.__qualname__ != cls.__qualname__:
                raise TypeError(f"{cls.type} is declared by both {known.__qualname__} and {cls.__qualname__}")


EVENT_TYPES: dict[str, type[Event]] = {}
"""Every declared event by its type; filled as the modules of this package are imported."""
