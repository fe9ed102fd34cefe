"""What documents knows of a practitioner's profile: the facts the registries confirmed, as long as they hold."""

from dataclasses import dataclass
from uuid import UUID

from contracts.identity import ProfileFacts


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile as identity told of it last. `facts` is None while the registries have yet to confirm it, or refuse to."""

    practitioner_id: UUID
    version: int = 0
    facts: ProfileFacts | None = None

    @property
    def is_settled(self) -> bool:
        """Whether a document may be compared with it."""
        return self.facts is not None

    def told(self, version: int, facts: ProfileFacts | None) -> "Profile":
        """The newer of the two: news may come in any order, and what is older than what is known says nothing."""
        return Profile(self.practitioner_id, version, facts) if version > self.version else self
