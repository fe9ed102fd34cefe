import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.simulators.conftest import Running

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "client_id": "medkabinet",
    "redirect_uri": "http://127.0.0.1:8080/esia",
    "state": "state-of-browser",
    "nonce": "nonce-of-browser",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "response_type": "code",
    "scope": "openid",
}


async def code_of(simulators: Running) -> str:
    answer = await simulators.http.post("/esia/authorize", params=ASKED, data={"snils": "112-233-445 95", "family_name": "Березнеговская"})
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == [ASKED["state"]]
    return query["code"][0]


async def exchange(
    simulators: Running, code: str, verifier: str = VERIFIER, *, client: str = "medkabinet:simulated-secret"
) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": ASKED["redirect_uri"], "code_verifier": verifier}
    return await simulators.http.post("/esia/token", data=form, auth=httpx.BasicAuth(*client.split(":")))


async def test_a_person_signs_in_and_the_client_learns_the_snils(simulators: Running) -> None:
    assert "Войти" in (await simulators.http.get("/esia/authorize", params=ASKED)).text
    tokens = (await exchange(simulators, await code_of(simulators))).json()
    discovery = (await simulators.http.get("/esia/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await simulators.http.get("/esia/jwks.json")).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (discovery["issuer"], "medkabinet", ASKED["nonce"])
    assert claims["snils"] == "112-233-445 95"
    person = (await simulators.http.get("/esia/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})).json()
    assert person["sub"] == claims["sub"]


async def test_a_code_is_spent_once_by_its_own_client_with_its_verifier(simulators: Running) -> None:
    assert (await exchange(simulators, await code_of(simulators), client="medkabinet:guessed")).status_code == 401
    assert (await exchange(simulators, await code_of(simulators), verifier="w" * 64)).status_code == 400
    code = await code_of(simulators)
    assert (await exchange(simulators, code)).status_code == 200
    assert (await exchange(simulators, code)).status_code == 400
    assert (await simulators.http.get("/esia/userinfo")).status_code == 401
