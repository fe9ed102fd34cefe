"""Detached CMS signatures (RFC 5652), verified by OpenSSL: RSA, ECDSA and, through its GOST engine, GOST R 34.10-2012.

The structure is read here to refuse by name what OpenSSL would accept or call by one word; the mathematics, the chain, the validity and
the revocation lists are OpenSSL's, in a process of its own with a time-out, a private folder and an own configuration.
"""

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from chassis.errors import DomainError
from services.identity.domain import signatures as refusals
from services.identity.domain.signatures import Signer
from services.identity.gateways.cms import SignedText, read_signed

log = structlog.get_logger()

_CONFIGURATION = """openssl_conf = medkabinet
[medkabinet]
engines = engines
[engines]
gost = gost
[gost]
engine_id = gost
default_algorithms = ALL
"""
"""OpenSSL 3 loads engines by configuration only; one that is not installed leaves the other algorithms usable."""
_SECURITY_LEVEL = "2"
"""112 bits for every key and digest of the chain: RSA from 2048 bits, no SHA-1. Source: OpenSSL, SSL_CTX_set_security_level(3)."""
_ERROR = re.compile(r"^error (\d+) at \d+ depth lookup", re.MULTILINE)
_CRL_ERRORS = frozenset({3, 11, 12})
_REASONS: Mapping[int, Callable[[], DomainError]] = {
    23: refusals.CertificateRevoked,
    10: refusals.CertificateExpired,
    9: refusals.CertificateNotYetValid,
    2: refusals.CertificateUntrusted,
    18: refusals.CertificateUntrusted,
    19: refusals.CertificateUntrusted,
    20: refusals.CertificateUntrusted,
    21: refusals.CertificateUntrusted,
    22: refusals.ChainTooLong,
    25: refusals.ChainTooLong,
    66: refusals.WeakKey,
    67: refusals.WeakKey,
    68: refusals.WeakDigest,
    3: refusals.CrlMissing,
    11: refusals.CrlOutdated,
    12: refusals.CrlOutdated,
}
"""Numbers of X509_verify_cert_error_string(3), the most telling first."""
_SNILS, _INN, _ORGANISATION_INN = "1.2.643.100.3", "1.2.643.3.131.1.1", "1.2.643.100.4"


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """Whom to trust and how much to bear. `trusted_cas` and `crls` are a PEM or DER file or a folder of such files."""

    trusted_cas: Path | None
    crls: Path | None
    is_crl_required: bool
    longest_bytes: int
    intermediates: int
    timeout_seconds: float
    at_once: int


class Signatures:
    """Verifies signatures. Authorities and lists are read anew each time, so replacing their files needs no restart."""

    def __init__(self, policy: SignaturePolicy) -> None:
        self._policy = policy
        self._turns = asyncio.Semaphore(policy.at_once)

    async def verify(self, signature: bytes, text: bytes, at: datetime) -> Signer:
        """Who signed the text.

        Raises `SignatureRefused`, `SignaturesNotAccepted`, `CrlMissing`, `CrlOutdated`, `SignatureCheckUnavailable`.
        """
        if len(signature) > self._policy.longest_bytes:
            raise refusals.SignatureTooLarge
        signed = read_signed(signature)
        if signed.attached is not None and signed.attached != text:
            raise refusals.AttachedContentDiffers
        async with self._turns:
            await asyncio.to_thread(self._check, signature, signed, text, at)
        return _signer(signed.certificate)

    def _check(self, signature: bytes, signed: SignedText, text: bytes, at: datetime) -> None:
        authorities = b"".join(_pem(path, _certificates) for path in _files(self._policy.trusted_cas))
        if not authorities:
            raise refusals.SignaturesNotAccepted
        with tempfile.TemporaryDirectory(prefix="signature-") as name:
            bench = _Bench(Path(name), self._policy.timeout_seconds)
            bench.put("openssl.cnf", _CONFIGURATION.encode())
            bench.put("authorities.pem", authorities)
            self._check_signature(bench, signature, signed, text)
            self._check_chain(bench, signed, at)

    def _check_signature(self, bench: "_Bench", signature: bytes, signed: SignedText, text: bytes) -> None:
        bench.put("signature.der", signature)
        bench.put("text", text)
        bench.put("signer.pem", _to_pem(signed.certificate))
        content = () if signed.attached is not None else ("-content", "text")
        given = ("-binary", "-inform", "DER", "-in", "signature.der", *content)
        # -nointern: the certificate is the one read here, not another one in the structure that goes by the same name
        found = bench.openssl("cms", "-verify", *given, "-nointern", "-certfile", "signer.pem", "-noverify", "-out", os.devnull)
        if found.returncode != 0:
            raise _broken(found.stderr)

    def _check_chain(self, bench: "_Bench", signed: SignedText, at: datetime) -> None:
        bench.put("others.pem", b"".join(_to_pem(certificate) for certificate in signed.others))
        lists = [content for path in _files(self._policy.crls) if (content := _pem(path, _revocation_lists))]
        for index, content in enumerate(lists):
            bench.put(f"list-{index}.pem", content)
        revocation = ["-crl_check_all", *(word for index in range(len(lists)) for word in ("-CRLfile", f"list-{index}.pem"))]
        found = _chain_errors(bench, signed, at, self._policy.intermediates, revocation)
        if found and found <= _CRL_ERRORS and not self._policy.is_crl_required:
            found = _chain_errors(bench, signed, at, self._policy.intermediates, [])
        if found:
            reason = next((reason for number, reason in _REASONS.items() if number in found), refusals.CertificateInvalid)
            refusal = reason()
            raise refusal


