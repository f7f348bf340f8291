"""One order of suggested replies: what a model is asked, what its answer may be, and what stands in for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from ai import prompts, structured
from ai.checker import Failure
from ai.providers.base import Message
from ai.replies import guardrails, templates
from ai.replies.fans import described, one_line
from ai.replies.prices import Price
from ai.replies.rules import Rules, broken_by, clean, unsafe
from ai.voice import Voice

MOST_CHARACTERS = 600
DRAFT, ESCALATE = "draft", "escalate"
# Why a model may escalate, besides what the rules know; and why nobody drafted anything.
ASKED_IF_HUMAN, OTHER, NO_DRAFT = "asked_if_human", "other", "no_draft"
ESCALATIONS = (*guardrails.REASONS, ASKED_IF_HUMAN, OTHER, NO_DRAFT)


@dataclass(frozen=True, kw_only=True, eq=False)
class Suggestion:
    """The order `message`, `history` (`by` fan or creator, `text`), `fan`, `prices` (`name`, `price`), `language`, `variants`, as of `at`.

    `snippets` are the workspace's quick replies, each with `title` and `text`, in their order.
    """

    order: Mapping[str, Any]
    at: datetime
    seed: int
    voice: Voice
    snippets: Sequence[Mapping[str, str]] = ()

    kind = "reply"
    is_streamed = False  # nothing of a draft is shown before it has passed

    @cached_property
    def prompt(self) -> prompts.Prompt:
        return prompts.load("reply")

    @property
    def max_output_tokens(self) -> int:
        return self.prompt.max_output_tokens()

    def decided(self) -> dict[str, Any] | None:
        """Return the one output where rules alone send the message to a person: no model is asked then, and none can say otherwise."""
        earlier = [turn["text"] for turn in self.order["history"] if turn["by"] == "fan"]
        reasons = guardrails.reasons_in(self.order["message"], earlier=earlier)
        return _escalated(*reasons) | {"origin": "rules"} if reasons else None

    def messages(self) -> tuple[Message, ...]:
        """Return what a model is asked."""
        order = self.order
        history = "\n".join(f"{turn['by']}: {one_line(turn['text'])}" for turn in order["history"])
        prices = "\n".join(f"{one_line(row['name'])}: {self._written(row)}" for row in order["prices"])
        return tuple(
            self.prompt.render(
                message=order["message"],
                language=order["language"],
                max_length=str(MOST_CHARACTERS),
                history=history,
                fan=described(order["fan"], at=self.at),
                prices=prices,
                **self.voice.told,
            )
        )

    def judge(self, answer: str) -> dict[str, Any] | list[Failure]:
        """Return the fields of an output, or what is wrong with a model's answer: none of its words stand in that."""
        schema = self.prompt.schema
        read = structured.read(answer, schema) if schema else structured.Unfit("not_as_asked", ())
        if isinstance(read, structured.Unfit):
            # What is wrong in particular would quote the answer.
            is_json = read.code == "not_as_asked"
            return [
                Failure("not_as_asked", _("It is not the JSON that was asked for."))
                if is_json
                else Failure("not_json", _("It is no JSON."))
            ]
        said = read.data
        if said["decision"] == ESCALATE or said["reason"] != "none":
            return _escalated(OTHER if said["reason"] == "none" else said["reason"])
        text = clean(said["text"])
        return broken_by(text, self._rules) or _drafted(self.voice.disclosed(text))

    def stand_in(self, variant: int) -> dict[str, Any]:
        """Return the output for when no model's draft is kept: a snippet, an acknowledgement, or the word that a person must write."""
        fan = templates.slots_of(self.order["fan"])
        prices = self.order["prices"]
        slots = {
            "name": fan["name"],
            "creator": self.voice.creator,
            "preferred_content": fan["likes"],
            "price": self._written(prices[0]) if len(prices) == 1 else "",
        }
        fitting = templates.fitting(self.snippets, message=self.order["message"], slots=slots)
        general = templates.acknowledgements(language=self.order["language"], name=fan["name"], seed=self.seed)
        known = replace(self._rules, given="\n".join([self.voice.words, self.voice.creator, *fitting]))
        texts = [text for text in (clean(text) for text in [*fitting, *general]) if not unsafe(text, known)]
        if variant <= len(texts):
            return _drafted(texts[variant - 1]) | {"origin": "template"}
        return _escalated(NO_DRAFT) | {"origin": "rules"}

    @cached_property
    def _rules(self) -> Rules:
        order = self.order
        heard = [order["message"], *(turn["text"] for turn in order["history"]), described(order["fan"], at=self.at)]
        return Rules(
            language=order["language"],
            most_characters=MOST_CHARACTERS,
            prices=tuple(Price(**row["price"]) for row in order["prices"]),
            forbids=self.voice.forbids,
            given="\n".join([self.voice.words, self.voice.creator, *(row["name"] for row in order["prices"])]),
            heard="\n".join(heard),
            instructions="\n".join([*(message.content for message in self.messages()), self.voice.words]),
        )

    def _written(self, row: Mapping[str, Any]) -> str:
        return Price(**row["price"]).written(self.order["language"])


def _drafted(text: str) -> dict[str, Any]:
    return {"text": text, "decision": DRAFT, "reasons": []}


def _escalated(*reasons: str) -> dict[str, Any]:
    return {"text": "", "decision": ESCALATE, "reasons": list(reasons)}
