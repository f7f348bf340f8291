"""The router's decision in words."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from huntaze.charts import dollars

# What each word of ai.routing.router means; a test holds them to its types.
WHY: Mapping[str, Any] = MappingProxyType(
    {
        "compliance": _("A task of compliance is left to strong models only."),
        "prompt": _("The prompt is written for strong models."),
        "floor": _("The workspace wants the strong model's quality, and answers to this task cannot be compared."),
        "learned": _("The learned score expects that the strong model is worth its price here."),
        "cheap_first": _("A small model is asked first, and its answer is checked."),
        "no_small_model": _("No small model may be asked."),
        "no_strong_model": _("No strong model may be asked."),
    }
)
ROLES: Mapping[str, Any] = MappingProxyType(
    {
        "first": _("asked first"),
        "second_opinion": _("to agree with the first"),
        "repair": _("to put right what the check found"),
        "escalation": _("where the check still finds something"),
        "fallback": _("where the others fail"),
        "shadow": _("asked besides, to measure savings"),
    }
)
CHECKS: Mapping[str, Any] = MappingProxyType({"agreement": _("agreement"), "checker": _("the checker"), "none": _("nothing")})
REASONS: Mapping[str, Any] = MappingProxyType(
    {
        "no_model": _("no model is set up"),
        "retired": _("retired by its vendor"),
        "privacy": _("beyond the privacy tier of the workspace"),
        "capability": _("cannot do what is asked"),
        "language": _("does not write the language"),
        "context": _("too short for the prompt"),
        "health": _("its vendor does badly at the moment"),
        "tier": _("too small for the task"),
        "budget": _("dearer than what the budget leaves"),
        "spare": _("not needed"),
    }
)


def in_words(route: dict[str, Any]) -> str:
    """Return a stored route as HTML: why, who is asked in turn and what judges them, who is not and why not."""
    attempts = [
        {**attempt, "role": ROLES[attempt["role"]], "check": CHECKS[attempt["check"]], "cost": dollars(attempt["cost_nanousd"])}
        for attempt in route["attempts"]
    ]
    others = [{**one, "reason": REASONS[one["reason"]], "cost": dollars(one["cost_nanousd"])} for one in route["alternatives"]]
    told = {"route": route, "why": WHY[route["why"]], "attempts": attempts, "others": others, "cost": dollars(route["cost_nanousd"])}
    return render_to_string("admin/ai/route.html", told)
