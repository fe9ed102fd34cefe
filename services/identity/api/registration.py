"""Routes of registration. All but the first two need the registration token."""

from uuid import UUID

from fastapi import APIRouter, Response

from chassis.auth import anyone
from chassis.limits import limited
from services.identity.api.dependencies import NO_STORE, OriginDep, RegistrationToken, UseCasesDep
from services.identity.schemas.base import CodeIn
from services.identity.schemas.registration import (
    CompletionOut,
    ConsentsIn,
    EmailIn,
    EmailStepOut,
    NumbersIn,
    PassportIn,
    PasswordIn,
    PhoneConfirmedOut,
    PhoneIn,
    ProfileIn,
    RegistrationOut,
    SentCodeOut,
    UploadTokenOut,
)

router = APIRouter(prefix="/registrations", tags=["Регистрация"], dependencies=[anyone()])

_STEP = [limited("registration-step", "300/minute")]
"""As many as the registrations that one address may begin have steps."""


@router.post("", status_code=201, dependencies=[limited("registration", "60/minute")])
async def start_registration(body: PhoneIn, usecases: UseCasesDep) -> SentCodeOut:
    """Begin or resume a registration by phone; a code is sent by SMS."""
    return SentCodeOut.of(await usecases.registration.start(body.phone))


@router.post("/{registration_id}/phone-confirmation", dependencies=[limited("registration-code", "120/minute")])
async def confirm_phone(registration_id: UUID, body: CodeIn, usecases: UseCasesDep, response: Response) -> PhoneConfirmedOut:
    """Prove the phone; the answer's token opens the further steps, `upload_token` the upload of the scans to documents."""
    response.headers.update(NO_STORE)
    return PhoneConfirmedOut.with_tokens(await usecases.registration.confirm_phone(registration_id, body.code))


@router.post("/{registration_id}/upload-tokens", status_code=201, dependencies=[limited("registration-upload-token", "60/minute")])
async def renew_upload_token(
    registration_id: UUID, usecases: UseCasesDep, response: Response, token: RegistrationToken = None
) -> UploadTokenOut:
    """Another short-lived access token with which documents takes the scans of passport and SNILS."""
    response.headers.update(NO_STORE)
    return UploadTokenOut.of(await usecases.registration.renew_upload_token(registration_id, token))


@router.get("/{registration_id}")
async def get_registration(registration_id: UUID, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """Which steps are done, and how the scans stand."""
    return RegistrationOut.of(await usecases.registration.get(registration_id, token))


@router.put("/{registration_id}/passport", dependencies=_STEP)
async def set_passport(registration_id: UUID, body: PassportIn, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """The passport step."""
    return RegistrationOut.of(await usecases.registration.set_passport(registration_id, token, body.to_domain()))


@router.put("/{registration_id}/snils", dependencies=_STEP)
async def set_snils(registration_id: UUID, body: NumbersIn, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """The step of SNILS and INN."""
    return RegistrationOut.of(await usecases.registration.set_numbers(registration_id, token, body.to_domain()))


@router.put("/{registration_id}/profile", dependencies=_STEP)
async def set_profile(registration_id: UUID, body: ProfileIn, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """The profile step."""
    return RegistrationOut.of(await usecases.registration.set_profile(registration_id, token, body.to_domain()))


@router.put("/{registration_id}/email", dependencies=[limited("registration-email", "60/minute")])
async def set_email(registration_id: UUID, body: EmailIn, usecases: UseCasesDep, token: RegistrationToken = None) -> EmailStepOut:
    """The e-mail step; a code is sent to the address."""
    registration, sent = await usecases.registration.set_email(registration_id, token, body.email)
    return EmailStepOut.with_code(registration, sent)


@router.post("/{registration_id}/email-confirmation", dependencies=[limited("registration-code", "120/minute")])
async def confirm_email(registration_id: UUID, body: CodeIn, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """Prove the mailbox."""
    return RegistrationOut.of(await usecases.registration.confirm_email(registration_id, token, body.code))


@router.put("/{registration_id}/password", dependencies=[limited("registration-password", "60/minute")])
async def set_password(registration_id: UUID, body: PasswordIn, usecases: UseCasesDep, token: RegistrationToken = None) -> RegistrationOut:
    """The password step."""
    password = body.password.get_secret_value()
    return RegistrationOut.of(await usecases.registration.set_password(registration_id, token, password))


@router.put("/{registration_id}/consents", dependencies=_STEP)
async def set_consents(
    registration_id: UUID, body: ConsentsIn, origin: OriginDep, usecases: UseCasesDep, token: RegistrationToken = None
) -> RegistrationOut:
    """The consents step."""
    return RegistrationOut.of(await usecases.registration.set_consents(registration_id, token, body.versions(), origin))


@router.post("/{registration_id}/completion", status_code=202, dependencies=_STEP)
async def complete_registration(
    registration_id: UUID, origin: OriginDep, usecases: UseCasesDep, token: RegistrationToken = None
) -> CompletionOut:
    """Make the account; the registries are asked next. Repeating it gives the same answer."""
    return CompletionOut(practitioner_id=await usecases.registration.complete(registration_id, token, origin))
