"""Certificates signed for tests, and what the usual programs say of them."""

import subprocess
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from deploy.local import development_pki
from services.applications.domain.certificates.payload import Statement
from services.applications.domain.numbers import CERTIFICATE_PREFIX, written
from services.applications.domain.rules import Kind
from services.applications.gateways import CredentialKeys, FileSigner, PdfSigner, Printer

AT = datetime(2026, 4, 14, 9, 0, tzinfo=UTC)
NUMBER = written(CERTIFICATE_PREFIX, 2026, 1)
STATEMENT = Statement(NUMBER, "Вымышленникова АТ", Kind.PRIMARY, "31.08.36", AT.date(), date(2031, 4, 14))
VALUES = {
    "number": NUMBER,
    "holder": "Вымышленникова Алёна Тестовна",
    "kind": "Первичная",
    "specialty_code": "31.08.36",
    "specialty": "Кардиология",
    "valid_from": "14.04.2026",
    "valid_until": "14.04.2031",
    "application_number": "MK-2026-00000001-2",
}


@cache
def authority() -> tuple[rsa.RSAPrivateKey, tuple[x509.Certificate, ...]]:
    return development_pki.invent()


@cache
def _code_keys() -> CredentialKeys:
    return CredentialKeys.generate()


async def printed() -> bytes:
    return await Printer("http://cabinet.test", _code_keys()).certificate(VALUES, STATEMENT, made_at=AT)


async def pdf_signer() -> PdfSigner:
    key, chain = authority()
    signer = PdfSigner(FileSigner(chain, key))
    await signer.prepare()
    return signer


async def signed() -> bytes:
    return await (await pdf_signer()).signed(await printed(), at=AT)


def told(program: str, *words: str | Path) -> str:
    """What a program writes; it has to end well."""
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, timeout=20).stdout  # noqa: S603 - our own tests
