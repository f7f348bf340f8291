"""No route leaks: every operation of the resolver, tried by everybody who must not get through it (guarantee S1).

A view says its resource and needs no line here. A route that is open to everybody, no part of the API, or names a row by id, does:
without one these tests fail.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

import jwt
import pytest
import yaml
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.test import APIClient

from accounts import keys, services, tokens
from accounts.models import INVITED_ROLES, ApiKey, Export, Invitation, MemberRole, Session, User, Workspace
from accounts.permissions import KEY_SCOPES, SCOPES, STAFF_SCOPES, MayCall
from accounts.tests.factories import add_member, client_with, make_key, make_user, make_workspace, sign_in
from ai.tests.factories import make_generation
from content.tests.factories import make_asset
from huntaze.api.views import ApiView
from huntaze.env import BASE_DIR

pytestmark = pytest.mark.django_db

# Operations that let people in, and addresses that are none: they ask for no token.
OPEN = {
    "api/v1/auth/signup",
    "api/v1/auth/signin",
    "api/v1/auth/refresh",
    "api/v1/auth/oauth/token",
    "api/v1/auth/providers",
    "api/v1/auth/verify-email",
    "api/v1/auth/verify-email/resend",
    "api/v1/auth/password/forgot",
    "api/v1/auth/password/reset",
    "^api/v1/",
}
# What is no operation of the API: pages, with what keeps them.
PAGES = {
    "healthz": "open",
    "readyz": "open",
    "favicon.ico": "open",
    "admin/": "staff, by Django's admin",
    "accounts/": "account pages, by a browser's session",
    "api/schema/": "open",
    "api/docs/": "open",
    "api/docs/errors": "open",
    "": "the welcome, open, and pages of a workspace, by a browser's session",
}


def stranger_invitation(stranger: User) -> Any:
    return Invitation.objects.create(
        workspace=stranger.default_workspace,
        email="guest@example.com",
        role="editor",
        token_hash=b"0" * 32,
        expires_at=timezone.now() + timedelta(days=1),
    )


# For each id in a path, by what stands before it: how to make such a row of a stranger's.
FOREIGN: dict[str, Callable[[User], Any]] = {
    "auth/sessions": lambda stranger: sign_in(stranger).principal.session_id,
    "users/me/exports": lambda stranger: Export.objects.create(user=stranger).id,
    "members": lambda stranger: stranger.id,
    "invitations": lambda stranger: stranger_invitation(stranger).id,
    "api-keys": lambda stranger: make_key(stranger.default_workspace, stranger)[0].id,
    "content/assets": lambda stranger: make_asset(stranger.default_workspace).id,
    "ai/generations": lambda stranger: make_generation(stranger.default_workspace).id,
}
# For each id in a body or query: how to make such a row of a stranger's, and what else the request has.
NAMED: dict[tuple[str, str, str], tuple[Callable[[User], Any], dict[str, Any]]] = {
    ("POST", "/content/generate", "asset_id"): (
        lambda stranger: make_asset(stranger.default_workspace).id,
        {"kind": "post", "prompt": "A post"},
    ),
    ("POST", "/content/assets", "generation_id"): (lambda stranger: make_generation(stranger.default_workspace).id, {"variant": 1}),
    ("POST", "/api-keys", "connection_ids"): (lambda stranger: [stranger.id], {"name": "Key", "scopes": ["assets:read"]}),
    ("PATCH", "/api-keys/{id}", "connection_ids"): (lambda stranger: [stranger.id], {}),
    ("POST", "/ai/estimate", "asset_id"): (
        lambda stranger: make_asset(stranger.default_workspace).id,
        {"kind": "post", "prompt": "A post"},
    ),
    ("GET", "/ai/ledger", "generation_id"): (lambda stranger: make_generation(stranger.default_workspace).id, {}),
    ("GET", "/ai/ledger", "member_id"): (lambda stranger: stranger.id, {}),
    ("GET", "/ai/ledger", "key_id"): (lambda stranger: make_key(stranger.default_workspace, stranger)[0].id, {}),
    ("GET", "/audit-log", "actor_id"): (lambda stranger: stranger.id, {}),
    ("GET", "/audit-log", "subject_id"): (lambda stranger: stranger.default_workspace_id, {}),
}
# What an operation asks of its body before it looks for the row.
BODIES = {"PATCH workspaces/<uuid:workspace_id>/members/<uuid:user_id>": b'{"role": "editor"}'}
ID = re.compile(r"[\w-]+/<uuid:\w+>")


@dataclass(frozen=True)
class Operation:
    """One method of one route of the API that asks for a token."""

    method: str
    route: str
    view: type[ApiView]

    def __str__(self) -> str:
        return f"{self.method} {self.route.removeprefix('api/v1/')}"

    @property
    def verb(self) -> str:
        return "read" if self.method in SAFE_METHODS else "write"

    @property
    def scope(self) -> str:
        return f"{self.view.resource}:{self.verb}"

    def call(self, client: APIClient, *, ids: dict[str, Any] | None = None, body: Any = None, **headers: str) -> Any:
        """Make the request, with `ids` in the places of the path and in the others such as nobody has."""
        path = re.sub(r"<uuid:(\w+)>", lambda place: str((ids or {}).get(place[1], uuid4())), self.route)
        return client.generic(self.method, f"/{path}", b"{}" if body is None else body, "application/json", **headers)


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each route with its view; one that is declared as pages stands for all below it."""
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern) or route in PAGES:
            yield route, getattr(pattern, "callback", None)
        else:
            yield from routes(pattern, route)


