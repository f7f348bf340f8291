"""Requests to addresses that users give."""

import datetime as dt
import socket
import socketserver
import ssl
import sys
import threading
import time
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from huntaze import http
from huntaze.http import RequestFailed, RequestRefused

connected: list[object] = []
sys.addaudithook(lambda event, args: connected.append(args[1]) if event == "socket.connect" else None)

INWARD = (
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "2130706433", "017700000001", "127.255.255.254",
    "0.0.0.0", "0", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254",
    "0xa9fea9fe", "2852039166", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "localhost", "LOCALHOST", "localhost.",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[::127.0.0.1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00::1]", "[fec0::1]", "[ff02::1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[2001:0:7f00:1::]", "[2001:db8::1]", "[100::1]",
    "no-such-host.invalid", "xn--.invalid", "a" * 64 + ".example", "host..example", "-", "%6c%6f%63%61%6c%68%6f%73%74",
)  # fmt: skip
FORMS = ("http://{}/", "https://{}/hook?x=1", "http://{}:80/", "https://{}:443/", "http://{}")
ODD = (
    "", "http://", "http:///path", "//127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "unix:///tmp/x",
    "javascript:alert(1)", "data:text/plain,x", "http://user@127.0.0.1/", "http://a:b@127.0.0.1/", "http://127.0.0.1\\@example.com/",
    "http://127.0.0.1 /", "http://127.0.0.1\n/", "http://127.0.0.1\r\nHost: x/", "http://127.0.0.1\t/", "http://\uff11\uff12\uff17.0.0.1/",
    "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/", "http://[127.0.0.1]/",
    "http://" + "a" * 2100 + "/", "http://ⓛocalhost/", "http://localhost%00.example/",
)  # fmt: skip
CORPUS = [form.format(host) for host in INWARD for form in FORMS] + list(ODD)


def test_corpus_is_as_large_as_promised():
    assert len(set(CORPUS)) >= 300


def test_no_url_of_the_corpus_is_connected_to():
    connected.clear()
    refused = 0
    for url in CORPUS:
        with pytest.raises(RequestRefused):
            http.request("GET", url)
        refused += 1
    assert (refused, [address for address in connected if isinstance(address, tuple)]) == (len(CORPUS), [])


@given(
    st.ip_addresses(v=4, network="10.0.0.0/8")
    | st.ip_addresses(v=4, network="127.0.0.0/8")
    | st.ip_addresses(v=4, network="169.254.0.0/16")
)
def test_private_address_is_not_public_however_it_is_carried(address: IPv4Address):
    high, low = f"{int(address) >> 16:x}", f"{int(address) & 0xFFFF:x}"
    carried = [str(address), f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}", f"2002:{high}:{low}::1"]
    assert [each for each in carried if http.is_public(each)] == []


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888"])
def test_public_address_is_public(address):
    assert http.is_public(address)


class Receiver(socketserver.ThreadingTCPServer):
    """Answers every connection with `answer`, sent byte by byte when it drips."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, answer: bytes, drip: float = 0, address: str = "127.0.0.1") -> None:
        self.answer, self.drip, self.heard, self.left = answer, drip, [], threading.Event()
        super().__init__((address, 0), self.reply)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reply(self, connection: socket.socket, address: object, server: object) -> None:
        try:
            heard = connection.recv(65536)
            while b"Content-Length: 2" in heard and not heard.endswith(b"{}"):
                heard += connection.recv(65536)
            self.heard.append(heard)
            for piece in [self.answer[i : i + 1] for i in range(len(self.answer))] if self.drip else [self.answer]:
                connection.sendall(piece)
                self.left.wait(self.drip)
        except OSError:
            pass

    @property
    def address(self) -> str:
        return "{}:{}".format(*self.server_address)


@pytest.fixture
def receiver(settings):
    """Return what starts a receiver that the operator allows."""
    started = []

    def start(answer: bytes, **options) -> Receiver:
        started.append(Receiver(answer, **options))
        settings.OUTBOUND_ALLOWED = [each.address for each in started]
        return started[-1]

    yield start
    for each in started:
        each.left.set()
        each.shutdown()
        each.server_close()


def test_request_sends_its_body_and_returns_the_answer(receiver):
    server = receiver(b"HTTP/1.1 201 Created\r\nX-Found: yes\r\nContent-Length: 2\r\n\r\nok")
    reply = http.request("POST", f"http://{server.address}/hook?x=1", body=b"{}", headers={"Content-Type": "application/json"})
    line, __, rest = server.heard[0].partition(b"\r\n")
    assert (reply.status, reply.headers["x-found"], reply.body, line, rest.rpartition(b"\r\n\r\n")[2]) == (
        201,
        "yes",
        b"ok",
        b"POST /hook?x=1 HTTP/1.1",
        b"{}",
    )


def test_redirect_is_not_followed(receiver):
    inner = receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    server = receiver(f"HTTP/1.1 302 Found\r\nLocation: http://{inner.address}/\r\nContent-Length: 0\r\n\r\n".encode())
    assert (http.request("GET", f"http://{server.address}/").status, inner.heard) == (302, [])


def test_name_that_leads_elsewhere_the_second_time_is_asked_once(receiver, monkeypatch):
    server = receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", address="127.0.0.2")
    answers = iter(["127.0.0.2", "127.0.0.1"])
    resolve = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: resolve(next(answers) if host == "rebinding.example" else host, *rest, **more)
    )
    reply = http.request("GET", f"http://rebinding.example:{server.server_address[1]}/")
    assert (reply.status, next(answers)) == (200, "127.0.0.1")


def test_name_with_one_private_address_among_others_is_refused(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
    with pytest.raises(RequestRefused):
        http.resolve("http://mixed.example/")


def test_answer_that_is_too_long_is_not_read_on(receiver):
    server = receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
    with pytest.raises(RequestFailed, match="longer than 1000 bytes"):
        http.request("GET", f"http://{server.address}/", max_bytes=1000)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 60, b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n" + b"x" * 60])
def test_drip_ends_at_the_time_limit(receiver, answer):
    server = receiver(answer, drip=0.1)
    began = time.monotonic()
    with pytest.raises(RequestFailed, match="no whole answer"):
        http.request("GET", f"http://{server.address}/", seconds=1)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
def test_garbage_is_a_failure(receiver, answer):
    server = receiver(answer)
    with pytest.raises(RequestFailed):
        http.request("GET", f"http://{server.address}/")


def test_receiver_that_is_not_there_is_a_failure(receiver, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*free.getsockname())
    settings.OUTBOUND_ALLOWED = [address]
    with pytest.raises(RequestFailed, match="cannot be reached"):
        http.request("GET", f"http://{address}/")


@pytest.fixture
def tls_receiver(settings, tmp_path, monkeypatch):
    """Return the address of a receiver whose certificate names `localhost`, and is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - hour, now + hour)
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    http._tls.cache_clear()
    server = Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    settings.OUTBOUND_ALLOWED = [f"127.0.0.1:{port}", f"[::1]:{port}"]
    yield port
    server.shutdown()
    server.server_close()
    http._tls.cache_clear()


def test_certificate_is_held_to_the_name_in_the_url(tls_receiver, monkeypatch):
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    assert http.request("GET", f"https://localhost:{tls_receiver}/").body == b"ok"
    with pytest.raises(RequestFailed, match="certificate"):
        http.request("GET", f"https://other.example:{tls_receiver}/")
