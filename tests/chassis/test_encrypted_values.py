"""What a stored ciphertext says of itself, and which of them have to be written anew."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from bson.binary import Binary

from chassis.encryption.values import ciphertexts_in, conformed, is_encrypted


def ciphertext(algorithm: int, key: int, rest: bytes = b"rest") -> Binary:
    return Binary(bytes([algorithm]) + bytes([key]) * 16 + rest, 6)


def key(number: int) -> Binary:
    return Binary(bytes([number]) * 16, 4)


LOOKED_UP = [ciphertext(1, 1), [ciphertext(1, 1), ciphertext(1, 2)], ciphertext(1, 2)]
SHAPES: list[Callable[[Any], Any]] = [
    lambda value: value,
    lambda value: {"a": {"b": value, "c": 1}},
    lambda value: {"a": [{"b": value}, 2, "x"]},
]


@pytest.mark.parametrize("wrapped", SHAPES)
def test_what_is_right_comes_back_as_the_same_object(wrapped: Callable[[Any], Any]) -> None:
    def never(_: Any) -> Any:
        raise AssertionError("nothing had to be written anew")

    for value, writing in [(LOOKED_UP[0], [key(1)]), (LOOKED_UP[1], [key(1), key(2)]), (LOOKED_UP[2], [key(2)])]:
        document = wrapped(value)
        assert conformed(document, writing, never) is document
    document = wrapped(ciphertext(2, 2))
    assert conformed(document, [key(1), key(2)], never) is document


@pytest.mark.parametrize("wrapped", SHAPES)
@pytest.mark.parametrize(
    ("value", "writing"),
    [
        (LOOKED_UP[0], [key(1), key(2)]),
        (LOOKED_UP[1], [key(2)]),
        ([ciphertext(1, 2)], [key(2)]),
        (ciphertext(2, 1), [key(1), key(2)]),
        (ciphertext(2, 1), [key(2)]),
    ],
)
def test_what_is_not_right_is_replaced_where_it_is(wrapped: Callable[[Any], Any], value: Any, writing: list[Binary]) -> None:
    document = wrapped(value)
    seen = []
    assert conformed(document, writing, lambda stored: seen.append(stored) or "anew") == wrapped("anew")  # type: ignore[func-returns-value, arg-type, return-value]
    assert seen == [value]
    assert document == wrapped(value)


def test_other_binaries_are_left_alone() -> None:
    others: Iterator[Any] = iter([b"x", Binary(b"", 6), Binary(b"\x07" + bytes(20), 6), Binary(bytes(16), 4), uuid4()])
    assert not any(is_encrypted(value) or list(ciphertexts_in({"a": [value]})) for value in others)
