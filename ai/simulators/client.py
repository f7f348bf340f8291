"""The simulated vendor as a process under a test's control."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

PROJECT = Path(__file__).resolve().parents[2]


class Control:
    """A running simulator's books and script.

    `url` has no path: OpenAI's API is at `url + "/v1"`, Azure's resource and Anthropic's API are `url` itself.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def script(self, behaviours: list[dict[str, Any]]) -> None:
        """Append what the next calls meet, as fields of `Behaviour`; calls beyond the script are answered well."""
        self._control("script", {"behaviours": behaviours})

    def release(self) -> None:
        """Let the calls that hang go on."""
        self._control("release", {})

    def reset(self) -> None:
        """Forget script, calls and bill."""
        self._control("reset", {})

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls as the vendor saw them (fields of `Call`)."""
        return list(self._control("calls")["calls"])

    def bill(self) -> list[dict[str, Any]]:
        """Return the bill: a line for each call that cost something."""
        return list(self._control("bill")["calls"])

    def wait_for_calls(self, ready: Callable[[list[dict[str, Any]]], bool], *, seconds: float = 10) -> list[dict[str, Any]]:
        """Return the calls as soon as `ready(calls)`. Raises TimeoutError after `seconds`."""
        deadline = time.monotonic() + seconds
        while not ready(calls := self.calls()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the vendor saw only {calls}")
            time.sleep(0.01)
        return calls

    def _control(self, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=10)
        if body is None:
            connection.request("GET", f"/_control/{name}")
        else:
            connection.request("POST", f"/_control/{name}", json.dumps(body), {"Content-Type": "application/json"})
        with closing(connection), connection.getresponse() as response:
            answer = dict(json.load(response))
        if response.status != HTTPStatus.OK:
            raise ValueError(answer["error"]["message"])
        return answer


class Simulator(Control):
    """A simulator that runs as long as this lasts."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ai.simulators", "--until-stdin-closes"],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started = json.loads(self._process.stdout.readline() if self._process.stdout else b"")
        super().__init__(started["url"], started["key"])
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
