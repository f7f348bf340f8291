"""One order of a personal message: what a model is asked, what its text may say, and what stands in for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from ai import prompts
from ai.checker import Failure
from ai.providers.base import Message
from ai.replies import templates
from ai.replies.fans import described
from ai.replies.prices import Price
from ai.replies.rules import Rules, broken_by, clean, unsafe
from ai.template_engine import UnsupportedByTemplate
from ai.voice import Voice


@dataclass(frozen=True, kw_only=True, eq=False)
class Personalization:
    """The order `kind`, `fan`, `tone`, `about`, `price`, `language`, `max_length` and `seed` of one message, as of `at`."""

    order: Mapping[str, Any]
    at: datetime
    voice: Voice

    kind = "personalize"
    is_streamed = False  # nothing of a message is shown before it has passed

    @cached_property
    def prompt(self) -> prompts.Prompt:
        return prompts.load("personalize")

    @property
    def max_output_tokens(self) -> int:
        return self.prompt.max_output_tokens()

    def decided(self) -> None:
        """Leave it to the models: no rule writes a message."""

    def messages(self) -> tuple[Message, ...]:
        """Return what a model is asked; the template's message, where there is one, is the draft that it starts from."""
        order = self.order
        try:
            draft = self._from_template()
        except UnsupportedByTemplate:
            draft = ""
        return tuple(
            self.prompt.render(
                kind=order["kind"],
                tone=order["tone"],
                language=order["language"],
                max_length=str(order["max_length"]),
                fan=described(order["fan"], at=self.at),
                about=order["about"],
                price=self._price.written(order["language"]) if self._price else "",
                draft=draft,
                **self.voice.told,
            )
        )

    def judge(self, answer: str) -> dict[str, Any] | list[Failure]:
        """Return the fields of an output, or what is wrong with a model's text: none of its words stand in that."""
        text = clean(answer)
        instructions = "\n".join([*(message.content for message in self.messages()), self.voice.words])
        return broken_by(text, replace(self._rules, instructions=instructions)) or {"text": self.voice.disclosed(text)}

    def stand_in(self, variant: int) -> dict[str, Any]:
        """Return the output for when no model's text is kept. Raises UnsupportedByTemplate."""
        return {"text": self._from_template(), "origin": "template"}

    def _from_template(self) -> str:
        """Return the template's message; what the fan is called and likes is left out where that would break a rule."""
        unnamed = {name: value for name, value in self.order["fan"].items() if name not in ("name", "preferred_content")}
        for fan in (self.order["fan"], unnamed):
            text = templates.personalize({**self.order, "fan": fan}, at=self.at)
            if not unsafe(text, self._rules):
                return text
        raise UnsupportedByTemplate(_("What the message is about cannot be sent: it has a link, a contact or a word that is not allowed."))

    @property
    def _price(self) -> Price | None:
        return Price(**self.order["price"]) if self.order["price"] else None

    @cached_property
    def _rules(self) -> Rules:
        order = self.order
        return Rules(
            language=order["language"],
            most_characters=order["max_length"],
            prices=(self._price,) if self._price else (),
            forbids=self.voice.forbids,
            given="\n".join([self.voice.words, self.voice.creator, order["about"]]),
            heard=described(order["fan"], at=self.at),
        )
