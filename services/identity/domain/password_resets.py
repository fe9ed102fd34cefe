"""Setting a forgotten password: a code by e-mail. Nothing here tells a known account from an unknown one before the code is right."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import FieldError, Invalid
from services.identity.domain.codes import CodeRefused, OneTimeCode, WrongCode


class WrongPassword(Invalid):
    """Not the present password."""

    code = "wrong-password"

    def __init__(self) -> None:
        detail = "Текущий пароль неверный."
        super().__init__(detail, errors=[FieldError("/current_password", self.code, detail)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetCode:
    """The code last sent to an account (`id`), which all its resets share; for an identifier nobody has, one that was never sent."""

    id: UUID
    code: OneTimeCode
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset:
    """One request for a new password. `subject_id` is None until it was looked up, and then stands for an account or for none.

    `code` is a decoy for everybody: it says until when and how often this reset may be tried, the same whether a code was sent.
    """

    id: UUID
    created_at: datetime
    code: OneTimeCode
    subject_id: UUID | None = None
    person_id: UUID | None = None
    version: int = 0

    def about(self, subject_id: UUID, person_id: UUID | None) -> "PasswordReset":
        """Looked up; `person_id` is None for an identifier nobody has."""
        return replace(self, subject_id=subject_id, person_id=person_id)

    def tried(self, digest: bytes, sent: ResetCode | None, at: datetime) -> "tuple[PasswordReset, ResetCode | None, CodeRefused | None]":
        """After one try: the reset and the code of its account, both to be stored in any case, and why it was refused; None if right.

        What is said about tries and time is about this reset alone; the account's code may be over earlier, then it is simply wrong.
        """
        own, refused = self.code.tried(digest, at)
        if isinstance(refused, WrongCode) and sent is not None:
            code, wrong = sent.code.tried(digest, at)
            sent = replace(sent, code=code)
            if wrong is None:
                return replace(self, code=replace(self.code, used_at=at)), sent, None
        return replace(self, code=own), sent, refused
