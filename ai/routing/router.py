"""Decide which models may write an answer, in which order, and why: a pure function, so that a decision can be made again.

Hard rules come first (retirement, privacy, abilities, context, health), then the task's tier, then what was learned from
outcomes, then the budget. docs/ai-routing.md tells the whole order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

from ai import pricing
from ai.routing import prescore
from ai.routing.calibration import Calibration

Privacy = Literal["local_only", "eu_only", "any"]
Floor = Literal["97", "99", "100"]
Role = Literal["first", "second_opinion", "escalation", "fallback"]
Check = Literal["agreement", "checker", "none"]
# Why a model is not asked, or why none can be.
Reason = Literal["retired", "privacy", "capability", "context", "health", "tier", "budget", "spare"]
Why = Literal["compliance", "floor", "learned", "cheap_first", "no_small_model", "no_strong_model"]

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

    `regions` hold `local` for what runs on the operator's machines; `context_tokens` None is a length that nobody tells.
    """

    provider: str
    name: str
    tier: Literal["small", "strong"]
    regions: frozenset[str]
    context_tokens: int | None
    capabilities: frozenset[str]
    input_price: int
    cached_price: int
    output_price: int
    cache_write_price: int | None = None
    retires_on: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.provider, self.name


@dataclass(frozen=True)
class Work:
    """What is asked: the task, the prompt's own text, the tokens of one call at most, and the abilities without which it cannot be done."""

    task: str
    prompt: str
    input_tokens: int
    max_output_tokens: int
    needs: frozenset[str] = frozenset()

    # One call, as pricing.Tokens reads it: nothing is counted on to come from a cache.
    cached_tokens = 0
    cache_write_tokens = 0

    @property
    def output_tokens(self) -> int:
        return self.max_output_tokens


@dataclass(frozen=True)
class Terms:
    """What the workspace allows: where texts may go, its plan, and what is left to spend, without a limit where None.

    `floor` is the share of the strong model's quality that must be kept, in percent.
    """

    privacy: Privacy = "any"
    floor: Floor = "99"
    plan: str = "free"
    budget_nanousd: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """What is true at the moment: the models, those whose circuit is open (provider and name), and the day."""

    candidates: Sequence[Candidate]
    today: date
    unwell: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Attempt:
    """One call of the plan; what it may cost at most, and what judges its answer."""

    provider: str
    model: str
    role: Role
    check: Check
    cost_nanousd: int


@dataclass(frozen=True)
class Alternative:
    """A model that is not asked, what one call of it would cost at most, and why it is not."""

    provider: str
    model: str
    cost_nanousd: int
    reason: Reason


@dataclass(frozen=True)
class Route:
    """The decision: attempts in order, each made only where the one before did not do, and their worst sum.

    `score` is the expected gain of the strong model where a learned rule was asked, `calibrated_on` the day of that rule.
    """

    task: str
    why: Why
    attempts: tuple[Attempt, ...]
    alternatives: tuple[Alternative, ...]
    cost_nanousd: int
    score: float | None = None
    calibrated_on: str | None = None

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
    costs = {one.key: pricing.cost_nanousd(one, work) for one in now.candidates}
    refused = {one.key: reason for one in now.candidates if (reason := _refusal(one, work, terms, now))}
    allowed = sorted((one for one in now.candidates if one.key not in refused), key=lambda one: (costs[one.key], one.key))
    small, strong = ([one for one in allowed if one.tier == tier] for tier in ("small", "strong"))
    why, score = _why(task, work, terms, calibration, small, strong)
    steps = _steps(task, why, small, strong)
    attempts, too_dear = _affordable(steps, costs, terms.budget_nanousd)
    if why in ("compliance", "floor"):
        refused |= {one.key: "tier" for one in small}
    refused |= {one.key: "budget" for one in too_dear}
    asked = {(attempt.provider, attempt.model) for attempt in attempts}
    others = sorted((one for one in now.candidates if one.key not in asked), key=lambda one: (costs[one.key], one.key))
    alternatives = tuple(Alternative(one.provider, one.name, costs[one.key], refused.get(one.key, "spare")) for one in others)
    if not attempts:
        raise NoRoute(_last_rule(alternatives), alternatives)
    made_on = str(calibration.facts["made_on"]) if score is not None else None
    return Route(work.task, why, attempts, alternatives, sum(attempt.cost_nanousd for attempt in attempts), score, made_on)


def _refusal(one: Candidate, work: Work, terms: Terms, now: Snapshot) -> Reason | None:
    """Return the first hard rule that shuts a model out."""
    if one.retires_on is not None and one.retires_on <= now.today:
        return "retired"
    if not _may_see(one, terms.privacy):
        return "privacy"
    if not work.needs <= one.capabilities:
        return "capability"
    if one.context_tokens is not None and work.input_tokens + work.max_output_tokens > one.context_tokens:
        return "context"
    return "health" if one.key in now.unwell else None


def _may_see(one: Candidate, privacy: Privacy) -> bool:
    if privacy == "any" or LOCAL in one.regions:
        return True
    return privacy == "eu_only" and EU in one.regions


def _why(
    task: Task, work: Work, terms: Terms, calibration: Calibration, small: Sequence[Candidate], strong: Sequence[Candidate]
) -> tuple[Why, float | None]:
    """Return which rule decides what is asked first, and the learned score where one was asked for.

    The free plan never begins with a strong model on the word of a score: its allowance would be gone in a day.
    """
    if task.compliance:
        return "compliance", None
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
    if why in ("floor", "learned", "no_small_model"):
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
    steps: Iterable[tuple[Candidate, Role, Check]], costs: Mapping[tuple[str, str], int], budget: int | None
) -> tuple[tuple[Attempt, ...], list[Candidate]]:
    """Return the calls whose worst sum the budget holds, in order, and the models that it does not; all of them may come to be billed."""
    attempts: list[Attempt] = []
    too_dear: list[Candidate] = []
    left = budget
    for one, role, check in steps:
        cost = costs[one.key]
        if left is not None and cost > left:
            too_dear.append(one)
            continue
        attempts.append(Attempt(one.provider, one.name, role if attempts else "first", check, cost))
        left = None if left is None else left - cost
    if not any(attempt.role == "second_opinion" for attempt in attempts):
        attempts = [_unpaired(attempt) for attempt in attempts]
    return tuple(attempts), too_dear


def _unpaired(attempt: Attempt) -> Attempt:
    """Return the attempt with the checker, where no second opinion is left to agree with."""
    return Attempt(
        attempt.provider, attempt.model, attempt.role, "checker" if attempt.check == "agreement" else attempt.check, attempt.cost_nanousd
    )


def _last_rule(alternatives: Sequence[Alternative]) -> Reason:
    """Return the rule that came nearest to letting a model through."""
    order: tuple[Reason, ...] = ("budget", "tier", "health", "context", "capability", "privacy", "retired")
    found = {alternative.reason for alternative in alternatives}
    return next((reason for reason in order if reason in found), "retired")
