"""The page between a button that has grave effects and its effects: what will happen, a reason where one is asked, yes or no."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

CONFIRMED = "confirmed"


class ReasonForm(forms.Form):
    """Why something is done; it stands in the audit log."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=UnfoldAdminTextareaWidget({"rows": 3}))


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the page that asks was answered with yes."""
    return request.method == "POST" and CONFIRMED in request.POST


def ask(request: HttpRequest, screen: Any, *, title: Any, says: Any, about: Iterable[Any], form: Any = None) -> HttpResponse:
    """Return the page that asks whether `title` shall be done to the rows `about`; a list's action is then sent again."""
    rows = list(about)
    context = {
        **admin.site.each_context(request),
        "opts": screen.opts,
        "title": title,
        "says": says,
        "about": rows,
        "form": form,
        "action": request.POST.get("action", ""),
        "checkbox": ACTION_CHECKBOX_NAME,
        "confirmed": CONFIRMED,
    }
    return TemplateResponse(request, "admin/accounts/confirm.html", context)
