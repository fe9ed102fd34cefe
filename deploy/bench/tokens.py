"""Access tokens of a key of our own, for measurements of one service without identity."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.jwk import OKPKey

from contracts.roles import Role

_ALGORITHM = "Ed25519"
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Issuer:
    """Stands where identity would."""

    key: OKPKey
    url: str

    def headers(self, person_id: UUID, role: Role) -> dict[str, str]:
        """Signed in with a fresh second factor."""
        now = int(time.time())
        payload = {
            "iss": "medkabinet",
            "aud": "medkabinet",
            "sub": str(person_id),
            "roles": [role.value],
            "sid": str(uuid4()),
            "jti": str(uuid4()),
            "iat": now,
            "exp": now + _HOUR_SECONDS,
            "factors": {"password": now, "sms": now},
        }
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self.key.kid}
        return {"Authorization": f"Bearer {jwt.encode(header, payload, self.key, algorithms=[_ALGORITHM])}"}


@asynccontextmanager
async def issuer() -> AsyncIterator[Issuer]:
    """A fresh key, published on a free port meanwhile."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    keys = json.dumps({"keys": [key.as_dict(private=False, alg=_ALGORITHM, use="sig")]}).encode()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        body = keys if b"jwks.json" in request.partition(b"\r\n")[0] else b'{"session_ids": []}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Issuer(key, f"http://127.0.0.1:{port}/.well-known/jwks.json")
