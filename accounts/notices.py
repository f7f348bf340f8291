"""Telling people what concerns them: by e-mail, as they prefer, and as an event.

To add a kind, add its row to `KINDS` and its templates `accounts/mail/<kind>.subject.txt`, `.txt` and `.html`, run
`make messages` and translate what is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import NoticePreference, User
from huntaze import audit, events, mail

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Kind:
    """What a notice is about; one of `security` is always mailed. Templates get the names in `says`, besides `name` and `at`."""

    title: "_StrOrPromise"
    security: bool = True
    says: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "new_device": Kind(_("A sign-in from a new device"), says=("device", "address")),
        "password_changed": Kind(_("A changed password")),
        "email_verified": Kind(_("A confirmed e-mail address"), security=False),
        "email_changed": Kind(_("A changed e-mail address"), says=("old", "new")),
        "refresh_token_reused": Kind(_("A session ended since its token was used twice"), says=("device",)),
        "mfa_changed": Kind(_("A second factor added or removed"), says=("method", "added")),
        "recovery_codes_made": Kind(_("New recovery codes")),
        "api_key_created": Kind(_("A new API key"), says=("key",)),
        "account_deletion_scheduled": Kind(_("The account is going to be deleted"), says=("erased_on",)),
        "account_restored": Kind(_("The deleted account is back")),
        "account_suspended": Kind(_("The account is suspended")),
        "account_unsuspended": Kind(_("The account is no longer suspended")),
        "role_changed": Kind(_("Another role in a workspace"), security=False, says=("workspace", "role")),
        "member_removed": Kind(_("A place in a workspace that ended"), security=False, says=("workspace",)),
        "ownership_changed": Kind(_("A workspace that was handed on"), says=("workspace", "owner", "received")),
        "ai_budget": Kind(_("A budget for AI that is nearly used"), security=False, says=("level", "period", "percent", "used", "limit")),
        "ai_spending": Kind(_("Unusual spending on AI"), security=False, says=("alert", "amount")),
        "ai_model_retiring": Kind(_("An AI model that is going to be retired"), security=False, says=("model", "retires_on")),
        "ai_minors": Kind(_("Moderation found minors sexualized"), says=("workspace", "workspace_id")),
        "impersonated": Kind(_("Somebody of the staff acts on your behalf"), says=("reason",)),
    }
)


def tell(*, user: User, kind: str, context: dict[str, Any] | None = None, workspace_id: UUID | None = None, to: str | None = None) -> None:
    """Tell a person something, in the caller's transaction: the event `notice.<kind>` and, unless they do not want it, an e-mail.

    `context` holds the names that the kind `says`, none of them a secret. The e-mail goes to the person's address, or to `to`, such
    as the one that they had before; in their language, with times in their zone. Raises LookupError for an unknown kind.
    """
    told, context = KINDS[kind], context or {}
    if set(context) != set(told.says):
        raise LookupError(f"The notice {kind} says {', '.join(told.says) or 'nothing of its own'}.")
    events.emit(f"notice.{kind}", workspace_id=workspace_id or user.default_workspace_id, subject_id=user.id)
    if told.security or is_wanted(user_id=user.id, kind=kind):
        values = {"name": user.name, "at": timezone.now(), **context}
        with timezone.override(user.timezone):
            mail.send(to=to or user.email, template=f"accounts/mail/{kind}", language=user.language, context=values, person_id=user.id)


def prefer(*, user_id: UUID, workspace_id: UUID, by_email: Mapping[str, bool]) -> None:
    """Note of which kinds a person wants e-mails; audited, for the workspace that they act in, where any differs.

    Raises LookupError for an unknown kind, and for one of security that is to be switched off.
    """
    fixed = [kind for kind, wanted in by_email.items() if KINDS[kind].security and not wanted]
    if fixed:
        raise LookupError(f"The notice {fixed[0]} cannot be switched off.")
    with transaction.atomic():
        before = preferences_of(user_id)
        changes = {kind: [before[kind], wanted] for kind, wanted in by_email.items() if before[kind] != wanted}
        for kind, (_before, wanted) in changes.items():
            NoticePreference.objects.update_or_create(user_id=user_id, kind=kind, defaults={"by_email": wanted})
        if changes:
            audit.record("notices.prefer", workspace_id=workspace_id, subject_id=user_id, actor_id=user_id, changes=changes)


def preferences_of(user_id: UUID) -> dict[str, bool]:
    """Return of each kind whether the person is mailed: one of security always is. Makes one query."""
    refused = set(NoticePreference.objects.filter(user_id=user_id, by_email=False).values_list("kind", flat=True))
    return {kind: told.security or kind not in refused for kind, told in KINDS.items()}


def is_wanted(*, user_id: UUID, kind: str) -> bool:
    """Return whether the person wants e-mails of this kind; without a preference they do."""
    return not NoticePreference.objects.filter(user_id=user_id, kind=kind, by_email=False).exists()