@cache
def api_views() -> list[tuple[str, Any, type[ApiView]]]:
    found = [(route, callback, getattr(callback, "cls", None)) for route, callback in routes(get_resolver())]
    return [(route, callback, view) for route, callback, view in found if view is not None and issubclass(view, ApiView)]


def operations() -> list[Operation]:
    """Return every operation that asks for a token."""
    found = []
    for route, callback, view in api_views():
        if hasattr(view, "resource"):
            actions = getattr(callback, "actions", None) or {name for name in view.http_method_names if hasattr(view, name)}
            found += [Operation(name.upper(), route, view) for name in sorted({*actions} - {"head", "options"})]
    return found


every_operation = pytest.mark.parametrize("operation", operations(), ids=str)


def refusal(answer: Any) -> tuple[int, str | None, str, dict[str, Any]]:
    """Return all that an answer tells, but for its request id."""
    return answer.status_code, answer.headers.get("WWW-Authenticate"), answer["Content-Type"], {**answer.json(), "request_id": ""}


def code_of(answer: Any) -> str:
    """Return the code of a refusal, or nothing."""
    return answer.json()["code"] if answer.headers.get("Content-Type") == "application/problem+json" else ""


def in_workspace(workspace: Workspace, operation: Operation) -> dict[str, Any]:
    """Return what makes a call act in this workspace: its id in the path where there is a place for it, else in the header."""
    if "<uuid:workspace_id>" in operation.route:
        return {"ids": {"workspace_id": workspace.id}}
    return {"HTTP_HUNTAZE_WORKSPACE": str(workspace.id)}


def test_every_route_is_declared():
    undeclared = [route for route, _ in routes(get_resolver()) if route not in PAGES and route not in {name for name, *_ in api_views()}]
    assert undeclared == []


def test_every_page_that_is_declared_exists():
    assert {route for route, _ in routes(get_resolver()) if route in PAGES} == set(PAGES)


def test_every_view_of_the_api_asks_for_a_token_or_is_declared_open():
    assert {route for route, _, view in api_views() if view.permission_classes != [MayCall]} == OPEN


def test_every_open_view_is_open_and_has_no_resource():
    assert [
        view for route, _, view in api_views() if route in OPEN and (view.permission_classes != [AllowAny] or hasattr(view, "resource"))
    ] == []


def test_every_resource_stands_in_the_table_of_roles():
    assert [
        str(operation)
        for operation in operations()
        if not any(operation.view.resource in scope for scope in SCOPES["owner"] | STAFF_SCOPES)
    ] == []


