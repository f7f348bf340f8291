"""Prompts are Markdown files in this folder: front matter in YAML, then one section for each message (docs/adding-a-prompt.md)."""

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

import yaml
from django.conf.locale import LANG_INFO

from ai.providers.base import Message, Role, Schema

FOLDER = Path(__file__).parent
PLACEHOLDER = re.compile(r"\{(\w+)\}")
HEADING = re.compile(r"^# (system|user|assistant)\n", re.MULTILINE)
FULLWIDTH_LESS_THAN = "\uff1c"
ANY_PLATFORM = "social media"
PLATFORM_NAMES = MappingProxyType({"tiktok": "TikTok", "instagram": "Instagram", "onlyfans": "OnlyFans"})


class PromptInputError(ValueError):
    """An input that the prompt needs is missing, one that it does not know was given, or a value is none of its words."""


@dataclass(frozen=True)
class Prompt:
    """One prompt file. `hash` is the SHA-256 of its bytes; `amounts` and `tokens` are by length, the empty one where it knows none.

    `tier` is the least of models that may write it, `schema` the JSON that the answer is to be, None for plain text.
    """

    name: str
    hash: str
    tier: Literal["small", "strong"]
    temperature: float
    schema: Schema | None
    required: frozenset[str]
    optional: frozenset[str]
    data: frozenset[str]
    amounts: Mapping[str, str]
    tokens: Mapping[str, int]
    sections: tuple[tuple[Role, str], ...]

    def max_output_tokens(self, length: str = "") -> int:
        """Return how many tokens the longest good answer of `length` (short, medium, long) takes, with room to end a sentence."""
        return self.tokens[length]

    def render(self, **inputs: str | Sequence[str] | None) -> list[Message]:
        """Return the messages for `inputs`, of which `platforms`, `length` and `language` (ISO 639-1) are put into words.

        Text from outside, an input of `data`, goes into a block between tags of its input's name, from which it cannot break out; all
        other inputs are words of a closed vocabulary, or numbers. Raises PromptInputError.
        """
        given = {name for name, value in inputs.items() if value}
        missing, unknown = self.required - given, set(inputs) - self.required - self.optional
        if missing or unknown:
            problem = f"missing inputs: {', '.join(sorted(missing))}" if missing else f"unknown inputs: {', '.join(sorted(unknown))}"
            raise PromptInputError(f"prompt {self.name}: {problem}")
        texts = {name: self._text(name, inputs.get(name) or "") for name in self.required | self.optional}
        messages = []
        for role, section in self.sections:
            filled = PLACEHOLDER.sub(lambda match: texts[match[1]], section)
            messages.append(Message(role, re.sub(r"\n{3,}", "\n\n", filled).strip()))
        return messages

    def _text(self, name: str, value: str | Sequence[str]) -> str:
        if name in self.data:
            return _block(name, str(value))
        if name == "platforms":
            return " and ".join(_word(name, platform, PLATFORM_NAMES) for platform in value) or ANY_PLATFORM
        if name == "length":
            return _word(name, str(value), self.amounts)
        if name == "language":
            return _word(name, str(value), _language_names())
        if not re.fullmatch(r"[a-z_]{1,30}|\d{1,4}", str(value)):
            raise PromptInputError(f"{name} must be one lower-case word or a number")
        return str(value).replace("_", " ")


@functools.cache
def load(name: str) -> Prompt:
    """Return the prompt in `<name>.md`. Raises LookupError if there is none, ValueError if the file is malformed."""
    path = FOLDER / f"{name}.md"
    if not re.fullmatch(r"[a-z_]+", name) or not path.is_file():
        raise LookupError(f"there is no prompt {name!r}")
    content = path.read_bytes()
    try:
        _, front, body = content.decode("utf-8").split("---\n", 2)
        prompt = _parse(name, hashlib.sha256(content).hexdigest(), yaml.safe_load(front), body)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path.name}: malformed prompt: {error}") from error
    used = {placeholder for _, text in prompt.sections for placeholder in PLACEHOLDER.findall(text)}
    if used != prompt.required | prompt.optional:
        raise ValueError(f"{path.name}: declared inputs and placeholders differ: {sorted(used ^ (prompt.required | prompt.optional))}")
    return prompt


def names() -> list[str]:
    """Return the names of all prompts, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.md"))


def _parse(name: str, digest: str, front: Mapping[str, object], body: str) -> Prompt:
    if front["task"] != name:
        raise ValueError("`task` is not the file's name")
    if front["tier"] not in ("small", "strong"):
        raise ValueError("`tier` is neither small nor strong")
    _, *parts = HEADING.split(body)
    amounts, tokens = _lengths(front)
    return Prompt(
        name=name,
        hash=digest,
        tier=front["tier"],
        schema=Schema(name, cast("Mapping[str, object]", front["schema"])) if "schema" in front else None,
        temperature=float(cast("float", front["temperature"])),
        required=frozenset(cast("list[str]", front["inputs"])),
        optional=frozenset(cast("list[str]", front["optional"])),
        data=frozenset(cast("list[str]", front["data"])),
        amounts=amounts,
        tokens=tokens,
        sections=tuple((cast("Role", role), text.strip()) for role, text in zip(parts[::2], parts[1::2], strict=True)),
    )


def _lengths(front: Mapping[str, object]) -> tuple[Mapping[str, str], Mapping[str, int]]:
    """Return the amounts and the tokens by length; of a prompt without lengths the tokens alone."""
    if "lengths" not in front:
        return MappingProxyType({}), MappingProxyType({"": int(cast("int", front["max_tokens"]))})
    lengths = cast("Mapping[str, Mapping[str, object]]", front["lengths"])
    amounts = {length: str(row["amount"]) for length, row in lengths.items()}
    tokens = {length: int(cast("int", row["max_tokens"])) for length, row in lengths.items()}
    return MappingProxyType(amounts), MappingProxyType(tokens)


def _block(name: str, text: str) -> str:
    if not text:
        return ""
    # A tag inside the text could close the block; a fullwidth sign reads the same and closes nothing.
    return f"<{name}>\n{text.replace('<', FULLWIDTH_LESS_THAN).strip()}\n</{name}>"


def _word(name: str, value: str, words: Mapping[str, str]) -> str:
    if value not in words:
        raise PromptInputError(f"{name} must be one of: {', '.join(sorted(words))}")
    return words[value]


@functools.cache
def _language_names() -> Mapping[str, str]:
    return {code: info["name"] for code, info in LANG_INFO.items() if "name" in info}