@dataclass(frozen=True, slots=True)
class _Bench:
    """A private folder in which OpenSSL runs; it sees nothing of our environment."""

    folder: Path
    timeout_seconds: float

    def put(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def openssl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Raises `SignatureCheckUnavailable` when it is not installed or too slow."""
        program = shutil.which("openssl")
        if program is None:
            log.error("openssl-missing")
            raise refusals.SignatureCheckUnavailable
        environment = {"OPENSSL_CONF": str(self.folder / "openssl.cnf"), "LC_ALL": "C"}
        try:
            return subprocess.run(  # noqa: S603 - a fixed program, arguments of our own, no shell
                [program, *arguments],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=self.timeout_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            log.warning("openssl-too-slow", task=arguments[0])
            raise refusals.SignatureCheckUnavailable from None


def _chain_errors(bench: _Bench, signed: SignedText, at: datetime, intermediates: int, revocation: Sequence[str]) -> frozenset[int]:
    """Numbers of everything wrong with the certificate or one above it; empty when a trusted authority vouches for it."""
    only_ours = ("-no-CApath", "-no-CAstore", "-CAfile", "authorities.pem")
    limits = ("-auth_level", _SECURITY_LEVEL, "-verify_depth", str(intermediates), "-attime", str(int(at.timestamp())))
    others = ("-untrusted", "others.pem") if signed.others else ()
    found = bench.openssl("verify", *only_ours, *limits, *others, *revocation, "signer.pem")
    numbers = frozenset(int(number) for number in _ERROR.findall(found.stderr))
    return numbers or (frozenset() if found.returncode == 0 else frozenset({1}))


def _broken(words: str) -> DomainError:
    if "unsupported" in words or "unknown digest" in words or "no matching digest" in words:
        return refusals.AlgorithmUnsupported()
    return refusals.ContentDiffers() if "content verify error" in words else refusals.SignatureBroken()


def _signer(certificate: x509.Certificate) -> Signer:
    named = {name.oid.dotted_string: str(name.value) for name in certificate.subject}
    return Signer(
        serial=f"{certificate.serial_number:x}",
        certificate_sha256=sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        issuer_sha256=sha256(certificate.issuer.public_bytes()).hexdigest(),
        snils=named.get(_SNILS),
        inn=named.get(_INN),
        organisation_inn=named.get(_ORGANISATION_INN),
    )


def _files(place: Path | None) -> Iterator[Path]:
    """The file, or the files of the folder by name; nothing where there is nothing."""
    if place is not None and place.is_dir():
        yield from sorted(path for path in place.iterdir() if path.is_file() and not path.name.startswith("."))
    elif place is not None and place.is_file():
        yield place


def _pem(path: Path, read: Callable[[bytes], bytes]) -> bytes:
    """A file that is none of what it should be is passed over with an alarm: one bad file must not refuse everybody."""
    try:
        return read(path.read_bytes())
    except ValueError:
        log.error("trust-file-unreadable", file=path.name)  # noqa: TRY400 - the file's name says enough
        return b""


def _certificates(content: bytes) -> bytes:
    if b"-----BEGIN" in content:
        return b"".join(_to_pem(certificate) for certificate in x509.load_pem_x509_certificates(content))
    return _to_pem(x509.load_der_x509_certificate(content))


def _revocation_lists(content: bytes) -> bytes:
    found = x509.load_pem_x509_crl(content) if b"-----BEGIN" in content else x509.load_der_x509_crl(content)
    return found.public_bytes(Encoding.PEM)


def _to_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
