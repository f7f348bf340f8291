"""Write the variants of one assignment: ask the models in the order of the route, judge, ask on with the reason, else stand in.

Knows providers and no database: what happens is told to `emit` as it happens.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from django.utils.translation import gettext as _

from ai.checker import Failure
from ai.prompts import Prompt
from ai.providers.base import Completion, CompletionRequest, Message, Provider, ProviderError, TextChunk, Usage, most_usage
from ai.providers.retry import with_retries
from ai.routing.router import NoRoute, Reason, Role, Work
from ai.template_engine import UnsupportedByTemplate

Emit = Callable[[str, dict[str, Any]], None]

CORRECTION_TOKENS = 500
# The attempts whose texts people see.
DRAFTING: frozenset[Role] = frozenset({"first", "repair", "escalation", "fallback"})


@dataclass(frozen=True)
class Step:
    """One attempt of the route: the provider, the name that it knows the model by, and the model's key in the catalogue."""

    provider: Provider
    sent_name: str
    key: tuple[str, str]
    role: Role


class Call(NamedTuple):
    """One call of a step, and what it used, or can use at most."""

    step: Step
    usage: Usage


BeforeCall = Callable[[list[Call]], None]


class Assignment(Protocol):
    """What is to be written in `variants` of its `order`, in the order's `language`."""

    @property
    def kind(self) -> str: ...

    @property
    def order(self) -> Mapping[str, Any]: ...

    @property
    def prompt(self) -> Prompt: ...

    @property
    def max_output_tokens(self) -> int: ...

    @property
    def is_streamed(self) -> bool:
        """Whether readers see a text before it is judged."""
        ...

    def decided(self) -> dict[str, Any] | None:
        """Return the one output that rules alone write, or None where models are asked."""
        ...

    def messages(self) -> tuple[Message, ...]:
        """Return what a model is asked first."""
        ...

    def judge(self, answer: str) -> dict[str, Any] | list[Failure]:
        """Return the fields of an output, `text` among them, or what is wrong with a model's answer."""
        ...

    def stand_in(self, variant: int) -> dict[str, Any]:
        """Return the fields of the output for when no answer is kept, `text` and `origin` among them. Raises UnsupportedByTemplate."""
        ...


@dataclass
class Outcome:
    """What came of a generation: finished variants, the calls made and which of them answered, and why it ended early, if it did.

    `shadow` is the call that measured what the reference model would have written for the first answer.
    """

    outputs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    answers: list[Call] = field(default_factory=list)
    shadow: Call | None = None
    checks: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    cancelled: bool = False

    @property
    def is_without_model(self) -> bool:
        """Return whether templates or rules wrote all that there is."""
        return bool(self.outputs) and all(output["origin"] != "model" for output in self.outputs)


class Cancelled(Exception):
    """The writing was stopped from outside."""


class BudgetSpent(Exception):
    """A further call could cost more than the order allows."""


def no_plan(_work: Work) -> Sequence[Step]:
    """Ask nobody."""
    raise NoRoute("no_model", ())


