"""Reading a CMS structure (RFC 5652): its one signer, their certificate, the algorithms. Nothing is proved here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyasn1.codec.ber import decoder  # type: ignore[import-untyped]
from pyasn1.codec.der import encoder  # type: ignore[import-untyped]
from pyasn1.error import PyAsn1Error  # type: ignore[import-untyped]
from pyasn1_modules import rfc4055, rfc5280, rfc5652  # type: ignore[import-untyped]

from services.identity.domain import signatures as refusals

_DIGESTS = frozenset(
    {
        "2.16.840.1.101.3.4.2.1",  # SHA-256
        "2.16.840.1.101.3.4.2.2",  # SHA-384
        "2.16.840.1.101.3.4.2.3",  # SHA-512
        "1.2.643.7.1.1.2.2",  # GOST R 34.11-2012, 256 bits
        "1.2.643.7.1.1.2.3",  # GOST R 34.11-2012, 512 bits
    }
)
_PSS = "1.2.840.113549.1.1.10"
_SIGNATURES = frozenset(
    {
        "1.2.840.113549.1.1.1",  # RSA, the digest named beside it
        "1.2.840.113549.1.1.11",  # with SHA-256
        "1.2.840.113549.1.1.12",  # with SHA-384
        "1.2.840.113549.1.1.13",  # with SHA-512
        _PSS,
        "1.2.840.10045.2.1",  # EC key, the digest named beside it
        "1.2.840.10045.4.3.2",  # ECDSA with SHA-256
        "1.2.840.10045.4.3.3",  # with SHA-384
        "1.2.840.10045.4.3.4",  # with SHA-512
        "1.2.643.7.1.1.1.1",  # GOST R 34.10-2012, 256 bits
        "1.2.643.7.1.1.1.2",  # 512 bits
        "1.2.643.7.1.1.3.2",  # with GOST R 34.11-2012, 256 bits
        "1.2.643.7.1.1.3.3",  # 512 bits
    }
)
_WEAK_SIGNATURES = frozenset(
    {
        "1.2.840.113549.1.1.4",  # RSA with MD5
        "1.2.840.113549.1.1.5",  # RSA with SHA-1
        "1.2.840.10045.4.1",  # ECDSA with SHA-1
        "1.2.643.2.2.3",  # GOST R 34.10-2001 with GOST R 34.11-94
    }
)
_GOST_KEYS = frozenset({"1.2.643.7.1.1.1.1", "1.2.643.7.1.1.1.2"})
_WITHDRAWN_KEYS = frozenset({"1.2.643.2.2.19", "1.2.643.2.2.20", "1.2.840.10040.4.1"})
"""GOST R 34.10-2001, GOST R 34.10-94, DSA."""
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_SHORTEST_RSA = 2048
_MOST_CERTIFICATES = 10


@dataclass(frozen=True, slots=True)
class SignedText:
    """What one signer left: their certificate, the other certificates, and the text if it is attached."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    attached: bytes | None


def read_signed(signature: bytes) -> SignedText:
    """The structure, if one person signed with accepted algorithms and sent their certificate. Raises `SignatureRefused`."""
    signed = _signed_data(signature)
    signers = signed["signerInfos"]
    if len(signers) == 0:
        raise refusals.SignatureMissing
    if len(signers) > 1:
        raise refusals.SeveralSigners
    signer, certificates = signers[0], list(_certificates(signed))
    _check_algorithms(signer)
    certificate = next((found for found in certificates if _is_of(signer["sid"], found)), None)
    if certificate is None:
        raise refusals.CertificateMissing
    _check_readable(certificate)
    _check_key(certificate)
    _check_usage(certificate)
    content = signed["encapContentInfo"]["eContent"]
    others = tuple(found for found in certificates if found != certificate)
    return SignedText(certificate, others, bytes(content) if content.isValue else None)


def _signed_data(signature: bytes) -> Any:
    try:
        outer, rest = decoder.decode(signature, asn1Spec=rfc5652.ContentInfo())
        if rest or outer["contentType"] != rfc5652.id_signedData:
            raise refusals.SignatureMalformed
        signed, rest = decoder.decode(outer["content"], asn1Spec=rfc5652.SignedData())
    except (PyAsn1Error, ValueError, TypeError, LookupError, RecursionError, OverflowError, AttributeError):
        raise refusals.SignatureMalformed from None
    if rest:
        raise refusals.SignatureMalformed
    return signed


def _certificates(signed: Any) -> Iterator[x509.Certificate]:
    if len(signed["certificates"] if signed["certificates"].isValue else ()) > _MOST_CERTIFICATES:
        raise refusals.ChainTooLong
    try:
        for choice in signed["certificates"] if signed["certificates"].isValue else ():
            if choice.getName() == "certificate":
                yield x509.load_der_x509_certificate(encoder.encode(choice.getComponent()))
    except (PyAsn1Error, ValueError, TypeError, x509.InvalidVersion):
        raise refusals.CertificateInvalid from None


def _check_algorithms(signer: Any) -> None:
    if str(signer["digestAlgorithm"]["algorithm"]) not in _DIGESTS:
        raise refusals.WeakDigest
    algorithm = str(signer["signatureAlgorithm"]["algorithm"])
    if algorithm in _WEAK_SIGNATURES:
        raise refusals.WeakDigest
    if algorithm not in _SIGNATURES:
        raise refusals.AlgorithmUnsupported
    if algorithm == _PSS:
        _check_pss(signer["signatureAlgorithm"]["parameters"])


def _check_pss(given: Any) -> None:
    """Both digests of PSS; left out, they are SHA-1."""
    try:
        parameters, _ = decoder.decode(given, asn1Spec=rfc4055.RSASSA_PSS_params())
        mask, _ = decoder.decode(parameters["maskGenAlgorithm"]["parameters"], asn1Spec=rfc5280.AlgorithmIdentifier())
        digests = {str(parameters["hashAlgorithm"]["algorithm"]), str(mask["algorithm"])}
    except (PyAsn1Error, ValueError, TypeError, LookupError, RecursionError, OverflowError, AttributeError):
        raise refusals.WeakDigest from None
    if not digests <= _DIGESTS:
        raise refusals.WeakDigest


def _is_of(named: Any, certificate: x509.Certificate) -> bool:
    """Whether the certificate is the one the signer names, by issuer and number or by its key's identifier."""
    if named.getName() == "subjectKeyIdentifier":
        try:
            identifier = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except (x509.ExtensionNotFound, ValueError):
            return False
        return bool(identifier == bytes(named.getComponent()))
    wanted = named.getComponent()
    is_issuer = encoder.encode(wanted["issuer"]) == certificate.issuer.public_bytes()
    return is_issuer and int(wanted["serialNumber"]) == certificate.serial_number


def _check_readable(certificate: x509.Certificate) -> None:
    try:
        _ = certificate.subject, certificate.issuer.public_bytes()
    except (ValueError, TypeError):
        raise refusals.CertificateInvalid from None


def _check_key(certificate: x509.Certificate) -> None:
    kind = certificate.public_key_algorithm_oid.dotted_string
    if kind in _GOST_KEYS:
        return
    if kind in _WITHDRAWN_KEYS:
        raise refusals.WeakKey
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        raise refusals.AlgorithmUnsupported from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _SHORTEST_RSA:
            raise refusals.WeakKey
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise refusals.AlgorithmUnsupported
    elif not isinstance(key.curve, _CURVES):
        raise refusals.WeakKey


def _check_usage(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        raise refusals.CertificateUsage from None
    if not usage.digital_signature:
        raise refusals.CertificateUsage
