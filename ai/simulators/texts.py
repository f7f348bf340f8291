"""What the simulated model says: plausible text in the asked language and amount, the same for the same request."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

SENTENCES: dict[str, list[str]] = json.loads((Path(__file__).parent / "sentences.json").read_text("utf-8"))
AMOUNT = re.compile(r"(\d+) to (\d+) words")
HASHTAGS = re.compile(r"exactly (\d+) hashtags")
CHARACTERS = re.compile(r"at most (\d+) characters")
IDEAS = re.compile(r"exactly (\d+) (?:\w+ )?content ideas")


def answer(messages: list[dict[str, Any]], *, seed: int | None) -> str:
    """Return the text for a conversation: the language, the amount and the form are read from its words, English prose otherwise."""
    asked = "\n".join(str(message.get("content")) for message in messages)
    language = next((name for name in SENTENCES if f"in {name}" in asked), "English")
    sentences = _shuffled(SENTENCES[language], key=f"{seed} {asked}")
    if match := HASHTAGS.search(asked):
        return " ".join(_hashtags(sentences)[: int(match[1])])
    if match := IDEAS.search(asked):
        return "\n".join(f"{number}. {sentence}" for number, sentence in enumerate(sentences[: int(match[1])], 1))
    if match := CHARACTERS.search(asked):
        return _shortest(sentences, limit=int(match[1]))
    low, high = map(int, match.groups()) if (match := AMOUNT.search(asked)) else (50, 100)
    return _prose(sentences, low=low, high=high)


def tokens(text: str) -> list[str]:
    """Split `text` into pieces of at most six characters that join to it again: about 1.3 a word, as English has with the vendor."""
    return re.findall(r"\s*\S{1,6}|\s+", text)


def _shuffled(sentences: list[str], *, key: str) -> list[str]:
    return sorted(sentences, key=lambda sentence: hashlib.sha256(f"{key} {sentence}".encode()).digest())


def _prose(sentences: list[str], *, low: int, high: int) -> str:
    chosen: list[str] = []
    for sentence in sentences:
        count = len(" ".join(chosen).split())
        if count >= low + (high - low) // 4:
            break
        if not chosen or count + len(sentence.split()) <= high:
            chosen.append(sentence)
    return " ".join(chosen)


def _shortest(sentences: list[str], *, limit: int) -> str:
    """Return the first sentence that the limit has room for, or the beginning of the first."""
    return next((sentence for sentence in sentences if len(sentence) <= limit), sentences[0][:limit])


def _hashtags(sentences: list[str]) -> list[str]:
    words = dict.fromkeys(word.lower() for sentence in sentences for word in re.findall(r"[^\W\d_]{5,}", sentence))
    return [f"#{word}" for word in words]