@dataclass(kw_only=True, eq=False)
class Writing:
    """One run over the variants of an assignment; `stop` may be called from any thread.

    `plan` says what is asked in turn for each variant, until an answer passes, or raises NoRoute; else the assignment has a stand-in.
    `before_call` is told of all calls and the next one, at its most; it may raise BudgetSpent or Cancelled.
    """

    assignment: Assignment
    seed: int = 0
    plan: Callable[[Work], Sequence[Step]] = no_plan
    emit: Emit = lambda _event, _data: None
    before_call: BeforeCall = lambda _calls: None
    outcome: Outcome = field(init=False, default_factory=Outcome)

    def __post_init__(self) -> None:
        self._steps: Sequence[Step] = ()
        self._absence: Reason = "no_model"
        self._stopped = threading.Event()
        self._completion: Completion | None = None
        self._failed: set[tuple[str, str]] = set()
        self._shown = 0  # the last variant of which a reader has seen a text

    @property
    def writer(self) -> tuple[str, str]:
        """Return provider and model of the first text by a model; of what was asked first, or what stood in, without."""
        if self.outcome.answers:
            return self.outcome.answers[0].step.key
        if self._steps and not self.outcome.is_without_model:
            return self._steps[0].key
        return (self.outcome.outputs[0]["origin"] if self.outcome.outputs else "template"), ""

    def stop(self) -> None:
        """End the writing: the provider's call is closed at once and no other begins."""
        self._stopped.set()
        if self._completion is not None:
            self._completion.close()

    def run(self) -> Outcome:
        """Write all variants; a provider's failure or a stop ends the run and keeps the variants written before."""
        if decided := self.assignment.decided():
            self.emit("started", {"provider": decided["origin"]})
            self.outcome.outputs.append({"variant": 1, **self._without_model(1, decided)})
            return self.outcome
        self._choose()
        try:
            for variant in range(1, self.assignment.order["variants"] + 1):
                self.outcome.outputs.append({"variant": variant, **self._write_variant(variant)})
            self._measure()
        except Cancelled:
            self.outcome.cancelled = True
        except ProviderError as error:
            self.outcome.error = {"code": error.code, "detail": error.detail, "upstream": error.upstream}
        except BudgetSpent as error:
            self.outcome.error = {"code": "budget_exceeded", "detail": str(error)}
        except UnsupportedByTemplate as error:
            self.outcome.error = {"code": "unsupported_by_template", "detail": str(error)}
        return self.outcome

    def work(self) -> Work:
        """Return what the router is told of this order: one call for each variant, told at its most."""
        messages, order = self.assignment.messages(), self.assignment.order
        most = most_usage(self._request(messages, model="", variant=1))
        return Work(
            task=self.assignment.kind,
            prompt="\n".join(message.content for message in messages),
            input_tokens=most.input_tokens,
            max_output_tokens=most.output_tokens,
            language=order["language"],
            tier=self.assignment.prompt.tier,
            # A second call reads the first one's text besides, four bytes of most tokens, and a few sentences about it.
            repair_tokens=4 * most.output_tokens + CORRECTION_TOKENS,
            times=order["variants"],
        )

    def _choose(self) -> None:
        try:
            self._steps = self.plan(self.work())
        except NoRoute as none:
            self._absence = none.reason
        self.emit("started", {"provider": self._steps[0].key[0] if self._steps else "template"})

    def _write_variant(self, variant: int) -> dict[str, Any]:
        if self._stopped.is_set():
            raise Cancelled
        if not self._steps:
            self._reject(variant, 1, [self._why_none()])
            return self._stand_in(variant)
        messages = self.assignment.messages()
        correction: tuple[Message, ...] = ()
        drafts, fault = 0, None
        for step in self._steps:
            if step.role not in DRAFTING or step.key in self._failed:
                continue
            streamed = self.assignment.is_streamed and drafts == 0 and self._shown != variant
            try:
                text = self._ask(step, (*messages, *correction), variant=variant, streamed=streamed)
            except ProviderError as error:
                if not error.may_be_asked_elsewhere:
                    raise
                self._failed.add(step.key)
                fault = error
                continue
            drafts, fault = drafts + 1, None
            judged = self.assignment.judge(text)
            if isinstance(judged, dict):
                return self._keep(variant, judged, streamed=streamed)
            self._reject(variant, drafts, judged)
            correction = self._correction(text, judged)
        if fault is not None:
            raise fault
        return self._stand_in(variant)

    def _measure(self) -> None:
        """Ask the reference model, where it is wanted, what it would have written: its length counts, its failure does not."""
        answers, step = self.outcome.answers, next((step for step in self._steps if step.role == "shadow"), None)
        if step is None or not answers or answers[0].step.key == step.key:
            return
        try:
            self._ask(step, self.assignment.messages(), variant=1, streamed=False)
        except (ProviderError, BudgetSpent, Cancelled):
            return
        self.outcome.shadow = self.outcome.calls[-1]

    def _ask(self, step: Step, messages: tuple[Message, ...], *, variant: int, streamed: bool) -> str:
        """Return the text of one call, retried where that may help; each try's usage goes into the outcome."""
        request = self._request(messages, model=step.sent_name, variant=variant)
        text = ""
        for item in with_retries(lambda: self._open(step, request), stopped=self._stopped, spent=lambda usage: self._note(step, usage)):
            if isinstance(item, TextChunk):
                if streamed:
                    self._shown = variant
                    self.emit("text", {"variant": variant, "offset": len(text), "text": item.text})
                text += item.text
        if self._stopped.is_set():
            raise Cancelled
        return text

    def _request(self, messages: tuple[Message, ...], *, model: str, variant: int) -> CompletionRequest:
        return CompletionRequest(
            model=model,
            messages=messages,
            max_output_tokens=self.assignment.max_output_tokens,
            temperature=self.assignment.prompt.temperature,
            seed=(self.seed + variant) % 2**31,
            schema=self.assignment.prompt.schema,
        )

    def _open(self, step: Step, request: CompletionRequest) -> Completion:
        self.before_call([*self.outcome.calls, Call(step, most_usage(request))])
        self._completion = step.provider.stream(request)
        if self._stopped.is_set():
            self._completion.close()
        return self._completion

    def _note(self, step: Step, usage: Usage) -> None:
        self.outcome.calls.append(Call(step, usage))

    def _reject(self, variant: int, draft: int, failures: list[Failure]) -> None:
        checks = [{"variant": variant, "draft": draft, "code": failure.code, "detail": failure.detail} for failure in failures]
        self.outcome.checks += checks
        self.emit("rejected", {"variant": variant, "draft": draft, "reasons": [failure.code for failure in failures]})

    def _keep(self, variant: int, written: dict[str, Any], *, streamed: bool) -> dict[str, Any]:
        """Take what was written by the last call."""
        answer = self.outcome.calls[-1]
        self.outcome.answers.append(answer)
        if not streamed:
            self.emit("replaced", {"variant": variant, **written, "origin": "model"})
        provider, model = answer.step.key
        return {**written, "origin": "model", "provider": provider, "model": model}

    def _why_none(self) -> Failure:
        if self._absence == "language":
            return Failure("model_language", _("The embedded model writes English only."))
        if self._absence == "context":
            return Failure("model_context", _("It is longer than any model can read that may be asked."))
        return Failure("no_model", _("No AI model is configured that the workspace's privacy tier allows."))

    def _stand_in(self, variant: int) -> dict[str, Any]:
        return self._without_model(variant, self.assignment.stand_in(variant))

    def _without_model(self, variant: int, written: dict[str, Any]) -> dict[str, Any]:
        self.emit("replaced", {"variant": variant, **written})
        return {**written, "provider": written["origin"], "model": ""}

    def _correction(self, text: str, failures: list[Failure]) -> tuple[Message, ...]:
        reasons = " ".join(failure.detail for failure in failures)
        wanted = "the text itself" if self.assignment.prompt.schema is None else "the corrected JSON"
        return (Message("assistant", text), Message("user", f"That draft cannot be used. {reasons} Write it again, and only {wanted}."))
