"""Write the variants of one generation: ask the model, check, ask again with the reason, else fall back to templates.

Knows providers, prompts, the checker and the templates, but no database: what happens is told to `emit` as it happens.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from ai import checker, prompts, template_engine
from ai.checker import Failure
from ai.providers.base import Completion, CompletionRequest, Message, Provider, ProviderError, TextChunk, Usage, most_usage
from ai.providers.retry import with_retries

Emit = Callable[[str, dict[str, Any]], None]
BeforeCall = Callable[[list[Usage]], None]

CORRECTION_TOKENS = 500


@dataclass
class Outcome:
    """What came of a generation: finished variants, what each call used, and why it ended early, if it did."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, Any] | None = None
    cancelled: bool = False

    @property
    def from_template(self) -> bool:
        """Return whether the template engine wrote all that there is."""
        return bool(self.outputs) and all(output["origin"] == "template" for output in self.outputs)


class Cancelled(Exception):
    """The writing was stopped from outside."""


class BudgetSpent(Exception):
    """A further call could cost more than the order allows."""


@dataclass(kw_only=True, eq=False)
class Writing:
    """One run over the variants of an order; `stop` may be called from any thread.

    Templates write where there is no `provider`, or where the order's language is none of the model's `languages` (None: it
    writes any). `before_call` is told what all calls can have used after the next one, at most; it may raise BudgetSpent or Cancelled.
    """

    kind: str
    order: dict[str, Any]
    seed: int = 0
    provider: Provider | None
    model: str
    languages: frozenset[str] | None = None
    emit: Emit = lambda _event, _data: None
    before_call: BeforeCall = lambda _usages: None
    outcome: Outcome = field(init=False, default_factory=Outcome)

    def __post_init__(self) -> None:
        self.prompt = prompts.load(self.kind)
        self._stopped = threading.Event()
        self._completion: Completion | None = None

    def stop(self) -> None:
        """End the writing: the provider's call is closed at once and no other begins."""
        self._stopped.set()
        if self._completion is not None:
            self._completion.close()

    def run(self) -> Outcome:
        """Write all variants; a provider's failure or a stop ends the run and keeps the variants written before."""
        try:
            for variant in range(1, self.order["variants"] + 1):
                text, origin = self._write_variant(variant)
                self.outcome.outputs.append({"variant": variant, "text": text, "origin": origin})
        except Cancelled:
            self.outcome.cancelled = True
        except ProviderError as error:
            self.outcome.error = {"code": error.code, "detail": error.detail, "upstream": error.upstream}
        except BudgetSpent as error:
            self.outcome.error = {"code": "budget_exceeded", "detail": str(error)}
        except template_engine.UnsupportedByTemplate as error:
            self.outcome.error = {"code": "unsupported_by_template", "detail": str(error)}
        return self.outcome

    def _write_variant(self, variant: int) -> tuple[str, str]:
        if self._stopped.is_set():
            raise Cancelled
        if self.provider is None or not self.asks_model:
            self._reject(variant, 1, [self._absence()])
            return self._replace(variant, self._from_template(variant), "template")
        messages = self.messages()
        shown = self._ask(self.provider, messages, variant=variant, streamed=True)
        failures = self._failures(shown, messages)
        if not failures:
            return checker.clean(shown), "model"
        self._reject(variant, 1, failures)
        again = self._ask(self.provider, (*messages, *_correction(shown, failures)), variant=variant, streamed=False)
        failures = self._failures(again, messages)
        if not failures:
            return self._replace(variant, checker.clean(again), "model")
        self._reject(variant, 2, failures)
        return self._replace(variant, self._from_template(variant), "template")

    @property
    def asks_model(self) -> bool:
        """Return whether a model is asked for this order's texts."""
        return self.provider is not None and (self.languages is None or self.order["language"] in self.languages)

    def _absence(self) -> Failure:
        if self.provider is None:
            return Failure("no_model", _("No AI model is configured that the workspace's privacy tier allows."))
        return Failure("model_language", _("The embedded model writes English only."))

    def messages(self) -> tuple[Message, ...]:
        names = ("prompt", "platforms", "tone", "length", "language", "audience", "material")
        return tuple(self.prompt.render(**{name: self.order[name] for name in names}))

    def _ask(self, provider: Provider, messages: tuple[Message, ...], *, variant: int, streamed: bool) -> str:
        """Return the text of one call, retried where that may help; each try's usage goes into the outcome."""
        request = self._request(messages, variant)
        text = ""
        for item in with_retries(lambda: self._open(provider, request), stopped=self._stopped, spent=self.outcome.usages.append):
            if isinstance(item, TextChunk):
                if streamed:
                    self.emit("text", {"variant": variant, "offset": len(text), "text": item.text})
                text += item.text
        if self._stopped.is_set():
            raise Cancelled
        return text

    def _request(self, messages: tuple[Message, ...], variant: int) -> CompletionRequest:
        return CompletionRequest(
            model=self.model,
            messages=messages,
            max_output_tokens=self.prompt.max_output_tokens(self.order["length"]),
            temperature=self.prompt.temperature,
            seed=(self.seed + variant) % 2**31,
        )

    def most_usages(self) -> list[Usage]:
        """Return the most that the calls of this run can use, if each variant is written twice and no call is repeated."""
        first = most_usage(self._request(self.messages(), 1))
        # The second call reads the first one's text besides, four bytes of most tokens, and a few sentences about it.
        second = replace(first, input_tokens=first.input_tokens + 4 * first.output_tokens + CORRECTION_TOKENS)
        return [first, second] * self.order["variants"]

    def _open(self, provider: Provider, request: CompletionRequest) -> Completion:
        self.before_call([*self.outcome.usages, most_usage(request)])
        self._completion = provider.stream(request)
        if self._stopped.is_set():
            self._completion.close()
        return self._completion

    def _failures(self, text: str, messages: tuple[Message, ...]) -> list[Failure]:
        instructions = "\n".join(message.content for message in messages)
        order = self.order
        return checker.check(
            checker.clean(text),
            kind=self.kind,
            length=order["length"],
            language=order["language"],
            prompt_text=order["prompt"],
            instructions_text=instructions,
        )

    def _reject(self, variant: int, draft: int, failures: list[Failure]) -> None:
        checks = [{"variant": variant, "draft": draft, "code": failure.code, "detail": failure.detail} for failure in failures]
        self.outcome.checks += checks
        self.emit("rejected", {"variant": variant, "draft": draft, "reasons": [failure.code for failure in failures]})

    def _replace(self, variant: int, text: str, origin: str) -> tuple[str, str]:
        self.emit("replaced", {"variant": variant, "text": text, "origin": origin})
        return text, origin

    def _from_template(self, variant: int) -> str:
        order = self.order
        return template_engine.write(
            kind=self.kind,
            language=order["language"],
            tone=order["tone"],
            length=order["length"],
            theme=order["prompt"],
            platforms=order["platforms"],
            audience=order["audience"],
            seed=self.seed + variant,
        )


def _correction(text: str, failures: list[Failure]) -> tuple[Message, ...]:
    reasons = " ".join(failure.detail for failure in failures)
    return (Message("assistant", text), Message("user", f"That draft cannot be used. {reasons} Write it again, and only the text itself."))
