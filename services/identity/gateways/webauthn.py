"""The server's side of Web Authentication: what browsers are asked, and whether what comes back was signed for us.

Everything that comes back is a stranger's. What the library breaks on is refused like what it refuses.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    encode_cbor,
    options_to_json_dict,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorData,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    ClientDataType,
    CollectedClientData,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from services.identity.domain.passkeys import (
    ForeignOrigin,
    MalformedCredential,
    NewCredential,
    NotAccepted,
    NotVerified,
    Passkey,
    Signature,
    UnsupportedKey,
    WrongChallenge,
    WrongRelyingParty,
)

ALGORITHMS = [COSEAlgorithmIdentifier.EDDSA, COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256]
_STATEMENTS = (AttestationFormat.NONE, AttestationFormat.PACKED)
_LONGEST_ID, _LONGEST_KEY = 1023, 1024
"""Bytes of a credential id (Web Authentication, 4) and of a public key: an RSA key of 4,096 bits has about 540."""
_BASE_POINT = ec.derive_private_key(1, ec.SECP256R1()).public_key().public_numbers()
_NOBODYS_KEY = encode_cbor(
    {1: 2, 3: int(COSEAlgorithmIdentifier.ECDSA_SHA_256), -1: 1, -2: _BASE_POINT.x.to_bytes(32), -3: _BASE_POINT.y.to_bytes(32)}
)
"""A COSE key of the kind most authenticators make (RFC 9053, 7.1.1). It is no secret: what it signed is refused as well."""
_BROKEN = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
)
"""What the library and what it stands on raise for input that is not as it should be."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assertion:
    """An answer that was given to this challenge, here, by somebody the authenticator verified; its signature is not checked yet."""

    credential: AuthenticationCredential = field(repr=False)
    challenge: bytes = field(repr=False)
    data: AuthenticatorData = field(repr=False)

    @property
    def credential_id(self) -> bytes:
        """Which key it says it was signed with."""
        return bytes(self.credential.raw_id)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Who we are to authenticators: `id` is a domain, `origins` are the pages it may be used on."""

    id: str
    name: str
    origins: tuple[str, ...]

    def creation_options(
        self, challenge: bytes, *, handle: bytes, login: str, title: str, own: Collection[Passkey], timeout_ms: int
    ) -> dict[str, Any]:
        """For `navigator.credentials.create`: a key that can be found without a name and is used by a verified person only."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=self.name,
            user_id=handle,
            user_name=login,
            user_display_name=title,
            challenge=challenge,
            timeout=timeout_ms,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[_descriptor(passkey) for passkey in own],
            supported_pub_key_algs=ALGORITHMS,
        )
        return options_to_json_dict(options)

    def request_options(self, challenge: bytes, *, allowed: Collection[Passkey] = (), timeout_ms: int) -> dict[str, Any]:
        """For `navigator.credentials.get`; without `allowed`, any key the authenticator has for us will do."""
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=timeout_ms,
            allow_credentials=[_descriptor(passkey) for passkey in allowed],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    def registered(self, credential: Json, challenge: bytes) -> NewCredential:
        """The key that was made. Raises `PasskeyRefused`.

        No attestation is asked for: browsers then send none, or the key's own signature. Certificates of makers, which are hard to
        read and would prove nothing we rely on, are refused unread.
        """
        try:
            parsed = parse_registration_credential_json(dict(credential))
            client = parse_client_data_json(parsed.response.client_data_json)
            attestation = parse_attestation_object(parsed.response.attestation_object)
        except _BROKEN:
            raise MalformedCredential from None
        self._check(client, attestation.auth_data, challenge, ClientDataType.WEBAUTHN_CREATE)
        if attestation.fmt not in _STATEMENTS or attestation.att_stmt.x5c is not None:
            raise UnsupportedKey
        try:
            verified: VerifiedRegistration = verify_registration_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                require_user_verification=True,
                supported_pub_key_algs=ALGORITHMS,
            )
            decoded_public_key_to_cryptography(decode_credential_public_key(verified.credential_public_key))
        except _BROKEN:
            raise UnsupportedKey from None
        return _new_credential(parsed, attestation.auth_data, verified)

    def read(self, credential: Json, challenge: bytes) -> Assertion:
        """Everything about the answer that can be judged without knowing any account. Raises `PasskeyRefused`."""
        try:
            parsed = parse_authentication_credential_json(dict(credential))
            client = parse_client_data_json(parsed.response.client_data_json)
            data = parse_authenticator_data(parsed.response.authenticator_data)
        except _BROKEN:
            raise MalformedCredential from None
        self._check(client, data, challenge, ClientDataType.WEBAUTHN_GET)
        return Assertion(parsed, challenge, data)

    def signature(self, assertion: Assertion, passkey: Passkey) -> Signature:
        """What the passkey signed. Raises `NotAccepted` if it did not. The counter is the domain's to judge, after the signature."""
        verified = self._verified(assertion, passkey.public_key)
        return Signature(
            sign_count=verified.new_sign_count,
            is_backed_up=verified.credential_backed_up,
            user_handle=assertion.credential.response.user_handle,
        )

    def refuse(self, assertion: Assertion) -> NoReturn:
        """What nobody's passkey signed, with as much work as a wrong signature. Raises `NotAccepted`."""
        self._verified(assertion, _NOBODYS_KEY)
        raise NotAccepted

    def _verified(self, assertion: Assertion, public_key: bytes) -> VerifiedAuthentication:
        try:
            return verify_authentication_response(
                credential=assertion.credential,
                expected_challenge=assertion.challenge,
                expected_rp_id=self.id,
                expected_origin=list(self.origins),
                credential_public_key=public_key,
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except _BROKEN:
            raise NotAccepted from None

    def _check(self, client: CollectedClientData, data: AuthenticatorData, challenge: bytes, kind: ClientDataType) -> None:
        if client.type != kind or not hmac.compare_digest(client.challenge, challenge):
            raise WrongChallenge
        if client.origin not in self.origins or client.cross_origin:
            raise ForeignOrigin
        if data.rp_id_hash != hashlib.sha256(self.id.encode()).digest():
            raise WrongRelyingParty
        if not (data.flags.up and data.flags.uv):
            raise NotVerified


def _new_credential(parsed: RegistrationCredential, data: AuthenticatorData, verified: VerifiedRegistration) -> NewCredential:
    if verified.credential_id != parsed.raw_id or not 0 < len(verified.credential_id) <= _LONGEST_ID:
        raise MalformedCredential
    if len(verified.credential_public_key) > _LONGEST_KEY:
        raise UnsupportedKey
    return NewCredential(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=tuple(sorted({transport.value for transport in parsed.response.transports or ()})),
        is_backup_eligible=data.flags.be,
        is_backed_up=verified.credential_backed_up,
    )


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=passkey.credential_id, transports=[AuthenticatorTransport(name) for name in passkey.transports] or None
    )
