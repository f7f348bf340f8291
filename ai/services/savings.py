"""What the reference model alone would have cost: the baseline that savings are measured against (docs/ai-savings.md)."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from django.db.models import Sum
from django.utils import timezone

from ai.models import ShadowSample
from ai.queries import PricedModel
from ai.writing import Call, Outcome

SAMPLED_WITHIN = timedelta(days=90)


def baseline_nanousd(task: str, outcome: Outcome, reference: PricedModel | None) -> int | None:
    """Return what `reference` would have cost for the texts that models wrote, asked once for each; None without a reference.

    It reads what the answering call read, at its own price for each kind of token, and writes as many tokens more or less as shadow
    samples of the last 90 days showed. A text that no model wrote has no baseline: what was spent on it is lost.
    """
    if reference is None:
        return None
    ratios = {key: _ratio(task, key, reference.key) for key in {answer.step.key for answer in outcome.answers}}
    return sum(_cost(answer, reference, ratios[answer.step.key]) for answer in outcome.answers)


def note_shadow(task: str, outcome: Outcome) -> None:
    """Keep how much the reference model wrote, where it was asked and both counts are the vendors' own."""
    if outcome.shadow is None or {outcome.shadow.usage.source, outcome.answers[0].usage.source} != {"reported"}:
        return
    ShadowSample.objects.create(
        task=task,
        model="/".join(outcome.answers[0].step.key),
        reference="/".join(outcome.shadow.step.key),
        output_tokens=outcome.answers[0].usage.output_tokens,
        reference_output_tokens=outcome.shadow.usage.output_tokens,
    )


def _cost(answer: Call, reference: PricedModel, ratio: Fraction) -> int:
    return reference.cost_nanousd(replace(answer.usage, output_tokens=round(answer.usage.output_tokens * ratio)))


def _ratio(task: str, model: tuple[str, str], reference: tuple[str, str]) -> Fraction:
    """Return how many tokens the reference writes for one of the model's, 1 where nothing was sampled."""
    if model == reference:
        return Fraction(1)
    since = timezone.now() - SAMPLED_WITHIN
    samples = ShadowSample.objects.filter(task=task, model="/".join(model), reference="/".join(reference), created_at__gte=since)
    sums = samples.aggregate(ours=Sum("output_tokens"), theirs=Sum("reference_output_tokens"))
    return Fraction(sums["theirs"], sums["ours"]) if sums["ours"] else Fraction(1)
