"""Requests to addresses that users give, such as webhook receivers: the one way out, which cannot be turned inward.

A name is resolved once, and only addresses of the public Internet are connected to, at the ports of HTTP and HTTPS, without
following redirects. What an operator lists in `OUTBOUND_ALLOWED` may be connected to as well.
"""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

PORTS = {"http": 80, "https": 443}
MAXIMUM_URL_LENGTH = 2048
# All that is handed out (RFC 4291); what translates to IPv4, locally or not, stands outside, but for 6to4 and Teredo.
_IPV6_UNICAST = IPv6Network("2000::/3")


class RequestRefused(Exception):
    """The address is none that we connect to; asking again is no use. Nothing was sent."""


class RequestFailed(Exception):
    """The receiver could not be reached, broke off, took too long or said too much; asking again may help."""


@dataclass(frozen=True)
class Reply:
    """What the receiver answered; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Target:
    """A URL with the one address that it was resolved to."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def request(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    seconds: float = 10,
    max_bytes: int = 65_536,
) -> Reply:
    """Make one request and return the answer, a redirect like any other.

    Takes `seconds` at most, resolving included, and reads `max_bytes` of the answer's body at most. Raises RequestRefused before
    anything is connected to, or RequestFailed.
    """
    deadline = time.monotonic() + seconds
    target = resolve(url, seconds=seconds)
    connection = _connect(target, deadline)
    # A timeout on the socket counts from the last byte; a drip would never meet it.
    watchdog = threading.Timer(max(0.0, deadline - time.monotonic()), _cut, [connection.sock])
    watchdog.daemon = True
    watchdog.start()
    try:
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        sent = {**(headers or {}), "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(method, target.path, body, sent)
        answer = connection.getresponse()
        content = answer.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise RequestFailed(f"The answer is longer than {max_bytes} bytes.")
        if answer.length or time.monotonic() >= deadline:  # cut short, by the receiver or by the watchdog
            raise http.client.IncompleteRead(content)
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
    except (OSError, http.client.HTTPException) as error:
        late = time.monotonic() >= deadline
        raise RequestFailed(f"There was no whole answer in {seconds:g} seconds." if late else f"The receiver broke off: {error}") from None
    finally:
        watchdog.cancel()
        connection.close()


def resolve(url: str, *, seconds: float = 5) -> Target:
    """Return where `url` leads; raises RequestRefused unless each address of its host is public, or allowed by the operator."""
    parts, port = _split(url)
    try:
        found = _resolver().submit(socket.getaddrinfo, parts.hostname, port, type=socket.SOCK_STREAM).result(timeout=seconds)
    except TookTooLong:
        raise RequestRefused("The host's name was not resolved in time.") from None
    except (OSError, UnicodeError):
        raise RequestRefused("The host's name cannot be resolved.") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not _may_connect(address, port):
            raise RequestRefused("The host is not on the public Internet, or the port is not that of HTTP or HTTPS.")
    if not addresses:
        raise RequestRefused("The host's name cannot be resolved.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, str(parts.hostname), port, path, addresses[0])


def _split(url: str) -> tuple[SplitResult, int]:
    if len(url) > MAXIMUM_URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise RequestRefused("The URL is too long, or has characters that a URL does not have.")
    try:
        parts = urlsplit(url)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError:
        raise RequestRefused("The URL is malformed.") from None
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        raise RequestRefused("The URL must be http:// or https:// with a host, and without a user.")
    return parts, port


def _may_connect(address: str, port: int) -> bool:
    host = f"[{address}]" if ":" in address else address
    if f"{host}:{port}" in settings.OUTBOUND_ALLOWED:
        return True
    return port in PORTS.values() and is_public(address)


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public Internet; those of IPv6 that carry one of IPv4 do not."""
    try:
        found = ip_address(address)
    except ValueError:  # such as one with a zone
        return False
    if isinstance(found, IPv6Address):
        return found in _IPV6_UNICAST and found.is_global and found.sixtofour is None and found.teredo is None
    return found.is_global and not (found.is_multicast or found.is_reserved)


def _connect(target: Target, deadline: float) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = PORTS[target.scheme]  # which the Host header does not name
    left = max(0.001, deadline - time.monotonic())
    try:
        connection.sock = socket.create_connection((target.address, target.port), timeout=left)
        if target.scheme == "https":
            connection.sock = _tls().wrap_socket(connection.sock, server_hostname=target.host, do_handshake_on_connect=False)
    except OSError as error:
        connection.close()
        raise RequestFailed(f"The receiver cannot be reached: {error}") from None
    return connection


def _cut(connected: socket.socket) -> None:
    try:
        socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's own, which would wait for the other side
    except OSError:  # it was closed in the same moment
        return


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _resolver() -> ThreadPoolExecutor:
    """Return threads that resolve names: the system's resolver cannot be told how long it may take."""
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="resolver")
