"""A log line is JSON with service and trace, and repeats nobody's data."""

import json
import subprocess
import sys
from typing import Any

SCRIPT = """
import logging, warnings
import structlog
from opentelemetry import trace
from pydantic import BaseModel
from chassis import logs, telemetry

class Person(BaseModel):
    snils: int

class Secret:
    def __repr__(self):
        return "TAINA"

logging.getLogger("uvicorn.access").addHandler(logging.StreamHandler())
logs.set_up("identity")
logs.set_up("identity")
log = structlog.get_logger("services.identity")
with telemetry.set_up("identity").tracer.start_as_current_span("x"):
    log.info("signed-in", person_id="1", secret=Secret())
log.debug("hidden")
def failing():
    try:
        Person.model_validate({"snils": "TAINA"})
    except ValueError as error:
        raise LookupError("TAINA") from error
try:
    failing()
except LookupError as error:
    log.error("failed", exc_info=error)
    logging.getLogger("faststream").error("LookupError: %s", error, exc_info=error)
    logging.getLogger("somebody").exception("body: TAINA")
logging.getLogger("somebody").warning("payload %s", "TAINA")
logging.getLogger("uvicorn.error").info("Started server process [%d]", 5)
logging.getLogger("uvicorn.access").info('%s "%s"', "1.2.3.4", "GET /?q=TAINA")
warnings.warn("TAINA")
logging.getLogger("somebody").warning("payload %d", "TAINA")
"""


def _lines() -> list[dict[str, Any]]:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)  # noqa: S603 - our own script
    assert run.stderr == ""
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_lines_carry_service_and_trace_and_nobody_s_data() -> None:
    lines = _lines()
    assert "TAINA" not in json.dumps(lines)
    assert {line["service"] for line in lines} == {"identity"}
    events = [line["event"] for line in lines]
    assert events[:6] == ["signed-in", "failed", "library-exception", "library-exception", "payload %s", "Started server process [5]"]
    assert events[6:] == ["python-warning"]
    assert len(lines[0]["trace_id"]) == 32
    assert len(lines[0]["span_id"]) == 16
    assert (lines[0]["level"], lines[0]["person_id"], lines[0]["secret"]) == ("info", "1", "<Secret>")
    assert [cause["type"] for cause in lines[1]["exception"]] == ["builtins.LookupError", "pydantic_core._pydantic_core.ValidationError"]
    assert "failing" in lines[1]["exception"][0]["at"][-1]
