"""How secrets of authenticator apps and seeds of recovery codes stand in allauth's table: encrypted, each bound to its row.

A person has at most one row of each of these types, so person and type are what a ciphertext is bound to: in another person's row, or
in the other's place, it cannot be read. allauth's hook is given the text alone, so a row that is loaded tells its text where it stands.
"""

from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models.signals import post_init
from django.dispatch import receiver

from huntaze import crypto

NAMES = {Authenticator.Type.TOTP.value: "secret", Authenticator.Type.RECOVERY_CODES.value: "seed"}  # of the secret in a row's data
_BATCH = 500


class RowText(str):
    """A ciphertext that knows where it stands."""

    __slots__ = ("place",)
    place: str


def seal(text: str, *, user_id: UUID, type: str) -> str:
    """Return a secret as it is stored in this person's row of this type."""
    return crypto.encrypt(text, context=_place(user_id, type))


def unseal(text: str) -> str:
    """Return the secret that a loaded row holds; raises CannotDecrypt where it belongs to another row, or to none."""
    if not isinstance(text, RowText):
        raise crypto.CannotDecrypt("The ciphertext does not come from a row.")
    return crypto.decrypt(text, context=text.place)


def rotate(rotation: crypto.Rotation) -> None:
    """Encrypt by the first key of the ring the secrets that another one encrypted, some hundred rows at a time; see `crypto.rotate`."""
    last = 0
    rows = Authenticator.objects.filter(type__in=NAMES).order_by("pk")
    while batch := list(rows.filter(pk__gt=last).values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            for row in rows.filter(pk__in=batch).select_for_update(of=("self",)):
                _reseal(row, rotation)
        last = batch[-1]


crypto.register_rotation(rotate)


def _reseal(row: Authenticator, rotation: crypto.Rotation) -> None:
    name = NAMES[row.type]
    if crypto.is_current(row.data[name]):
        return
    try:
        row.data[name] = seal(unseal(row.data[name]), user_id=row.user_id, type=row.type)
    except crypto.CannotDecrypt:
        rotation.unreadable.append(f"mfa_authenticator.data:{row.pk}")
        return
    row.save(update_fields=["data"])
    rotation.resealed += 1


@receiver(post_init, sender=Authenticator)
def _tell_where(sender: Any, instance: Authenticator, **kwargs: Any) -> None:
    """Let the secret of a row know the row."""
    loaded = instance.__dict__
    name = NAMES.get(loaded.get("type", ""))
    if name in loaded.get("data", {}):
        loaded["data"][name] = RowText(loaded["data"][name])
        loaded["data"][name].place = _place(loaded["user_id"], loaded["type"])


def _place(user_id: UUID, type: str) -> str:
    return f"mfa_authenticator.data:{user_id}:{type}"
