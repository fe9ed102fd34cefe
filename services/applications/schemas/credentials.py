"""Keys as strangers' programs read them."""

from typing import Any, Self

from pydantic import BaseModel, Field

from services.applications.usecases.credentials import Credentials

_CONTEXT = "https://www.w3.org/ns/cid/v1"


class JwkOut(BaseModel):
    """A public key. Source: RFC 7517, RFC 8037."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class DocumentJwkOut(BaseModel):
    """The key of signed PDFs; its certificates go from its own to the root. Source: RFC 7517, section 4.7."""

    kty: str
    n: str
    e: str
    kid: str
    use: str
    alg: str
    x5c: list[str]


class KeysOut(BaseModel):
    """The keys of codes, credentials and PDFs, and what the addresses in codes begin with."""

    keys: list[JwkOut | DocumentJwkOut]
    verification_urls: list[str]

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """The present ring."""
        keys = [*(JwkOut(**key) for key in credentials.code_keys()), DocumentJwkOut(**credentials.document_key)]
        return cls(keys=keys, verification_urls=credentials.verification_urls())


class MethodOut(BaseModel):
    """One key under its address."""

    id: str
    type: str
    controller: str
    publicKeyJwk: dict[str, Any]  # noqa: N815 - the name of the standard


class IssuerOut(BaseModel):
    """Who issues credentials, and with which keys. Source: W3C, Controlled Identifiers 1.0."""

    context: list[str] = Field(alias="@context")
    id: str
    verificationMethod: list[MethodOut]  # noqa: N815 - the name of the standard
    assertionMethod: list[str]  # noqa: N815 - the name of the standard

    @classmethod
    def of(cls, credentials: Credentials) -> Self:
        """The present ring under the issuer's address."""
        methods = [
            MethodOut(id=credentials.method_id(key["kid"]), type="JsonWebKey", controller=credentials.issuer, publicKeyJwk=key)
            for key in credentials.code_keys()
        ]
        named = {"@context": [_CONTEXT], "id": credentials.issuer, "verificationMethod": methods}
        return cls(**named, assertionMethod=[method.id for method in methods])
