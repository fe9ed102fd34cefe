"""What callers send. Everything of a draft is optional: people save as they type."""

import unicodedata
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.applications.domain.application import Decision, Remark
from services.applications.domain.rules import Kind
from services.applications.usecases.drafting import NewApplication

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode that end lines, turn the direction of writing, or show nothing."""


def _on_one_line(text: str) -> str:
    if any(unicodedata.category(sign) in _UNSEEN for sign in text):
        raise PydanticCustomError("control_character", "Уберите переносы строк и невидимые знаки.")
    return text


_SEEN = (
    r"^[^\u0000-\u001F\u007F-\u009F\u00AD\u0600-\u0605\u061C\u06DD\u070F\u180E"
    r"\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]*$"
)
ONE_LINE = (AfterValidator(_on_one_line), Field(json_schema_extra={"pattern": _SEEN}))
"""A text that looks as it reads; the pattern tells programs of the signs that are met."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), *ONE_LINE]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000, pattern=r"^[^\x00]*$")]
Needed = Annotated[Text, Field(min_length=1)]
Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9.\-]*$")]
Pointer = Annotated[str, StringConstraints(max_length=120, pattern=r"^(/[a-z0-9_\-]+){1,4}$")]
Hours = Annotated[int, Field(ge=0, le=100_000)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
DocumentName = Literal[
    "diploma",
    "licence",
    "training-certificate",
    "no-criminal-record",
    "gosuslugi-confirmation",
    "passport",
    "snils",
    "employment-record",
    "supporting",
]


class Body(BaseModel):
    """What nobody asked for is refused."""

    model_config = ConfigDict(extra="forbid")


class NewApplicationIn(Body):
    """A new application; after a refusal of the kind and specialty it says what was corrected, and may name the refused one."""

    kind: Kind
    specialty_code: Code
    previous_application_id: UUID | None = None
    correction_comment: Text = ""

    def wanted(self) -> NewApplication:
        """For the use-case."""
        return NewApplication(self.kind, self.specialty_code, self.previous_application_id, self.correction_comment)


class PersonalPatch(Body):
    """The personal block."""

    surname: Line | None = None
    given_name: Line | None = None
    patronymic: Line | None = None
    birth_date: Day | None = None
    birth_place: Line | None = None
    passport_series: Line | None = None
    passport_number: Line | None = None
    passport_issued_on: Day | None = None
    passport_issued_by: Line | None = None
    snils: Line | None = None
    inn: Line | None = None
    phone: Line | None = None
    email: Line | None = None


class LicencePatch(Body):
    """The licence."""

    series: Line | None = None
    number: Line | None = None
    holder: Literal["person", "organisation"] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None


class WorkplacePatch(Body):
    """The workplace."""

    organisation: Line | None = None
    ogrn: Line | None = None
    address: Line | None = None
    department: Line | None = None


class EmploymentIn(Body):
    """One entry of the work history."""

    organisation: Line
    position: Line
    started_on: Day
    ended_on: Day | None = None


class ProfessionalPatch(Body):
    """The professional block."""

    qualification: Line | None = None
    specialty_code: Code | None = None
    diploma_number: Line | None = None
    training_hours: Hours | None = None
    licence: LicencePatch | None = None
    workplace: WorkplacePatch | None = None
    employments: Annotated[list[EmploymentIn], Field(max_length=100)] | None = None


class ConsentPatch(Body):
    """The consent block."""

    personal_data: bool | None = None
    accuracy: bool | None = None


class BlocksPatch(Body):
    """A merge patch (RFC 7396): null removes, what is absent stays."""

    personal: PersonalPatch | None = None
    professional: ProfessionalPatch | None = None
    consent: ConsentPatch | None = None
    documents: dict[DocumentName, UUID | None] | None = None

    def patch(self) -> dict[str, Any]:
        """Only what was sent; blocks sent as null are left alone."""
        sent = self.model_dump(mode="json", exclude_unset=True)
        for block in ("personal", "professional"):
            if isinstance(sent.get(block), dict) and isinstance(employments := sent[block].get("employments"), list):
                sent[block]["employments"] = [{name: value for name, value in one.items() if value is not None} for one in employments]
        return {name: block for name, block in sent.items() if block is not None}


class AnswerIn(Body):
    """The applicant's answer to a request."""

    comment: Text = ""
    changes: BlocksPatch = BlocksPatch()


class WithdrawalIn(Body):
    """Why the applicant takes the application back."""

    reason: Text = ""


class RemarkIn(Body):
    """One reason with the place it points at."""

    code: Code
    pointer: Pointer
    comment: Text = ""

    def remark(self) -> Remark:
        """For the use-case."""
        return Remark(self.code, self.pointer, self.comment)


class RequestIn(Body):
    """What the reviewer asks for."""

    remarks: Annotated[list[RemarkIn], Field(min_length=1, max_length=50)]


class AssignmentIn(Body):
    """Who is to review; null leaves the choice to the system."""

    reviewer_id: UUID | None


class NoteIn(Body):
    """What colleagues are to know."""

    text: Needed


class OpinionIn(Body):
    """A reviewer's recommendation or a registrar's decision; a refusal names reasons."""

    decision: Decision
    reasons: Annotated[list[RemarkIn], Field(max_length=50)] = []
    comment: Text = ""

    def remarks(self) -> tuple[Remark, ...]:
        """For the use-case."""
        return tuple(reason.remark() for reason in self.reasons)
