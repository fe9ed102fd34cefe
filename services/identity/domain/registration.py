"""Registration in resumable steps: what each step needs and when the whole is complete."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from chassis.errors import Conflict, FieldError, NotFound, Unauthenticated
from services.identity.domain import fields
from services.identity.domain.codes import OneTimeCode
from services.identity.domain.fields import Findings, years_later
from services.identity.domain.issue_dates import IssueRules, LicenceRule, PassportRule
from services.identity.domain.scans import Scans, are_accepted

_STEPS = {
    "phone": "Подтвердите номер телефона.",
    "passport": "Укажите паспортные данные.",
    "snils": "Укажите СНИЛС.",
    "profile": "Заполните профессиональные данные.",
    "email": "Укажите адрес электронной почты и подтвердите его кодом.",
    "password": "Придумайте пароль.",
    "scans": "Загрузите сканы паспорта и СНИЛС и дождитесь, пока их примут.",
    "consents": "Дайте согласие с документами.",
}
"""The steps in their usual order, and what to do about one that is missing."""
_OLDEST = 120


class NoSuchRegistration(NotFound):
    """No registration of this id for who is asking."""

    code = "no-such-registration"


class RegistrationTokenRefused(Unauthenticated):
    """The registration token is missing, wrong or too old; confirming the phone again gives a new one."""

    code = "registration-token-refused"

    def __init__(self) -> None:
        super().__init__("Подтвердите номер телефона ещё раз, чтобы продолжить регистрацию.")


class RegistrationCompleted(Conflict):
    """Nothing can be changed after completion."""

    code = "registration-completed"


class RegistrationIncomplete(Conflict):
    """Steps are missing; `missing` names them, and `errors` says what to do about each."""

    code = "registration-incomplete"

    def __init__(self, missing: Sequence[str]) -> None:
        errors = [FieldError(f"/{step}", "step-missing", _STEPS[step]) for step in missing]
        super().__init__("Заполните все шаги регистрации.", errors=errors, missing=list(missing))


class AlreadyRegistered(Conflict):
    """Somebody is registered with this value already; `field` says which one."""

    code = "already-registered"


class EmailNotGiven(Conflict):
    """A code cannot be confirmed before an address was given."""

    code = "email-not-given"


@dataclass(frozen=True, slots=True)
class Passport:
    """The passport of a citizen of Russia."""

    series: str
    number: str
    issued_on: date
    issued_by: str

    def checked(self, today: date, rule: PassportRule) -> "Passport":
        """The same with normalised values. Raises `InvalidFields`."""
        findings = Findings()
        passport = Passport(
            series=findings.check("/series", fields.passport_series, self.series),
            number=findings.check("/number", fields.passport_number, self.number),
            issued_on=findings.check("/issued_on", lambda day: rule.check_alone(day, today), self.issued_on),
            issued_by=findings.check("/issued_by", fields.issuing_body, self.issued_by),
        )
        findings.raise_any()
        return passport


@dataclass(frozen=True, slots=True)
class Numbers:
    """Insurance and taxpayer numbers of a person."""

    snils: str
    inn: str | None = None

    def checked(self) -> "Numbers":
        """The same with normalised values. Raises `InvalidFields`."""
        findings = Findings()
        snils = findings.check("/snils", fields.snils, self.snils)
        inn = None if self.inn is None else findings.check("/inn", fields.inn, self.inn)
        findings.raise_any()
        return Numbers(snils=snils, inn=inn)


@dataclass(frozen=True, slots=True)
class Licence:
    """A medical licence; `holder` says who holds it."""

    series: str
    number: str
    holder: Literal["person", "organisation"]
    valid_from: date
    valid_until: date | None = None

    def checked(self, findings: Findings, rule: LicenceRule, born: date | None, today: date) -> "Licence":
        """The same with normalised values; what is wrong goes to `findings`. `born` is None where the birth date is wrong itself."""
        holder_born = born if self.holder == "person" else None
        findings.check("/licence/valid_from", lambda day: rule.check(day, holder_born, today), self.valid_from)
        if self.valid_until is not None and self.valid_until < self.valid_from:
            findings.add("/licence/valid_until", "dates-reversed", "Срок действия заканчивается раньше, чем начинается.")
        elif self.valid_until is not None and self.valid_until < today:
            findings.add("/licence/valid_until", "licence-expired", "Срок действия лицензии истёк. Укажите действующую лицензию.")
        series = findings.check("/licence/series", fields.text, self.series)
        return replace(self, series=series, number=findings.check("/licence/number", fields.text, self.number))


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where somebody works."""

    organisation: str
    ogrn: str
    address: str
    department: str

    def checked(self, findings: Findings) -> "Workplace":
        """The same with normalised values; what is wrong goes to `findings`."""
        return Workplace(
            organisation=findings.check("/workplace/organisation", fields.text, self.organisation),
            ogrn=findings.check("/workplace/ogrn", fields.ogrn, self.ogrn),
            address=findings.check("/workplace/address", fields.text, self.address),
            department=findings.check("/workplace/department", fields.text, self.department),
        )


