"""Every number of the requirements of documents: the setting or rule that holds it, and the test that shows it."""

from types import FunctionType

import pytest

from services.documents.domain.rules import MEGABYTE, RULES
from services.documents.settings import Settings
from tests.documents.items import test_access as access
from tests.documents.items import test_uploads as uploads
from tests.documents.items import test_verdicts as verdicts

NUMBERS = {
    "check_term_seconds": (300, verdicts.test_do_8_nobody_gets_a_file_before_its_verdict_nor_an_infected_one),
    "draft_retention_days": (90, access.test_do_9_a_document_no_draft_has_named_for_90_days_ends_and_the_night_is_swept),
    "link_seconds": (300, access.test_do_9_a_short_lived_link_for_the_owner_and_whoever_reviews_and_each_look_is_told),
}


@pytest.mark.parametrize("setting", NUMBERS)
def test_a_number_is_the_default_of_its_setting_and_shown_by_an_item(setting: str) -> None:
    number, shown_by = NUMBERS[setting]
    assert Settings.model_fields[setting].default == number
    assert isinstance(shown_by, FunctionType)
    assert shown_by.__name__.startswith("test_do_")


def test_sizes_are_those_of_the_rule_table() -> None:
    assert {one.value: rule.max_bytes for one, rule in RULES.items()} == {
        **dict.fromkeys(uploads.PAPERS, 5 * MEGABYTE),
        **dict.fromkeys(uploads.OTHERS, 10 * MEGABYTE),
    }
