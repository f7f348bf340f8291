"""The HTTP side of the simulated vendor: routes, keys, and answers written piece by piece."""

import json
import re
import select
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ai.simulators import faults
from ai.simulators.anthropic import batches as anthropic_batches
from ai.simulators.anthropic.messages import MESSAGES
from ai.simulators.openai import batches as openai_batches
from ai.simulators.openai.completions import COMPLETIONS
from ai.simulators.openai.faults import error
from ai.simulators.openai.judging import EMBEDDINGS, MODERATIONS
from ai.simulators.protocol import Protocol
from ai.simulators.vendor import PRICES, Behaviour, Call, Vendor

DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)(/.+)")
OPENAI = {"/chat/completions": COMPLETIONS, "/embeddings": EMBEDDINGS}
PROTOCOLS = {
    **{f"{base}{path}": protocol for base in ("/v1", "/openai/v1") for path, protocol in OPENAI.items()},
    "/v1/moderations": MODERATIONS,
    "/v1/messages": MESSAGES,
}
BATCHES = (*openai_batches.ROUTES, *anthropic_batches.ROUTES)


class ClientLeftError(Exception):
    """The client closed the connection."""


class Server(ThreadingHTTPServer):
    """The simulated vendor on loopback."""

    daemon_threads = True

    def __init__(self, port: int, vendor: Vendor) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.vendor = vendor

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that break off."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        """Say nothing: the calls can be read at `/_control/calls`."""

    def do_GET(self) -> None:
        """Answer the vendor's list of models, and the books."""
        vendor, path = self.server.vendor, urlsplit(self.path).path
        if path == "/_control/calls":
            self.send_json(200, {"calls": vendor.seen_calls()})
        elif path == "/_control/bill":
            self.send_json(200, {"calls": vendor.billed(), "total_nanousd": sum(line["amount_nanousd"] for line in vendor.billed())})
        elif protocol := self._batch_operation("GET", path):
            self._answer(protocol, {}, path)
        elif not path.endswith("/models"):
            self.send_json(404, error(f"Invalid URL (GET {path})"))
        elif self._key() == vendor.key:
            rows = [{"id": name, "object": "model", "created": 1_715_367_049, "owned_by": "system"} for name in PRICES if name]
            self.send_json(200, {"object": "list", "data": rows})
        else:
            self.send_json(401, COMPLETIONS.unauthorized)

    def do_POST(self) -> None:
        """Answer a call of one of the protocols, or take a command of a test."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = urlsplit(self.path).path
        try:
            kind = self.headers.get("content-type", "")
            body = openai_batches.form(kind, raw) if kind.startswith("multipart/") else json.loads(raw or b"{}")
            if path.startswith("/_control/"):
                self._command(path.removeprefix("/_control/"), body)
                return
            body = dict(body)
        except (ValueError, TypeError, KeyError) as fault:
            self.send_json(400, error(f"We could not parse the JSON body of your request: {fault}"))
            return
        deployment = DEPLOYMENT.fullmatch(path)
        protocol = OPENAI.get(deployment[2]) if deployment else PROTOCOLS.get(path) or self._batch_operation("POST", path)
        if protocol is None:
            self.send_json(404, error(f"Invalid URL (POST {path})"))
        elif deployment and "api-version" not in parse_qs(urlsplit(self.path).query):
            self.send_json(404, error("Resource not found", code="404"))
        else:
            self._answer(protocol, {**body, "model": deployment[1]} if deployment else body, path)

    def _batch_operation(self, method: str, path: str) -> Protocol | None:
        """Return who answers a call about batches; Azure's dated API wants its version."""
        dated = path.startswith("/openai/") and not path.startswith("/openai/v1/")
        if dated and "api-version" not in parse_qs(urlsplit(self.path).query):
            return None
        return next((protocol for verb, pattern, protocol in BATCHES if verb == method and pattern.fullmatch(path)), None)

    def _command(self, name: str, body: dict[str, Any]) -> None:
        vendor = self.server.vendor
        if name == "script":
            unknown = {str(behaviour.get("kind", "ok")) for behaviour in body["behaviours"]} - faults.KINDS
            if unknown:
                raise ValueError(f"unknown kinds: {sorted(unknown)}")
            vendor.add_script(body["behaviours"])
        elif name == "release":
            vendor.released.set()
        elif name == "reset":
            vendor.reset()
        else:
            raise ValueError(f"unknown command {name}")
        self.send_json(200, {})

    def _key(self) -> str:
        """Return the key that the client presents, in the header of whichever vendor."""
        bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
        own = {"/openai/": "api-key", "/v1/messages": "x-api-key"}
        header = next((name for beginning, name in own.items() if self.path.startswith(beginning)), "")
        return self.headers.get(header) or bearer

    def _answer(self, protocol: Protocol, body: dict[str, Any], path: str) -> None:
        vendor = self.server.vendor
        if self._key() != vendor.key:
            self.send_json(401, protocol.unauthorized)
            return
        problem = protocol.problem(body, {name.lower(): value for name, value in self.headers.items()})
        if problem:
            self.send_json(400, protocol.invalid(problem))
            return
        key = next((name for name in ("api-key", "x-api-key") if self.headers.get(name)), "bearer")
        call, behaviour = vendor.begin(path=path, key=key, body=body, identity_header=protocol.identity_header)
        try:
            self._behave(protocol, call, behaviour)
        except (ClientLeftError, OSError):
            call.client_disconnected = True
            self.close_connection = True
        finally:
            vendor.end(call)

    def _behave(self, protocol: Protocol, call: Call, behaviour: Behaviour) -> None:
        kind = behaviour.kind
        if kind in protocol.refusals:
            self._refuse(protocol, call, behaviour)
        elif kind == "redirect":
            self.send_bytes(call, 307, b"", {"Location": f"{self.server.url}/elsewhere"})
        elif kind in protocol.garbage:
            content_type, content = protocol.garbage[kind]
            self._charge_prompt(protocol, call)
            self.send_bytes(call, 200, content, {"Content-Type": content_type})
        elif kind == "compressed":
            self._charge_prompt(protocol, call)
            self.send_bytes(call, 200, b"\x1f\x8b\x08\x00", {"Content-Type": faults.EVENTS, "Content-Encoding": "gzip"})
        elif kind in faults.SILENT_FAULTS:
            self._charge_prompt(protocol, call)
            if kind == "hang_before_first_byte":
                self._wait(None)
            self._reset()
        else:
            protocol.write(self, call, behaviour)

    def _refuse(self, protocol: Protocol, call: Call, behaviour: Behaviour) -> None:
        status, body = protocol.refusals[behaviour.kind]
        text = json.dumps(body).replace("{key}", self.server.vendor.key)
        if behaviour.kind == "content_filter_prompt":
            self._charge_prompt(protocol, call)  # Azure bills the prompt that its filter read
        self.send_bytes(call, status, text.encode(), {"Content-Type": "application/json", **faults.retry_headers(behaviour)})

    def _charge_prompt(self, protocol: Protocol, call: Call) -> None:
        if protocol.prompt_tokens is not None:
            prompt = protocol.prompt_tokens(call.body)
            self.server.vendor.charge(call, prompt=prompt, cached=0, cache_write=0, completion=0, reported=False)

    def send_json(self, status: int, body: dict[str, Any], call: Call | None = None) -> None:
        """Send one object, as the answer of `call` if it is one's."""
        self.send_bytes(call, status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def send_bytes(self, call: Call | None, status: int, content: bytes, headers: dict[str, str]) -> None:
        """Send a whole answer, as that of `call` if it is one's."""
        if call:
            call.status = status
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content)), **_identity(call)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def start_stream(self, call: Call) -> None:
        """Send the headers of an event stream."""
        call.status = 200
        self.send_response(200)
        for name, value in {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **_identity(call)}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_piece(self, data: bytes) -> None:
        """Send one chunk; empty data ends the stream. Raises ClientLeftError."""
        self._wait(0)
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def pause(self, seconds: float | None) -> None:
        """Let `seconds` pass, or with None the time until a test says `release`. Raises ClientLeftError."""
        self._wait(seconds)

    def break_off(self, *, reset: bool) -> None:
        """Close the connection in the middle of an answer."""
        if reset:
            self._reset()
        self.close_connection = True

    def _wait(self, seconds: float | None) -> None:
        released = self.server.vendor.released
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            step = 0.02 if deadline is None else max(0.0, min(0.02, deadline - time.monotonic()))
            readable, _, _ = select.select([self.connection], [], [], step)
            if readable and self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise ClientLeftError
            if released.is_set() if deadline is None else time.monotonic() >= deadline:
                return

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        raise ClientLeftError


def _identity(call: Call | None) -> dict[str, str]:
    return {call.identity_header: f"req_{call.number:08d}"} if call else {}


def serve(*, port: int, key: str) -> None:
    """Serve until the process ends; the first line on stdout is the address and the key, as JSON."""
    server = Server(port, Vendor(key=key))
    print(json.dumps({"url": server.url, "key": key}), flush=True)  # noqa: T201 - whoever starts the process reads it
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    thread.join()
