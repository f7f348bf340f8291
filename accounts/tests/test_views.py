import pytest

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD, client_with, sign_in

pytestmark = pytest.mark.django_db
SIGN_UP = {"email": "ann@example.com", "password": PASSWORD, "name": "Ann", "accept_terms": True}


def test_sign_up_answers_with_the_person_and_tokens(anonymous):
    response = anonymous.post("/api/v1/auth/signup", SIGN_UP)
    answer = response.json()
    assert (response.status_code, sorted(answer), answer["token_type"], answer["expires_in"]) == (
        201,
        ["access_token", "expires_in", "refresh_token", "token_type", "user"],
        "Bearer",
        900,
    )
    assert client_with(answer["access_token"]).get("/api/v1/users/me").json() == answer["user"]


def test_sign_up_may_not_be_stored_by_anyone(anonymous):
    assert anonymous.post("/api/v1/auth/signup", SIGN_UP)["Cache-Control"] == "no-store"


def test_sign_up_with_a_taken_address_answers_409(anonymous, owner):
    response = anonymous.post("/api/v1/auth/signup", SIGN_UP | {"email": owner.email})
    assert (response.status_code, response.json()["code"]) == (409, "email_taken")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"accept_terms": False}, "/accept_terms"),
        ({"accept_terms": "true"}, "/accept_terms"),
        ({"accept_terms": None}, "/accept_terms"),
        ({"email": "nobody"}, "/email"),
        ({"email": None}, "/email"),
        ({"password": "Tr0x4dor&3z"}, "/password"),
        ({"name": " "}, "/name"),
        ({"role": "admin"}, "/role"),
        ({"is_superuser": True}, "/is_superuser"),
    ],
)
def test_sign_up_with_a_wrong_field_answers_422(anonymous, change, pointer):
    response = anonymous.post("/api/v1/auth/signup", SIGN_UP | change)
    assert (response.status_code, [error["pointer"] for error in response.json()["errors"]]) == (422, [pointer])
    assert not User.objects.exists()


def test_sign_up_says_all_that_is_wrong_in_one_answer(anonymous):
    answer = anonymous.post("/api/v1/auth/signup", {"email": "no address", "password": "password", "name": "", "accept_terms": False})
    faults = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert (answer.status_code, faults) == (
        422,
        {
            ("/email", "invalid"),
            ("/name", "blank"),
            ("/accept_terms", "not_accepted"),
            ("/password", "password_too_short"),
            ("/password", "password_too_common"),
            ("/password", "password_too_guessable"),
        },
    )


def test_sign_up_without_accepting_terms_answers_422(anonymous):
    response = anonymous.post("/api/v1/auth/signup", {name: value for name, value in SIGN_UP.items() if name != "accept_terms"})
    assert [error["pointer"] for error in response.json()["errors"]] == ["/accept_terms"]


def test_sign_in_answers_like_sign_up(anonymous, owner):
    answer = anonymous.post("/api/v1/auth/signin", {"email": owner.email, "password": PASSWORD}).json()
    signed_up = anonymous.post("/api/v1/auth/signup", SIGN_UP).json()
    assert (sorted(answer), sorted(answer["user"])) == (sorted(signed_up), sorted(signed_up["user"]))


def test_wrong_password_and_unknown_address_answer_the_same(anonymous, owner):
    answers = [
        anonymous.post("/api/v1/auth/signin", {"email": email, "password": "wrong"}).json() | {"request_id": ""}
        for email in (owner.email, "nobody@example.com")
    ]
    assert (answers[0], answers[0]["code"], answers[0]["status"]) == (answers[1], "invalid_credentials", 401)


def test_a_wrong_token_does_not_keep_a_person_from_signing_in(owner):
    client = client_with("garbage")
    assert client.post("/api/v1/auth/signin", {"email": owner.email, "password": PASSWORD}).status_code == 200


def test_refresh_answers_with_the_successor(anonymous, owner):
    before = sign_in(owner).refresh_token
    answer = anonymous.post("/api/v1/auth/refresh", {"refresh_token": before}).json()
    again = anonymous.post("/api/v1/auth/refresh", {"refresh_token": before}).json()
    assert (answer["refresh_token"] != before, again["refresh_token"]) == (True, answer["refresh_token"])


def test_refresh_with_garbage_answers_401(anonymous):
    response = anonymous.post("/api/v1/auth/refresh", {"refresh_token": "garbage"})
    assert (response.status_code, response.json()["code"]) == (401, "invalid_refresh_token")


def test_sign_out_answers_204_and_ends_the_session(api):
    response = api.post("/api/v1/auth/signout")
    assert (response.status_code, response.content, api.get("/api/v1/users/me").status_code) == (204, b"", 401)


def test_sign_out_needs_a_token(anonymous):
    assert anonymous.post("/api/v1/auth/signout").status_code == 401


def test_answers_with_secrets_are_not_stored_for_repeats(anonymous, owner):
    body = {"email": owner.email, "password": PASSWORD}
    for _ in range(2):
        anonymous.post("/api/v1/auth/signin", body, HTTP_IDEMPOTENCY_KEY="once")
    assert Session.objects.filter(user=owner).count() == 2


def test_user_agent_is_kept_with_the_session(anonymous, owner):
    anonymous.post("/api/v1/auth/signin", {"email": owner.email, "password": PASSWORD}, HTTP_USER_AGENT="curl/8.0")
    assert Session.objects.get().user_agent == "curl/8.0"


# Savepoints are counted: a test's own transaction makes every inner one a savepoint and a release.
@pytest.mark.parametrize(
    ("path", "queries"), [("signup", 26), ("signin", 9), ("refresh", 7), ("refresh again", 5), ("refresh late", 9), ("signout", 7)]
)
def test_query_count_of_each_door(path, queries, owner, anonymous, django_assert_num_queries):
    signed_in = sign_in(owner)
    client, name, body = anonymous, path.split()[0], {"refresh_token": signed_in.refresh_token}
    if path == "signup":
        body = SIGN_UP
    elif path == "signin":
        body = {"email": owner.email, "password": PASSWORD}
    elif path == "signout":
        client, body = client_with(signed_in.access_token), None
    elif path == "refresh again":
        anonymous.post("/api/v1/auth/refresh", body)
    elif path == "refresh late":
        child = anonymous.post("/api/v1/auth/refresh", body).json()["refresh_token"]
        anonymous.post("/api/v1/auth/refresh", {"refresh_token": child})
    with django_assert_num_queries(queries):
        client.post(f"/api/v1/auth/{name}", body)