def bad_tokens(owner: User, workspace: Workspace) -> dict[str, str]:
    """Return one token for each way in which one can be wrong."""
    signed_in, revoked = sign_in(owner), sign_in(owner)
    services.sign_out(session_id=revoked.principal.session_id)
    claims = jwt.decode(signed_in.access_token, options={"verify_signature": False})
    key = tokens.signing_key()
    sign: dict[str, Any] = {"key": key.access, "algorithm": "HS256", "headers": {"kid": key.kid}}
    good, revoked_key, expired_key = (keys.new_key() for _ in range(3))
    for text, ended in {good: {}, revoked_key: {"revoked_at": timezone.now()}, expired_key: {"expires_at": timezone.now()}}.items():
        ApiKey.objects.create(workspace=workspace, user=owner, scopes=list(KEY_SCOPES), key_hash=keys.hash_key(text), **ended)
    return {
        "expired": jwt.encode({**claims, "exp": claims["iat"] - 1}, **sign),
        "altered": signed_in.access_token[:-4] + ("AAAA" if signed_in.access_token[-4:] != "AAAA" else "BBBB"),
        "no algorithm": jwt.encode(claims, None, "none", headers={"kid": key.kid}),
        "wrong audience": jwt.encode({**claims, "aud": "elsewhere"}, **sign),
        "wrong key id": jwt.encode(claims, key.access, "HS256", headers={"kid": "nobody"}),
        "revoked session": revoked.access_token,
        "refresh token": signed_in.refresh_token,
        "wrong checksum": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "unknown key": keys.new_key(),
        "revoked key": revoked_key,
        "expired key": expired_key,
    }


@every_operation
def test_nobody_and_every_wrong_token_get_the_same_401(operation, owner, workspace, anonymous, settings):
    settings.API_ANONYMOUS_REQUESTS_PER_MINUTE = 1000
    settings.API_REQUESTS_PER_MINUTE = dict.fromkeys(settings.API_REQUESTS_PER_MINUTE, 1000)
    told = refusal(operation.call(anonymous))
    answers = {name: refusal(operation.call(client_with(token))) for name, token in bad_tokens(owner, workspace).items()}
    assert ((told[0], told[3]["code"]), {name: answer for name, answer in answers.items() if answer != told}) == (
        (401, "unauthenticated"),
        {},
    )


every_route = pytest.mark.parametrize("route", sorted({operation.route for operation in operations()}))


@every_route
def test_method_that_a_route_does_not_take_is_refused_as_such_whatever_the_role(route, owner, workspace):
    taken = {operation.method for operation in operations() if operation.route == route}
    others = [Operation(method, route, ApiView) for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if method not in taken]
    add_member(workspace, analyst := make_user(), "analyst")
    callers = {
        "owner": sign_in(owner).access_token,
        "analyst": sign_in(analyst).access_token,
        "key without a scope": make_key(workspace, owner, scopes=[])[1],
    }
    answers = [
        (name, other.method, answer.status_code, {*answer.headers.get("Allow", "").split(", ")} - {"HEAD", "OPTIONS"})
        for name, token in callers.items()
        for other in others
        for answer in [other.call(client_with(token), **in_workspace(workspace, other))]
    ]
    assert answers == [(name, other.method, 405, taken) for name in callers for other in others]


@every_route
def test_nobody_asks_which_methods_there_are(route, anonymous):
    options, staff = Operation("OPTIONS", route, ApiView), client_with(sign_in(make_user(role="admin")).access_token)
    assert (options.call(anonymous).status_code, options.call(staff).status_code in (204, 404)) == (401, True)


@every_operation
def test_strangers_workspace_does_not_exist(operation, api, stranger_workspace):
    foreign, absent = (
        refusal(operation.call(api, **in_workspace(place, operation))) for place in (stranger_workspace, Workspace(id=uuid4()))
    )
    assert ((foreign[0], foreign[3]["code"]), absent) == ((404, "workspace_not_found"), foreign)


@every_operation
def test_key_does_not_enter_another_workspace_of_its_maker(operation, owner, workspace):
    client = client_with(make_key(workspace, owner)[1])
    answer = operation.call(client, **in_workspace(make_workspace(owner=owner), operation))
    assert (answer.status_code, answer.json()["code"]) == (404, "workspace_not_found")


