"""Applications at every stage, and requests about them that would do if they belonged to whoever asks."""

from typing import Any
from uuid import UUID, uuid4

from contracts.roles import Role
from tests.applications.appealing import appeal_against, filed_appeal
from tests.applications.conftest import Applicant, Hands, known_registrar, known_reviewers
from tests.applications.employing import EMPLOYER, subscribed
from tests.support import Component, Signer
from tests.support.access import Asked, Others

_WATCHED = (
    "appeals",
    "applications",
    "certificates",
    "known_documents",
    "notes",
    "outbox",
    "practitioners",
    "employers",
    "shares",
    "subscriptions",
    "staff_members",
    "timers",
)
_FOREIGN_SPECIALTY = "31.08.20"
_OPINION = {"decision": "approve", "reasons": [], "comment": "Всё верно"}
_FIRST = {"If-Match": '"1"'}
_SHARE = {"days": 1, "views_max": 1}
_REMARK = {"code": "contact-data-wrong", "pointer": "/professional/workplace/address", "comment": "Уточните адрес"}


async def all_others(service: Component, signer: Signer) -> list[Others]:
    """A practitioner, a reviewer, a registrar and an administrator, each with what is not theirs."""
    [reviewer] = await known_reviewers(service, signer, 1)
    return [
        await _practitioner(service, signer, reviewer),
        await _reviewer(service, signer, reviewer),
        await _registrar(service, signer),
        await _administrator(service, signer),
    ]


async def _applicant(service: Component, signer: Signer) -> Applicant:
    return await Applicant(service, signer, uuid4(), Role.PRACTITIONER).become_known()


async def _held(applicant: Applicant, reviewer: Hands) -> str:
    application_id = str((await applicant.under_review())["id"])
    await reviewer.ok("PUT", f"/reviews/{application_id}/claim")
    return application_id


async def _practitioner(service: Component, signer: Signer, reviewer: Hands) -> Others:
    owner, asked_one, other = [await _applicant(service, signer) for _ in range(3)]
    certified = await _certified(owner, reviewer, await known_registrar(service, signer))
    draft = await owner.draft(kind="periodic")
    requested = await _held(asked_one, reviewer)
    await reviewer.ok("POST", f"/reviews/{requested}/requests", {"remarks": [_REMARK]})
    confirmed = await _applicant(service, signer)
    ready = await confirmed.confirm(await confirmed.draft())
    versions = {"PATCH ": draft, "PUT /confirmation": draft}
    bodies: dict[str, tuple[str, Any]] = {
        "GET ": (certified, None),
        "GET /protocol": (certified, None),
        "GET /electronic-document": (certified, None),
        "GET /certificate": (certified, None),
        "PATCH ": (draft["id"], {"personal": {"surname": "Чужая"}}),
        "POST /check": (draft["id"], None),
        "PUT /confirmation": (draft["id"], None),
        "POST /submission": (ready["id"], None),
        "POST /answer": (requested, {"comment": "Исправлено", "changes": {}}),
        "POST /withdrawal": (requested, {"reason": "Передумала"}),
    }
    asked = {}
    for name, (application_id, body) in bodies.items():
        method, _, step = name.partition(" ")
        asked[f"{method} /applications/{{application_id}}{step}"] = Asked(
            {"application_id": application_id}, body, headers=_if_match(versions.get(name))
        )
    number = (await owner.ok("GET", "/certificates"))["items"][0]["number"]
    asked["GET /certificates/{number}/verifications"] = Asked({"number": number})
    asked["GET /applications/exports"] = Asked({}, query={"ids": certified})
    [own] = (await owner.ok("GET", "/certificates"))["items"]
    asked |= {f"GET /certificates/{{number}}/{form}": Asked({"number": own["number"]}) for form in ("credential", "fhir")}
    asked["GET /applications/{application_id}/lineage"] = Asked({"application_id": certified})
    appeal = await filed_appeal(await _applicant(service, signer), await known_reviewers(service, signer))
    path = {"appeal_id": appeal["id"]}
    asked["POST /appeals"] = Asked({}, appeal_against(appeal["application_number"], service.clock.now()))
    asked["GET /appeals/{appeal_id}"] = asked["DELETE /appeals/{appeal_id}"] = Asked(path)
    asked["GET /appeals/{appeal_id}/packet"] = asked["GET /appeals/{appeal_id}/packet/archive"] = Asked(path)
    share = await owner.ok("POST", f"/certificates/{own['number']}/shares", _SHARE)
    asked["GET /certificates/{number}/shares"] = Asked({"number": own["number"]})
    asked["POST /certificates/{number}/shares"] = Asked({"number": own["number"]}, _SHARE)
    asked["DELETE /certificates/{number}/shares/{share_id}"] = Asked({"number": own["number"], "share_id": share["share"]["id"]})
    for method in ("PUT", "DELETE"):
        consent = {"subscription_id": await subscribed(service, signer, own["number"])}
        asked[f"{method} /employers/consents/{{subscription_id}}"] = Asked(consent)
    return Others(service, str(owner.id), other.token(), _WATCHED, asked)


