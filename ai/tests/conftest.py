"""Fixtures of the AI vendors."""

import os
import socket

import pytest

from ai.models import AiModel
from ai.simulators.client import Simulator


@pytest.fixture(scope="session")
def openai_process():
    """Return the simulated OpenAI, its books as the last test left them."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def openai_simulator(openai_process):
    """Return the simulated OpenAI with empty books."""
    openai_process.reset()
    yield openai_process
    openai_process.reset()


@pytest.fixture
def anthropic_simulator(openai_simulator):
    """Return the simulated Anthropic with empty books: it is the same process."""
    return openai_simulator


@pytest.fixture
def vendor(openai_simulator, settings, catalogue):
    """Return the simulated vendor, configured as OpenAI, whose gpt-4o-mini writes."""
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = f"{openai_simulator.url}/v1", openai_simulator.key
    settings.AI_MODEL = "gpt-4o-mini"
    return openai_simulator


@pytest.fixture
def pair(vendor, settings, workspace):
    """Return the simulated OpenAI with gpt-4o-mini and gpt-4o alone, and let the workspace spend 50 dollars."""
    settings.AI_MODEL = ""
    AiModel.objects.exclude(name__in=["gpt-4o-mini", "gpt-4o", "claude-haiku-4-5", "claude-sonnet-5-5"]).update(enabled=False)
    workspace.refresh_from_db()
    workspace.limits["ai_budget_microusd"]["value"] = 50_000_000
    workspace.save()
    return vendor


@pytest.fixture
def two_vendors(pair, settings):
    """Return the simulated OpenAI and Anthropic, one process with one script, each with a small and a strong model."""
    settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_API_KEY = pair.url, pair.key
    return pair


@pytest.fixture
def unused_port():
    """Return a loopback port on which nobody listens, kept reserved."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def environment():
    """Return a function that sets environment variables until the end of the test."""
    before = dict(os.environ)
    yield lambda **variables: os.environ.update(variables)
    os.environ.clear()
    os.environ.update(before)
