"""Sign-in through an outside provider (the state portal): one trip of the person's browser there and back, and the lasting link."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any, ClassVar
from uuid import UUID

from chassis.errors import Conflict, Forbidden, NotFound, Unavailable
from services.identity.domain import fields
from services.identity.domain.fields import WrongValue
from services.identity.domain.people import Person


class NoSuchProvider(NotFound):
    """No provider of this name is set up here."""

    code = "no-such-portal-provider"


class NoSuchPortalSignIn(NotFound):
    """No trip of this id for who is asking."""

    code = "no-such-portal-sign-in"


class NoSuchPortalLink(NotFound):
    """No link of this id for who is asking."""

    code = "no-such-portal-link"


class PortalAway(Unavailable):
    """The provider does not answer, or not with an answer. The trip stays as it is and may be completed again."""

    code = "portal-unavailable"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__(
            "Портал сейчас не отвечает. Повторите через несколько секунд или войдите с паролем.", retry_after_seconds=retry_after_seconds
        )


class PortalSignInUsed(Conflict):
    """The trip was completed or refused before."""

    code = "portal-sign-in-used"


class PortalSignInOver(Conflict):
    """The person came back too late."""

    code = "portal-sign-in-over"


class PortalBrowserDiffers(Forbidden):
    """Who completes is not the browser that started."""

    code = "portal-browser-differs"


class PortalStateWrong(Forbidden):
    """The answer belongs to another trip."""

    code = "portal-state-wrong"


class _Refused(Forbidden):
    """The trip ends here: its code is spent or was never given."""

    text: ClassVar[str] = (
        "Ответ портала не прошёл проверку. Начните вход заново; если не получится, войдите с паролем и сообщите в поддержку."
    )

    def __init__(self) -> None:
        super().__init__(self.text)


PortalRefusal = _Refused
"""What the provider said cannot be taken."""


class PortalAccessDenied(_Refused):
    """The person did not agree at the provider."""

    code = "portal-access-denied"
    text = "Вы не разрешили вход через портал. Начните вход заново или войдите с паролем."


class PortalRequestRefused(_Refused):
    """The provider sent an error instead of a code."""

    code = "portal-request-refused"
    text = "Портал отклонил вход. Начните вход заново или войдите с паролем."


class PortalIssuerWrong(_Refused):
    """The answer names another issuer, or none although this provider always does. Source: RFC 9207."""

    code = "portal-issuer-wrong"


class PortalCodeRefused(_Refused):
    """The provider does not know the code: made up, used or late."""

    code = "portal-code-refused"
    text = "Портал не принял код входа: он устарел или уже использован. Начните вход заново."


class IdTokenMalformed(_Refused):
    """It is no signed token with the claims it must have."""

    code = "portal-token-malformed"


class IdTokenAlgorithmWrong(_Refused):
    """It is signed by an algorithm that is not accepted of this provider."""

    code = "portal-token-algorithm-wrong"


class IdTokenSignatureWrong(_Refused):
    """No key of the provider fits the signature."""

    code = "portal-token-signature-wrong"


class IdTokenIssuerWrong(_Refused):
    """Another provider made it."""

    code = "portal-token-issuer-wrong"


class IdTokenAudienceWrong(_Refused):
    """It was made for another client."""

    code = "portal-token-audience-wrong"


class IdTokenExpired(_Refused):
    """It is out of its time, or claims times that cannot be."""

    code = "portal-token-expired"


class IdTokenNonceWrong(_Refused):
    """It was made for another trip."""

    code = "portal-token-nonce-wrong"


class AccessTokenDiffers(_Refused):
    """The access token beside it is not the one it was made with (`at_hash`)."""

    code = "portal-access-token-differs"


class SubjectDiffers(_Refused):
    """The provider's user information is about somebody else."""

    code = "portal-subject-differs"


class PortalAccountUnverified(_Refused):
    """The provider has not verified who the person is."""

    code = "portal-account-unverified"
    text = "Учётная запись на портале не подтверждена. Подтвердите её на портале или войдите с паролем."


class PortalSnilsMissing(_Refused):
    """The provider did not tell the insurance number."""

    code = "portal-snils-missing"
    text = "Портал не передал СНИЛС. Укажите его на портале и разрешите передачу или войдите с паролем."


class PortalSnilsWrong(_Refused):
    """The provider told an insurance number that cannot be."""

    code = "portal-snils-wrong"
    text = "СНИЛС, указанный на портале, неверен. Исправьте его на портале или войдите с паролем."


class _Parted(Conflict):
    """Who the provider names and who has the account do not come together."""

    text: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.text)


PortalConflict = _Parted
"""What the provider said is good, but not for an account here."""


class PortalNotRegistered(_Parted):
    """Nobody here has this insurance number."""

    code = "portal-not-registered"
    text = "С вашим СНИЛС ещё не зарегистрированы. Зарегистрируйтесь, после этого вход через портал заработает сам."


class PortalProfileUnverified(_Parted):
    """The registries have not confirmed that the account is of the person with this insurance number."""

    code = "portal-profile-unverified"
    text = "Ваш профиль ещё не подтверждён. Войдите с паролем; после проверки вход через портал заработает сам."


