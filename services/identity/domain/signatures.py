"""What an electronic signature must be to confirm something, and by which name each other one is refused."""

import base64
from dataclasses import dataclass, field
from typing import ClassVar

from chassis.errors import Conflict, FieldError, Invalid, Unavailable
from services.identity.domain.fields import digits_of

_POINTER = "/signature"


class SignaturesNotAccepted(Conflict):
    """No certification authority is trusted here."""

    code = "signatures-not-accepted"

    def __init__(self) -> None:
        super().__init__("Подтверждение электронной подписью сейчас не настроено. Подтвердите изменение кодом из SMS.")


class SignatureCheckUnavailable(Unavailable):
    """The program that checks signatures did not answer in time, or is not there."""

    code = "signature-check-unavailable"

    def __init__(self) -> None:
        words = "Проверить подпись сейчас не удалось. Повторите через минуту или подтвердите изменение кодом из SMS."
        super().__init__(words, retry_after_seconds=60)


class CrlMissing(Conflict):
    """Whether the certificate was revoked cannot be said: its authority's list is not here."""

    code = "signature-crl-missing"

    def __init__(self) -> None:
        super().__init__("Нет списка отозванных сертификатов этого удостоверяющего центра. Подтвердите изменение кодом из SMS.")


class CrlOutdated(Conflict):
    """Whether the certificate was revoked cannot be said: its authority's list is too old, or not valid yet."""

    code = "signature-crl-outdated"

    def __init__(self) -> None:
        super().__init__("Список отозванных сертификатов этого удостоверяющего центра устарел. Подтвердите изменение кодом из SMS.")


class SignatureRefused(Invalid):
    """A signature that is not accepted; each reason is a class of its own."""

    code = "signature-refused"
    words: ClassVar[str] = "Подпись не принята. Подпишите текст изменения ещё раз."

    def __init__(self) -> None:
        super().__init__(self.words, errors=[FieldError(_POINTER, self.code, self.words)])


class SignatureMalformed(SignatureRefused):
    """No base64, or no CMS structure."""

    code = "signature-malformed"
    words = "Это не отсоединённая подпись CMS в кодировке DER, записанная в base64. Выгрузите подпись ещё раз."


class SignatureTooLarge(SignatureRefused):
    """More bytes than a signature with its certificates needs."""

    code = "signature-too-large"
    words = "Файл подписи слишком велик. Выгрузите отсоединённую подпись без самого документа."


class SignatureMissing(SignatureRefused):
    """A CMS structure nobody signed."""

    code = "signature-missing"
    words = "В файле нет ни одной подписи. Подпишите текст изменения."


class SeveralSigners(SignatureRefused):
    """More than one signer."""

    code = "signature-several-signers"
    words = "Подпись должна быть одна — ваша. Подпишите текст изменения только своим сертификатом."


class AttachedContentDiffers(SignatureRefused):
    """The structure brings a text of its own that is not the one to be signed."""

    code = "signature-attached-content-differs"
    words = "К подписи приложен другой текст. Подпишите текст этого изменения отсоединённой подписью."


class ContentDiffers(SignatureRefused):
    """Another text was signed."""

    code = "signature-content-differs"
    words = "Подписан другой текст. Подпишите текст этого изменения байт в байт, как он получен."


class SignatureBroken(SignatureRefused):
    """The signature does not fit the key of the certificate."""

    code = "signature-broken"
    words = "Подпись повреждена или сделана другим ключом. Подпишите текст изменения ещё раз."


class WeakDigest(SignatureRefused):
    """MD5, SHA-1, GOST R 34.11-94 or what else can be forged."""

    code = "signature-weak-digest"
    words = "Подпись использует устаревший алгоритм хеширования. Выберите SHA-256 или ГОСТ Р 34.11-2012."


class WeakKey(SignatureRefused):
    """A key too short, or of a withdrawn algorithm."""

    code = "signature-weak-key"
    words = "Ключ сертификата слишком слабый. Нужен RSA от 2048 бит, ECDSA P-256 и длиннее или ГОСТ Р 34.10-2012."


class AlgorithmUnsupported(SignatureRefused):
    """An algorithm that is not accepted here."""

    code = "signature-algorithm-unsupported"
    words = "Этот алгоритм подписи не поддерживается. Нужен RSA, ECDSA или ГОСТ Р 34.10-2012."


class CertificateMissing(SignatureRefused):
    """The signer's certificate is not in the structure."""

    code = "signature-certificate-missing"
    words = "В подписи нет сертификата подписавшего. Выгрузите подпись вместе с сертификатом."


class CertificateExpired(SignatureRefused):
    """The certificate, or one above it, is over."""

    code = "signature-certificate-expired"
    words = "Срок действия сертификата истёк. Подпишите действующим сертификатом."


class CertificateNotYetValid(SignatureRefused):
    """The certificate, or one above it, has not begun."""

    code = "signature-certificate-not-yet-valid"
    words = "Сертификат ещё не действует. Подпишите действующим сертификатом."


class CertificateRevoked(SignatureRefused):
    """The authority took the certificate back."""

    code = "signature-certificate-revoked"
    words = "Сертификат отозван удостоверяющим центром. Подпишите другим сертификатом."


class CertificateUntrusted(SignatureRefused):
    """No authority trusted here issued the certificate."""

    code = "signature-certificate-untrusted"
    words = "Сертификат выдан удостоверяющим центром, которому портал не доверяет. Подпишите сертификатом аккредитованного центра."


class CertificateUsage(SignatureRefused):
    """The certificate is not for signing."""

    code = "signature-certificate-usage"
    words = "Сертификат не предназначен для электронной подписи. Выберите сертификат с назначением «Цифровая подпись»."


class ChainTooLong(SignatureRefused):
    """Too many authorities between the certificate and one trusted here."""

    code = "signature-chain-too-long"
    words = "Цепочка сертификатов слишком длинная. Подпишите сертификатом аккредитованного центра."


class CertificateInvalid(SignatureRefused):
    """The certificate or one above it breaks the rules of certificates."""

    code = "signature-certificate-invalid"
    words = "Сертификат составлен с нарушением правил. Обратитесь в удостоверяющий центр, который его выдал."


class SignerUnnamed(SignatureRefused):
    """The certificate names neither SNILS nor INN."""

    code = "signature-names-nobody"
    words = "В сертификате нет ни СНИЛС, ни ИНН. Подпишите сертификатом, выданным вам лично."


class ForeignSigner(SignatureRefused):
    """The certificate is somebody else's."""

    code = "signature-of-somebody-else"
    words = "Сертификат выдан другому человеку: СНИЛС или ИНН не совпадают с вашими. Подпишите своим сертификатом."


def signature_of(text: str) -> bytes:
    """The bytes of a base64 text, with or without line breaks. Raises `SignatureMalformed`."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise SignatureMalformed from None


@dataclass(frozen=True, slots=True)
class Signer:
    """The certificate behind a signature that was verified. Fingerprints are SHA-256, of the certificate and of its issuer's name."""

    serial: str
    certificate_sha256: str
    issuer_sha256: str
    snils: str | None = field(repr=False)
    inn: str | None = field(repr=False)
    organisation_inn: str | None = field(repr=False)

    def check_is(self, snils: str, inn: str | None) -> None:
        """SNILS decides where the certificate has it, then INN, an organisation's INN last. Raises `ForeignSigner`, `SignerUnnamed`."""
        for named, own in ((self.snils, snils), (self.inn, inn), (self.organisation_inn, inn)):
            if named is not None:
                if own is None or digits_of(named) != own:
                    raise ForeignSigner
                return
        raise SignerUnnamed
