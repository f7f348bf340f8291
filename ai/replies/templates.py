"""Personal messages and acknowledgements from curated templates: the same input and seed give the same words.

The words are in `ai/drafts/personalize.<language>.yaml` and `ai/drafts/reply.<language>.yaml`. A fan's name and likes are used only
where they are plain words: whoever chose them is not the creator.
"""

import functools
import hashlib
import json
import random
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import yaml
from django.utils.translation import gettext as _

from ai.readings import fold, visible
from ai.replies.fans import one_line, segments_of
from ai.replies.prices import Price
from ai.template_engine import FAMILIES, FOLDER, UnsupportedByTemplate

KINDS = ("greeting", "upsell", "ppv_offer", "reactivation", "thank_you", "custom")
# What a body may speak of, the most telling first, with the slots that it needs.
_BODIES: Mapping[str, Sequence[str]] = {"priced": ("about", "price"), "about": ("about",), "likes": ("likes",), "plain": ()}
# The facts of a fan that a sentence may take up.
_TOUCHED = ("tier", "activity", "answers", "spending")
_PLAIN_WORDS = re.compile(r"[^\W\d_]+(?:[ ,&'\u2019-]{1,2}[^\W\d_]+)*")
_LONGEST_PLAIN = 40
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_TELLING_LETTERS = 4


def personalize(order: Mapping[str, Any], *, at: datetime) -> str:
    """Return a message of at most `max_length` characters for an order of a personal message, as of `at`.

    Reads `kind`, `fan`, `tone`, `language`, `about`, `price`, `max_length` and `seed`. Raises UnsupportedByTemplate for a language without
    templates, and for a custom message that says nothing or too much.
    """
    words, about = _load("personalize", order["language"]), one_line(visible(order["about"])).rstrip(".")
    slots = slots_of(order["fan"]) | {
        "about": about,
        "About": about[:1].upper() + about[1:] + ("" if about[-1:] in "!?…" else "."),
        "price": Price(**order["price"]).written(order["language"]) if order["price"] else "",
    }
    segments = segments_of(order["fan"], at=at)
    part_of_day = segments.pop("part_of_day", "any")  # it words the opening, and does not choose the template
    choose = _chooser(order["kind"], order["tone"], order["language"], order["seed"], slots, segments)
    bodies = words["kinds"][order["kind"]]
    touches = [touch for name in _TOUCHED for touch in words["touches"][name].get(segments.get(name), ())]
    closing = choose.choice(words["closings"][FAMILIES[order["tone"]]])
    touch = choose.choice([*touches, ""])
    body = choose.choice(next((bodies[name] for name, needed in _BODIES.items() if name in bodies and all(map(slots.get, needed))), [""]))
    brief = choose.choice(bodies.get("brief", [body]))
    opening = choose.choice(words["openings" if slots["name"] else "unnamed"][part_of_day])
    for parts in ((opening, touch, body, closing), (opening, body, closing), (opening, body), (body,), (brief,)):
        text = " ".join(part.format(**slots) for part in parts if part)
        if body and len(text) <= order["max_length"]:
            return text
    raise UnsupportedByTemplate(_("A custom message says what is in `about`, in no more than `max_length` characters."))


def acknowledgements(*, language: str, name: str, seed: int) -> list[str]:
    """Return the texts that may answer any message, in an order that the seed chooses; none for a language without templates."""
    try:
        words = _load("reply", language)
    except UnsupportedByTemplate:
        return []
    texts = [text.format(name=name) for text in words["named" if name else "unnamed"]]
    _chooser(language, name, seed).shuffle(texts)
    return texts


def fitting(snippets: Sequence[Mapping[str, str]], *, message: str, slots: Mapping[str, str]) -> list[str]:
    """Return the texts of the snippets (`title`, `text`) that share words with a message, those with most first, placeholders filled.

    One with a placeholder for which `slots` have nothing is left out.
    """
    asked = _telling(message)
    shared = [(len(asked & _telling(f"{snippet['title']} {snippet['text']}")), snippet["text"]) for snippet in snippets]
    usable = [(count, text) for count, text in shared if count and all(map(slots.get, _PLACEHOLDER.findall(text)))]
    return [text.format(**slots) for _count, text in sorted(usable, key=lambda pair: -pair[0])]


def slots_of(fan: Mapping[str, Any]) -> dict[str, str]:
    """Return the fan's `name` and `likes` where they are plain words, else empty texts."""
    return {"name": _plain_words(fan.get("name") or ""), "likes": _plain_words(fan.get("preferred_content") or "")}


def _plain_words(text: str) -> str:
    words = one_line(visible(text))
    return words if len(words) <= _LONGEST_PLAIN and _PLAIN_WORDS.fullmatch(words) else ""


def _telling(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[^\W\d_]+", fold(text)) if len(word) >= _TELLING_LETTERS)


def _chooser(*facts: Any) -> random.Random:
    key = json.dumps(facts, sort_keys=True)
    return random.Random(hashlib.sha256(key.encode()).digest())  # noqa: S311 - a choice of words, not a secret


@functools.cache
def _load(name: str, language: str) -> dict[str, Any]:
    path = FOLDER / f"{name}.{language}.yaml"
    if not path.is_file():
        raise UnsupportedByTemplate(_("The built-in messages are in English, French and Spanish; this order needs a model."))
    return dict(yaml.safe_load(path.read_text("utf-8")))
