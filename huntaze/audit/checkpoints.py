"""Checkpoints: the signed heads of chains, in the database, and in files that are kept elsewhere.

`AUDIT_SIGNING_KEYS` holds the keys as `kid:secret,…`: the first signs, all verify. An Ed25519 key is derived from each secret.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.conf import settings
from django.utils import timezone

from huntaze.audit.logs import AUDIT
from huntaze.env import EnvError
from huntaze.models import AuditCheckpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FORMAT = "huntaze.audit.checkpoint.1"
MINIMUM_SECRET_LENGTH = 32


class BadCheckpoint(Exception):
    """A checkpoint file is not one, is incomplete, or was altered."""


@dataclass(frozen=True)
class Head:
    """The end of a chain of a log: its count of entries and the hash of the last, as known at a time."""

    chain: UUID
    sequence: int
    hash: bytes
    made_at: datetime | None = None
    log: str = AUDIT.name

    def message(self) -> bytes:
        """Return the bytes that are signed."""
        return orjson.dumps(
            [f"huntaze.{self.log}.checkpoint.1", self.chain, self.sequence, self.hash.hex(), self.made_at], option=orjson.OPT_UTC_Z
        )


def sign(head: Head) -> dict[str, Any]:
    """Return the columns of the checkpoint of `head`, signed by the first key; raises EnvError without keys."""
    kid, signature = sign_message(head.message())
    return {"sequence": head.sequence, "hash": head.hash, "made_at": head.made_at, "kid": kid, "signature": signature}


def verify(head: Head, kid: str, signature: bytes) -> Head | None:
    """Return `head`, or None when none of our keys signed it."""
    return head if is_signed(kid, bytes(signature), head.message()) else None


def write_checkpoint() -> Iterator[str]:
    """Yield the lines of a checkpoint file: each chain's signed head as JSON, then one line that signs how many there are.

    Each line bears its own signature, so that a file of a hundred thousand workspaces is read a line at a time.
    """
    count = 0
    for row in AuditCheckpoint.objects.order_by("chain").iterator():
        count += 1
        yield _line(row)
    last = [f"{FORMAT}.end", count, timezone.now()]
    kid, signature = sign_message(orjson.dumps(last, option=orjson.OPT_UTC_Z))
    yield _json({"chains": count, "made_at": last[2], "kid": kid, "public_key": public_key(kid), "signature": signature.hex()})


def read_checkpoint(lines: Iterable[str]) -> Iterator[Head]:
    """Yield the heads of a checkpoint file; raises BadCheckpoint with the line's number, at the end too when lines are missing."""
    count, ended = 0, False
    for number, line in enumerate(lines, start=1):
        try:
            values = orjson.loads(line)
            if "chains" in values:
                ended = _ends(values, count)
                continue
            count += 1
            head = _head(values)
        except (ValueError, KeyError, TypeError):
            raise BadCheckpoint(f"Line {number} is not of a checkpoint file.") from None
        if head is None or ended:
            raise BadCheckpoint(f"Line {number} is not signed by a key of AUDIT_SIGNING_KEYS, or does not belong there.")
        yield head
    if not ended:
        raise BadCheckpoint("The last line is missing, altered, or signs another number of chains.")


def sign_message(message: bytes) -> tuple[str, bytes]:
    """Return the kid of the first key and its signature of `message`; raises EnvError without keys."""
    kid, key = next(iter(_keys().items()))
    return kid, key.sign(message)


def is_signed(kid: str, signature: bytes, message: bytes) -> bool:
    """Return whether one of our keys, by its kid, made this signature of `message`."""
    from cryptography.exceptions import InvalidSignature

    key = _keys().get(kid)
    if key is None:
        return False
    try:
        key.public_key().verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_key(kid: str) -> str:
    """Return the public half of a key in hexadecimal, for whoever checks signatures without our secrets."""
    return _keys()[kid].public_key().public_bytes_raw().hex()


def _ends(values: dict[str, Any], count: int) -> bool:
    message = orjson.dumps([f"{FORMAT}.end", count, datetime.fromisoformat(values["made_at"])], option=orjson.OPT_UTC_Z)
    return is_signed(values["kid"], bytes.fromhex(values["signature"]), message)


def _line(row: AuditCheckpoint) -> str:
    fields = {"chain": row.chain, "sequence": row.sequence, "hash": bytes(row.hash).hex(), "made_at": row.made_at}
    return _json({**fields, "kid": row.kid, "signature": bytes(row.signature).hex()})


def _json(values: dict[str, Any]) -> str:
    return orjson.dumps(values, option=orjson.OPT_UTC_Z).decode()


def _head(values: dict[str, Any]) -> Head | None:
    made_at = datetime.fromisoformat(values["made_at"])
    chain, hash_, signature = UUID(values["chain"]), bytes.fromhex(values["hash"]), bytes.fromhex(values["signature"])
    return verify(Head(chain, values["sequence"], hash_, made_at), values["kid"], signature)


def _keys() -> "dict[str, Ed25519PrivateKey]":
    """Return the keys by their kid, the current one first; raises EnvError when there is none, or one that cannot be used."""
    keys = _parse(tuple(settings.AUDIT_SIGNING_KEYS))
    if not keys:
        raise EnvError(
            "AUDIT_SIGNING_KEYS", "is not set, so the audit log cannot be sealed; write it as kid:secret, from `openssl rand -base64 48`"
        )
    return keys


@cache
def _parse(entries: tuple[str, ...]) -> "dict[str, Ed25519PrivateKey]":
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    keys: dict[str, Ed25519PrivateKey] = {}
    for entry in entries:
        kid, separator, secret = entry.partition(":")
        if not kid.isalnum() or not separator or len(secret) < MINIMUM_SECRET_LENGTH or kid in keys:
            wanted = f"kid:secret, each kid once and of letters and digits, each secret of {MINIMUM_SECRET_LENGTH} characters or more"
            raise EnvError("AUDIT_SIGNING_KEYS", f"must look like {wanted}")
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"huntaze audit checkpoints")
        keys[kid] = Ed25519PrivateKey.from_private_bytes(derive.derive(secret.encode()))
    return keys
