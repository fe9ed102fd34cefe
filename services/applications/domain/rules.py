"""What each kind of accreditation and each specialty asks for on one day; the rows themselves are data in `rules/`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from contracts.documents import TITLES, DocumentType
from services.applications.domain.dates import DateRule
from services.applications.domain.grounds import Ground
from services.applications.domain.purposes import PurposeRule
from services.applications.domain.reasons import Code, ReasonRule
from services.applications.domain.terms import TermNumbers
from services.applications.domain.versions import Versioned


class Kind(StrEnum):
    """Kinds of accreditation."""

    PRIMARY = "primary"
    PRIMARY_SPECIALISED = "primary-specialised"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class KindRules(Versioned):
    """What one kind asks for."""

    kind: Kind
    title: str
    documents: tuple[DocumentType, ...]
    minimum_experience_months: int
    minimum_training_hours: int


@dataclass(frozen=True, slots=True)
class SpecialtyRules(Versioned):
    """What one specialty asks for beside its kind."""

    code: str
    title: str
    documents: tuple[DocumentType, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentRules(Versioned):
    """A document an application may hold."""

    type: DocumentType

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.type]


@dataclass(frozen=True, slots=True)
class ChecklistItem(Versioned):
    """What a reviewer looks at before an opinion."""

    code: str
    title: str
    kinds: tuple[Kind, ...]
    is_required: bool
    may_be_inapplicable: bool = False
    """Whether "not applicable" is an answer; else the row concerns every application of its kinds."""
    needs_changed_profile: bool = False
    """Only looked at where the profile changed after the application was handed in."""


@dataclass(frozen=True, slots=True)
class TermRule(Versioned):
    """The length of one term; several where it is told of several times."""

    name: str
    title: str
    unit: str
    length: int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Titles:
    """The words for all there ever was: an old application keeps its words when a specialty ends."""

    kinds: Mapping[Kind, str]
    specialties: Mapping[str, str]
    documents: Mapping[str, str]
    grounds: Mapping[str, str]
    purposes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Every table as it is in force on one day."""

    kinds: Mapping[Kind, KindRules]
    specialties: Mapping[str, SpecialtyRules]
    documents: Mapping[DocumentType, DocumentRules]
    reasons: Mapping[Code, ReasonRule]
    checklists: Mapping[str, ChecklistItem]
    grounds: Mapping[str, Ground]
    purposes: Mapping[str, PurposeRule]
    dates: Mapping[str, DateRule]
    terms: Mapping[str, TermRule]
    titles: Titles

    def required_documents(self, kind: Kind, specialty_code: str) -> tuple[DocumentType, ...]:
        """The documents an application of this kind and specialty must hold, in the order people are asked for them."""
        specialty = self.specialties.get(specialty_code)
        return tuple(dict.fromkeys((*self.kinds[kind].documents, *(specialty.documents if specialty else ()))))

    def reason(self, code: str) -> ReasonRule:
        """The row of a reason an application holds."""
        return self.reasons[Code(code)]

    def may_resubmit(self, codes: Iterable[str]) -> bool:
        """Whether who was refused for these may hand in a correction."""
        return all(self.reason(code).may_resubmit for code in codes)

    def needs_change(self, codes: Iterable[str]) -> bool:
        """Whether a correction after a refusal for these has to say something else."""
        return any(self.reason(code).needs_change for code in codes)

    def checklist_of(self, kind: Kind, *, is_profile_changed: bool = False) -> tuple[ChecklistItem, ...]:
        """What a reviewer looks at in applications of the kind."""
        found = (item for item in self.checklists.values() if kind in item.kinds)
        return tuple(item for item in found if is_profile_changed or not item.needs_changed_profile)

    def numbers(self) -> TermNumbers:
        """The lengths of the terms."""
        return TermNumbers(**{name: row.length for name, row in self.terms.items()})  # type: ignore[arg-type]  # parsed by its fields
