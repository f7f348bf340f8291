"""Fixtures of the AI vendors."""

import os
import socket

import pytest
from redis import Redis

from ai.models import AiModel
from ai.simulators.client import Simulator
from ai.tests.installation import PARTS, settings_for
from huntaze.tests.client import ApiClient


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


@pytest.fixture
def installation(start_stack, openai_simulator):
    """Return a function that starts an installation that loses its Valkey, whose provider is the simulated vendor."""
    return lambda *parts: start_stack(*(parts or PARTS), **settings_for(openai_simulator))


@pytest.fixture(scope="module")
def running(start_shared_stack, openai_process):
    """Return an installation that the tests of this module share."""
    return start_shared_stack(*PARTS, **settings_for(openai_process))


@pytest.fixture
def breakable(running):
    """Return the shared installation, whose web servers and workers the test may end; the next test finds one of each again."""
    yield running
    for name in set(running.parts) - {"valkey", *PARTS}:
        running.kill(name)
        del running.parts[name]
    for name in PARTS:
        if not running.parts[name].running():
            running.restart(name)


@pytest.fixture
def creator(running, openai_simulator, request):
    """Return a creator of their own on the shared installation, with the vendor's books empty and its circuits closed."""
    with Redis.from_url(running.env["REDIS_URL"]) as connection:
        connection.delete("ai:retries", *connection.scan_iter("ai:circuit:*"))
    return ApiClient(running.url).sign_up(f"{request.node.name}@example.com".replace("[", "-").replace("]", ""))


@pytest.fixture
def hangs(openai_simulator):
    """Let the vendor's next `times` calls write some words and then fall silent."""
    return lambda times=1: openai_simulator.script([{"kind": "hang_mid_stream", "tokens": 5}] * times)