@dataclass(frozen=True, slots=True)
class Employment:
    """One entry of the work history; `ended_on` is None for the present workplace."""

    organisation: str
    position: str
    started_on: date
    ended_on: date | None = None

    def checked(self, findings: Findings, at: str, born: date, today: date) -> "Employment":
        """The same with normalised values; what is wrong goes to `findings`."""
        if not born < self.started_on <= today:
            findings.add(f"{at}/started_on", "date-impossible", "Проверьте дату начала работы.")
        if self.ended_on is not None and not self.started_on <= self.ended_on <= today:
            findings.add(f"{at}/ended_on", "date-impossible", "Проверьте дату окончания работы.")
        organisation = findings.check(f"{at}/organisation", fields.text, self.organisation)
        return replace(self, organisation=organisation, position=findings.check(f"{at}/position", fields.text, self.position))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a practitioner says about themselves, apart from documents' numbers and contacts."""

    surname: str
    given_name: str
    patronymic: str | None
    birth_date: date
    birth_place: str
    diploma_number: str
    qualification: str
    specialty_code: str
    licence: Licence
    workplace: Workplace
    employments: tuple[Employment, ...] = ()
    training_hours: int = 0

    def checked(self, today: date, rules: IssueRules) -> "Profile":
        """The same with normalised values. Raises `InvalidFields`."""
        findings = Findings()
        is_age_possible = years_later(self.birth_date, rules.passport.first_age) <= today < years_later(self.birth_date, _OLDEST)
        if not is_age_possible:
            findings.add("/birth_date", "birth-date-impossible", "Проверьте дату рождения.")
        profile = replace(
            self,
            surname=findings.check("/surname", fields.name, self.surname),
            given_name=findings.check("/given_name", fields.name, self.given_name),
            patronymic=None if self.patronymic is None else findings.check("/patronymic", fields.name, self.patronymic),
            birth_place=findings.check("/birth_place", fields.text, self.birth_place),
            diploma_number=findings.check("/diploma_number", fields.text, self.diploma_number),
            qualification=findings.check("/qualification", fields.text, self.qualification),
            specialty_code=findings.check("/specialty_code", fields.specialty_code, self.specialty_code),
            licence=self.licence.checked(findings, rules.licence, self.birth_date if is_age_possible else None, today),
            workplace=self.workplace.checked(findings),
            employments=tuple(
                employment.checked(findings, f"/employments/{index}", self.birth_date, today)
                for index, employment in enumerate(self.employments)
            ),
        )
        findings.raise_any()
        return profile


@dataclass(frozen=True, slots=True)
class Consent:
    """Agreement to one version of one document: when and from which network address, and when it was withdrawn."""

    document: str
    version: str
    given_at: datetime
    address: str | None
    withdrawn_at: datetime | None = None


