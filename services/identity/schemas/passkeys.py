"""Bodies of passkeys. Credentials come as `PublicKeyCredential.toJSON()` makes them. Source: W3C Web Authentication Level 3, 5.1."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.identity.domain.passkeys import Passkey
from services.identity.schemas.base import In, Line, Short
from services.identity.usecases.passkeys import Question

CredentialId = Annotated[str, StringConstraints(min_length=1, max_length=1400)]
Encoded = Annotated[str, StringConstraints(max_length=8_192)]
LongEncoded = Annotated[str, StringConstraints(max_length=65_536)]


class _FromBrowser(BaseModel):
    """Part of what a browser makes; what newer browsers add is passed over."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class AttestationResponseIn(_FromBrowser):
    """What an authenticator says about a key it made, base64url."""

    client_data_json: Encoded = Field(alias="clientDataJSON")
    attestation_object: LongEncoded = Field(alias="attestationObject")
    transports: list[Short] = Field(default=[], max_length=20)


class AssertionResponseIn(_FromBrowser):
    """What an authenticator signed, base64url."""

    client_data_json: Encoded = Field(alias="clientDataJSON")
    authenticator_data: Encoded = Field(alias="authenticatorData")
    signature: Encoded
    user_handle: Short | None = Field(default=None, alias="userHandle")


class NewCredentialIn(_FromBrowser):
    """The answer of `navigator.credentials.create`."""

    id: CredentialId
    raw_id: CredentialId = Field(alias="rawId")
    type: Literal["public-key"]
    response: AttestationResponseIn


class UsedCredentialIn(_FromBrowser):
    """The answer of `navigator.credentials.get`."""

    id: CredentialId
    raw_id: CredentialId = Field(alias="rawId")
    type: Literal["public-key"]
    response: AssertionResponseIn


class NewPasskeyIn(In):
    """A new key and what its owner calls it."""

    credential: NewCredentialIn
    name: Line = ""

    def to_json(self) -> dict[str, Any]:
        """The credential as it came."""
        return self.credential.model_dump(by_alias=True)


class PasskeyAnswerIn(In):
    """A signature by a key."""

    credential: UsedCredentialIn

    def to_json(self) -> dict[str, Any]:
        """The credential as it came."""
        return self.credential.model_dump(by_alias=True)


class PasskeyNameIn(In):
    """What its owner calls a passkey."""

    name: Line


class CeremonyOut(BaseModel):
    """What to ask the authenticator: `options` go to `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."""

    ceremony_id: UUID
    options: dict[str, Any]
    expires_at: datetime

    @classmethod
    def of(cls, question: Question) -> "CeremonyOut":
        """The answer."""
        return cls(ceremony_id=question.ceremony.id, options=question.options, expires_at=question.ceremony.expires_at)


class PasskeyOut(BaseModel):
    """One of the caller's passkeys. `is_backed_up`: its authenticator keeps a copy elsewhere."""

    passkey_id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_backed_up: bool
    transports: list[str]

    @classmethod
    def of(cls, passkey: Passkey) -> "PasskeyOut":
        """The answer."""
        return cls(
            passkey_id=passkey.id,
            name=passkey.name,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            is_backed_up=passkey.is_backed_up,
            transports=list(passkey.transports),
        )


class PasskeysOut(BaseModel):
    """The caller's passkeys, the oldest first."""

    items: list[PasskeyOut]
