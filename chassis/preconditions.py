"""ETag and If-Match: a change says which version of the record it changes."""

import re
from typing import Annotated

from fastapi import Depends, Header

from chassis.errors import FieldError, Invalid, PreconditionRequired

_STRONG_TAG = re.compile(r'"(0|[1-9][0-9]{0,17})"', re.ASCII)
_POINTER = "#header:If-Match"


def etag(version: int) -> str:
    """The value of the ETag header of a record of that version."""
    return f'"{version}"'


def expected_version(
    if_match: Annotated[
        str | None, Header(alias="If-Match", description='ETag полученной версии записи, например "3". Обязателен.', max_length=64)
    ] = None,
) -> int:
    """The version the caller saw. 428 when missing, 422 when it is no single strong tag of ours."""
    if if_match is None:
        raise PreconditionRequired(
            "Укажите в заголовке If-Match версию записи, которую вы меняете (значение ETag из последнего ответа).",
            errors=[FieldError(_POINTER, "missing", "Заголовок обязателен.")],
        )
    tag = _STRONG_TAG.fullmatch(if_match.strip())
    if tag is None:
        wrong = FieldError(_POINTER, "malformed", 'Ожидается одно значение ETag в кавычках, например "3".')
        raise Invalid("Заголовок If-Match записан неверно.", errors=[wrong])
    return int(tag[1])


IfMatch = Annotated[int, Depends(expected_version)]