def check_consents(given: Mapping[str, str], required: Mapping[str, str]) -> None:
    """Raises `InvalidFields` unless every required document is agreed to in its current version."""
    findings = Findings()
    for document, version in required.items():
        if given.get(document) != version:
            findings.add("/consents", "consent-missing", f"Нужно согласие «{document}» в редакции {version}.")
    findings.raise_any()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A registration on its way. After completion only the link to the practitioner stays."""

    id: UUID
    owner_id: UUID
    """The id of the practitioner there will be; the scans belong to it from the start."""
    phone: str
    created_at: datetime
    expires_at: datetime
    version: int = 0
    phone_code: OneTimeCode | None = None
    phone_confirmed_at: datetime | None = None
    token_digest: bytes | None = None
    token_expires_at: datetime | None = None
    passport: Passport | None = None
    numbers: Numbers | None = None
    profile: Profile | None = None
    email: str | None = None
    email_code: OneTimeCode | None = None
    email_confirmed_at: datetime | None = None
    password_hash: str | None = field(default=None, repr=False)
    consents: tuple[Consent, ...] = ()
    scans: Scans = ()
    practitioner_id: UUID | None = None
    completed_at: datetime | None = None

    def admit(self, token_digest: bytes, at: datetime) -> None:
        """Raises `RegistrationTokenRefused` unless this is the token given at the last confirmation of the phone."""
        is_valid = self.token_digest == token_digest and self.token_expires_at is not None and at < self.token_expires_at
        if not is_valid:
            raise RegistrationTokenRefused

    def steps(self) -> dict[str, bool]:
        """Which steps are done, in their usual order."""
        done = {
            "phone": self.phone_confirmed_at,
            "passport": self.passport,
            "snils": self.numbers,
            "profile": self.profile,
            "email": self.email_confirmed_at,
            "password": self.password_hash,
            "scans": are_accepted(self.scans),
            "consents": self.consents,
        }
        return {step: self.completed_at is not None or bool(done[step]) for step in _STEPS}

    def check_open(self) -> None:
        """Raises `RegistrationCompleted` once it is over."""
        if self.completed_at is not None:
            raise RegistrationCompleted("Регистрация уже завершена. Войдите в кабинет.")

    def with_passport(self, passport: Passport, *, rule: PassportRule, today: date) -> "Registration":
        """The passport step. Raises `InvalidFields`."""
        self.check_open()
        checked = passport.checked(today, rule)
        if self.profile is not None:
            _check_issue(rule, checked, self.profile, today, pointer="/issued_on")
        return replace(self, passport=checked)

    def with_profile(self, profile: Profile, *, rules: IssueRules, today: date) -> "Registration":
        """The profile step. Raises `InvalidFields`."""
        self.check_open()
        checked = profile.checked(today, rules)
        if self.passport is not None:
            _check_issue(rules.passport, self.passport, checked, today, pointer="/birth_date")
        return replace(self, profile=checked)

    def with_email(self, email: str) -> "Registration":
        """The e-mail step; another address is to be confirmed anew. Raises `InvalidFields`."""
        self.check_open()
        findings = Findings()
        checked = findings.check("/email", fields.email, email)
        findings.raise_any()
        return self if checked == self.email else replace(self, email=checked, email_code=None, email_confirmed_at=None)

    def has_lapsed(self, at: datetime) -> bool:
        """Whether its time is over without an account."""
        return self.completed_at is None and self.expires_at <= at

    def completed(self, at: datetime) -> "Registration":
        """The end: the data are the practitioner's now. Raises `RegistrationIncomplete`."""
        missing = [step for step, is_done in self.steps().items() if not is_done]
        if missing:
            raise RegistrationIncomplete(missing)
        return Registration(
            id=self.id,
            owner_id=self.owner_id,
            version=self.version,
            phone=self.phone,
            created_at=self.created_at,
            expires_at=self.expires_at,
            phone_confirmed_at=self.phone_confirmed_at,
            token_digest=self.token_digest,
            token_expires_at=self.token_expires_at,
            practitioner_id=self.owner_id,
            completed_at=at,
        )

    def changed_from(self, before: "Registration") -> "Registration":
        """A password was checked against the data of its time: data that come later void it, and the step is asked for again."""
        is_new = self.password_hash != before.password_hash
        return self if is_new or set(self.own_data()) <= set(before.own_data()) else replace(self, password_hash=None)

    def own_data(self) -> list[str]:
        """Strings a password must not hold."""
        return own_strings(self.phone, self.email or "", self.passport, self.numbers, self.profile)


def _check_issue(rule: PassportRule, passport: Passport, profile: Profile, today: date, *, pointer: str) -> None:
    findings = Findings()
    findings.check(pointer, lambda issued_on: rule.check(issued_on, profile.birth_date, today), passport.issued_on)
    findings.raise_any()


def own_strings(phone: str, email: str, passport: Passport | None, numbers: Numbers | None, profile: Profile | None) -> list[str]:
    """What somebody could guess about a person's password."""
    own = [phone.lstrip("+")[-10:], email.partition("@")[0]]
    if passport is not None:
        own += [passport.number, passport.series + passport.number]
    if numbers is not None:
        own += [numbers.snils, numbers.inn or ""]
    if profile is not None:
        born = profile.birth_date
        own += [profile.surname, profile.given_name, profile.patronymic or "", profile.licence.number]
        own += [f"{born:%d%m%Y}", f"{born:%Y%m%d}", f"{born:%d.%m.%Y}", f"{born:%Y-%m-%d}"]
    return own
