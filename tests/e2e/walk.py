"""One walk through the whole journey; what every step brought is kept, so that each promise is a test of its own."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.journey import files
from deploy.journey.certificates import first_page, verified_code, verified_file
from deploy.journey.gateway import Caller, Refused
from deploy.journey.outside import Outside
from deploy.journey.people import SPECIALTY, Person
from deploy.journey.practitioner import Practitioner
from deploy.journey.staff import Registrar, Reviewer, SupportAgent
from deploy.journey.stream import LiveNotices, live_notices
from deploy.journey.waiting import until

KIND = "primary-specialised"
ADDRESS = "/professional/workplace/address"
OGRN = "/professional/workplace/ogrn"
TRAINING = "/documents/training-certificate"
SUBMISSION_TRACE = "5e0fc0de5e0fc0de5e0fc0de5e0fc0de"
"""The trace of the click on «Отправить»."""
Json = dict[str, Any]


@dataclass
class Walked:
    """What the walk brought, in its order."""

    practitioner: Practitioner
    reviewer: Reviewer
    registrar: Registrar
    agent: SupportAgent
    renamed: Person
    """Who the practitioner is after the change of the profile: other names, telephone and mailbox."""
    stranger: Person
    """Somebody the portal knows and the cabinet does not."""
    http: httpx.AsyncClient
    outside: Outside
    application_id: str = ""
    wrong_snils: Refused | None = None
    refused_document: Json = field(default_factory=dict)
    documents: dict[str, Json] = field(default_factory=dict)
    draft: Json = field(default_factory=dict)
    finding: Json = field(default_factory=dict)
    confirmed: Json = field(default_factory=dict)
    submitted: Json = field(default_factory=dict)
    submitted_again: Json = field(default_factory=dict)
    live_received: Json = field(default_factory=dict)
    duplicate: Refused | None = None
    electronic_document: bytes = b""
    receipt: Json = field(default_factory=dict)
    requested: Json = field(default_factory=dict)
    locked_field: Refused | None = None
    locked_document: Refused | None = None
    look: Json = field(default_factory=dict)
    certified: Json = field(default_factory=dict)
    certificate: bytes = b""
    verified: Json = field(default_factory=dict)
    """What a visitor read of the certificate, while it was valid: a test may move the clock past its end. Likewise by its file and code."""
    verified_file: Json = field(default_factory=dict)
    verified_code: Json = field(default_factory=dict)
    protocol: Json = field(default_factory=dict)
    ticket: Json = field(default_factory=dict)
    closed_ticket: Json = field(default_factory=dict)
    wrong_change: Refused | None = None
    changed_profile: Json = field(default_factory=dict)
    portal_link: Json = field(default_factory=dict)
    unknown_at_portal: Refused | None = None
    portal_profile: Json = field(default_factory=dict)
    """The profile, read in the session that the portal opened."""

    @property
    def person(self) -> Person:
        return self.practitioner.person


async def refusal(asked: Any) -> Refused | None:
    try:
        await asked
    except Refused as refused:
        return refused
    return None


async def walk(walked: Walked) -> Walked:
    await _register(walked)
    await _bring_documents(walked)
    await _draft(walked)
    async with live_notices(walked.practitioner.caller) as live:
        await _submit(walked, live)
    await _review(walked)
    await _certificate(walked)
    await _ticket(walked)
    await _change_profile(walked)
    await _sign_in_through_portal(walked)
    return walked


async def _register(walked: Walked) -> None:
    practitioner, person = walked.practitioner, walked.person
    registration_id = await practitioner.begin_registration()
    wrong = person.snils[:-1] + str((int(person.snils[-1]) + 1) % 10)
    step = f"/api/identity/registrations/{registration_id}/snils"
    walked.wrong_snils = await refusal(practitioner.caller.put(step, {"snils": wrong}))
    await practitioner.fill_registration(registration_id)
    await practitioner.complete_registration(registration_id)
    await practitioner.sign_in()
    await practitioner.verified()


async def _bring_documents(walked: Walked) -> None:
    practitioner, person = walked.practitioner, walked.person
    diploma = await practitioner.upload("diploma", files.picture_called_pdf(person))
    walked.refused_document = await practitioner.checked(diploma["document_id"])
    await practitioner.replace(diploma["document_id"], files.diploma(person))
    sent = {"diploma": diploma}
    sent["licence"] = await practitioner.upload("licence", files.licence(person))
    sent["training-certificate"] = await practitioner.upload("training-certificate", files.training_certificate(person))
    sent["gosuslugi-confirmation"] = await practitioner.upload("gosuslugi-confirmation", files.gosuslugi_confirmation(person))
    walked.documents = {name: await practitioner.checked(document["document_id"]) for name, document in sent.items()}


async def _draft(walked: Walked) -> None:
    practitioner = walked.practitioner
    walked.draft = await practitioner.create_application(KIND, SPECIALTY)
    walked.application_id = walked.draft["id"]
    ogrn = walked.person.workplace["ogrn"]
    wrong = ogrn[:-1] + str((int(ogrn[-1]) + 1) % 10)
    blocks: Json = {
        "professional": {"workplace": {"ogrn": wrong}},
        "documents": {name: document["document_id"] for name, document in walked.documents.items()},
        "consent": {"personal_data": True, "accuracy": True},
    }
    await practitioner.change(walked.application_id, blocks)

    async def only_the_mistake() -> Json | None:
        findings = (await practitioner.check(walked.application_id))["findings"]
        return findings[0] if len(findings) == 1 else None

    walked.finding = await until(only_the_mistake, "единственное замечание")
    await practitioner.change(walked.application_id, {"professional": {"workplace": {"ogrn": ogrn}}})
    await practitioner.clean(walked.application_id)
    walked.confirmed = await practitioner.confirm(walked.application_id)


async def _submit(walked: Walked, live: LiveNotices) -> None:
    practitioner, path = walked.practitioner, f"/api/applications/applications/{walked.application_id}/submission"
    headers = {"Idempotency-Key": walked.application_id, "traceparent": f"00-{SUBMISSION_TRACE}-00f067aa0ba902b7-01"}
    walked.submitted = await practitioner.caller.post(path, headers=headers)
    walked.submitted_again = await practitioner.caller.post(path, headers=headers)
    walked.live_received = await live.wait_for(lambda notice: notice["kind"] == "application-received", "уведомление о приёме")
    walked.duplicate = await refusal(practitioner.create_application(KIND, SPECIALTY))
    walked.electronic_document = await practitioner.electronic_document(walked.application_id)
    walked.receipt = await walked.outside.mail_about(walked.person.email, walked.submitted["number"], with_file=True)


async def _review(walked: Walked) -> None:
    practitioner, reviewer, application_id = walked.practitioner, walked.reviewer, walked.application_id
    await practitioner.in_state(application_id, "under-review")
    await reviewer.sign_in()
    await reviewer.queued(application_id)
    await reviewer.claim(application_id)
    await reviewer.ask(
        application_id,
        {"code": "contact-data-wrong", "pointer": ADDRESS, "comment": "Укажите корпус."},
        {"code": "file-requirements-not-met", "pointer": TRAINING, "comment": "Печать не читается."},
    )
    walked.requested = await practitioner.in_state(application_id, "information-requested")
    walked.locked_field = await refusal(practitioner.answer(application_id, "Другое.", {"personal": {"birth_place": "г. Иной"}}))
    diploma = walked.documents["diploma"]["document_id"]
    walked.locked_document = await refusal(practitioner.replace(diploma, files.supporting(walked.person)))
    training = walked.documents["training-certificate"]["document_id"]
    await practitioner.replace(training, files.supporting(walked.person))
    await practitioner.checked(training)
    address = f"{walked.person.workplace['address']}, корпус 2"
    await practitioner.answer(application_id, "Уточнён адрес, новый скан.", {"professional": {"workplace": {"address": address}}})
    await practitioner.in_state(application_id, "under-review")
    walked.look = await reviewer.look(application_id)
    await reviewer.recommend(application_id, "approve", "Документы в порядке.")
    await walked.registrar.sign_in()
    await walked.registrar.decide(application_id, "approve", "Утверждено.")


async def _certificate(walked: Walked) -> None:
    practitioner, application_id = walked.practitioner, walked.application_id
    walked.certified = await practitioner.in_state(application_id, "certified")
    walked.certificate = await practitioner.certificate(application_id)
    anybody, pdf = Caller(walked.http), walked.certificate
    walked.verified = await anybody.get(f"/api/applications/certificates/{walked.certified['certificate']['number']}")
    walked.verified_file = await verified_file(anybody, pdf)
    walked.verified_code = await verified_code(anybody, first_page(pdf).qr_text())
    walked.protocol = await practitioner.protocol(application_id)


async def _ticket(walked: Walked) -> None:
    practitioner, agent = walked.practitioner, walked.agent
    walked.ticket = await practitioner.open_ticket("application-status", "Где указан срок?", walked.submitted["number"])
    await agent.sign_in()
    await agent.take(walked.ticket["ticket_id"])
    await agent.reply(walked.ticket["ticket_id"], "На второй строке.")
    await until(lambda: practitioner.notice("ticket-answered", walked.ticket["ticket_id"]), "уведомление об ответе")
    await practitioner.close_ticket(walked.ticket["ticket_id"])
    walked.closed_ticket = await practitioner.ticket(walked.ticket["ticket_id"])


async def _change_profile(walked: Walked) -> None:
    practitioner, renamed = walked.practitioner, walked.renamed
    names = {"surname": renamed.surname, "given_name": renamed.given_name}
    walked.wrong_change = await refusal(practitioner.change_profile(**names, email=f"{renamed.email} ", phone=f"{renamed.phone}0"))
    await practitioner.change_profile(**names, phone=renamed.phone, email=renamed.email)

    async def verified() -> Json | None:
        profile = await practitioner.profile()
        return profile if profile["status"] == "verified" else None

    walked.changed_profile = await until(verified, "подтверждение нового профиля")


async def _sign_in_through_portal(walked: Walked) -> None:
    practitioner = walked.practitioner
    walked.portal_link = await practitioner.link_portal(walked.renamed.at_portal())
    walked.unknown_at_portal = await refusal(practitioner.sign_in_through_portal(walked.stranger.at_portal()))
    await practitioner.sign_in_through_portal(walked.renamed.at_portal())
    walked.portal_profile = await practitioner.profile()
