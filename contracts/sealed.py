"""`Sealed[...]`: a field that is readable in code and ciphertext (JWE, RFC 7516) everywhere else."""

import base64
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OctKey
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema, from_json, to_json
from pydantic_core.core_schema import SerializationInfo, ValidationInfo, ValidatorFunctionWrapHandler

T = TypeVar("T")

LARGEST_PLAINTEXT_BYTES = 512 * 1024
_KEY_BYTES = 32


class _Registry(jwe.JWERegistry):
    """Only what we write ourselves is read: no key derivation, no compression, bounded sizes."""

    max_protected_header_length = 256
    max_ciphertext_length = LARGEST_PLAINTEXT_BYTES * 4 // 3 + 4


_REGISTRY = _Registry(algorithms=["dir", "A256GCM"])


@dataclass(frozen=True, slots=True, repr=False)
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
            ring = from_json(text)
        except ValueError:
            ring = None
        match ring:
            case {"active": str(active), "keys": dict(encoded)} if active in encoded:
                return cls(active=active, keys={kid: _key(kid, value) for kid, value in encoded.items()})
            case {"active": str(), "keys": dict()}:
                raise ValueError("the active key of the key ring is not among its keys")
        raise ValueError('the key ring must be JSON like {"active": "k1", "keys": {"k1": "<base64url>"}}')

    def seal(self, value: Any) -> str:
        """The compact JWE of a JSON value. Raises `ValueError` for what JSON cannot hold or what is too large to be opened again."""
        plaintext = to_json(value, inf_nan_mode="strings")
        if len(plaintext) > LARGEST_PLAINTEXT_BYTES:
            raise ValueError(f"a sealed value may have {LARGEST_PLAINTEXT_BYTES} bytes, this one has {len(plaintext)}")
        header = {"alg": "dir", "enc": "A256GCM", "kid": self.active}
        return jwe.encrypt_compact(header, plaintext, self.keys[self.active], registry=_REGISTRY)

    def open(self, token: str) -> Any:
        """The JSON value of a compact JWE. Raises `ValueError` for a foreign, altered or unreadable one."""
        try:
            opened = jwe.decrypt_compact(token, self._key_of, registry=_REGISTRY)
        except _UnknownKey:
            raise
        except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ValueError("not a sealed value of ours, or altered on the way") from error
        if "zip" in opened.protected:
            raise ValueError("sealed values are never compressed")
        try:
            return from_json(opened.plaintext or b"", allow_inf_nan=False)
        except ValueError:
            raise ValueError("the sealed value holds no JSON") from None  # the cause would quote the plaintext

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active!r}, keys={sorted(self.keys)})"

    def _key_of(self, message: GuestProtocol) -> OctKey:
        kid = str(message.headers().get("kid"))
        if kid not in self.keys:
            raise _UnknownKey(f"sealed with the unknown key {kid!r}")
        return self.keys[kid]


class _UnknownKey(ValueError):
    pass


def _key(kid: str, encoded: Any) -> OctKey:
    try:
        secret = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except (TypeError, ValueError):
        raise ValueError(f"key {kid!r} of the key ring is not base64url") from None
    if len(secret) != _KEY_BYTES:
        raise ValueError(f"key {kid!r} of the key ring has {len(secret)} bytes, {_KEY_BYTES} are needed")
    return OctKey.import_key(secret)


class _SealedField:
    """Pydantic glue: opens on validation from JSON, seals on serialisation to JSON, both with the ring of the context."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        adapter: TypeAdapter[Any] = TypeAdapter(source)

        def check(value: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
            opened = value if info.mode != "json" or value is None else _open(value, info)
            try:
                return validate(opened)
            except ValidationError as error:
                raise _without_values(error) from None

        def seal(value: Any, info: SerializationInfo) -> Any:
            return None if value is None else _ring(info.context).seal(adapter.dump_python(value, mode="json", warnings=False))

        return core_schema.with_info_wrap_validator_function(
            check,
            inner,
            serialization=core_schema.plain_serializer_function_ser_schema(seal, info_arg=True, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """A string on the wire (null where the field may be None); `contentSchema` tells whoever has the key what is inside."""
        inner = handler(schema["schema"])  # of the function schema made above
        choices = inner.get("anyOf", [inner])
        content = [choice for choice in choices if choice != {"type": "null"}]
        sealed: JsonSchemaValue = {
            "type": "string",
            "format": "jwe",
            "description": "Personal data, encrypted (JWE compact, RFC 7516).",
            "contentMediaType": "application/jose",
            "contentSchema": content[0] if len(content) == 1 else {"anyOf": content},
        }
        return sealed if len(content) == len(choices) else {"anyOf": [sealed, {"type": "null"}]}


def _open(token: Any, info: ValidationInfo) -> Any:
    try:
        return _ring(info.context).open(token if isinstance(token, str) else "")
    except ValueError as error:
        raise PydanticCustomError("sealed", "{reason}", {"reason": str(error)}) from error


def _without_values(error: ValidationError) -> ValidationError:
    """The same complaints, but without the opened values, which would otherwise travel in `errors()[...]["input"]`."""
    complaints = []
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        kind = PydanticCustomError("sealed_value", "{reason}", {"reason": item["msg"]})
        complaints.append(InitErrorDetails(type=kind, loc=item["loc"], input=None))
    return ValidationError.from_exception_data("sealed value", complaints, hide_input=True)


class KeyRingMissing(TypeError):
    """A sealed field was to be written or read without a key ring; personal data never leaves in clear."""


def _ring(context: Any) -> KeyRing:
    match context:
        case {"key_ring": KeyRing() as ring}:
            return ring
    raise KeyRingMissing("sealed fields are written with Event.to_wire(key_ring) and read with Event.from_wire(body, key_ring)")


Sealed = Annotated[T, Field(repr=False), _SealedField()]


class SealedModel(BaseModel):
    """Base of structured values that only ever travel inside a `Sealed` field: no field shows in a repr, a log or an error."""

    model_config = ConfigDict(hide_input_in_errors=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    __str__ = __repr__

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return []
