"""A stand-in for identity's key: signs access tokens and serves its JWKS over HTTP."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts.roles import Role

ALGORITHM = "Ed25519"


@dataclass(frozen=True)
class Signer:
    """Makes tokens every service under test accepts."""

    key: OKPKey
    jwks_url: str

    def token(self, person_id: UUID, *roles: Role, **claims: Any) -> str:
        """An access token of the person; `claims` replace or add to the usual ones."""
        now = int(time.time())
        payload = {
            "iss": "medkabinet",
            "aud": "medkabinet",
            "sub": str(person_id),
            "roles": [str(role) for role in roles],
            "sid": str(uuid4()),
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + 300,
            "factors": {"password": now, "sms": now},
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return jwt.encode(header, payload | claims, self.key, algorithms=[ALGORITHM])

    def headers(self, person_id: UUID, *roles: Role, **claims: Any) -> dict[str, str]:
        """The headers of a request of that person."""
        return {"Authorization": f"Bearer {self.token(person_id, *roles, **claims)}"}


@contextmanager
def serving_signer() -> Iterator[Signer]:
    """A signer with a fresh key whose JWKS is served on a free port meanwhile."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    jwks = json.dumps({"keys": [key.as_dict(private=False, alg=ALGORITHM, use="sig")]}).encode()

    class Jwks(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = jwks if self.path.endswith("/jwks.json") else b'{"session_ids": []}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Jwks)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Signer(key, f"http://127.0.0.1:{server.server_port}/.well-known/jwks.json")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
