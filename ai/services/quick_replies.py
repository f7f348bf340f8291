"""Set the canned snippets of a workspace."""

import re
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Workspace
from ai.models import QuickReply
from huntaze import audit

MOST_QUICK_REPLIES = 20
PLACEHOLDERS = ("name", "creator", "preferred_content", "price")
_BRACED = re.compile(r"\{([^{}]*)\}")
_COLUMNS = ("position", "title", "text")


class WrongQuickReply(Exception):
    """A reply cannot be stored: `number` says which of them, `field` and `code` what is wrong with it."""

    def __init__(self, detail: str, *, number: int, field: str, code: str) -> None:
        self.number, self.field, self.code = number, field, code
        super().__init__(detail)


def set_quick_replies(*, workspace_id: UUID, replies: list[dict[str, Any]]) -> list[QuickReply]:
    """Make `replies`, each with title, text and maybe the id of one that exists, all that the workspace has, in this order; audited.

    Takes no more than MOST_QUICK_REPLIES. Returns them as stored. Raises WrongQuickReply for an id that the workspace does not have, a
    title or an id that stands twice, however it is capitalized, a placeholder that is none of PLACEHOLDERS, or a brace without its other.
    """
    for number, reply in enumerate(replies):
        require_placeholders(number, reply["text"])
    _require_once_each("title", [reply["title"].casefold() for reply in replies])
    _require_once_each("id", [reply.get("id") for reply in replies])
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).only("id").get(id=workspace_id)  # two who set them at once
        known = {reply.id: reply for reply in QuickReply.objects.in_workspace(workspace_id)}
        was = {reply.id: _said(reply) for reply in known.values()}
        stored = [_placed(workspace_id, known, number, **reply) for number, reply in enumerate(replies)]
        kept = {reply.id for reply in stored}
        QuickReply.objects.in_workspace(workspace_id).exclude(id__in=kept).delete()
        QuickReply.objects.bulk_update([reply for reply in stored if reply.id in known], [*_COLUMNS, "updated_at"])
        QuickReply.objects.bulk_create([reply for reply in stored if reply.id not in known])
        now = {reply.id: _said(reply) for reply in stored}
        changes = {str(each): [was.get(each), now.get(each)] for each in was.keys() | now.keys() if was.get(each) != now.get(each)}
        audit.record("quick_replies.set", workspace_id=workspace_id, subject_id=workspace_id, changes=changes)
    return stored


def require_placeholders(number: int, text: str) -> None:
    """Raise WrongQuickReply where a text has a brace that is no part of one of PLACEHOLDERS."""
    unknown = next((name for name in _BRACED.findall(text) if name not in PLACEHOLDERS), None)
    if unknown is not None:
        choices = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        detail = _("There is no placeholder {%(name)s}. There are: %(choices)s.") % {"name": unknown, "choices": choices}
        raise WrongQuickReply(detail, number=number, field="text", code="unknown_placeholder")
    if set("{}") & set(_BRACED.sub("", text)):
        raise WrongQuickReply(_("A brace stands without its other one."), number=number, field="text", code="unbalanced_braces")


def _require_once_each(field: str, values: list[Any]) -> None:
    for number, value in enumerate(values):
        if value is not None and value in values[:number]:
            raise WrongQuickReply(_("This stands more than once."), number=number, field=field, code="repeated")


def _placed(workspace_id: UUID, known: dict[UUID, QuickReply], number: int, *, title: str, text: str, id: UUID | None = None) -> QuickReply:
    """Return the reply `id`, or a new one, with what it says and its place; raises WrongQuickReply."""
    if id is not None and id not in known:
        raise WrongQuickReply(_("There is no such quick reply in this workspace."), number=number, field="id", code="not_found")
    reply = known[id] if id is not None else QuickReply(workspace_id=workspace_id)
    reply.position, reply.title, reply.text, reply.updated_at = number, title, text, timezone.now()
    return reply


def _said(reply: QuickReply) -> dict[str, Any]:
    return {name: getattr(reply, name) for name in _COLUMNS}
