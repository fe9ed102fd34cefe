"""`Sealed[...]`: a field that is readable in code and ciphertext (JWE, RFC 7516) everywhere else."""

import base64
import json
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from pydantic_core.core_schema import SerializationInfo, ValidationInfo

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that open sealed fields; new ones are sealed with `active`.

    Rotation: add a key, make it active everywhere, drop the old one when no message sealed with it can be left
    (archive retention).
    """

    active: str
    keys: dict[str, OctKey]

    @classmethod
    def from_json(cls, text: str) -> "KeyRing":
        """`{"active": "k1", "keys": {"k1": "<base64url of 32 bytes>"}}`. Raises `ValueError` naming what is wrong, never a key."""
        try:
            raw = json.loads(text)
            active, encoded = raw["active"], raw["keys"]
            if active not in encoded:
                raise ValueError("the active key of the key ring is not among its keys")
            keys = {}
            for kid, value in encoded.items():
                secret = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
                if len(secret) != 32:
                    raise ValueError(f"key {kid!r} of the key ring has {len(secret)} bytes, 32 are needed")
                keys[kid] = OctKey.import_key(secret)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError('the key ring must be JSON like {"active": "k1", "keys": {"k1": "<base64url>"}}') from error
        return cls(active=active, keys=keys)

    def seal(self, value: Any) -> str:
        """The compact JWE of a JSON value."""
        header = {"alg": "dir", "enc": "A256GCM", "kid": self.active}
        return jwe.encrypt_compact(header, json.dumps(value, ensure_ascii=False).encode(), self.keys[self.active])

    def open(self, token: str) -> Any:
        """The JSON value of a compact JWE. Raises `ValueError` for a foreign, altered or unreadable one."""
        try:
            plaintext = jwe.decrypt_compact(token, self._key_of).plaintext
        except JoseError as error:
            raise ValueError("not a sealed value of ours, or altered on the way") from error
        return json.loads(plaintext or b"null")

    def _key_of(self, message: GuestProtocol) -> OctKey:
        kid = str(message.headers().get("kid"))
        if kid not in self.keys:
            raise ValueError(f"sealed with the unknown key {kid!r}")
        return self.keys[kid]


class _SealedField:
    """Pydantic glue: opens on validation from JSON, seals on serialisation to JSON, both with the ring of the context."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        adapter: TypeAdapter[Any] = TypeAdapter(source)

        def open_sealed(value: Any, info: ValidationInfo) -> Any:
            if info.mode != "json" or value is None:
                return value
            try:
                return _ring(info.context).open(value if isinstance(value, str) else "")
            except ValueError as error:
                raise PydanticCustomError("sealed", "{reason}", {"reason": str(error)}) from error

        def seal(value: Any, info: SerializationInfo) -> Any:
            return None if value is None else _ring(info.context).seal(adapter.dump_python(value, mode="json"))

        return core_schema.with_info_before_validator_function(
            open_sealed,
            inner,
            serialization=core_schema.plain_serializer_function_ser_schema(seal, info_arg=True, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": "jwe", "description": "Personal data, encrypted (JWE compact, RFC 7516)."}


class KeyRingMissing(TypeError):
    """A sealed field was to be written or read without a key ring; personal data never leaves in clear."""


def _ring(context: Any) -> KeyRing:
    if not isinstance(context, dict) or not isinstance(context.get("key_ring"), KeyRing):
        raise KeyRingMissing("sealed fields are written with Event.to_wire(key_ring) and read with Event.from_wire(body, key_ring)")
    return context["key_ring"]


Sealed = Annotated[T, Field(repr=False), _SealedField()]


class SealedModel(BaseModel):
    """Base of structured values that only ever travel inside a `Sealed` field: no field shows in a repr or a log."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    __str__ = __repr__
