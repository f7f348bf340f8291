"""What the web server does before and around Django: refusals of its own, and clients that take their time."""

import http.client
import json
import select
import socket
from urllib.parse import urlsplit

import pytest

from huntaze.tests.client import ApiClient
from huntaze.tests.processes import Stack

SHORT_SECONDS = 1
SLOW_START = b"POST /api/v1/auth/signin HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(scope="module")
def stack(start_shared_stack) -> Stack:
    return start_shared_stack("web", REQUEST_BODY_SECONDS=str(SHORT_SECONDS), GUNICORN_CMD_ARGS=f"--keep-alive {SHORT_SECONDS}")


class Answer:
    """An answer as it came, up to the end of the connection."""

    def __init__(self, received: bytes) -> None:
        head, _, body = received.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        self.status = int(line.split()[1])
        self.headers = dict(field.split(": ", 1) for field in fields)
        self.problem = json.loads(body)


def connect(stack: Stack) -> socket.socket:
    address = urlsplit(stack.url)
    return socket.create_connection((address.hostname, address.port), timeout=20)


def until_closed(connection: socket.socket) -> bytes:
    received = b""
    while more := connection.recv(65_536):
        received += more
    return received


def ask(stack: Stack, sent: bytes) -> Answer:
    with connect(stack) as connection:
        connection.sendall(sent)
        return Answer(until_closed(connection))


def drip(stack: Stack, start: bytes) -> bytes:
    """Send `start`, then a byte ten times a second until the server says something; return what it says until it closes."""
    with connect(stack) as connection:
        connection.sendall(start)
        for _byte in range(200):
            if select.select([connection], [], [], 0.1)[0]:
                return until_closed(connection)
            connection.sendall(b"a")
    pytest.fail("the server read for 20 seconds")


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"NONSENSE\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "malformed_request"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: strange\r\n\r\n", 400, "malformed_request"),
        (b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n\r\n", 414, "address_too_long"),
        (b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 9_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"X-Many: a\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nX-Endless: " + b"a" * 1_000_000, 431, "headers_too_large"),
    ],
)
def test_request_that_is_no_http_is_refused_with_a_problem(stack, sent, status, code):
    refused = ask(stack, sent)
    assert (refused.status, refused.problem["status"], refused.problem["code"], refused.headers["Content-Type"]) == (
        status,
        status,
        code,
        "application/problem+json",
    )


def test_refusal_has_a_request_id_that_the_log_knows(stack):
    refused = ask(stack, b"NONSENSE\r\n\r\n")
    request_id = refused.problem["request_id"]
    assert (refused.headers["X-Request-ID"], request_id in stack.log("web")) == (request_id, True)


def test_refusal_has_the_headers_of_other_problems(stack):
    usual = ask(stack, b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    names = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy")
    found = [[answer.headers[name] for name in names] for answer in (usual, ask(stack, b"NONSENSE\r\n\r\n"))]
    found[0][0] = "default-src 'none'; frame-ancestors 'none'"  # an address outside of the API has a page's policy
    assert found[0] == found[1]


def test_body_that_drips_is_ended_with_a_problem(stack):
    refused = Answer(drip(stack, SLOW_START))
    assert (refused.status, refused.problem["code"], refused.headers["Connection"]) == (408, "request_timeout", "close")


def test_head_that_drips_is_ended(stack):
    assert drip(stack, b"GET /healthz HTTP/1.1\r\nX-Slow: ") == b""


def test_body_that_no_view_reads_does_not_hold_the_connection(stack):
    refused = drip(stack, SLOW_START.replace(b"/api/v1/auth/signin", b"/nowhere"))
    assert refused.startswith(b"HTTP/1.1 404 ")


def test_event_stream_ends_when_its_reader_signs_out(stack):
    client = ApiClient(stack.url).sign_up("leaver@example.com")
    generation_id = client.generate()
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc, timeout=20)
    connection.request("GET", f"/api/v1/ai/generations/{generation_id}/stream", headers={"Authorization": f"Bearer {client.token}"})
    stream = connection.getresponse()
    client.call("POST", "/api/v1/auth/signout")
    events = stream.read()  # ends while the generation still waits
    connection.close()
    assert (stream.status, events.count(b"event: ")) == (200, 0)


def test_event_stream_outlives_the_deadline_of_bodies(stack):
    client = ApiClient(stack.url).sign_up()
    generation_id = client.generate()
    connection = http.client.HTTPConnection(urlsplit(stack.url).netloc, timeout=20)
    connection.request("GET", f"/api/v1/ai/generations/{generation_id}/stream", headers={"Authorization": f"Bearer {client.token}"})
    stream = connection.getresponse()
    drip(stack, SLOW_START)  # the deadline is over
    client.call("POST", f"/api/v1/ai/generations/{generation_id}/cancel")
    events = stream.read()
    connection.close()
    assert (stream.status, events.count(b"event: done"), b'"status":"cancelled"' in events) == (200, 1, True)
