"""CMS structures of one signer, made from a template: only the digest and the signature differ between two documents.

pyHanko makes the structure once and validates one that was filled in; assembling it anew takes five times the rest (ADR 0034).
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import Self

from asn1crypto import cms
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.signers import Signer
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services.applications.gateways.signing.keys import DocumentSigner, SigningUnusable

_MARKER = bytes(range(0xA0, 0xC0))
"""Stands where a SHA-256 will be."""


@dataclass(frozen=True)
class CmsTemplate:
    """Fills in what differs."""

    signer: DocumentSigner
    _attributes: tuple[bytes, bytes]
    """What is signed, before and behind the digest."""
    _structure: tuple[bytes, bytes, bytes]
    """The whole, before, between and behind digest and signature."""
    size_bytes: int
    """How long every structure is."""

    @classmethod
    async def of(cls, signer: DocumentSigner) -> Self:
        """A template that was tried. Raises `SigningUnusable`."""
        maker = _Maker(signer)
        made = (await maker.async_sign(_MARKER, "sha256", use_pades=True)).dump()
        template = cls(signer, _pair(maker.signed, _MARKER), _triple(made, maker.signature), len(made))
        await template._try()
        return template

    def filled(self, digest: bytes) -> bytes:
        """The detached signature of a document with this SHA-256. May block, as its signer may."""
        signature = self.signer.sign(digest.join(self._attributes))
        before, between, behind = self._structure
        return b"".join((before, digest, between, signature, behind))

    async def _try(self) -> None:
        content = secrets.token_bytes(64)
        structure = await asyncio.to_thread(self.filled, hashlib.sha256(content).digest())
        signed = cms.ContentInfo.load(structure)["content"]
        leaf, *issuers = map(_converted, self.signer.chain)
        trusted = ValidationContext(trust_roots=[issuers[-1] if issuers else leaf], other_certs=issuers)
        status = await async_validate_detached_cms(content, signed, signer_validation_context=trusted)
        if not (status.intact and status.valid):
            raise SigningUnusable("a document signed for trial does not verify")
        if not status.trusted:
            raise SigningUnusable("the signing certificate does not lead to its root today, or may not sign documents")


class _Maker(Signer):
    """Lets pyHanko make one structure, and keeps what was signed."""

    def __init__(self, signer: DocumentSigner) -> None:
        own, *issuers = map(_converted, signer.chain)
        store = SimpleCertificateStore.from_certs(issuers)  # type: ignore[no-untyped-call]
        super().__init__(signing_cert=own, cert_registry=store, embed_roots=False)
        self._signer = signer
        self.signed = self.signature = b""

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002, FBT001, FBT002 - pyHanko's
        self.signed = data
        self.signature = await asyncio.to_thread(self._signer.sign, data)
        return self.signature


def _converted(certificate: x509.Certificate) -> Certificate:
    return Certificate.load(certificate.public_bytes(Encoding.DER))


def _pair(content: bytes, middle: bytes) -> tuple[bytes, bytes]:
    if content.count(middle) != 1:
        raise SigningUnusable("the structure of signatures is not as expected")
    before, _, behind = content.partition(middle)
    return before, behind


def _triple(structure: bytes, signature: bytes) -> tuple[bytes, bytes, bytes]:
    before, rest = _pair(structure, _MARKER)
    return before, *_pair(rest, signature)
