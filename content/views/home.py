"""The home of a workspace: what the plan leaves, texts and drafts, an order, and what it all cost."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import Substr
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import limits
from accounts.browsers import session_id_of
from accounts.forms import add_faults
from accounts.models import Plan
from accounts.permissions import SCOPES
from accounts.queries import NotMember, Principal, find_principal, workspaces_of
from accounts.views.pages import of_workspace
from ai import queries, sse
from ai import services as ai
from ai.errors import GenerationNotEnded, GenerationNotOpen
from ai.models import FINAL, PERSONAL_KINDS, BudgetLevel, BudgetPeriod, FeedbackRating, Generation, GenerationFeedback
from content import services
from content.forms import OrderForm
from content.models import AssetStatus, ContentAsset
from huntaze import charts
from huntaze.api import throttling
from huntaze.api.errors import Problem, RateLimited, ValidationFailed, answer, problem_response

SHOWN = 5
EXCERPT_LENGTH = 600
DAYS = 30
LIMITS = {
    "ai_generations": gettext_lazy("Texts this month"),
    "content_assets": gettext_lazy("Pieces in the library"),
    "seats": gettext_lazy("Seats of the team"),
}
BUDGETS = {
    (BudgetLevel.PLAN, BudgetPeriod.MONTH): gettext_lazy("AI budget of the plan this month"),
    (BudgetLevel.WORKSPACE, BudgetPeriod.MONTH): gettext_lazy("AI budget of the workspace this month"),
    (BudgetLevel.WORKSPACE, BudgetPeriod.DAY): gettext_lazy("AI budget of the workspace today"),
}

RATINGS = {
    FeedbackRating.ACCEPTED.value: gettext_lazy("I take it as it is"),
    FeedbackRating.EDITED.value: gettext_lazy("I take it with changes"),
    FeedbackRating.DISCARDED.value: gettext_lazy("I drop it"),
}


@dataclass(frozen=True)
class Allowance:
    """What is used of something that the plan or a budget bounds, and what is left of it, in words; `value` None is unlimited."""

    name: Any
    used: int
    value: int | None
    told: str
    resets_at: datetime | None
    lifted_by: Any

    @property
    def most(self) -> int:
        """Return the whole length of the bar, which the browser wants to be more than nothing."""
        return max(self.value or 0, 1)

    @property
    def is_nearly_used(self) -> bool:
        """Return whether 80 % or more are used."""
        return self.value is not None and 5 * self.used >= 4 * self.value


def start(request: HttpRequest) -> HttpResponseBase:
    """Show the home of the person's default workspace; who is not signed in is told what this is, and where to sign in."""
    if session_id_of(request) is None:
        return render(request, "content/welcome.html")
    return workspace(request)


@require_http_methods(["GET", "HEAD", "POST"])
@of_workspace
def workspace(request: HttpRequest, person: Principal) -> HttpResponseBase:
    """Show the home of a workspace, and take an order."""
    form = OrderForm(request.POST if request.method == "POST" else None) if may(person, "generations:write") else None
    if form is not None and form.is_valid():
        try:
            throttling.count(throttling.quotas("ai", person), guarded=True)
            ordered = services.order_generation(workspace_id=person.workspace_id, created_by_id=person.id, asset=None, order=form.order())
        except RateLimited as refused:
            return answer(request, refused)
        except Problem as problem:
            add_faults(form, problem)
        else:
            return redirect("home_generation", person.workspace_id, ordered.pk)
    return render(request, "content/home.html", {"form": form, "person": person, **_shown(person)})


@require_safe
@of_workspace
def generation(request: HttpRequest, person: Principal, pk: UUID) -> HttpResponse:
    """Show one text: while it is written as it comes, then what came of it."""
    row = get_object_or_404(_texts(person), pk=pk)
    is_final, may_write = row.status in FINAL, may(person, "generations:write")
    told = {"generation": row, "person": person, "is_final": is_final, "may_write": may_write, "cost": charts.dollars(row.cost_nanousd)}
    if row.outputs and is_final and may_write:
        said = GenerationFeedback.objects.filter(generation=row, person=person.id).values_list("rating", flat=True).first()
        told["ratings"] = [(rating, name, rating == said) for rating, name in RATINGS.items()]
    return render(request, "content/generation.html", told)


@require_safe
@of_workspace
def events(request: HttpRequest, person: Principal, pk: UUID) -> HttpResponseBase:
    """Follow a text as it is written, as the API's stream does, for as long as the browser's session lives and its person may."""
    row = get_object_or_404(_texts(person), pk=pk)

    def is_still_allowed() -> bool:
        try:
            now = find_principal(session_id=person.session_id, workspace_id=person.workspace_id)
        except NotMember:
            return False
        return now is not None and may(now, "generations:read")

    try:
        return sse.response(request, row.pk, is_still_allowed=is_still_allowed)
    except ValidationFailed as problem:
        return problem_response(problem)


