"""Tokens: access tokens are JWTs bound to a session; refresh tokens are random, and each is derived from the one before.

`AUTH_TOKEN_KEYS` holds the keys as `kid:secret,…`: the first signs, all verify, so a key is replaced by putting the
new one in front and dropping the old one when its access tokens have expired. Refresh tokens outlive their key: they
are looked up by hash, and the key only serves to derive a successor again within `REFRESH_REPEAT_WINDOW`.
"""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import cache, lru_cache
from uuid import UUID

import jwt
from django.conf import settings
from jwt.types import Options

from huntaze.env import EnvError

ALGORITHM = "HS256"
AUDIENCE = "huntaze-api"
MINIMUM_SECRET_LENGTH = 32
REMEMBERED_TOKENS = 4096
_REQUIRED: Options = {"require": ["exp", "iat", "sub", "sid"]}


class InvalidToken(Exception):
    """An access token is malformed, altered, expired, or not for us."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring: what signs access tokens, and what refresh tokens are derived with."""

    kid: str
    access: bytes
    refresh: bytes
    header: str


def sign_access_token(*, user_id: UUID, session_id: UUID) -> str:
    """Return an access token of `ACCESS_TOKEN_LIFETIME`; raises EnvError when AUTH_TOKEN_KEYS is not set."""
    now = int(time.time())
    claims = {
        "iss": settings.HUNTAZE_URL,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "sid": str(session_id),
        "iat": now,
        "exp": now + int(settings.ACCESS_TOKEN_LIFETIME.total_seconds()),
    }
    key = signing_key()
    return jwt.encode(claims, key.access, ALGORITHM, headers={"kid": key.kid})


def read_access_token(token: str) -> UUID:
    """Return the session's id; raises InvalidToken.

    Only headers that we write ourselves are known (algorithm, type and `kid` in one look-up), so a token has no say in
    how it is verified. What was verified is remembered, since one token makes many requests; its expiry is looked at
    each time.
    """
    key = _keys_by_header(tuple(settings.AUTH_TOKEN_KEYS)).get(token.partition(".")[0])
    if key is None:
        raise InvalidToken
    session_id, expires_at = _verify(token, key, settings.HUNTAZE_URL)
    if expires_at <= time.time():
        raise InvalidToken
    return session_id


def new_refresh_token() -> str:
    """Return the first refresh token of a session."""
    return secrets.token_urlsafe(32)


def refresh_token_successors(token: str) -> list[str]:
    """Return what may follow `token`, one for each key of the ring, the signing key's first."""
    return [_base64(hmac.digest(key.refresh, token.encode(), "sha256")) for key in keyring()]


def hash_refresh_token(token: str) -> bytes:
    """Return the SHA-256 under which a refresh token is stored."""
    return hashlib.sha256(token.encode()).digest()


def keyring() -> tuple[Key, ...]:
    """Return the keys of AUTH_TOKEN_KEYS, the signing key first; raises EnvError when one cannot be used."""
    return _parse(tuple(settings.AUTH_TOKEN_KEYS))


def signing_key() -> Key:
    """Return the key that signs; raises EnvError when there is none."""
    keys = keyring()
    if not keys:
        raise EnvError(
            "AUTH_TOKEN_KEYS", "is not set, so nobody can sign in; write it as kid:secret, the secret from `openssl rand -base64 48`"
        )
    return keys[0]


@lru_cache(maxsize=REMEMBERED_TOKENS)
def _verify(token: str, key: Key, issuer: str) -> tuple[UUID, int]:
    """Return the session's id and the time of expiry of a token that `key` signed."""
    try:
        claims = jwt.decode(token, key.access, [ALGORITHM], _REQUIRED, audience=AUDIENCE, issuer=issuer)
        return UUID(claims["sid"]), claims["exp"]
    except (jwt.InvalidTokenError, ValueError, AttributeError, TypeError):
        raise InvalidToken from None


@cache
def _parse(entries: tuple[str, ...]) -> tuple[Key, ...]:
    keys = tuple(_parse_key(entry) for entry in entries)
    if len({key.kid for key in keys}) < len(keys):
        raise EnvError("AUTH_TOKEN_KEYS", "names the same kid twice")
    return keys


def _parse_key(entry: str) -> Key:
    kid, separator, text = entry.partition(":")
    if not kid or not separator or len(text) < MINIMUM_SECRET_LENGTH:
        raise EnvError("AUTH_TOKEN_KEYS", f"each key must be kid:secret with a secret of {MINIMUM_SECRET_LENGTH} characters or more")
    # One secret, two uses: each gets its own key, so that nothing signed for one is worth anything for the other.
    access, refresh = (hmac.digest(text.encode(), purpose, "sha256") for purpose in (b"huntaze access token", b"huntaze refresh token"))
    header = jwt.encode({}, access, ALGORITHM, headers={"kid": kid}).partition(".")[0]
    return Key(kid, access, refresh, header)


@cache
def _keys_by_header(entries: tuple[str, ...]) -> dict[str, Key]:
    return {key.header: key for key in _parse(entries)}


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
