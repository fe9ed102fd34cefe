"""Reasons of remarks and refusals: they drive the check, the reviewers' form, the letter and the right to hand in again."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from services.applications.domain.form import DOCUMENTS, covers
from services.applications.domain.versions import Versioned

Target = Literal["field", "document", "any"]


class Code(StrEnum):
    """Stable codes of reasons."""

    PERSONAL_DATA_INCOMPLETE = "personal-data-incomplete"
    QUALIFICATION_INCOMPLETE = "qualification-incomplete"
    SPECIALTY_CODE_WRONG = "specialty-code-wrong"
    EXPERIENCE_BELOW_MINIMUM = "experience-below-minimum"
    CONTACT_DATA_WRONG = "contact-data-wrong"
    LICENCE_MISSING = "licence-missing"
    LICENCE_INACTIVE = "licence-inactive"
    LICENCE_EXPIRED = "licence-expired"
    IDENTIFIER_WRONG = "identifier-wrong"
    DATE_IMPOSSIBLE = "date-impossible"
    PROFILE_MISMATCH = "profile-mismatch"
    PROFILE_NOT_VERIFIED = "profile-not-verified"
    PROFILE_CORRECTION_OVERDUE = "profile-correction-overdue"
    DOCUMENT_MISSING = "document-missing"
    DOCUMENT_PENDING = "document-pending"
    FILE_REQUIREMENTS_NOT_MET = "file-requirements-not-met"
    TRAINING_NOT_COMPLETED = "training-not-completed"
    CONSENT_MISSING = "consent-missing"
    DUPLICATE_APPLICATION = "duplicate-application"
    NOTHING_CORRECTED = "nothing-corrected"
    NEGATIVE_EXPERT_DECISION = "negative-expert-decision"


@dataclass(frozen=True, slots=True)
class ReasonRule(Versioned):
    """One reason. `is_curable`: the applicant may correct it without a refusal.

    `is_automatic`: people may refuse for it only while the check finds it. It points at its `places`, at what they
    hold, or at a part of the form that holds one of them.
    """

    code: Code
    text: str
    advice: str
    is_curable: bool
    places: tuple[str, ...]
    is_automatic: bool = False
    may_resubmit: bool = True
    """Whether a refusal for it may be followed by a correction."""
    needs_change: bool = True
    """Whether only something else in the form or its files puts it right, and neither time nor a registry."""

    def may_point_at(self, pointer: str) -> bool:
        """Whether the reason has to do with the place."""
        return covers(self.places, pointer) or any(covers([pointer], place) for place in self.places)

    @property
    def target(self) -> Target:
        """What kind of place it points at."""
        documents = [covers([DOCUMENTS], place) for place in self.places]
        return "document" if all(documents) else "any" if any(documents) else "field"