@every_operation
def test_each_role_gets_through_exactly_where_the_table_says(operation, workspace, owner):
    people = {role: make_user() for role in reversed(INVITED_ROLES)}
    for role, person in people.items():
        add_member(workspace, person, role)
    answers = {
        role: code_of(operation.call(client_with(sign_in(person).access_token), **in_workspace(workspace, operation)))
        for role, person in {**people, "owner": owner}.items()
    }
    refused = {role for role, code in answers.items() if code in ("forbidden", "unauthenticated")}
    assert refused == {role for role in MemberRole.values if operation.scope not in SCOPES[role]}


@every_operation
def test_key_without_the_scope_is_refused_and_told_which(operation, owner, workspace):
    client = client_with(make_key(workspace, owner, scopes=[scope for scope in KEY_SCOPES if scope != operation.scope])[1])
    answer = operation.call(client, **in_workspace(workspace, operation))
    assert (answer.status_code, answer.json()["code"], answer.json()["scope"]) == (403, "insufficient_scope", operation.scope)


@every_operation
def test_grave_operation_asks_for_a_recent_sign_in(operation, api, workspace):
    Session.objects.update(authenticated_at=timezone.now() - timedelta(minutes=16))
    answer = operation.call(api, **in_workspace(workspace, operation))
    assert (code_of(answer) == "reauthentication_required") == (operation.method in operation.view.requires_recent_sign_in)


def places() -> list[tuple[Operation, str]]:
    """Return each operation with each id in its path, but for the workspace, which has a test of its own."""
    found = [(operation, place) for operation in operations() for place in ID.findall(operation.route)]
    return [(operation, place) for operation, place in found if not place.endswith("<uuid:workspace_id>")]


def factory_of(route: str, place: str) -> Callable[[User], Any]:
    """Return what makes a stranger's row for an id; fails where none is declared."""
    before = route[: route.index(place)] + place.partition("/<uuid:")[0]
    named = [make for end, make in FOREIGN.items() if before.endswith(f"/{end}")]
    assert len(named) == 1, f"Declare in FOREIGN how to make a stranger's row for {place} of {route}."
    return named[0]


@pytest.mark.parametrize(("operation", "place"), places(), ids=str)
def test_foreign_id_in_a_path_answers_as_an_absent_one(operation, place, api, workspace, stranger):
    name = place.partition("<uuid:")[2][:-1]
    foreign, absent = (
        refusal(operation.call(api, ids={"workspace_id": workspace.id, name: value}, body=BODIES.get(str(operation))))
        for value in (factory_of(operation.route, place)(stranger), uuid4())
    )
    assert (foreign[0], absent) == (404, foreign)


def ids_in(schema: Any, schemas: dict[str, Any]) -> Iterator[str]:
    """Yield the names of what holds ids in the schema of a body."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    for name, inner in schema.get("properties", {}).items():
        if "uuid" in (inner.get("format"), inner.get("items", {}).get("format")):
            yield name
        yield from ids_in(inner, schemas)


def named_ids() -> set[tuple[str, str, str]]:
    """Return method, path and name of each id that a body or a query may hold, as the OpenAPI document says."""
    document = yaml.safe_load((BASE_DIR / "docs/api/openapi.yaml").read_text(encoding="utf-8"))
    found = set()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            names = {
                each["name"] for each in operation.get("parameters", []) if each["in"] == "query" and each["schema"].get("format") == "uuid"
            }
            for media in operation.get("requestBody", {}).get("content", {}).values():
                names |= set(ids_in(media["schema"], document["components"]["schemas"]))
            found |= {(method.upper(), path.removeprefix("/api/v1"), name) for name in names}
    return found


def test_every_id_in_a_body_or_query_is_declared():
    assert named_ids() == set(NAMED)


@pytest.mark.parametrize("named", NAMED, ids=" ".join)
def test_foreign_id_in_a_body_or_query_answers_as_an_absent_one(named, api, owner, workspace, stranger):
    method, path, name = named
    make, others = NAMED[named]
    path = path.replace("{id}", str(make_key(workspace, owner)[0].id))
    value = make(stranger)
    absent_value = [str(uuid4())] if isinstance(value, list) else uuid4()
    foreign, absent = (getattr(api, method.lower())(f"/api/v1{path}", {**others, name: each}) for each in (value, absent_value))
    if foreign.status_code == 200:
        assert (foreign.json(), foreign.json()["data"]) == (absent.json(), [])
    else:
        assert (foreign.status_code, refusal(absent)) == (422, refusal(foreign))
