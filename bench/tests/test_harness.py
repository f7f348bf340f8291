"""Keep the comparison honest: the stock twin does what Huntaze does. Not part of `make test`: it starts whole servers."""

import json
from collections.abc import Iterator

import pytest

from bench import harness
from bench.client import Connection
from bench.harness import Server, Stage

ME = "/api/v1/users/me"
ASSETS = "/api/v1/content/assets?limit=20"
A_MINUTE = 600


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with harness.stage() as on:
        yield on


@pytest.fixture(params=["ours", "stock"])
def server(request, stage) -> Server:
    return getattr(stage, request.param)


def ask(server: Server, path: str, token: str = "", method: str = "GET") -> tuple[int, dict[str, str], dict]:
    with Connection(server.port) as connection:
        status, head, body = connection.ask(server.request(method, path, token))
    headers = dict(line.decode().lower().split(": ", 1) for line in head.split(b"\r\n")[1:])
    return status, headers, json.loads(body) if body else {}


@pytest.mark.parametrize("path", [ME, ASSETS])
@pytest.mark.parametrize("token", ["", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA"])
def test_a_read_without_a_good_token_answers_401(server, path, token):
    assert ask(server, path, token)[0] == 401


def test_a_signed_out_token_answers_401_from_then_on(server):
    token = server.tokens[1]
    assert [ask(server, ME, token)[0], ask(server, "/api/v1/auth/signout", token, "POST")[0], ask(server, ME, token)[0]] == [200, 204, 401]


def test_the_limiter_answers_429_after_600_requests_of_a_person_in_a_minute(server):
    request = server.request("GET", ME, server.tokens[2])
    with Connection(server.port) as connection:
        statuses = [connection.ask(request)[0] for _ in range(A_MINUTE + 1)]
    assert statuses == [200] * A_MINUTE + [429]


def test_both_tell_a_person_the_same_about_themselves(stage):
    ours, stock = (ask(server, ME, server.tokens[0])[2] for server in (stage.ours, stage.stock))
    made = ("id", "created_at")
    assert [without(answer, made) | {"workspace": without(answer["workspace"], made)} for answer in (ours, stock)] == [
        {
            "email": "person0@example.com",
            "name": "Person 0",
            "avatar": "",
            "role": "creator",
            "subscription": "enterprise",
            "workspace": {"name": "Person 0", "role": "owner", "plan": "enterprise"},
        }
    ] * 2


def test_both_list_the_same_20_assets_newest_first(stage):
    ours = ask(stage.ours, ASSETS, stage.ours.tokens[0])[2]["data"]
    stock = ask(stage.stock, ASSETS, stage.stock.tokens[0])[2]["results"]
    made = ("id", "created_at", "updated_at", "created_by_id")
    assert (len(ours), [set(asset) for asset in ours]) == (20, [set(asset) for asset in stock])
    assert [without(asset, made) for asset in ours] == [without(asset, made) for asset in stock]


def test_both_give_each_page_a_next_one(stage):
    assert ask(stage.ours, ASSETS, stage.ours.tokens[0])[2]["has_more"] is True
    assert ask(stage.stock, ASSETS, stage.stock.tokens[0])[2]["next"].startswith("http://127.0.0.1")


@pytest.mark.parametrize("name", ["x-request-id", "x-content-type-options", "x-frame-options", "content-security-policy", "vary"])
def test_both_send_the_header(server, name):
    assert ask(server, ME, server.tokens[0])[1].get(name, "")


def without(answer: dict, names: tuple[str, ...]) -> dict:
    return {name: value for name, value in answer.items() if name not in names}
