"""RFC 9457: the one place where errors become HTTP answers, and where OpenAPI learns about them."""

from fastapi import FastAPI

from chassis.problems.documentation import document_problems
from chassis.problems.mapping import PROBLEM_JSON, Problem, answer, install_handlers

__all__ = ["PROBLEM_JSON", "Problem", "answer", "install"]


def install(app: FastAPI) -> None:
    """Make every failure of the app a problem+json, and say so in its OpenAPI document.

    Call it after every other `add_middleware`, so that failures of middleware are answered too.
    """
    install_handlers(app)
    document_problems(app)
