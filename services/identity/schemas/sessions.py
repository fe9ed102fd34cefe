"""Bodies of sign-in, tokens and sessions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from contracts.roles import Scope
from services.identity.domain.codes import CodePolicy
from services.identity.domain.sessions import Session
from services.identity.domain.sign_ins import MASKED_PHONE
from services.identity.domain.step_ups import Channel, StepUp
from services.identity.schemas.base import CodeIn, In, Secret
from services.identity.usecases.sessions import Access, Tokens
from services.identity.usecases.sign_in import Finished, Started

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=254)]
_BEARER: Literal["Bearer"] = "Bearer"


class SignInIn(In):
    """INN, licence number, SNILS, e-mail or phone, and the password."""

    identifier: Identifier
    password: Secret
    device_token: Secret | None = None
    """Of a trusted device."""


class SignInCodeIn(CodeIn):
    """A code by SMS, of an authenticator app, or a recovery code; the device may be trusted from now on."""

    trust_device: bool = False


class RefreshIn(In):
    """A refresh token."""

    refresh_token: Secret


class SmsOut(BaseModel):
    """Where the code goes if it may go, and when it may be asked for again."""

    channel: Literal["sms"]
    masked_address: str
    resend_after_seconds: int

    @classmethod
    def of(cls, policy: CodePolicy) -> "SmsOut":
        """The same for everybody."""
        return cls(channel="sms", masked_address=MASKED_PHONE, resend_after_seconds=int(policy.resend_after.total_seconds()))


class AccessTokenOut(BaseModel):
    """An access token."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int
    scope: Scope | None
    """`enrolment`: the holder has to set up a second factor first and may do nothing else."""

    @classmethod
    def of_access(cls, access: Access) -> "AccessTokenOut":
        """The answer."""
        return cls(access_token=access.access_token, token_type=_BEARER, expires_in=access.expires_in, scope=access.scope)


class StepUpOut(BaseModel):
    """A step-up that waits for its code: of an authenticator app, or one that was sent; where to is not named."""

    step_up_id: UUID
    channel: Channel
    expires_at: datetime

    @classmethod
    def of(cls, step_up: StepUp) -> "StepUpOut":
        """The answer."""
        return cls(step_up_id=step_up.id, channel=step_up.channel, expires_at=step_up.code.expires_at)


class TokensOut(AccessTokenOut):
    """What a signed-in client holds."""

    refresh_token: str

    @classmethod
    def of(cls, tokens: Tokens) -> "TokensOut":
        """The answer."""
        access = AccessTokenOut.of_access(tokens)
        return cls(**access.model_dump(), refresh_token=tokens.refresh_token)


class SignInOut(BaseModel):
    """Where the code goes, if identifier and password are right. `tokens` is there only on a trusted device."""

    sign_in_id: UUID
    channel: Literal["sms"]
    masked_address: str
    expires_at: datetime
    tokens: TokensOut | None

    @classmethod
    def of(cls, started: Started) -> "SignInOut":
        """The same for everybody who has to give a code."""
        return cls(
            sign_in_id=started.sign_in.id,
            channel="sms",
            masked_address=MASKED_PHONE,
            expires_at=started.sign_in.code.expires_at,
            tokens=None if started.tokens is None else TokensOut.of(started.tokens),
        )


class SignedInOut(TokensOut):
    """What a signed-in client holds; with `device_token` the password alone signs in on this device."""

    device_token: str | None

    @classmethod
    def finished(cls, finished: Finished) -> "SignedInOut":
        """The answer."""
        return cls(**TokensOut.of(finished.tokens).model_dump(), device_token=finished.device_token)


class JwkOut(BaseModel):
    """A public key. Source: RFC 8037, RFC 7517."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class JwksOut(BaseModel):
    """The keys that verify access tokens."""

    keys: list[JwkOut]


class EndedSessionsOut(BaseModel):
    """Sessions that ended within the life of an access token: their tokens are void before they end."""

    session_ids: list[UUID]


class SessionOut(BaseModel):
    """One open session of the caller."""

    session_id: UUID
    is_current: bool
    created_at: datetime
    last_used_at: datetime
    address: str | None
    device: str | None

    @classmethod
    def of(cls, session: Session, *, current_id: UUID) -> "SessionOut":
        """The answer."""
        return cls(
            session_id=session.id,
            is_current=session.id == current_id,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            address=session.address,
            device=session.device,
        )


class SessionsOut(BaseModel):
    """Open sessions, newest first."""

    items: list[SessionOut]
