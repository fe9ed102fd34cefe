"""What proves itself: the code's signed text, the keys that verify it, who stands behind them."""

from dataclasses import dataclass
from typing import Any

from services.applications.domain.certificates.payload import CodeVerdict, NotACode, Statement, parts_of
from services.applications.domain.errors.certificate import CodeUnreadable
from services.applications.gateways import Altered, CredentialKeys, ForeignKey, verification_url


@dataclass(frozen=True, slots=True)
class Credentials:
    """Signed statements about certificates, and their keys."""

    keys: CredentialKeys
    document_key: dict[str, Any]
    """The public key of signed PDFs with its certificates, as a JWK."""
    issuer: str
    public_urls: tuple[str, ...]
    """Present first, then former ones: all of them stand in codes on paper."""

    def code_keys(self) -> list[dict[str, Any]]:
        """Every public key of codes and credentials as a JWK."""
        return self.keys.jwks()

    def method_id(self, key_id: str) -> str:
        """The address of a key."""
        return f"{self.issuer}#{key_id}"

    def verification_urls(self) -> list[str]:
        """What addresses of codes begin with."""
        return [verification_url(url, "") for url in self.public_urls]

    def read_code(self, text: str) -> CodeVerdict:
        """Whether we made the text of a QR code; nothing is looked up. Raises `CodeUnreadable`."""
        try:
            address, token = parts_of(text)
        except NotACode:
            raise CodeUnreadable("Это не код сертификата. Считайте QR-код целиком и пришлите весь его текст.") from None
        try:
            statement = Statement.decoded(self.keys.opened(token))
        except ForeignKey:
            return CodeVerdict("foreign-key")
        except (Altered, NotACode):
            return CodeVerdict("altered")
        if address not in [verification_url(url, statement.number) for url in self.public_urls]:
            return CodeVerdict("altered")
        return CodeVerdict("genuine", statement)
