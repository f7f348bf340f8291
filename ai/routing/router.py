"""Decide which models may write an answer, in which order, and why: a pure function, so that a decision can be made again.

Hard rules come first (retirement, privacy, abilities, context, health), then the task's tier, then what was learned from
outcomes, then the budget. docs/ai-routing.md tells the whole order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from ai import pricing
from ai.providers.base import Usage
from ai.routing import prescore
from ai.routing.calibration import Calibration

Tier = Literal["small", "strong"]
Privacy = Literal["local_only", "eu_only", "any"]
Floor = Literal["97", "99", "100"]
Role = Literal["first", "second_opinion", "repair", "escalation", "fallback", "shadow"]
Check = Literal["agreement", "checker", "none"]
# Why a model is not asked, or why none can be.
Reason = Literal["no_model", "retired", "privacy", "capability", "language", "context", "health", "tier", "budget", "spare"]
Why = Literal["compliance", "prompt", "floor", "learned", "cheap_first", "no_small_model", "no_strong_model"]

# Where the texts may be processed; what runs on the operator's own machines may be asked always.
LOCAL, EU = "local", "eu"
MOST_FALLBACKS = 1


@dataclass(frozen=True)
class Task:
    """What a task needs: `compliance` is never left to a small model; answers that are `comparable` can be checked by a second one."""

    compliance: bool = False
    comparable: bool = False


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        **dict.fromkeys(("post", "story", "caption", "ideas", "script", "hashtags"), Task()),
        **dict.fromkeys(("reply", "personalize"), Task()),
        **dict.fromkeys(("classify", "extract", "answer"), Task(comparable=True)),
        **dict.fromkeys(("moderation", "compliance"), Task(compliance=True)),
    }
)


@dataclass(frozen=True)
class Candidate:
    """One model of the catalogue, with the prices in force in micro-dollars per million tokens.

    `regions` hold `local` for what runs on the operator's machines; `context_tokens` None is a length that nobody tells, `languages` None
    are all. A `stand_in` is asked only where no other model may be. Of two that cost the same the lower `rank` is asked.
    """

    provider: str
    name: str
    tier: Tier
    regions: frozenset[str]
    context_tokens: int | None
    capabilities: frozenset[str]
    input_price: int
    cached_price: int
    output_price: int
    cache_write_price: int | None = None
    retires_on: date | None = None
    languages: frozenset[str] | None = None
    stand_in: bool = False
    rank: int = 100

    @property
    def key(self) -> tuple[str, str]:
        """Return what names the model in the whole catalogue."""
        return self.provider, self.name


@dataclass(frozen=True)
class Work:
    """What is asked: the task, the prompt's own text, the tokens of one call at most, and what a model must be able to do.

    `tier` is the least that the prompt is written for.

    Each attempt is made up to `times` times, once for each text; all but the first read `repair_tokens` more: the text before and
    what was wrong with it.
    """

    task: str
    prompt: str
    input_tokens: int
    max_output_tokens: int
    needs: frozenset[str] = frozenset()
    language: str | None = None
    tier: Tier = "small"
    repair_tokens: int = 0
    times: int = 1

    def cost_nanousd(self, one: Candidate, *, is_first: bool) -> int:
        """Return what the calls of one attempt cost at most; nothing is counted on to come from a cache."""
        read = self.input_tokens + (0 if is_first else self.repair_tokens)
        return self.times * pricing.cost_nanousd(one, Usage(read, 0, self.max_output_tokens, "unknown"))

    @property
    def most_tokens(self) -> int:
        """Return the tokens of the longest call, read and written."""
        return self.input_tokens + self.repair_tokens + self.max_output_tokens


@dataclass(frozen=True)
class Terms:
    """What the workspace allows: where texts may go, its plan, and what is left to spend, without a limit where None.

    `floor` is the share of the strong model's quality that must be kept, in percent. Savings are measured against `reference`
    (`provider/name`), by default the cheapest strong model; where `shadow` is set, it is asked too, so that its answer can be measured.
    """

    privacy: Privacy = "any"
    floor: Floor = "99"
    plan: str = "free"
    budget_nanousd: int | None = None
    reference: str = ""
    shadow: bool = False


@dataclass(frozen=True)
class Snapshot:
    """What is true at the moment: the models, those whose circuit is open (provider and name), and the day."""

    candidates: Sequence[Candidate]
    today: date
    unwell: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """One step of the plan: which model, what it may cost at most, and what judges its answer."""

    provider: str
    model: str
    role: Role
    check: Check
    cost_nanousd: int


@dataclass(frozen=True)
class Alternative:
    """A model that is not asked, what it would cost at most to ask it first, and why it is not."""

    provider: str
    model: str
    cost_nanousd: int
    reason: Reason


@dataclass(frozen=True)
class Route:
    """The decision: attempts in order, each made only where the one before did not do, and their worst sum.

    A `shadow` is asked when the text is there already. `score` is the expected gain of the strong model where a learned rule was
    asked, `calibrated_on` the day of that rule; `reference` is the model whose price savings are measured against.
    """

    task: str
    why: Why
    attempts: tuple[Attempt, ...]
    alternatives: tuple[Alternative, ...]
    cost_nanousd: int
    score: float | None = None
    calibrated_on: str | None = None
    reference: tuple[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is stored with a generation."""
        return asdict(self)


