"""A second factor that grew old, through the gateway."""

from datetime import timedelta

from deploy.journey.practitioner import Practitioner
from tests.e2e.conftest import Running
from tests.e2e.walk import Walked, refusal


async def test_the_history_leaves_only_with_a_fresh_second_factor(walked: Walked, running: Running, practitioner: Practitioner) -> None:
    running.clock.move(timedelta(minutes=11))
    prove, practitioner.caller.step_up = practitioner.caller.step_up, None
    refused = await refusal(practitioner.export("csv", walked.application_id))
    assert refused is not None
    assert (refused.status, refused.code) == (403, "step-up-required")
    practitioner.caller.step_up = prove
    spent = practitioner.caller.tokens
    assert str(walked.submitted["number"]) in (await practitioner.export("csv", walked.application_id)).decode()
    assert practitioner.caller.tokens is not None
    assert spent is not None
    assert practitioner.caller.tokens.access_token != spent.access_token
    assert practitioner.caller.tokens.refresh_token == spent.refresh_token
