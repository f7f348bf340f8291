"""Which models write an order: the router's decision, made of what the workspace allows and how the vendors do at the moment."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings

from ai import providers, queries
from ai.models import Generation
from ai.providers.circuit import CIRCUITS
from ai.queries import PricedModel
from ai.routing import calibration, router
from ai.routing.router import NoRoute, Route, Snapshot, Terms, Work
from ai.writing import Step


@dataclass(frozen=True)
class Plan:
    """A route, the model of each of its attempts, and the reference model, if there is one."""

    route: Route
    models: tuple[PricedModel, ...]
    reference: PricedModel | None

    def steps(self) -> list[Step]:
        """Return what is asked in turn."""
        pairs = zip(self.models, self.route.attempts, strict=True)
        return [Step(providers.get(model.provider), model.sent_name, model.key, attempt.role) for model, attempt in pairs]


def plan(work: Work, generation: Generation) -> Plan:
    """Return who writes it, for the money that is left to it: what it holds and its budgets leave, less what it has spent.

    Makes one statement, and asks Valkey which circuits are open. Raises NoRoute where no model may be asked.
    """
    offer = queries.offer(workspace_id=generation.workspace_id, member_id=generation.created_by_id, key_id=generation.key_id)
    spent, left, limit = generation.cost_nanousd, offer.terms.budget_nanousd, generation.limit_nanousd
    bounds = (None if left is None else left + generation.reserved_nanousd, limit)
    terms = replace(
        offer.terms,
        budget_nanousd=min((bound - spent for bound in bounds if bound is not None), default=None),
        shadow=generation.id.int % 100 < settings.AI_SHADOW_PERCENT,
    )
    found = _route(work, terms, Snapshot(offer.models, datetime.now(UTC).date(), _unwell(offer.models)))
    by_key = {model.key: model for model in offer.models}
    models = tuple(by_key[attempt.provider, attempt.model] for attempt in found.attempts)
    return Plan(found, models, by_key[found.reference] if found.reference else None)


def _route(work: Work, terms: Terms, now: Snapshot) -> Route:
    """Decide; what only a budget or an open circuit forbids is planned all the same, for these to refuse it in their own words."""
    learned = calibration.load()
    try:
        return router.route(work, terms, now, learned)
    except NoRoute as none:
        if none.reason not in ("budget", "health"):
            raise
        return router.route(work, replace(terms, budget_nanousd=None, shadow=False), replace(now, unwell=frozenset()), learned)


def _unwell(models: Sequence[PricedModel]) -> frozenset[tuple[str, str]]:
    if not models:
        return frozenset()
    broken = {(circuit.provider, circuit.deployment) for circuit in CIRCUITS.snapshot() if circuit.state == "open"}
    return frozenset(model.key for model in models if (model.provider, model.sent_name) in broken)
