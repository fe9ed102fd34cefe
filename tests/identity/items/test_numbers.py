"""Every number of the requirements of identity: the setting that holds it, and the test that shows it by moving the clock."""

from types import FunctionType

import pytest

from services.identity.settings import Settings
from tests.identity.items import test_access as access
from tests.identity.items import test_accounts as accounts

MINUTE, HOUR = 60, 3_600
_BY_TIME = access.test_id_4_sessions_end_by_time
_CODES = access.test_id_6_codes_have_six_digits_five_minutes_five_tries_and_ten_a_day
_FAILURES = access.test_id_6_failures_slow_down_and_lock_and_the_owner_is_told
_CORRECTION = accounts.test_id_9_inaccuracies_are_to_be_corrected_in_ten_working_days

NUMBERS = {
    "verification_limit_hours": (24, accounts.test_id_2_a_silent_registry_delays_for_a_day_then_comes_to_an_administrator),
    "idle_practitioner_seconds": (15 * MINUTE, _BY_TIME),
    "idle_staff_seconds": (10 * MINUTE, _BY_TIME),
    "session_seconds": (12 * HOUR, _BY_TIME),
    "access_token_seconds": (5 * MINUTE, _BY_TIME),
    "step_up_seconds": (10 * MINUTE, access.test_id_5_a_second_factor_is_at_most_ten_minutes_old),
    "password_length": (12, access.test_id_6_passwords_are_long_uncommon_not_ones_own_and_kept_as_argon2id),
    "code_digits": (6, _CODES),
    "code_seconds": (5 * MINUTE, _CODES),
    "code_tries": (5, _CODES),
    "code_resend_seconds": (60, _CODES),
    "code_daily": (10, _CODES),
    "failures_slow": (5, _FAILURES),
    "failures_lock": (10, _FAILURES),
    "failure_window_seconds": (15 * MINUTE, _FAILURES),
    "failure_lock_seconds": (15 * MINUTE, _FAILURES),
    "correction_working_days": (10, _CORRECTION),
    "correction_reminder_days": (2, _CORRECTION),
}


@pytest.mark.parametrize("setting", NUMBERS)
def test_a_number_is_the_default_of_its_setting_and_shown_by_an_item(setting: str) -> None:
    number, shown_by = NUMBERS[setting]
    assert Settings.model_fields[setting].default == number
    assert isinstance(shown_by, FunctionType)
    assert shown_by.__name__.startswith("test_id_")
