"""Damm's check digit."""

from hypothesis import given
from hypothesis import strategies as st

from chassis.check_digits import check_digit

digits = st.text("0123456789", min_size=1, max_size=14)


def test_the_published_example() -> None:
    assert check_digit("572") == "4"


@given(digits, st.integers(0, 13), st.integers(1, 9))
def test_every_wrong_digit_is_found(number: str, place: int, step: int) -> None:
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert check_digit(wrong) != check_digit(number)


@given(digits.filter(lambda number: len(number) > 1), st.integers(0, 12))
def test_every_swap_of_different_neighbours_is_found(number: str, place: int) -> None:
    place %= len(number) - 1
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert (check_digit(swapped) != check_digit(number)) == (swapped != number)
