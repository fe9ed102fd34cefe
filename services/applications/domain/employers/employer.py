"""An organisation whose programs ask about certificates with a key of its own."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID


class Purpose(StrEnum):
    """What an employer asks for. Codes and no free words: holders see them, and nobody can write about somebody in them."""

    HIRING = "hiring"
    EMPLOYMENT = "employment"
    LICENSING = "licensing"
    CONTRACT = "contract"


PURPOSE_TITLES: MappingProxyType[Purpose, str] = MappingProxyType(
    {
        Purpose.HIRING: "Приём на работу",
        Purpose.EMPLOYMENT: "Допуск работника к деятельности",
        Purpose.LICENSING: "Лицензирование организации",
        Purpose.CONTRACT: "Договор об оказании услуг",
    }
)


@dataclass(frozen=True, slots=True)
class Employer:
    """An organisation; its key is known to itself alone."""

    id: UUID
    name: str
    ogrn: str
    contact_email: str
    made_at: datetime
    made_by: UUID
    ended_at: datetime | None = None

    def ended(self, at: datetime) -> "Employer":
        """Without access; the first time counts."""
        return self if self.ended_at else replace(self, ended_at=at)
