"""The checklist as the reviewer fills it in, and as it is read later."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.applications.domain.application import Application, Checklist, ChecklistAnswer, ChecklistResult
from services.applications.domain.checklist import given_by, is_outdated
from services.applications.domain.rules import ChecklistItem, Rules
from services.applications.schemas.bodies import Body, Code, Text


class ChecklistAnswerIn(Body):
    """One row; anything but yes is explained."""

    code: Code
    result: ChecklistResult
    comment: Text = ""


class ChecklistIn(Body):
    """All answers there are so far; they replace earlier ones."""

    answers: Annotated[list[ChecklistAnswerIn], Field(max_length=100)]

    def given(self) -> tuple[ChecklistAnswer, ...]:
        """For the use-case."""
        return tuple(ChecklistAnswer(one.code, one.result, one.comment) for one in self.answers)


class ChecklistRowOut(BaseModel):
    """One row and what was found; `result` is None until it is answered."""

    code: str
    title: str
    is_required: bool
    may_be_inapplicable: bool
    result: ChecklistResult | None
    comment: str


class ChecklistOut(BaseModel):
    """Every row of the application's kind with the reviewer's answers."""

    rows: list[ChecklistRowOut]
    is_outdated: bool
    """The answers are about what was judged before an answer or a changed profile: approval needs them given again."""

    @classmethod
    def of(cls, application: Application, reviewer_id: UUID, rules: Rules) -> Self:
        """Of the present round."""
        given = given_by(application, reviewer_id)
        found = {one.code: one for one in given.answers} if given else {}
        items = rules.checklist_of(application.kind, is_profile_changed=application.is_profile_changed)
        return cls(rows=[_row(item, found.get(item.code)) for item in items], is_outdated=is_outdated(given, application))


def _row(item: ChecklistItem, known: ChecklistAnswer | None) -> ChecklistRowOut:
    return ChecklistRowOut(
        code=item.code,
        title=item.title,
        is_required=item.is_required,
        may_be_inapplicable=item.may_be_inapplicable,
        result=known.result if known else None,
        comment=known.comment if known else "",
    )


class AuditOut(BaseModel):
    """What one reviewer looked at and found."""

    at: datetime
    rows: list[ChecklistRowOut]

    @classmethod
    def of(cls, checklist: Checklist, rules: Rules) -> Self:
        """From the record, with the words of the rules it was made by."""
        items = rules.checklists
        return cls(
            at=checklist.at,
            rows=[
                ChecklistRowOut(
                    code=one.code,
                    title=items[one.code].title if one.code in items else one.code,
                    is_required=one.code in items and items[one.code].is_required,
                    may_be_inapplicable=one.code in items and items[one.code].may_be_inapplicable,
                    result=one.result,
                    comment=one.comment,
                )
                for one in checklist.answers
            ],
        )
