"""The steps of a practitioner, each through the gateway."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from deploy.journey.files import File, passport_scan, snils_scan
from deploy.journey.gateway import Caller, Refused
from deploy.journey.member import Member
from deploy.journey.outside import Outside
from deploy.journey.people import Person
from deploy.journey.waiting import until

CONSENTS = ({"document": "terms", "version": "1"}, {"document": "personal-data", "version": "1"})
_CHECKED = frozenset({"accepted", "rejected"})
_PORTAL = "gosuslugi"
Json = dict[str, Any]


@dataclass(slots=True)
class Practitioner(Member):
    """An invented person on the way to a certificate."""

    person: Person = field(kw_only=True)
    upload_token: str = field(default="", repr=False)
    """Lets a registrant bring the scans; of no use afterwards."""

    @classmethod
    def of(cls, person: Person, caller: Caller, outside: Outside) -> "Practitioner":
        """Signs in with the licence number."""
        licence = person.licence["number"]
        return cls(caller, outside, identifier=licence, password=person.password, phone=person.phone, person=person)

    # registration

    async def begin_registration(self) -> str:
        """Telephone and its code; also resumes one that was left. Returns the id; later calls carry the token."""
        seen = await self.outside.newest("sms", self.phone)
        begun = await self.caller.post("/api/identity/registrations", {"phone": self.phone})
        code = await self.outside.code("sms", self.phone, after=seen)
        path = f"/api/identity/registrations/{begun['registration_id']}"
        confirmed = await self.caller.post(f"{path}/phone-confirmation", {"code": code})
        self.caller.headers["Registration-Token"] = confirmed["registration_token"]
        self.upload_token = confirmed["upload_token"]
        return str(begun["registration_id"])

    async def fill_registration(self, registration_id: str) -> None:
        """Every step after the telephone."""
        await self.upload_scans()
        path, person = f"/api/identity/registrations/{registration_id}", self.person
        await self.caller.put(f"{path}/passport", self.passport_body())
        await self.caller.put(f"{path}/snils", {"snils": person.snils, "inn": person.inn})
        await self.caller.put(f"{path}/profile", self.profile_body())
        seen = await self.outside.newest("email", person.email)
        await self.caller.put(f"{path}/email", {"email": person.email})
        code = await self.outside.code("email", person.email, after=seen)
        await self.caller.post(f"{path}/email-confirmation", {"code": code})
        await self.caller.put(f"{path}/password", {"password": person.password})
        await self.caller.put(f"{path}/consents", {"consents": CONSENTS})
        await self.scans_accepted(registration_id)

    async def upload_scans(self) -> None:
        """Passport and SNILS go to documents with the limited token; the checks follow. A resumed registration keeps what it has."""
        signed = {"Authorization": f"Bearer {self.upload_token}"}
        known = (await self.caller.call("GET", "/api/documents/documents", headers=signed)).json()["items"]
        have = {document["document_type"] for document in known if document["state"] != "rejected"}
        for document_type, scan in (("passport", passport_scan(self.person)), ("snils", snils_scan(self.person))):
            if document_type not in have:
                path = f"/api/documents/types/{document_type}/files"
                await self.caller.call("POST", path, content=scan.content, headers=signed | _file_headers(scan))

    async def scans_accepted(self, registration_id: str) -> Json:
        """The registration once identity knows that both scans are good."""

        async def accepted() -> Json | None:
            shown = dict(await self.caller.get(f"/api/identity/registrations/{registration_id}"))
            return shown if all(scan["state"] == "accepted" for scan in shown["scans"]) else None

        return await until(accepted, "проверка сканов паспорта и СНИЛС")

    async def complete_registration(self, registration_id: str) -> str:
        """Hand the registration in; verification follows. Returns the practitioner's id."""
        answer = await self.caller.post(f"/api/identity/registrations/{registration_id}/completion")
        del self.caller.headers["Registration-Token"]
        return str(answer["practitioner_id"])

    async def register(self) -> str:
        """All of registration."""
        registration_id = await self.begin_registration()
        await self.fill_registration(registration_id)
        return await self.complete_registration(registration_id)

    async def verified(self, *, timeout_seconds: float = 60) -> Json:
        """The notice that the registries confirmed the profile."""
        return await until(lambda: self.notice("profile-verified"), "подтверждение профиля", timeout_seconds=timeout_seconds)

    def passport_body(self) -> Json:
        """The passport as the form sends it."""
        person = self.person
        return {
            "series": person.passport_series,
            "number": person.passport_number,
            "issued_on": person.passport_issued_on.isoformat(),
            "issued_by": person.passport_issued_by,
        }

    def profile_body(self) -> Json:
        """The profile as the form sends it."""
        person = self.person
        return {
            "surname": person.surname,
            "given_name": person.given_name,
            "patronymic": person.patronymic,
            "birth_date": person.birth_date.isoformat(),
            "birth_place": person.birth_place,
            "diploma_number": person.diploma_number,
            "qualification": person.qualification,
            "specialty_code": person.specialty_code,
            "licence": person.licence,
            "workplace": person.workplace,
            "employments": list(person.employments),
            "training_hours": person.training_hours,
        }

    # profile and portal

    async def profile(self) -> Json:
        """The profile as it stands."""
        return dict(await self.caller.get("/api/identity/profile"))

    async def change_profile(self, **changes: Any) -> Json:
        """Propose the changes and confirm them by every code they take; from then on codes come to a new telephone. Returns the profile."""
        shown = await self.caller.call("GET", "/api/identity/profile")
        change = await self.caller.post("/api/identity/profile/changes", changes, headers={"If-Match": shown.headers["ETag"]})
        path = f"/api/identity/profile/changes/{change['change_id']}"
        sent = {"code": ("sms", self.phone)}
        sent |= {"new_phone_code": ("sms", changes["phone"])} if "phone" in changes else {}
        sent |= {"new_email_code": ("email", changes["email"])} if "email" in changes else {}
        seen = {name: await self.outside.newest(*to) for name, to in sent.items()}
        await self.caller.post(f"{path}/code", {})
        codes = {name: await self.outside.code(*to, after=seen[name]) for name, to in sent.items()}
        changed = dict(await self.caller.post(f"{path}/confirmation", codes))
        self.phone = changes.get("phone", self.phone)
        return changed

    async def link_portal(self, told: Mapping[str, str]) -> Json:
        """Link the account with the one at the portal, which tells `told` of the person. Returns the link."""
        return await self._through_portal("portal-links", told)

    async def sign_in_through_portal(self, told: Mapping[str, str]) -> None:
        """Sign in at the portal, which tells `told` of the person."""
        self.caller.tokens = None
        self.go_on_with(await self._through_portal("portal-sign-ins", told))

    async def _through_portal(self, kind: str, told: Mapping[str, str]) -> Json:
        started = await self.caller.post(f"/api/identity/{kind}", {"provider": _PORTAL})
        returned = await self.outside.agree_at_portal(started["authorization_url"], told)
        body = returned | {"browser_token": started["browser_token"]}
        return dict(await self.caller.post(f"/api/identity/{kind}/{started['portal_sign_in_id']}/completion", body))

    # documents

    async def upload(self, document_type: str, file: File) -> Json:
        """Send a file; the checks follow."""
        response = await self.caller.call(
            "POST", f"/api/documents/types/{document_type}/files", content=file.content, headers=_file_headers(file)
        )
        return dict(response.json())

    async def replace(self, document_id: str, file: File) -> Json:
        """Send another file in place of the present one."""
        path = f"/api/documents/documents/{document_id}"
        shown = await self.caller.call("GET", path)
        headers = _file_headers(file) | {"If-Match": shown.headers["ETag"]}
        return dict((await self.caller.call("PUT", f"{path}/file", content=file.content, headers=headers)).json())

    async def document(self, document_id: str) -> Json:
        """A document as it stands."""
        return dict(await self.caller.get(f"/api/documents/documents/{document_id}"))

    async def checked(self, document_id: str) -> Json:
        """The document once its checks are over."""

        async def verdict() -> Json | None:
            document = await self.document(document_id)
            return document if document["state"] in _CHECKED else None

        return await until(verdict, "проверка документа")

    async def download(self, document_id: str) -> bytes:
        """The bytes behind a short-lived link."""
        link = await self.caller.post(f"/api/documents/documents/{document_id}/links")
        return (await self.caller.http.get(link["url"])).raise_for_status().content

    # applications

    async def create_application(self, kind: str, specialty_code: str) -> Json:
        """A draft, prefilled from the profile."""
        return dict(await self.caller.post("/api/applications/applications", {"kind": kind, "specialty_code": specialty_code}))

    async def application(self, application_id: str) -> Json:
        """An application as it stands."""
        return dict(await self.caller.get(f"/api/applications/applications/{application_id}"))

    async def in_state(self, application_id: str, *states: str, timeout_seconds: float = 30) -> Json:
        """The application once it is in one of the states."""

        async def reached() -> Json | None:
            application = await self.application(application_id)
            return application if application["state"] in states else None

        return await until(reached, f"состояние {' или '.join(states)}", timeout_seconds=timeout_seconds)

    async def change(self, application_id: str, patch: Json) -> Json:
        """Merge-patch the blocks of a draft."""
        path = f"/api/applications/applications/{application_id}"
        shown = await self.caller.call("GET", path)
        headers = {"If-Match": shown.headers["ETag"], "Content-Type": "application/merge-patch+json"}
        return dict((await self.caller.call("PATCH", path, json=patch, headers=headers)).json())

    async def check(self, application_id: str) -> Json:
        """What would be found wrong with the draft."""
        return dict(await self.caller.post(f"/api/applications/applications/{application_id}/check"))

    async def clean(self, application_id: str) -> Json:
        """The check once nothing blocks; documents' verdicts may still be on their way to applications."""

        async def is_clean() -> Json | None:
            found = await self.check(application_id)
            return found if found["is_clean"] and not found["findings"] else None

        return await until(is_clean, "проверка заявления без замечаний")

    async def confirm(self, application_id: str) -> Json:
        """«Подтвердить»."""
        path = f"/api/applications/applications/{application_id}"
        shown = await self.caller.call("GET", path)
        return dict((await self.caller.call("PUT", f"{path}/confirmation", headers={"If-Match": shown.headers["ETag"]})).json())

    async def submit(self, application_id: str) -> Json:
        """«Отправить»."""
        return dict(await self.caller.post(f"/api/applications/applications/{application_id}/submission"))

    async def answer(self, application_id: str, comment: str, changes: Json) -> Json:
        """Answer the pinned remarks."""
        body = {"comment": comment, "changes": changes}
        return dict(await self.caller.post(f"/api/applications/applications/{application_id}/answer", body))

    async def withdraw(self, application_id: str, reason: str) -> None:
        """Take the application back before a decision."""
        await self.caller.post(f"/api/applications/applications/{application_id}/withdrawal", {"reason": reason})

    async def applications(self, **filters: Any) -> list[Json]:
        """The history, newest start first."""
        return list((await self.caller.get("/api/applications/applications", params=filters))["items"])

    async def electronic_document(self, application_id: str) -> bytes:
        """The PDF of everything submitted."""
        return await self._pdf(f"/api/applications/applications/{application_id}/electronic-document")

    async def certificate(self, application_id: str) -> bytes:
        """The certificate, PDF."""
        return await self._pdf(f"/api/applications/applications/{application_id}/certificate")

    async def protocol(self, application_id: str) -> Json:
        """Every move of the application, the checks and comments."""
        return dict(await self.caller.get(f"/api/applications/applications/{application_id}/protocol"))

    async def export(self, output: str, *application_ids: str) -> bytes:
        """The history rows as `csv` or `pdf`."""
        query = {"format": output, "ids": list(application_ids)}
        return (await self.caller.call("GET", "/api/applications/applications/exports", params=query)).content

    # support

    async def open_ticket(self, topic: str, text: str, application_number: str | None = None) -> Json:
        """Ask for help."""
        body = {"topic": topic, "text": text, "application_number": application_number}
        return dict(await self.caller.post("/api/support/tickets", {name: value for name, value in body.items() if value is not None}))

    async def ticket(self, ticket_id: str) -> Json:
        """A request for help as it stands."""
        return dict(await self.caller.get(f"/api/support/tickets/{ticket_id}"))

    async def close_ticket(self, ticket_id: str) -> None:
        """The request is settled."""
        await self.caller.post(f"/api/support/tickets/{ticket_id}/closure")

    async def _pdf(self, path: str) -> bytes:
        async def made() -> bytes | None:
            try:
                return (await self.caller.call("GET", path)).content
            except Refused as refused:
                if refused.code == "file-not-ready":
                    return None
                raise

        return await until(made, "документ PDF")


def _file_headers(file: File) -> dict[str, str]:
    return {
        "Content-Type": file.media_type,
        "Content-Length": str(len(file.content)),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name)}",
    }
