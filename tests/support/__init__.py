"""What tests of several packages share: real servers, one service under test, a signer of tokens, waiting without sleeping."""

from tests.support.components import Component, component
from tests.support.environments import environment, service_environment
from tests.support.infra import Infra
from tests.support.signer import Signer
from tests.support.tap import Tap
from tests.support.waiting import eventually

__all__ = ["Component", "Infra", "Signer", "Tap", "component", "environment", "eventually", "service_environment"]
