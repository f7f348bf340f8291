"""One order of a text for the library: what a model is asked, what is wrong with its draft, and what stands in for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from ai import checker, prompts, template_engine
from ai.checker import Failure
from ai.providers.base import Message
from ai.voice import Voice


@dataclass(frozen=True, kw_only=True, eq=False)
class Composition:
    """The order `prompt`, `platforms`, `tone`, `length`, `language`, `audience`, `variants` and `material` of a post, a story and so on."""

    kind: str
    order: Mapping[str, Any]
    seed: int = 0
    voice: Voice = field(default_factory=Voice)

    is_streamed = True

    @cached_property
    def prompt(self) -> prompts.Prompt:
        return prompts.load(self.kind)

    @property
    def max_output_tokens(self) -> int:
        return self.prompt.max_output_tokens(self.order["length"])

    def decided(self) -> None:
        """Leave it to the models: no rule writes a text."""

    def messages(self) -> tuple[Message, ...]:
        """Return what a model is asked."""
        names = ("prompt", "platforms", "tone", "length", "language", "audience", "material")
        ordered = {name: self.order[name] for name in names}
        return tuple(self.prompt.render(**ordered, **self.voice.told, forbidden_words=", ".join(self.voice.forbidden_words)))

    def judge(self, answer: str) -> dict[str, Any] | list[Failure]:
        """Return the fields of an output, or what is wrong with a model's draft."""
        text, order = checker.clean(answer), self.order
        failures = checker.check(
            text,
            kind=self.kind,
            length=order["length"],
            language=order["language"],
            prompt_text=order["prompt"],
            instructions_text="\n".join(message.content for message in self.messages()),
        )
        if self.voice.forbids(text):
            failures.append(Failure("forbidden_word", _("It has a word that the workspace forbids.")))
        return failures or {"text": text}

    def stand_in(self, variant: int) -> dict[str, Any]:
        """Return the output for when no model's draft is kept. Raises UnsupportedByTemplate."""
        order = self.order
        text = template_engine.write(
            kind=self.kind,
            language=order["language"],
            tone=order["tone"],
            length=order["length"],
            theme=order["prompt"],
            platforms=order["platforms"],
            audience=order["audience"],
            seed=self.seed + variant,
        )
        return {"text": text, "origin": "template"}