def _if_match(read: dict[str, Any] | None) -> dict[str, str]:
    return {"If-Match": f'"{read["version"]}"'} if read else {}


async def _certified(owner: Applicant, reviewer: Hands, registrar: Hands) -> str:
    application_id = await _held(owner, reviewer)
    await reviewer.examine(application_id)
    await reviewer.judged("POST", f"/reviews/{application_id}/recommendation", _OPINION)
    await registrar.judged("POST", f"/registry/{application_id}/decision", {"decision": "approve", "comment": ""})
    await owner.reach(application_id, "certified")
    return application_id


async def _reviewer(service: Component, signer: Signer, reviewer: Hands) -> Others:
    owner, [other] = await _applicant(service, signer), await known_reviewers(service, signer, 1, _FOREIGN_SPECIALTY)
    path = {"application_id": await _held(owner, reviewer)}
    asked = {
        "GET /reviews/{application_id}": Asked(path),
        "PUT /reviews/{application_id}/claim": Asked(path),
        "DELETE /reviews/{application_id}/claim": Asked(path),
        "POST /reviews/{application_id}/requests": Asked(path, {"remarks": [_REMARK]}),
        "PUT /reviews/{application_id}/checklist": Asked(path, {"answers": [{"code": "identity", "result": "yes"}]}, headers=_FIRST),
        "POST /reviews/{application_id}/recommendation": Asked(path, _OPINION, headers=_FIRST),
        "GET /reviews/{application_id}/notes": Asked(path),
        "POST /reviews/{application_id}/notes": Asked(path, {"text": "Для коллег"}),
    }
    appeal = await filed_appeal(await _applicant(service, signer), await known_reviewers(service, signer))
    await reviewer.ok("PUT", f"/appeals/{appeal['id']}/claim")
    path = {"appeal_id": appeal["id"]}
    asked |= {
        "PUT /appeals/{appeal_id}/claim": Asked(path),
        "DELETE /appeals/{appeal_id}/claim": Asked(path),
        "GET /appeals/{appeal_id}/review": Asked(path),
        "POST /appeals/{appeal_id}/decision": Asked(path, {"outcome": "overturned", "text": "Отказ ошибочен"}),
    }
    return Others(service, str(owner.id), other.token(), _WATCHED, asked)


async def _registrar(service: Component, signer: Signer) -> Others:
    owner = await _applicant(service, signer)
    draft = await owner.draft(kind="periodic")
    path = {"application_id": draft["id"]}
    planned = {"number": await _planned(service, signer)}
    grounds = {"revocation": "issued-in-error", "suspension": "court-decision", "reinstatement": "court-decision"}
    asked = {
        **{
            f"PUT /certificates/{{number}}/{change}": Asked(planned, {"reason_code": ground}, headers=_FIRST)
            for change, ground in grounds.items()
        },
        "GET /registry/reviews/{application_id}/candidates": Asked(path),
        "PUT /reviews/{application_id}/assignment": Asked(path, {"reviewer_id": None}),
        "GET /registry/{application_id}": Asked(path),
        "POST /registry/{application_id}/decision": Asked(path, {"decision": "approve", "comment": ""}, headers=_FIRST),
    }
    return Others(service, str(owner.id), Hands(service, signer, uuid4(), Role.REGISTRAR).token(), _WATCHED, asked)


async def _administrator(service: Component, signer: Signer) -> Others:
    administrator = Hands(service, signer, uuid4(), Role.ADMINISTRATOR)
    ended = (await administrator.ok("POST", "/employers", EMPLOYER))["employer"]["id"]
    await administrator.ok("DELETE", f"/employers/{ended}")
    asked = {"DELETE /employers/{employer_id}": Asked({"employer_id": ended})}
    return Others(service, str(administrator.id), administrator.token(), _WATCHED, asked)


async def _planned(service: Component, signer: Signer) -> str:
    """The number of a certificate whose file is not made yet."""
    [reviewer] = await known_reviewers(service, signer, 1)
    application_id = await _certified(await _applicant(service, signer), reviewer, await known_registrar(service, signer))
    found = await service.database["certificates"].find_one_and_update(
        {"application_id": UUID(application_id)}, {"$set": {"file": None, "version": 1}}
    )
    assert found
    return str(found["number"])
