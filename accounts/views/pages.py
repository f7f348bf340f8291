"""Account pages that are ours: addresses, passwords and devices. Signing in and out, factors and providers are allauth's."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import devices, services
from accounts.browsers import session_id_of
from accounts.forms import BROWSER_KEY, ChangePasswordForm, EmailForm, NewEmailForm, NewPasswordForm, NoticesForm, add_faults
from accounts.models import RevokedReason, Session, User
from accounts.notices import KINDS, prefer, preferences_of
from accounts.queries import NotMember, find_principal
from accounts.services.sessions import end_sessions_but
from huntaze import context
from huntaze.api.errors import NotFound, Problem

View = Callable[..., HttpResponseBase]


def page(view: View) -> View:
    """Keep a page out of every cache, and its passwords out of error reports."""
    return wraps(view)(never_cache(sensitive_post_parameters()(view)))


def of_workspace(view: View) -> View:
    """Call a page's view with who is signed in, acting in the workspace of the address, or their default one without it.

    Others are sent to sign in; a workspace that is not the person's is no page. Nothing is kept in a cache.
    """

    @wraps(view)
    @never_cache
    @login_required
    def answer(request: HttpRequest, *, workspace_id: UUID | None = None, **kwargs: Any) -> HttpResponseBase:
        try:
            person = find_principal(session_id=cast("UUID", session_id_of(request)), workspace_id=workspace_id)
        except NotMember:
            raise Http404 from None
        if person is None:  # the session has ended since the request came
            return redirect_to_login(request.get_full_path())
        context.current().workspace_id, context.current().credential_id = person.workspace_id, person.session_id
        return view(request, person, **kwargs)

    return answer


@page
@login_required
def sessions(request: HttpRequest) -> HttpResponse:
    """Show the devices that are signed in, this browser first, then the ones used last."""
    this = session_id_of(request)
    live = Session.objects.filter(user_id=_person(request).id).live(now=timezone.now()).order_by("-last_used_at")
    rows = [{"session": session, "device": devices.name(session.user_agent), "is_this": session.id == this} for session in live]
    return render(request, "account/sessions.html", {"rows": sorted(rows, key=lambda row: not row["is_this"])})


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Sign one device out; one that has ended, or is another person's, is none."""
    try:
        services.sign_out_device(user_id=_person(request).id, session_id=session_id)
    except NotFound:
        messages.warning(request, _("This device was signed out already."))
    else:
        messages.success(request, _("The device was signed out."))
    return redirect("account_login" if session_id == session_id_of(request) else "account_sessions")


@require_POST
@login_required
def end_other_sessions(request: HttpRequest) -> HttpResponseRedirect:
    """Sign every other device out."""
    end_sessions_but(session_id_of(request), user=_person(request), reason=RevokedReason.SIGNED_OUT_EVERYWHERE)
    messages.success(request, _("All other devices were signed out."))
    return redirect("account_sessions")


