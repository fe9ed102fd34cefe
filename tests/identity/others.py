"""Two people: one has an object of every kind, the other asks about them with requests that would do if the objects were their own."""

from tests.identity import people
from tests.identity.authenticator import Authenticator
from tests.identity.owner import Owner as ProfileOwner
from tests.identity.owner import licence
from tests.identity.passkey_owner import Owner
from tests.identity.provider import HostileProvider
from tests.identity.trip import Trip
from tests.identity.walk import CONSENTS, Json, Walk
from tests.support import Component, Signer, eventually
from tests.support.access import Asked, Others

_WATCHED = (
    *("people", "registrations", "factors", "sessions", "step_ups", "passkeys", "passkey_ceremonies", "portal_links", "portal_sign_ins"),
    *("profile_changes", "profile_versions", "erasure_requests", "data_exports", "data_export_pieces", "access_log"),
)
"""Collections that tell of the objects and of their owner."""


async def practitioners(identity: Component, signer: Signer, provider: HostileProvider) -> Others:
    """A practitioner with everything there is, and another one with an open session."""
    one, other = await Owner.registered(Walk(identity), signer), await Owner.registered(Walk(identity), signer)
    asked = await _profile(one) | await _sessions(one) | await _passkeys(one) | await _portal(one, provider) | await _rights(one)
    return Others(identity, str(one.person_id), other.headers, _WATCHED, asked)


async def registrants(identity: Component) -> Others:
    """A registration that could be completed at once, and the token of another one."""
    one, other = await (await Walk(identity).begin()).fill(), await Walk(identity).begin()
    bodies: dict[str, Json | None] = {
        "GET": None,
        "POST/upload-tokens": None,
        "PUT/passport": people.passport(),
        "PUT/snils": {"snils": people.snils(), "inn": None},
        "PUT/profile": people.profile(),
        "PUT/email": {"email": people.email()},
        "POST/email-confirmation": {"code": "123456"},
        "PUT/password": {"password": people.PASSWORD},
        "PUT/consents": {"consents": CONSENTS},
        "POST/completion": None,
    }
    asked = {}
    for name, body in bodies.items():
        method, _, step = name.partition("/")
        path = "/registrations/{registration_id}" + (f"/{step}" if step else "")
        asked[f"{method} {path}"] = Asked({"registration_id": one.registration_id}, body)
    return Others(identity, str(one.owner_id), {"Registration-Token": other.token}, _WATCHED, asked)


async def _profile(one: Owner) -> dict[str, Asked]:
    person = ProfileOwner(one.walk.identity, one.signer, one.walk, one.person_id)

    async def is_verified() -> bool:
        return bool((await person.profile())["status"] == "verified")

    await eventually(is_verified)
    await person.change(licence(number=people.digits(8)))
    await eventually(is_verified)
    change = await person.propose({"practice": {"workplace": {"department": "Хирургия"}}})
    [code] = await person.codes(change, one.walk.phone)
    path = {"change_id": change["change_id"]}
    return {
        "GET /profile/changes/{change_id}": Asked(path),
        "POST /profile/changes/{change_id}/code": Asked(path, {}),
        "POST /profile/changes/{change_id}/confirmation": Asked(path, {"code": code}),
        "POST /profile/changes/{change_id}/signature": Asked(path, {"signature": "MIIB"}),
        "GET /profile/versions/{number}": Asked({"number": 2}),
    }


async def _sessions(one: Owner) -> dict[str, Asked]:
    walk = one.walk
    step_up = await one.ask("POST", "/step-ups")
    step_up_code = await walk.code(walk.phone)
    started = await walk.start_sign_in(walk.phone)
    await walk.ask("POST", f"/sign-ins/{started['sign_in_id']}/code", {"code": await walk.code(walk.phone), "trust_device": True})
    [device] = (await one.ask("GET", "/trusted-devices"))["items"]
    return {
        "DELETE /sessions/{session_id}": Asked({"session_id": one.session_id}),
        "POST /step-ups/{step_up_id}/code": Asked({"step_up_id": step_up["step_up_id"]}, {"code": step_up_code}),
        "DELETE /trusted-devices/{device_id}": Asked({"device_id": device["device_id"]}),
    }


async def _passkeys(one: Owner) -> dict[str, Asked]:
    device = await one.add()
    [passkey] = await one.listed()
    adding, proving = await one.asked(), await one.ask("POST", "/step-ups/passkey")
    attestation = {"credential": Authenticator().create(adding["options"]), "name": "Чужой"}
    path = {"passkey_id": passkey["passkey_id"]}
    return {
        "POST /factors/passkeys/{ceremony_id}/attestation": Asked({"ceremony_id": adding["ceremony_id"]}, attestation),
        "PATCH /factors/passkeys/{passkey_id}": Asked(path, {"name": "Чужой"}),
        "DELETE /factors/passkeys/{passkey_id}": Asked(path),
        "POST /step-ups/passkey/{ceremony_id}/assertion": Asked(
            {"ceremony_id": proving["ceremony_id"]}, {"credential": device.get(proving["options"])}
        ),
    }


async def _portal(one: Owner, provider: HostileProvider) -> dict[str, Asked]:
    trip = Trip(one.walk, provider, owner=one.person_id, headers=one.headers)
    link = await (await trip.start()).come_back(trip.agree())
    assert link.status_code == 200, link.text
    returned = (await trip.start()).agree()
    return {
        "POST /portal-links/{portal_sign_in_id}/completion": Asked({"portal_sign_in_id": trip.started["portal_sign_in_id"]}, returned),
        "DELETE /portal-links/{portal_link_id}": Asked({"portal_link_id": link.json()["portal_link_id"]}),
    }


async def _rights(one: Owner) -> dict[str, Asked]:
    export = {"export_id": (await one.ask("POST", "/data-exports"))["id"]}

    async def is_own_part_here() -> bool:
        parts = (await one.ask("GET", f"/data-exports/{export['export_id']}"))["parts"]
        return any(part["service"] == "identity" and part["is_here"] for part in parts)

    await eventually(is_own_part_here)
    erasure = await one.ask("POST", "/erasure-requests", {"password": people.PASSWORD})
    path = {"request_id": erasure["id"]}
    return {
        "GET /data-exports/{export_id}": Asked(export),
        "GET /data-exports/{export_id}/file": Asked(export),
        "GET /erasure-requests/{request_id}": Asked(path),
        "DELETE /erasure-requests/{request_id}": Asked(path),
    }
