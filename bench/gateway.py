"""What our gateway adds to an AI call, beside the vendor's bare client and LiteLLM: they call the same simulated vendor in turn."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Self

from ai.simulators.client import Simulator
from huntaze.embedded.parts import stop_parts
from huntaze.embedded.valkey import Valkey
from huntaze.env import BASE_DIR

LITELLM = "litellm==1.109.1"
# It asks for a bundle of certificate authorities that is a few days newer than some mirrors have; nothing here is verified by it.
OVERRIDE = "certifi"
CALLS, CALLS_BEFORE = 200, 20
P50_MS = 5.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR")
STOP_SECONDS = 10
NAMES = ("openai", "litellm", "ours")


class Caller:
    """A process that makes one AI call when it is told to."""

    def __init__(self, name: str, python: Path, simulator: Simulator, env: Mapping[str, str]) -> None:
        command = [str(python), "bench/callers.py", name, simulator.url, simulator.key]
        self._process = subprocess.Popen(command, cwd=BASE_DIR, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate(timeout=STOP_SECONDS)

    def call(self) -> dict[str, float]:
        """Make one call and return what it took; end the bench where it fails."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            sys.exit("a caller failed; what it said stands above")
        took: dict[str, float] = json.loads(line)
        return took


def overhead() -> list[tuple[str, str, str, float, float, float, float | None, dict[str, Any]]]:
    """Return (name, what, unit, ours, control, ratio, goal, details) of each comparison."""
    with _callers() as callers:
        took: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
        for number in range(-CALLS_BEFORE, CALLS):
            for name in NAMES if number % 2 else reversed(NAMES):
                one = callers[name].call()
                if number >= 0:
                    took[name].append(one)
    if len({one["characters"] for name in NAMES for one in took[name]}) != 1:
        sys.exit("the callers got different texts")
    wall, cpu = ({name: [one[kind] for one in took[name]] for name in NAMES} for kind in ("ms", "cpu_ms"))
    held = {name: took[name][-1]["megabytes"] for name in NAMES}
    rows = []
    for name, each, unit in (("CPU", cpu, "ms of CPU"), ("time", wall, "ms")):
        ours, theirs = (median(each[other]) - median(each["openai"]) for other in ("ours", "litellm"))
        told = {"medians": {other: median(each[other]) for other in NAMES}, "p99": {other: _p99(each[other]) for other in NAMES}}
        told |= {"calls": CALLS, "load": os.getloadavg()[0]}
        what = "added to a streamed call of the bare client, at the median"
        rows += [
            (f"P12 {name}", f"{what} : what may be", unit, ours, P50_MS, ours / P50_MS, 1.0, {}),
            (f"gateway {name}", f"{what} : by LiteLLM", unit, ours, theirs, ours / theirs, 1.0, told),
        ]
    memory = {"bare_client": held["openai"]}
    what = "a process that makes such calls : one with LiteLLM"
    ratio = held["ours"] / held["litellm"]
    return [*rows, ("gateway memory", what, "resident MB", held["ours"], held["litellm"], ratio, 1.0, memory)]


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


@contextmanager
def _callers() -> Iterator[dict[str, Caller]]:
    """Start the simulated vendor, a Valkey for our circuits, and a caller of each kind, LiteLLM's in an environment made for it."""
    home = Path(tempfile.mkdtemp(prefix="huntaze-gateway-"))
    valkey = Valkey(home=home, log=home / "valkey.log")
    part = valkey.start()
    try:
        with ExitStack() as stack:
            simulator = stack.enter_context(Simulator())
            shared = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
            env = {
                **shared,
                "DJANGO_SETTINGS_MODULE": "huntaze.settings",
                "HUNTAZE_HOME": str(home),
                "HUNTAZE_ENV_FILE": os.devnull,
                "SECRET_KEY": secrets.token_urlsafe(48),
                "REDIS_URL": valkey.url,
                "OPENAI_BASE_URL": f"{simulator.url}/v1",
                "OPENAI_API_KEY": simulator.key,
            }
            theirs = {**shared, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # else it asks a host for prices as it starts
            pythons = dict.fromkeys(NAMES, Path(sys.executable)) | {"litellm": _environment(home)}
            yield {name: stack.enter_context(Caller(name, pythons[name], simulator, env if name == "ours" else theirs)) for name in NAMES}
    finally:
        stop_parts([part], STOP_SECONDS)
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> Path:
    """Make an environment with LiteLLM only, and return its Python."""
    uv = Path(sys.executable).parent / "uv"
    overrides = home / "overrides.txt"
    overrides.write_text(f"{OVERRIDE}\n")
    python = home / "litellm/bin/python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, home / "litellm"],
        [uv, "pip", "install", "--quiet", "--python", python, "--overrides", overrides, LITELLM],
    ):
        subprocess.run(command, check=True)
    return python