@page
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """Show of what the person is sent e-mails, and let them switch off what may be."""
    person = _person(request)
    form = NoticesForm(request.POST if request.method == "POST" else None, wanted=preferences_of(person.id))
    if form.is_valid():
        prefer(user_id=person.id, workspace_id=person.default_workspace_id, by_email=form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account_notices")
    always = [told.title for told in KINDS.values() if told.security]
    return render(request, "account/notices.html", {"form": form, "always": always})


@page
@login_required
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
def email(request: HttpRequest) -> HttpResponse:
    """Show the person's address, and send a link to the one that they want instead, or again to the one that waits."""
    form = NewEmailForm(request.POST if "action_add" in request.POST else None)
    if "action_send" in request.POST:
        services.resend_verification(email=_person(request).email, **_asker(request))
        messages.success(request, _("A link is on its way to %(email)s.") % {"email": _person(request).email})
        return redirect("account_email")
    if form.is_valid():
        try:
            services.request_email_change(user_id=_person(request).id, email=form.cleaned_data["email"])
        except Problem as problem:
            add_faults(form, problem)
        else:
            messages.success(request, _("A link is on its way to %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect("account_email")
    return render(request, "account/email.html", {"form": form, "is_verified": services.has_verified_email(_person(request))})


@page
def change_email(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the person who opened a mailed link to confirm their new address; a program that follows links changes nothing."""
    return _take(
        request, "account/email_confirm.html", lambda: services.change_email(token=token), _("The new address counts from now on.")
    )


@page
def verify_email(request: HttpRequest, token: str) -> HttpResponse:
    """Ask the person who opened a mailed link to confirm their address."""
    return _take(request, "account/email_confirm.html", lambda: services.verify_email(token=token), _("The address is verified. Sign in."))


@page
def verify_sign_up(request: HttpRequest, token: str) -> HttpResponseBase:
    """Make the account of a person who came through a provider, in the browser that asked for it, and sign them in."""
    if request.method != "POST":
        return render(request, "account/email_confirm.html")
    try:
        user = services.finish_social_sign_up(token=token, browser=request.session.get(BROWSER_KEY, ""))
    except Problem as problem:
        return render(request, "account/link_failed.html", {"problem": problem, "same_browser": True}, status=problem.status)
    answer: HttpResponseBase = perform_login(request, user, email_verification="none")
    return answer


@page
def email_sent(request: HttpRequest) -> HttpResponse:
    """Say that a link was sent."""
    return render(request, "account/verification_sent.html")


@page
def forgot_password(request: HttpRequest) -> HttpResponse:
    """Send a link that sets a new password, if the address has an account; the answer is the same for one that has none."""
    form = EmailForm(request.POST or None, initial={"email": request.GET.get("email", "")})
    if form.is_valid():
        services.forgot_password(email=form.cleaned_data["email"], **_asker(request))
        return render(request, "account/password_reset_done.html")
    return render(request, "account/password_reset.html", {"form": form})


@page
def reset_password(request: HttpRequest, token: str) -> HttpResponse:
    """Set a new password by a mailed link."""
    form = NewPasswordForm(request.POST or None)
    if form.is_valid():
        try:
            services.reset_password(token=token, password=form.cleaned_data["new_password"])
        except services.InvalidEmailToken as problem:
            return render(request, "account/link_failed.html", {"problem": problem}, status=problem.status)
        except Problem as problem:
            add_faults(form, problem, password="new_password")  # noqa: S106  (the field's name)
        else:
            return render(request, "account/password_reset_from_key_done.html")
    return render(request, "account/password_reset_from_key.html", {"form": form})


@page
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Set a new password by the present one, and sign the other devices out; who has none is sent to get one by mail."""
    if not _person(request).has_usable_password():
        return redirect("account_set_password")
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        try:
            services.change_password(user_id=_person(request).id, session_id=cast("UUID", session_id_of(request)), **form.cleaned_data)
        except Problem as problem:
            add_faults(form, problem)
        else:
            messages.success(request, _("The password is changed, and your other devices are signed out."))
            return _stay_signed_in(request)
    return render(request, "account/password_change.html", {"form": form})


@page
@login_required
def set_password(request: HttpRequest) -> HttpResponse:
    """Send the link that sets a first password to a person who has come through a provider until now."""
    if _person(request).has_usable_password():
        return redirect("account_change_password")
    if request.method == "POST":
        services.forgot_password(email=_person(request).email, **_asker(request))
        return render(request, "account/password_reset_done.html")
    return render(request, "account/password_set.html")


def _take(request: HttpRequest, template: str, service: Callable[[], Any], said: str) -> HttpResponse:
    """Show a page with one button, and do what the link is for when it is pressed."""
    if request.method != "POST":
        return render(request, template)
    try:
        service()
    except Problem as problem:
        return render(request, "account/link_failed.html", {"problem": problem}, status=problem.status)
    messages.success(request, said)
    return redirect("account_email" if request.user.is_authenticated else "account_login")


def _stay_signed_in(request: HttpRequest) -> HttpResponse:
    """Keep this browser's cookie good for the new password."""
    person = _person(request)
    person.refresh_from_db()
    update_session_auth_hash(request, person)
    return redirect("account_change_password")


def _person(request: HttpRequest) -> User:
    """Return who is signed in; only for pages that nobody else reaches."""
    return cast("User", request.user)


def _asker(request: HttpRequest) -> dict[str, str]:
    return {"language": get_language() or "en", "user_agent": request.headers.get("User-Agent", "")}
