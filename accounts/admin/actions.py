"""What staff can do to one person, as buttons on the person's page: one table says who may, when it is offered and what it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import impersonation, services
from accounts.admin.pages import ReasonForm, ask, is_confirmed
from accounts.models import ApiKey, User
from huntaze.api.errors import Problem

Do = Callable[[HttpRequest, User, str], str | HttpResponseBase]


@dataclass(frozen=True)
class Action:
    """One button. `do` takes the request, the person and the reason, and returns what it did, or the page that comes next.

    What is `grave` is asked about first; `says` tells what will happen.
    """

    title: str | Promise
    permission: str
    fits: Callable[[User], bool]
    do: Do
    says: str | Promise = ""
    asks_reason: bool = False
    grave: bool = True

    def may(self, request: HttpRequest, person: User) -> bool:
        """Return whether this member of staff may do it to this person."""
        return request.user.has_perm(self.permission) and services.has_authority(actor=request.user, user=person)


def offered(request: HttpRequest, person: User) -> Iterator[tuple[str, Action]]:
    """Yield the names and actions that this member of staff may take now."""
    for name, action in ACTIONS.items():
        if action.may(request, person) and action.fits(person):
            yield name, action


def act(request: HttpRequest, screen: Any, person: User, action: Action) -> HttpResponseBase | None:
    """Ask where the action is grave, then take it and say what it did; None when the person's page comes next."""
    form = ReasonForm(request.POST if is_confirmed(request) else None) if action.asks_reason else None
    is_asked = not is_confirmed(request) if action.grave else request.method != "POST"
    if is_asked or (form is not None and not form.is_valid()):
        return ask(request, screen, title=action.title, says=action.says or action.title, about=[person], form=form)
    try:
        done = action.do(request, person, form.cleaned_data["reason"] if form else "")
    except Problem as problem:
        messages.error(request, problem.detail)
        return None
    if isinstance(done, str):
        messages.success(request, done)
        return None
    return done


def _suspend(request: HttpRequest, person: User, reason: str) -> str:
    services.suspend_account(user_id=person.id, reason=reason, actor_id=request.user.pk)
    return _("%(person)s is suspended. Sessions, tokens and API keys have stopped.") % {"person": person}


def _unsuspend(request: HttpRequest, person: User, reason: str) -> str:
    services.unsuspend_account(user_id=person.id, actor_id=request.user.pk)
    return _("%(person)s may sign in again.") % {"person": person}


def _end_sessions(request: HttpRequest, person: User, reason: str) -> str:
    ended = services.end_sessions(user_id=person.id, actor_id=request.user.pk)
    return ngettext("%(count)d session was ended.", "%(count)d sessions were ended.", ended) % {"count": ended}


def _resend_verification(request: HttpRequest, person: User, reason: str) -> str:
    services.resend_verification(email=person.email, language=person.language)
    return _("A link to confirm the address goes to %(person)s.") % {"person": person}


def _revoke_keys(request: HttpRequest, person: User, reason: str) -> str:
    revoked = services.revoke_keys(ApiKey.objects.filter(user=person))
    return ngettext("%(count)d API key was revoked.", "%(count)d API keys were revoked.", revoked) % {"count": revoked}


def _remove_authenticators(request: HttpRequest, person: User, reason: str) -> str:
    removed = services.remove_authenticators(user_id=person.id, actor_id=request.user.pk)
    return ngettext("%(count)d second factor was removed.", "%(count)d second factors were removed.", removed) % {"count": removed}


def _place_hold(request: HttpRequest, person: User, reason: str) -> str:
    services.place_hold(user_id=person.id, reason=reason, actor_id=request.user.pk)
    return _("%(person)s is not erased while the hold stands.") % {"person": person}


def _delete(request: HttpRequest, person: User, reason: str) -> str:
    deletion = services.delete_account(user_id=person.id, actor_id=request.user.pk)
    return _("The account is deleted, and is erased on %(day)s.") % {"day": f"{deletion.due_at:%Y-%m-%d}"}


def _restore(request: HttpRequest, person: User, reason: str) -> str:
    services.restore_account(user_id=person.id, actor_id=request.user.pk)
    return _("The account of %(person)s is back.") % {"person": person}


def _impersonate(request: HttpRequest, person: User, reason: str) -> HttpResponseBase:
    return impersonation.start(request, person=person, reason=reason)


def _may_be_erased(person: User) -> bool:
    return person.deleted_at is None or person.deletion.erased_at is None


ACTIONS: dict[str, Action] = {
    "impersonate": Action(
        gettext_lazy("Act as this person"),
        "accounts.impersonate_user",
        fits=lambda person: person.is_active and not person.is_staff,
        do=_impersonate,
        says=gettext_lazy("You see their account pages for at most 30 minutes. They are told by e-mail, with the reason."),
        asks_reason=True,
    ),
    "end-sessions": Action(
        gettext_lazy("End all sessions"),
        "accounts.change_session",
        fits=lambda person: person.is_active,
        do=_end_sessions,
        grave=False,
    ),
    "resend-verification": Action(
        gettext_lazy("Mail the link to confirm the address"),
        "accounts.change_user",
        fits=lambda person: person.is_active and not services.has_verified_email(person),
        do=_resend_verification,
        grave=False,
    ),
    "revoke-keys": Action(
        gettext_lazy("Revoke all API keys"),
        "accounts.change_apikey",
        fits=lambda person: person.deleted_at is None,
        do=_revoke_keys,
        says=gettext_lazy("Every API key that this person made ends at once and cannot come back."),
    ),
    "remove-second-factors": Action(
        gettext_lazy("Remove second factors"),
        "mfa.delete_authenticator",
        fits=lambda person: person.deleted_at is None,
        do=_remove_authenticators,
        says=gettext_lazy("The password alone is then enough to sign in. Be sure that it is the person who asks."),
    ),
    "place-hold": Action(
        gettext_lazy("Place a legal hold"),
        "accounts.add_legalhold",
        fits=_may_be_erased,
        do=_place_hold,
        says=gettext_lazy("What is known about this person is not erased until the hold is released."),
        asks_reason=True,
    ),
    "suspend": Action(
        gettext_lazy("Suspend"),
        "accounts.change_user",
        fits=lambda person: person.is_active,
        do=_suspend,
        says=gettext_lazy("Sessions, tokens and API keys stop at once, and the person is told by e-mail."),
        asks_reason=True,
    ),
    "unsuspend": Action(
        gettext_lazy("Lift the suspension"),
        "accounts.change_user",
        fits=lambda person: person.suspended_at is not None and person.deleted_at is None,
        do=_unsuspend,
        says=gettext_lazy("The person can sign in again, and their API keys work again."),
    ),
    "delete": Action(
        gettext_lazy("Delete the account"),
        "accounts.delete_user",
        fits=lambda person: person.deleted_at is None,
        do=_delete,
        says=gettext_lazy("Everything stops at once. It can be restored until it is erased; the person is told by e-mail."),
    ),
    "restore": Action(
        gettext_lazy("Restore the account"),
        "accounts.delete_user",
        fits=lambda person: person.deleted_at is not None and _may_be_erased(person),
        do=_restore,
        says=gettext_lazy("The person can sign in again. Providers have to be linked anew."),
    ),
}