@require_POST
@of_workspace
def stop(request: HttpRequest, person: Principal, pk: UUID) -> HttpResponse:
    """Stop a text; one that has ended stays as it is, and its page says how it ended."""
    row = get_object_or_404(_texts(person), pk=pk)
    _require_write(person)
    with suppress(GenerationNotOpen):
        ai.cancel_generation(generation=row)
    return redirect("home_generation", person.workspace_id, pk)


@require_POST
@of_workspace
def rate(request: HttpRequest, person: Principal, pk: UUID) -> HttpResponse:
    """Store what the person made of a text that has ended."""
    row = get_object_or_404(_texts(person), pk=pk)
    _require_write(person)
    if (rating := request.POST.get("rating")) in RATINGS:
        with suppress(GenerationNotEnded):
            ai.rate_generation(generation=row, person_id=person.id, rating=rating, comment="")
            messages.success(request, _("Noted, thank you."))
    return redirect("home_generation", person.workspace_id, pk)


def may(person: Principal, scope: str) -> bool:
    """Return whether the person's role in the workspace holds a scope."""
    return scope in SCOPES[person.workspace_role]


def _require_write(person: Principal) -> None:
    if not may(person, "generations:write"):
        raise PermissionDenied(_("Your role does not allow this."))


def _texts(person: Principal) -> QuerySet[Generation]:
    """Return the texts of the workspace; what was written to one fan is none."""
    texts: QuerySet[Generation] = Generation.objects.in_workspace(person.workspace_id).exclude(kind__in=PERSONAL_KINDS)
    return texts


def _shown(person: Principal) -> dict[str, Any]:
    """Return all that the home shows but the form."""
    generations = _texts(person).only("id", "kind", "status", "input", "created_at")
    drafts = ContentAsset.objects.in_workspace(person.workspace_id).filter(status=AssetStatus.DRAFT)
    excerpts = drafts.annotate(excerpt=Substr("content", 1, EXCERPT_LENGTH)).only("id", "title", "type", "created_at", "generation_id")
    return {
        "workspaces": workspaces_of(person).only("id", "name").order_by("name", "id"),
        "allowances": [*_limits(person), *_budgets(person)],
        "generations": generations[:SHOWN],
        "drafts": excerpts[:SHOWN],
        "excerpt_length": EXCERPT_LENGTH,
        "charts": _charts(person.workspace_id),
        "plan": Plan(person.plan).label,
        "here": "home",
    }


def _limits(person: Principal) -> list[Allowance]:
    states = limits.states_of(workspace_id=person.workspace_id, limits=person.limits, names=tuple(LIMITS))
    return [
        _allowance(LIMITS[state["name"]], state["used"], state["value"], str, resets_at=state["resets_at"], lifted_by=state["lifted_by"])
        for state in states
    ]


def _budgets(person: Principal) -> list[Allowance]:
    """Return the budgets of all that the workspace spends; none to whom the API tells none."""
    if not may(person, "budgets:read"):
        return []
    return [
        _allowance(name, budget["used_microusd"], budget["limit_microusd"], _microdollars, resets_at=budget["resets_at"])
        for budget in queries.budgets_of(person.workspace_id)
        if (name := BUDGETS.get((budget["level"], budget["period"])))
    ]


def _allowance(
    name: Any, used: int, value: int | None, show: Callable[[int], str], *, resets_at: datetime | None, lifted_by: str | None = None
) -> Allowance:
    if value is None:
        told = _("%(used)s used, without a limit") % {"used": show(used)}
    else:
        told = _("%(left)s left of %(value)s") % {"left": show(max(0, value - used)), "value": show(value)}
    return Allowance(name, used, value, told, resets_at, Plan(lifted_by).label if lifted_by else "")


def _microdollars(amount: int) -> str:
    return charts.dollars(1000 * amount)


def _charts(workspace_id: UUID) -> list[charts.Chart]:
    """Return the charts of the last DAYS days, today included, beside as many before them."""
    days = queries.usage_by_day(workspace_id=workspace_id, last=datetime.now(UTC).date(), days=2 * DAYS)
    names = [date_format(day, "j M") for day, _sums in days[DAYS:]]

    def of(values: list[int], *, title: str, column: str, empty: str) -> charts.Chart:
        points = list(zip(names, values[DAYS:], strict=True))
        return charts.bars(title=title, column=column, empty=empty, points=points, before=values[:DAYS], show=charts.dollars)

    return [
        of(
            [sums["nanousd"] if sums else 0 for _day, sums in days],
            title=_("Spent on AI a day, in US dollars"),
            column=_("Spent"),
            empty=_("Nothing was spent in these 60 days. What models cost appears here day by day."),
        ),
        of(
            [sums["savings"]["saved_nanousd"] if sums else 0 for _day, sums in days],
            title=_("Saved on AI a day, in US dollars"),
            column=_("Saved"),
            empty=_("Nothing was saved in these 60 days. What texts cost less than the reference model alone appears here day by day."),
        ),
    ]
