"""Finding personal data where it must not be: the same datum in any spelling, escaping and encoding that a log or a store may give it."""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_UNICODE_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_HEX_ESCAPES = re.compile(r"(?:\\+x[0-9a-fA-F]{2})+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s\u00a0().+\-]{1,3}(?=\d)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ENDING = 2
"""Russian names change their last letters: «Евстолия», «Евстолии»."""


@dataclass(frozen=True)
class Secret:
    """One datum of one person. `needle` is searched in texts, digits in texts without punctuation between digits."""

    kind: str
    needle: str
    is_number: bool = False


@dataclass(frozen=True)
class Leak:
    """Where which datum was found; never the datum itself."""

    where: str
    kind: str
    spelling: str


def secrets_of(person: Mapping[str, str]) -> list[Secret]:
    """What to search for: surname, given_name, email, phone, and for practitioners snils, passport_series, passport_number."""
    secrets = [Secret(kind, person[kind].casefold().replace("ё", "е")[:-_ENDING]) for kind in ("surname", "given_name")]
    local_part = person["email"].partition("@")[0].casefold()
    secrets += [Secret("email", local_part), Secret("email", local_part.split(".")[1])]
    secrets.append(Secret("phone", person["phone"][-10:], is_number=True))
    if "snils" in person:
        secrets.append(Secret("snils", person["snils"], is_number=True))
        secrets.append(Secret("passport", person["passport_series"] + person["passport_number"], is_number=True))
        secrets.append(Secret("passport", f'"{person["passport_number"]}"'))
    return secrets


def leaks(places: Iterable[tuple[str, bytes]], secrets: Iterable[Secret]) -> list[Leak]:
    """Every datum found in any place."""
    wanted = list(secrets)
    found: dict[Leak, None] = {}
    for where, content in places:
        for spelling, text in _spellings(content):
            digits = _BETWEEN_DIGITS.sub("", text)
            for secret in wanted:
                if secret.needle in (digits if secret.is_number else text):
                    found.setdefault(Leak(where, secret.kind, spelling))
    return list(found)


def as_bytes(value: object) -> bytes:
    """A stored document as JSON; binary values keep their bytes as text, so that what is in clear inside them shows."""
    return json.dumps(value, ensure_ascii=False, default=_readable).encode()


def _readable(value: object) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _spellings(content: bytes) -> Iterator[tuple[str, str]]:
    plain = content.decode("utf-8", errors="replace")
    yield "plain", _folded(plain)
    if "\\u" in plain:
        yield "JSON escapes", _folded(_UNICODE_ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), plain))
    if "\\x" in plain:
        yield "byte escapes", _folded(_HEX_ESCAPES.sub(_from_hex, plain))
    if "%" in plain:
        yield "percent encoding", _folded(unquote(plain))
    for encoding in ("utf-16-le", "cp1251"):
        yield encoding, _folded(content.decode(encoding, errors="replace"))
    yield "base64", _folded("\n".join(_from_base64(plain)))


def _folded(text: str) -> str:
    return text.casefold().replace("ё", "е")


def _from_hex(match: re.Match[str]) -> str:
    return bytes.fromhex(re.sub(r"\\+x", "", match.group())).decode("utf-8", errors="replace")


def _from_base64(text: str) -> Iterator[str]:
    for match in _BASE64.finditer(text):
        token = match.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", errors="replace")
        except binascii.Error:
            continue
