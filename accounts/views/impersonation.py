"""The button of the banner that says that somebody of staff acts as a person."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts import impersonation


@require_POST
@login_required
def stop(request: HttpRequest) -> HttpResponse:
    """Let the member of staff be themselves again; for everybody else there is nothing to stop."""
    if impersonation.STATE not in request.session:
        return redirect("account_home")
    return impersonation.stop(request, because="stopped")
