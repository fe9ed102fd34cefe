"""Every item begins with everything as it was."""

import pytest


@pytest.fixture(autouse=True)
def _as_usual(back_to_normal: None) -> None:
    """See there."""