class NoRoute(Exception):
    """No model may be asked. `reason` is the rule that shut out the last of them, `alternatives` tell of each."""

    def __init__(self, reason: Reason, alternatives: tuple[Alternative, ...]) -> None:
        super().__init__(reason)
        self.reason, self.alternatives = reason, alternatives


def route(work: Work, terms: Terms, now: Snapshot, calibration: Calibration) -> Route:
    """Return the cheapest plan that the rules and the floor of quality allow.

    Raises NoRoute where no model is left, LookupError for a task that is not in TASKS.
    """
    task = TASKS[work.task]
    costs = {one.key: work.cost_nanousd(one, is_first=True) for one in now.candidates}
    ranked = sorted(now.candidates, key=lambda one: (costs[one.key], one.rank, one.key))
    refused = _refusals(ranked, work, terms, now)
    allowed = [one for one in ranked if one.key not in refused]
    small, strong = ([one for one in allowed if one.tier == tier] for tier in ("small", "strong"))
    why, score = _why(task, work, terms, calibration, small, strong)
    reference = _reference(ranked, refused, terms)
    attempts, too_dear = _affordable(_steps(task, why, small, strong), work, terms.budget_nanousd)
    attempts += _repair(attempts, work, terms, allowed)
    attempts += _shadow(attempts, work, terms, reference)
    if why in ("compliance", "prompt", "floor"):
        refused |= {one.key: "tier" for one in small}
    refused |= {one.key: "budget" for one in too_dear}
    asked = {(attempt.provider, attempt.model) for attempt in attempts}
    others = [one for one in ranked if one.key not in asked]
    alternatives = tuple(Alternative(one.provider, one.name, costs[one.key], refused.get(one.key, "spare")) for one in others)
    if not attempts:
        raise NoRoute(_last_rule(alternatives), alternatives)
    made_on = str(calibration.facts["made_on"]) if score is not None else None
    cost = sum(attempt.cost_nanousd for attempt in attempts)
    return Route(work.task, why, attempts, alternatives, cost, score, made_on, reference.key if reference else None)


def _refusals(candidates: Sequence[Candidate], work: Work, terms: Terms, now: Snapshot) -> dict[tuple[str, str], Reason]:
    """Return why models may not be asked, by the first hard rule that shuts each out; a stand-in, where another model is there."""
    refused = {one.key: reason for one in candidates if (reason := _refusal(one, work, terms, now))}
    if any(refused.get(one.key) in (None, "health") for one in candidates if not one.stand_in):
        refused |= {one.key: "spare" for one in candidates if one.stand_in and one.key not in refused}
    return refused


def _refusal(one: Candidate, work: Work, terms: Terms, now: Snapshot) -> Reason | None:
    if one.retires_on is not None and one.retires_on <= now.today:
        return "retired"
    if not _may_see(one, terms.privacy):
        return "privacy"
    if not work.needs <= one.capabilities:
        return "capability"
    if one.languages is not None and work.language is not None and work.language not in one.languages:
        return "language"
    if one.context_tokens is not None and work.most_tokens > one.context_tokens:
        return "context"
    return "health" if one.key in now.unwell else None


def _may_see(one: Candidate, privacy: Privacy) -> bool:
    if privacy == "any" or LOCAL in one.regions:
        return True
    return privacy == "eu_only" and EU in one.regions


def _reference(ranked: Sequence[Candidate], refused: Mapping[tuple[str, str], Reason], terms: Terms) -> Candidate | None:
    """Return what the workspace would ask if it asked one strong model always: the one that is named, else the cheapest."""
    strong = [one for one in ranked if one.tier == "strong" and refused.get(one.key) in (None, "health")]
    named = [one for one in strong if "/".join(one.key) == terms.reference]
    return next(iter(named or strong), None)


