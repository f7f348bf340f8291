"""Secrets at rest: AES-256-GCM under the keyring `ENCRYPTION_KEYS`.

`ENCRYPTION_KEYS` holds the keys as `kid:secret,…`: the first encrypts, all decrypt. A key is replaced by putting the new one
in front, running `manage.py rotatekeys`, and dropping the old one. Each ciphertext is bound to its table, column and row: moved
elsewhere, it cannot be read.
"""

import binascii
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.models.functions import Cast

from huntaze.env import EnvError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MINIMUM_SECRET_LENGTH = 32
NONCE_BYTES = 12
BATCH = 500


class CannotDecrypt(Exception):
    """A ciphertext is malformed or altered, stands where it does not belong, or its key is not in the ring."""


@dataclass(frozen=True)
class Sealed:
    """A ciphertext as it stands in the database; its text form says nothing of it."""

    token: str

    def __str__(self) -> str:
        return "(encrypted)"

    def __repr__(self) -> str:
        return "(encrypted)"


def encrypt(text: str, *, context: str) -> str:
    """Return `text` encrypted by the first key of the ring, readable with the same `context` only; raises EnvError without keys."""
    kid, key = next(iter(_keyring().items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    data = nonce + key.encrypt(nonce, text.encode(), _bound_to(kid, context))
    return f"{kid}.{urlsafe_b64encode(data).decode()}"


def decrypt(token: str, *, context: str) -> str:
    """Return what `encrypt` was given with this `context`; raises CannotDecrypt."""
    from cryptography.exceptions import InvalidTag

    kid, __, text = token.partition(".")
    key = _keyring().get(kid)
    if key is None:
        raise CannotDecrypt(f"The key {kid!r} is not in ENCRYPTION_KEYS.")
    try:
        data = urlsafe_b64decode(text)
        data = data if urlsafe_b64encode(data).decode() == text else b""  # another spelling of the same bytes is an alteration too
        return key.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], _bound_to(kid, context)).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise CannotDecrypt("The ciphertext is altered, or stands where it does not belong.") from None


def is_current(token: str) -> bool:
    """Tell whether the first key of the ring encrypted `token`."""
    return token.startswith(_current_prefix())


class _Unsealing:
    """Decrypts on first access, when the row that the ciphertext is bound to is at hand."""

    def __init__(self, column: "EncryptedTextField") -> None:
        self.column = column

    def __get__(self, row: models.Model | None, owner: type[models.Model]) -> Any:
        if row is None:
            return self
        name = self.column.attname
        if name not in row.__dict__:
            row.refresh_from_db(fields=[name])  # the query deferred it
        value = row.__dict__[name]
        if isinstance(value, Sealed):
            row.__dict__[name] = value = decrypt(value.token, context=_place(self.column, row))
        return value

    def __set__(self, row: models.Model, value: Any) -> None:
        row.__dict__[self.column.attname] = value


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in its column, bound to its table, column and row.

    It is written by saving its row, never by `update()` or a filter, which do not know the row; `values()` gives `Sealed`. The
    row's primary key must be known before it is saved.
    """

    descriptor_class = _Unsealing

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        """Return the ciphertext; the descriptor decrypts it when it is read."""
        return None if value is None else Sealed(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Sealed | None:
        """Return the ciphertext of what the row holds; what was not read since it was loaded stays as it is."""
        value = model_instance.__dict__[self.attname]
        if value is None or isinstance(value, Sealed):
            return value
        return Sealed(encrypt(value, context=_place(self, model_instance)))

    def get_prep_value(self, value: Any) -> str | None:
        """Return the column's text; raises TypeError for a text that is not encrypted."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise TypeError(f"{self} is encrypted: it is written by saving its row, and cannot be searched.")
        return value.token

    def value_to_string(self, obj: models.Model) -> str:
        """Raise TypeError: a fixture would hold the secret in clear."""
        raise TypeError(f"{self} is encrypted and does not go into fixtures.")


@dataclass
class Rotation:
    """What a rotation did: values encrypted anew, and the places of those that no key of the ring can read."""

    resealed: int = 0
    unreadable: list[str] = field(default_factory=list)


_others: list[Callable[[Rotation], None]] = []


def register_rotation(rotate_others: Callable[[Rotation], None]) -> None:
    """Let `rotate_others` do for `rotate` what is kept by `encrypt` outside of an EncryptedTextField."""
    _others.append(rotate_others)


def rotate() -> Rotation:
    """Encrypt by the first key all that another one encrypted; return what was done.

    Others may write meanwhile. Commits every 500 rows; when killed, the next run goes on with what is left.
    """
    rotation = Rotation()
    for model in apps.get_models():
        for column in model._meta.fields:
            if isinstance(column, EncryptedTextField):
                _rotate_column(model, column, rotation)
    for rotate_others in _others:
        rotate_others(rotation)
    return rotation


def _rotate_column(model: type[models.Model], column: EncryptedTextField, rotation: Rotation) -> None:
    name = column.attname
    rows = model._base_manager.alias(token=Cast(name, models.TextField()))  # a lookup of the column itself would see `Sealed` as text
    old = rows.exclude(token__startswith=_current_prefix()).exclude(token=None).order_by("pk")
    batch = list(old.values_list("pk", flat=True)[:BATCH])
    while batch:
        with transaction.atomic():
            for row in old.filter(pk__in=batch).only("pk", name).select_for_update(of=("self",)):
                try:
                    sealed = Sealed(encrypt(getattr(row, name), context=_place(column, row)))
                except CannotDecrypt:
                    rotation.unreadable.append(_place(column, row))
                    continue
                model._base_manager.filter(pk=row.pk).update(**{name: sealed})
                rotation.resealed += 1
        batch = list(old.filter(pk__gt=batch[-1]).values_list("pk", flat=True)[:BATCH])


def _place(column: EncryptedTextField, row: models.Model) -> str:
    return f"{row._meta.db_table}.{column.column}:{row.pk}"


def _bound_to(kid: str, context: str) -> bytes:
    return f"huntaze 1 {kid} {context}".encode()


def _current_prefix() -> str:
    return f"{next(iter(_keyring()))}."


def _keyring() -> "dict[str, AESGCM]":
    """Return the keys by their kid, the current one first; raises EnvError when there is none, or one that cannot be used."""
    keys = _parse(tuple(settings.ENCRYPTION_KEYS))
    if not keys:
        raise EnvError("ENCRYPTION_KEYS", "is not set, so no secret can be kept; write it as kid:secret, from `openssl rand -base64 48`")
    return keys


@cache
def _parse(entries: tuple[str, ...]) -> "dict[str, AESGCM]":
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    keys: dict[str, AESGCM] = {}
    for entry in entries:
        kid, separator, secret = entry.partition(":")
        if not kid.isalnum() or not separator or len(secret) < MINIMUM_SECRET_LENGTH or kid in keys:
            wanted = f"kid:secret, each kid once and of letters and digits, each secret of {MINIMUM_SECRET_LENGTH} characters or more"
            raise EnvError("ENCRYPTION_KEYS", f"must look like {wanted}")
        derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"huntaze encryption at rest")
        keys[kid] = AESGCM(derive.derive(secret.encode()))
    return keys
