"""What callers send. Everything of a draft is optional: people save as they type."""

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.applications.domain import signs
from services.applications.domain.application import Decision, Remark
from services.applications.domain.rules import Kind
from services.applications.usecases.drafting import NewApplication

_CALENDAR_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _checked(rule: Callable[[str], str]) -> AfterValidator:
    def check(text: str) -> str:
        try:
            return rule(text)
        except signs.WrongSign as wrong:
            raise PydanticCustomError("sign_not_allowed", "{detail}", {"detail": wrong.detail}) from None

    return AfterValidator(check)


def _written_as_day(value: object) -> object:
    """Numbers, moments and digits of a number are no days."""
    if (isinstance(value, str) and not _CALENDAR_DAY.fullmatch(value)) or isinstance(value, int | float):
        raise PydanticCustomError("date_type", "Ожидается дата в виде ГГГГ-ММ-ДД.")
    return value


ONE_LINE = (_checked(signs.line), Field(json_schema_extra={"pattern": signs.LINE_PATTERN}))
"""A text that looks as it reads, and that official papers can show; the pattern tells programs of the signs."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), *ONE_LINE]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=4000),
    _checked(signs.lines),
    Field(json_schema_extra={"pattern": signs.TEXT_PATTERN}),
]
NeededLine = Annotated[Line, Field(min_length=1)]
Needed = Annotated[Text, Field(min_length=1)]
Code = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9.\-]*$")]
Pointer = Annotated[str, StringConstraints(max_length=120, pattern=r"^(/[a-z0-9_\-]+){1,4}$")]
Hours = Annotated[int, Field(strict=True, ge=0, le=100_000)]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1)), BeforeValidator(_written_as_day)]
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

    organisation: NeededLine
    position: NeededLine
    started_on: Day
    ended_on: Day | None = None

    @model_validator(mode="after")
    def _ends_after_its_beginning(self) -> Self:
        if self.ended_on is not None and self.ended_on < self.started_on:
            raise PydanticCustomError("period_reversed", "Работа окончена раньше, чем начата: проверьте даты.")
        return self


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

    personal_data: StrictBool | None = None
    accuracy: StrictBool | None = None


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
