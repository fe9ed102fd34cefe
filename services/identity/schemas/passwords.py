"""Bodies of setting and changing a password."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.identity.domain.password_resets import PasswordReset
from services.identity.schemas.base import CodeIn, In, Secret
from services.identity.schemas.sessions import Identifier


class PasswordResetIn(In):
    """INN, licence number, SNILS, e-mail or phone."""

    identifier: Identifier


class PasswordResetOut(BaseModel):
    """A code goes to the account's e-mail address, if there is such an account."""

    reset_id: UUID
    expires_at: datetime

    @classmethod
    def of(cls, reset: PasswordReset) -> "PasswordResetOut":
        """The same for everybody."""
        return cls(reset_id=reset.id, expires_at=reset.code.expires_at)


class NewPasswordIn(CodeIn):
    """The code of the e-mail and the new password."""

    password: Secret


class PasswordChangeIn(In):
    """The present password and the new one."""

    current_password: Secret
    password: Secret
