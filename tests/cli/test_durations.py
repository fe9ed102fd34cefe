"""Durations as people write them."""

from datetime import timedelta

import pytest

from deploy.cli.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("2d", timedelta(days=2)),
        ("36h", timedelta(hours=36)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("-90m", timedelta(minutes=-90)),
        ("+1w", timedelta(weeks=1)),
        ("0.5h", timedelta(minutes=30)),
        (" 10S ", timedelta(seconds=10)),
    ],
)
def test_a_duration_is_understood(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "2", "d", "2x", "2d 3h", "--2d", "1e3d", "²d", "99999999999999999999d", "9" * 400 + "d"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"не длительность|длиннее ста лет"):
        parse_duration(text)
