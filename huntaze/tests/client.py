"""A client of a running installation, as an app's developer would write it, with the standard library."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PASSWORD = "copper kettle on the ninth floor"


@dataclass
class Answer:
    """What a request came back with."""

    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class ServerEvent:
    """One Server-Sent Event."""

    id: str
    event: str
    data: dict[str, Any]


class ApiClient:
    """Calls the API at `url`; after `sign_up` as the person who signed up."""

    def __init__(self, url: str, *, timeout: float = 30) -> None:
        self.address = urlsplit(url).netloc
        self.timeout = timeout
        self.token = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Make one request on a connection of its own; `headers` are named with underscores."""
        connection = self._send(method, path, body, headers)
        try:
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, dict(response.getheaders()), json.loads(content) if content else None)
        finally:
            connection.close()

    def sign_up(self, email: str = "creator@example.com") -> "ApiClient":
        """Sign up and act as that person from now on."""
        body = {"email": email, "password": PASSWORD, "name": "Cleo Creator", "accept_terms": True}
        answer = self.call("POST", "/api/v1/auth/signup", body)
        assert answer.status == 201, answer
        self.token = answer.body["access_token"]
        return self

    def generate(self, **order: Any) -> str:
        """Order a short post and return the generation's id."""
        body = {"kind": "post", "prompt": "A post about my new cooking series", "length": "short", **order}
        answer = self.call("POST", "/api/v1/content/generate", body)
        assert answer.status == 202, answer
        return str(answer.body["id"])

    def generation(self, generation_id: str) -> dict[str, Any]:
        """Return the generation as it stands."""
        answer = self.call("GET", f"/api/v1/ai/generations/{generation_id}")
        assert answer.status == 200, answer
        return dict(answer.body)

    def stream(self, generation_id: str, *, after: str = "") -> Iterator[ServerEvent]:
        """Yield the events of a generation as they come; leaving the loop closes the connection."""
        headers = {"Last_Event_ID": after} if after else {}
        connection = self._send("GET", f"/api/v1/ai/generations/{generation_id}/stream", None, {"Accept": "text/event-stream", **headers})
        try:
            response = connection.getresponse()
            assert response.status == 200, response.read()
            fields: dict[str, str] = {}
            for line in iter(response.readline, b""):
                name, colon, value = line.decode().rstrip("\n").partition(": ")
                if colon and name:
                    fields[name] = value
                elif not line.strip() and fields:
                    yield ServerEvent(fields["id"], fields["event"], json.loads(fields["data"]))
                    fields = {}
        finally:
            connection.close()

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        return connection
