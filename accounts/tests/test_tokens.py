from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import tokens
from huntaze.env import EnvError

OLD = f"old:{'o' * 32}"
NEW = f"new:{'n' * 32}"


@pytest.fixture(autouse=True)
def _keyring(settings):
    settings.AUTH_TOKEN_KEYS = [OLD]


def signed(**changes):
    """Return a token with our key and claims, changed; None drops a claim."""
    claims = jwt.decode(tokens.sign_access_token(user_id=uuid4(), session_id=uuid4()), options={"verify_signature": False}) | changes
    key = tokens.signing_key()
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key.access, "HS256", headers={"kid": key.kid})


def test_access_token_names_its_session():
    session_id = uuid4()
    assert tokens.read_access_token(tokens.sign_access_token(user_id=uuid4(), session_id=session_id)) == session_id


def test_access_token_lives_fifteen_minutes():
    claims = jwt.decode(tokens.sign_access_token(user_id=uuid4(), session_id=uuid4()), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900


def test_expired_access_token_is_invalid(settings):
    settings.ACCESS_TOKEN_LIFETIME = timedelta(seconds=-1)
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(tokens.sign_access_token(user_id=uuid4(), session_id=uuid4()))


def test_access_token_that_was_good_expires(monkeypatch):
    token = tokens.sign_access_token(user_id=uuid4(), session_id=uuid4())
    tokens.read_access_token(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    monkeypatch.setattr("time.time", lambda: claims["exp"])
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "someone-else"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"exp": None},
        {"sub": None},
        {"sid": None},
        {"sid": "not a uuid"},
        {"sid": 7},
    ],
)
def test_access_token_with_a_wrong_claim_is_invalid(changes):
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(signed(**changes))


@pytest.mark.parametrize(("algorithm", "key"), [("none", None), ("HS512", b"x" * 64), ("HS256", b"x" * 32)])
def test_access_token_by_another_algorithm_or_key_is_invalid(algorithm, key):
    claims = jwt.decode(signed(), options={"verify_signature": False})
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(jwt.encode(claims, key, algorithm, headers={"kid": "old"}))


def test_access_token_of_an_unknown_key_is_invalid(settings):
    token = signed()
    settings.AUTH_TOKEN_KEYS = [NEW]
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(token)


def test_access_token_survives_a_new_signing_key(settings):
    session_id = uuid4()
    token = tokens.sign_access_token(user_id=uuid4(), session_id=session_id)
    settings.AUTH_TOKEN_KEYS = [NEW, OLD]
    assert tokens.read_access_token(token) == session_id


def test_refresh_key_signs_no_access_token():
    claims = jwt.decode(signed(), options={"verify_signature": False})
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(jwt.encode(claims, tokens.signing_key().refresh, "HS256", headers={"kid": "old"}))


@given(text=st.text())
def test_text_that_is_no_token_is_invalid(text):
    with pytest.raises(tokens.InvalidToken):
        tokens.read_access_token(text)


@given(place=st.integers(min_value=0), letter=st.sampled_from("AZaz09-_."))
def test_altered_access_token_is_invalid(place, letter):
    token = tokens.sign_access_token(user_id=uuid4(), session_id=uuid4())
    place %= len(token) - 1  # the last letter holds bits that base64 ignores
    if token[place] != letter:
        with pytest.raises(tokens.InvalidToken):
            tokens.read_access_token(token[:place] + letter + token[place + 1 :])


def test_refresh_token_has_one_successor_for_each_key(settings):
    token = tokens.new_refresh_token()
    (before,) = tokens.refresh_token_successors(token)
    settings.AUTH_TOKEN_KEYS = [NEW, OLD]
    new, old = tokens.refresh_token_successors(token)
    assert (old == before, new == before) == (True, False)


def test_signing_without_a_key_names_the_variable(settings):
    settings.AUTH_TOKEN_KEYS = []
    with pytest.raises(EnvError, match=r"^AUTH_TOKEN_KEYS: is not set"):
        tokens.sign_access_token(user_id=uuid4(), session_id=uuid4())


@pytest.mark.parametrize("entries", [["x" * 40], [f":{'x' * 40}"], ["kid:short"], [OLD, OLD]])
def test_malformed_keyring_names_the_variable(settings, entries):
    settings.AUTH_TOKEN_KEYS = entries
    with pytest.raises(EnvError, match=r"^AUTH_TOKEN_KEYS: "):
        tokens.keyring()
