"""Verifiable Credentials and their status lists, verified by libraries this project did not write."""

import asyncio
import base64
import gzip
import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import OKPKey

from services.applications.domain.certificates.status_list import LENGTH, encoded
from tests.applications.certified import certified
from tests.applications.conftest import Applicant, Hands
from tests.support import Component
from tests.support.npm import NODE, installed

_BASE = "http://cabinet.test/api/applications"
_LISTS = [f"{_BASE}/status-lists/1/{purpose}" for purpose in ("revocation", "suspension")]


@dataclass
class Strangers:
    """What somebody else's program says, given what is published."""

    service: Component
    cases: list[dict[str, Any]] = field(default_factory=list)

    async def show(self, credential: str, lists: dict[str, str] | None = None) -> None:
        """Keep a question with the lists as they are now."""
        published = {url: (await self._published(url)) for url in _LISTS}
        issuer = (await self.service.client.get("/issuer")).json()
        self.cases.append({"credential": credential, "issuer": issuer, "lists": published | (lists or {})})

    async def say(self) -> list[dict[str, Any]]:
        """All answers, by one start of the program."""
        return await asyncio.to_thread(_answers, json.dumps(self.cases))

    async def _published(self, url: str) -> str:
        answer = await self.service.client.get(url.removeprefix(_BASE))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vc+jwt")
        return answer.text


def _answers(cases: str) -> list[dict[str, Any]]:
    folder = installed(Path(__file__).parent / "foreign_verifier", "verify.js")
    ran = subprocess.run([NODE, "verify.js"], cwd=folder, input=cases, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    assert ran.returncode == 0, ran.stderr[-2000:]
    said: list[dict[str, Any]] = json.loads(ran.stdout)
    return said


def payload_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    opened: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return opened


def changed_at(token: str, part: int, place: int) -> str:
    parts = token.split(".")
    letter = parts[part][place]
    parts[part] = parts[part][:place] + ("A" if letter != "A" else "B") + parts[part][place + 1 :]
    return ".".join(parts)


async def test_a_credential_is_valid_for_strangers_and_says_what_became_of_it(
    service: Component, applicant: Applicant, reviewers: list[Hands], registrar: Hands
) -> None:
    number, strangers = (await certified(applicant, reviewers[0], registrar)).certificate_number, Strangers(service)
    own = f"/certificates/{number}"
    answer = await applicant.call("GET", f"{own}/credential")
    told = (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"])
    assert told == (200, "application/vc+jwt", "private, no-store")
    credential, again = answer.text, (await applicant.call("GET", f"{own}/credential")).text
    assert payload_of(again)["credentialStatus"] == payload_of(credential)["credentialStatus"], "a place is given once"
    await strangers.show(credential)
    for step in ("suspension", "reinstatement", "revocation"):
        certificate = (await applicant.ok("GET", "/certificates"))["items"][0]
        await registrar.ok("PUT", f"{own}/{step}", {"reason_code": "court-decision"}, If_Match=f'"{certificate["version"]}"')
        await strangers.show(credential)
    fhir = await applicant.call("GET", f"{own}/fhir")
    assert fhir.headers["content-type"] == "application/fhir+json"
    assert [entry["resource"].get("status") for entry in fhir.json()["entry"]] == [None, "reval-fail"]
    refused = await applicant.call("GET", f"{own}/credential")
    assert (refused.status_code, refused.json()["code"]) == (409, "certificate-not-valid")
    genuine = len(strangers.cases)
    await _show_forged(strangers, credential)

    said = await strangers.say()
    assert all(one["valid"] for one in said[:genuine]), said
    bits = [(one["status"]["revocation"], one["status"]["suspension"]) for one in said[:genuine]]
    assert bits == [(False, False), (False, True), (False, False), (True, False)]
    subject = said[0]["content"]["credentialSubject"]
    assert (subject["name"], subject["hasCredential"]["identifier"]) == ("Вымышленникова Алёна Тестовна", number)
    assert not any(one["valid"] for one in said[genuine:])
    assert said[-2]["error"] == "JWSSignatureVerificationFailed", "a foreign key under our name"
    assert "signature verification failed" in said[-1]["message"], "a changed list"


async def _show_forged(strangers: Strangers, credential: str) -> None:
    for part, place in ((0, 5), (1, 40), (1, 400), (2, 10)):
        await strangers.show(changed_at(credential, part, place))
    foreign = OKPKey.generate_key("Ed25519")
    header = {"alg": "Ed25519", "kid": f"{_BASE}/issuer#k1", "typ": "vc+jwt", "cty": "vc"}
    await strangers.show(jws.serialize_compact(header, json.dumps(payload_of(credential)), foreign, algorithms=["Ed25519"]))
    listed = (await strangers.service.client.get("/status-lists/1/revocation")).text
    await strangers.show(credential, lists={_LISTS[0]: changed_at(listed, 1, 90)})


async def test_what_is_no_list_is_not_found(service: Component) -> None:
    for path, code in (("99/revocation", 404), ("0/suspension", 404), ("1/refresh", 422), ("x" * 13 + "/revocation", 422)):
        assert (await service.client.get(f"/status-lists/{path}")).status_code == code


def test_bits_are_where_the_standard_wants_them() -> None:
    text = encoded([0, 9, LENGTH - 1])
    assert text[0] == "u"
    bits = gzip.decompress(base64.urlsafe_b64decode(text[1:] + "=" * (-len(text[1:]) % 4)))
    assert (len(bits), bits[0], bits[1], bits[-1], sum(bits)) == (131_072 // 8, 0b1000_0000, 0b0100_0000, 1, 128 + 64 + 1)
    assert encoded([9, LENGTH - 1, 0]) == text
