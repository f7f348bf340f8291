"""The pages on which somebody takes the place in a workspace that was kept for their address."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone

from accounts import services
from accounts.browsers import INVITATION_KEY
from accounts.limits import PlanLimitReached
from accounts.models import Invitation, Membership, User
from accounts.services.invitations import hash_token
from accounts.views.pages import page
from huntaze.api.errors import Problem

# Why an invitation cannot be accepted here, with the status that says so.
REFUSALS = {"unknown": 404, "used": 410, "expired": 410, "other_address": 403, "member": 409, "full": 402}


@page
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Note in the browser's session which invitation a mailed link names, and go on at an address without the token.

    So no Referer, no history that is looked at later and no way back from signing in holds it. The session keeps its hash alone.
    """
    token_hash = hash_token(token)
    found = services.find_invitation(token_hash=token_hash)
    if found is None:
        return _refuse(request, None, "unknown")
    request.session[INVITATION_KEY] = token_hash.hex()
    return redirect("account_invitation")


@page
def invitation(request: HttpRequest) -> HttpResponse:
    """Show who invites whereto, send who is not signed in to do so, and make who accepts a member."""
    found = services.find_invitation(token_hash=bytes.fromhex(request.session.get(INVITATION_KEY, "")))
    if request.POST.get("action") == "switch":
        return _switch(request)
    refusal = _refusal(found, request.user)
    if found is None or refusal:
        return _refuse(request, found, refusal)
    if request.method == "POST" and request.user.is_authenticated:
        return _accept(request, found)
    return render(request, "account/invitation.html", {**_said(found), "next": urlencode({"next": request.path})})


def _refusal(found: Invitation | None, person: Any) -> str:
    """Return why somebody, who may be nobody yet, cannot accept it; nothing where they can."""
    if found is None:
        return "unknown"
    if found.accepted_at is not None:
        return "used"
    if found.expires_at <= timezone.now():
        return "expired"
    if not person.is_authenticated:
        return ""
    if person.email != found.email:
        return "other_address"
    return "member" if Membership.objects.filter(workspace_id=found.workspace_id, user_id=person.pk).exists() else ""


def _accept(request: HttpRequest, found: Invitation) -> HttpResponse:
    person = cast("User", request.user)
    try:
        services.accept_invitation(token_hash=bytes(found.token_hash), user_id=person.id, email=person.email)
    except PlanLimitReached:
        return _refuse(request, found, "full")
    except Problem:  # it was used or taken back since the page was looked at, which then says so
        return redirect("account_invitation")
    del request.session[INVITATION_KEY]
    return render(request, "account/invitation_accepted.html", _said(found))


def _switch(request: HttpRequest) -> HttpResponse:
    """Sign the browser out, and send it to sign in with another account and come back."""
    kept = request.session.get(INVITATION_KEY, "")
    logout(request)
    request.session[INVITATION_KEY] = kept
    return redirect(f"{resolve_url('account_login')}?{urlencode({'next': request.path})}")


def _refuse(request: HttpRequest, found: Invitation | None, refusal: str) -> HttpResponse:
    said = _said(found) if found else {}
    return render(request, "account/invitation_refused.html", {**said, "refusal": refusal}, status=REFUSALS[refusal])


def _said(found: Invitation) -> dict[str, Any]:
    inviter = found.invited_by
    return {
        "invitation": found,
        "inviter": (inviter.display_name or inviter.name) if inviter else "",
        "workspace": found.workspace.name,
        "role": found.get_role_display(),
        "address": found.email,
    }
