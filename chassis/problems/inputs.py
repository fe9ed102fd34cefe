"""What pydantic found wrong, in Russian and by pointer; and types for values every store can hold."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from chassis.errors import FieldError

_MAX_POINTER_LENGTH = 200
_MAX_ERRORS = 50
_RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_PLACES = {"query", "path", "header", "cookie"}
_OTHER = "Значение не принято."

_DETAILS = {
    "missing": "Обязательное поле.",
    "extra_forbidden": "Такого поля нет.",
    "json_invalid": "Тело запроса не является правильным JSON.",
    "json_type": "Ожидается JSON.",
    "model_type": "Ожидается объект.",
    "model_attributes_type": "Ожидается объект.",
    "dict_type": "Ожидается объект.",
    "list_type": "Ожидается список.",
    "tuple_type": "Ожидается список.",
    "set_type": "Ожидается список.",
    "frozen_set_type": "Ожидается список.",
    "too_short": "Нужно не меньше элементов: {min_length}.",
    "too_long": "Допустимо не больше элементов: {max_length}.",
    "string_type": "Ожидается строка.",
    "string_unicode": "Строка содержит недопустимые символы.",
    "string_sub_type": "Ожидается строка.",
    "string_too_short": "Нужно не меньше символов: {min_length}.",
    "string_too_long": "Допустимо не больше символов: {max_length}.",
    "string_pattern_mismatch": "Значение записано не так, как ожидается.",
    "bytes_type": "Ожидаются двоичные данные.",
    "int_type": "Ожидается целое число.",
    "int_parsing": "Ожидается целое число.",
    "int_parsing_size": "Слишком большое число.",
    "int_from_float": "Ожидается целое число.",
    "float_type": "Ожидается число.",
    "float_parsing": "Ожидается число.",
    "finite_number": "Ожидается конечное число.",
    "decimal_type": "Ожидается число.",
    "decimal_parsing": "Ожидается число.",
    "greater_than": "Значение должно быть больше {gt}.",
    "greater_than_equal": "Значение должно быть не меньше {ge}.",
    "less_than": "Значение должно быть меньше {lt}.",
    "less_than_equal": "Значение должно быть не больше {le}.",
    "multiple_of": "Значение должно быть кратно {multiple_of}.",
    "bool_type": "Ожидается true или false.",
    "bool_parsing": "Ожидается true или false.",
    "none_required": "Значение должно быть пустым (null).",
    "enum": "Такого варианта нет. Допустимо: {expected}.",
    "literal_error": "Такого варианта нет. Допустимо: {expected}.",
    "union_tag_invalid": "Такого варианта нет.",
    "union_tag_not_found": "Не указан вариант.",
    "date_type": "Ожидается дата в виде ГГГГ-ММ-ДД.",
    "date_parsing": "Ожидается дата в виде ГГГГ-ММ-ДД.",
    "date_from_datetime_parsing": "Ожидается дата в виде ГГГГ-ММ-ДД.",
    "date_from_datetime_inexact": "Ожидается дата без времени.",
    "date_past": "Дата должна быть в прошлом.",
    "date_future": "Дата должна быть в будущем.",
    "datetime_type": "Ожидаются дата и время по RFC 3339.",
    "datetime_parsing": "Ожидаются дата и время по RFC 3339.",
    "datetime_from_date_parsing": "Ожидаются дата и время по RFC 3339.",
    "datetime_object_invalid": "Дата вне допустимых границ.",
    "timezone_aware": "Укажите часовой пояс, например Z.",
    "timezone_naive": "Время указывается без часового пояса.",
    "uuid_type": "Ожидается UUID.",
    "uuid_parsing": "Ожидается UUID.",
    "uuid_version": "Ожидается UUID другой версии.",
    "url_type": "Ожидается адрес (URL).",
    "url_parsing": "Ожидается адрес (URL).",
    "url_scheme": "Схема адреса не поддерживается.",
    "recursion_loop": "Слишком глубокая вложенность.",
}


def field_errors(found: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """One entry per finding (at most 50): where, a stable code, and Russian words. The value itself is never repeated."""
    return [_field_error(item) for item, _ in zip(found, range(_MAX_ERRORS), strict=False)]


def _field_error(item: Mapping[str, Any]) -> FieldError:
    kind = str(item["type"])
    return FieldError(_pointer(kind, item["loc"]), kind.replace("_", "-"), _detail(kind, item))


def _detail(kind: str, item: Mapping[str, Any]) -> str:
    context = item.get("ctx") or {}
    template = _DETAILS.get(kind)
    if template is not None:
        limits = {name: value for name, value in context.items() if isinstance(value, int | float | str)}
        return template.format_map(_Known(limits)).replace(" or ", " или ")
    own_words = str(context["error"]) if "error" in context else str(item.get("msg", ""))
    return own_words if _RUSSIAN.search(own_words) else _OTHER


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def _pointer(kind: str, location: tuple[Any, ...]) -> str:
    place, *rest = location or ("body",)
    if kind == "json_invalid":
        return ""
    if place in _PLACES:
        return f"#{place}:{'.'.join(_clean(part) for part in rest)}"[:_MAX_POINTER_LENGTH]
    parts = rest if place == "body" else [place, *rest]
    return "".join(f"/{_clean(part).replace('~', '~0').replace('/', '~1')}" for part in parts)[:_MAX_POINTER_LENGTH]


def _clean(part: Any) -> str:
    return _CONTROL.sub("\ufffd", str(part))


def _without_control_characters(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control_character", "Строка содержит недопустимые символы.")
    return text


PLAIN = AfterValidator(_without_control_characters)
"""What makes a text a `PlainText`; for types whose length counts after stripping it comes last."""
PlainText = Annotated[str, PLAIN]
"""Text without control characters (line ends and tabs may stay); NUL in particular."""

Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""What MongoDB can hold."""
