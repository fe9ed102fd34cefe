"""What the clients were promised: every accepted request, to be compared with what the system did."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Ledger:
    """Accepted requests of one case. Ids are those the answers named."""

    tickets: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    applications: list[str] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    certified: list[str] = field(default_factory=list)
    """Applications that were walked to their certificate."""
    refreshed: int = 0
    signed_out: int = 0
    """Sessions whose last refresh token, though handed out, is not taken at the end."""
    repeated: int = 0
    """Requests sent again because nobody answered or the answer was 5xx."""
    given_up: int = 0
    """Requests that found no answer within the limit."""
    refused: list[str] = field(default_factory=list)
    """Unexpected refusals; there should be none."""

    @property
    def accepted(self) -> int:
        """Everything that was promised."""
        return len(self.tickets) + len(self.documents) + len(self.applications) + len(self.withdrawn) + len(self.certified) + self.refreshed


@dataclass(slots=True)
class Verdict:
    """One line of the table."""

    case: str
    accepted: int
    lost: int
    doubled: int
    stuck: int
    dead_letters: int
    disordered: int = 0
    """Events that the broker saw after a later version of the same stream."""
    expected_dead_letters: int = 0
    notes: str = ""
    repeated: int = 0
    certified: int = 0
    """Of what was accepted, applications walked to their certificate."""

    @property
    def is_good(self) -> bool:
        """Nothing lost, doubled, stuck or out of order, and the dead letters are exactly those that were asked for."""
        is_whole = not (self.lost or self.doubled or self.stuck or self.disordered)
        return self.accepted > 0 and is_whole and self.dead_letters == self.expected_dead_letters