class PortalPersonDiffers(_Parted):
    """The number fits, the person does not."""

    code = "portal-person-differs"
    text = "Данные на портале отличаются от данных учётной записи. Войдите с паролем и проверьте профиль или обратитесь в поддержку."


class AccountLinkedOtherwise(_Parted):
    """The account is linked with another account of the provider."""

    code = "portal-account-linked-otherwise"
    text = "С вашей учётной записью уже связана другая запись портала. Войдите с паролем, удалите прежнюю связь и свяжите записи заново."


class PortalLinkTaken(_Parted):
    """Somebody else here is linked with this account of the provider."""

    code = "portal-link-taken"
    text = "Эта запись портала уже связана с другой учётной записью. Обратитесь в поддержку."


class PortalSnilsDiffers(_Parted):
    """The provider's account belongs to another person than who is signed in."""

    code = "portal-snils-differs"
    text = "СНИЛС на портале отличается от вашего. Войдите на портал под своей учётной записью."


@dataclass(frozen=True, slots=True)
class PortalIdentity:
    """Who the provider says came, verified. `age` is how long ago it asked the person for proof; `snils` is as the provider wrote it."""

    subject: str = field(repr=False)
    age: timedelta
    is_verified: bool
    snils: Any = field(default=None, repr=False)
    surname: Any = field(default=None, repr=False)
    given_name: Any = field(default=None, repr=False)
    birth_date: Any = field(default=None, repr=False)

    def checked_snils(self) -> str:
        """Eleven digits. Raises `PortalSnilsMissing`, `PortalSnilsWrong`."""
        if self.snils in (None, ""):
            raise PortalSnilsMissing
        try:
            return fields.snils(self.snils if isinstance(self.snils, str) else "")
        except WrongValue:
            raise PortalSnilsWrong from None

    def has_snils(self, snils: str) -> bool:
        """Whether the provider named this insurance number."""
        try:
            return self.checked_snils() == snils
        except PortalRefusal:
            return False


@dataclass(frozen=True, slots=True)
class Starter:
    """Who began a trip while signed in."""

    person_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSignIn:
    """One trip. State, nonce and the browser's token are known by keyed hashes alone; `starter` is None for a sign-in.

    `answer` is what the provider gave for the code, kept when it fell silent after that, so that the code need not be spent again.
    """

    id: UUID
    provider: str
    starter: Starter | None
    state_digest: bytes
    nonce_digest: bytes
    browser_digest: bytes
    verifier: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    finished_at: datetime | None = None
    answer: str | None = field(default=None, repr=False)
    code_digest: bytes | None = None
    version: int = 0

    def check(self, *, browser_digest: bytes, state_digest: bytes, at: datetime) -> None:
        """Raises why it cannot be completed; whoever holds no browser token learns nothing of it."""
        if not compare_digest(browser_digest, self.browser_digest):
            raise PortalBrowserDiffers("Вход начат в другом браузере. Начните его заново в этом.")
        self.check_unused()
        if at >= self.expires_at:
            raise PortalSignInOver("Время входа через портал истекло. Начните вход заново.")
        if not compare_digest(state_digest, self.state_digest):
            raise PortalStateWrong("Ответ портала относится к другому входу. Начните вход заново.")

    def check_unused(self) -> None:
        """Raises `PortalSignInUsed`."""
        if self.finished_at is not None:
            raise PortalSignInUsed("Этот вход через портал уже завершён. Начните вход заново.")

    def finished(self, at: datetime) -> "PortalSignIn":
        """Used up; what it kept of the provider's answer is forgotten."""
        return replace(self, finished_at=at, answer=None)

    def answered(self, answer: str, code_digest: bytes) -> "PortalSignIn":
        """With what the provider gave for the code."""
        return replace(self, answer=answer, code_digest=code_digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLink:
    """An account here and an account at a provider belong to one person. The provider's name for it is known by a keyed hash."""

    id: UUID
    person_id: UUID
    provider: str
    subject_digest: bytes
    linked_at: datetime
    used_at: datetime
    version: int = 0

    def used(self, at: datetime) -> "PortalLink":
        """Somebody signed in by it."""
        return replace(self, used_at=at)


def check_person(person: Person, who: PortalIdentity) -> None:
    """Raises `PortalPersonDiffers` for another birth date, or when neither surname nor given name is the same.

    People change one of their names; nobody changes the day of birth.
    """
    born = person.profile.birth_date.isoformat() if person.profile else None
    told = _day(who.birth_date)
    if born is not None and told is not None and born != told:
        raise PortalPersonDiffers
    names = ((person.surname, who.surname), (person.given_name, who.given_name))
    same = [_plain(ours) == _plain(theirs) for ours, theirs in names if isinstance(theirs, str) and theirs.strip()]
    if same and not any(same):
        raise PortalPersonDiffers


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _day(told: Any) -> str | None:
    """ISO 8601 as OpenID Connect writes days, or the portal's DD.MM.YYYY; None for anything else, a year alone included."""
    if not isinstance(told, str):
        return None
    parts = told.split(".")
    iso = "-".join(reversed(parts)) if len(parts) == len(("day", "month", "year")) else told
    try:
        return datetime.fromisoformat(iso).date().isoformat() if len(iso) == len("0000-00-00") else None
    except ValueError:
        return None