def _why(
    task: Task, work: Work, terms: Terms, calibration: Calibration, small: Sequence[Candidate], strong: Sequence[Candidate]
) -> tuple[Why, float | None]:
    """Return which rule decides what is asked first, and the learned score where one was asked for.

    The free plan never begins with a strong model on the word of a score: its allowance would be gone in a day.
    """
    if task.compliance:
        return "compliance", None
    if work.tier == "strong":
        return "prompt", None
    if not small:
        return "no_small_model", None
    if not strong:
        return "no_strong_model", None
    if terms.floor == "100" and not task.comparable:
        return "floor", None
    learned = calibration.families.get(work.task if not task.comparable else prescore.family_of(work.prompt))
    if learned is None or learned.model is None:
        return "cheap_first", None
    score = learned.model.score(prescore.features_of(work.prompt))
    threshold = learned.thresholds["prescore"][terms.floor]
    asked = threshold.score is None or score >= threshold.score
    return ("learned" if asked and terms.plan != "free" else "cheap_first"), score


def _steps(task: Task, why: Why, small: Sequence[Candidate], strong: Sequence[Candidate]) -> list[tuple[Candidate, Role, Check]]:
    """Return the calls in order, as far as the budget goes; a small model's answer is checked, a strong one's stays unless broken."""
    if why == "compliance":
        return _in_turn(list(reversed(strong)), "none")
    if why in ("prompt", "floor", "learned", "no_small_model"):
        return _in_turn(strong, "checker")
    check: Check = "agreement" if task.comparable and len(small) > 1 else "checker"
    steps: list[tuple[Candidate, Role, Check]] = [(small[0], "first", check)]
    if check == "agreement":
        steps.append((small[1], "second_opinion", check))
    if strong:
        steps.append((strong[0], "escalation", "checker"))
    spare = strong[1:] or [one for one in small[1:] if check != "agreement"]
    return steps + [(one, "fallback", "checker") for one in spare[:MOST_FALLBACKS]]


def _in_turn(models: Sequence[Candidate], check: Check) -> list[tuple[Candidate, Role, Check]]:
    return [(one, "fallback" if number else "first", check) for number, one in enumerate(models[: 1 + MOST_FALLBACKS])]


def _affordable(
    steps: Iterable[tuple[Candidate, Role, Check]], work: Work, budget: int | None
) -> tuple[tuple[Attempt, ...], list[Candidate]]:
    """Return the calls whose worst sum the budget holds, in order, and the models that it does not; all of them may come to be billed."""
    attempts: tuple[Attempt, ...] = ()
    too_dear: list[Candidate] = []
    for one, role, check in steps:
        cost = work.cost_nanousd(one, is_first=not attempts)
        if _fits(cost, attempts, budget):
            attempts += (Attempt(one.provider, one.name, role if attempts else "first", check, cost),)
        else:
            too_dear.append(one)
    if not any(attempt.role == "second_opinion" for attempt in attempts):
        attempts = tuple(_unpaired(attempt) for attempt in attempts)
    return attempts, too_dear


def _fits(cost: int, attempts: Iterable[Attempt], budget: int | None) -> bool:
    return budget is None or cost + sum(attempt.cost_nanousd for attempt in attempts) <= budget


def _repair(attempts: tuple[Attempt, ...], work: Work, terms: Terms, allowed: Sequence[Candidate]) -> tuple[Attempt, ...]:
    """Return the second try of a model that is checked and alone, where the budget holds it."""
    if len(attempts) != 1 or attempts[0].check != "checker":
        return ()
    only = attempts[0]
    cost = next(work.cost_nanousd(one, is_first=False) for one in allowed if one.key == (only.provider, only.model))
    return (replace(only, role="repair", cost_nanousd=cost),) if _fits(cost, attempts, terms.budget_nanousd) else ()


def _shadow(attempts: tuple[Attempt, ...], work: Work, terms: Terms, reference: Candidate | None) -> tuple[Attempt, ...]:
    """Return the call of the reference model that measures what it would have written, where one is wanted, allowed and held."""
    if not terms.shadow or terms.privacy == "local_only" or reference is None or not attempts:
        return ()
    cost = replace(work, times=1).cost_nanousd(reference, is_first=True)
    if (attempts[0].provider, attempts[0].model) == reference.key or not _fits(cost, attempts, terms.budget_nanousd):
        return ()
    return (Attempt(*reference.key, "shadow", "none", cost),)


def _unpaired(attempt: Attempt) -> Attempt:
    """Return the attempt with the checker, where no second opinion is left to agree with."""
    return replace(attempt, check="checker") if attempt.check == "agreement" else attempt


def _last_rule(alternatives: Sequence[Alternative]) -> Reason:
    """Return the rule that came nearest to letting a model through."""
    order: tuple[Reason, ...] = ("budget", "tier", "health", "context", "language", "capability", "privacy", "retired")
    found = {alternative.reason for alternative in alternatives}
    return next((reason for reason in order if reason in found), "no_model")
