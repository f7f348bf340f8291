"""Judge a prompt before any model has read it: what asking the strong model instead of the cheap one is expected to gain.

A linear model over the hashed words of a prompt and a few counts, in plain Python. Positive or negative, only the order of
scores and their place beside a threshold mean anything.
"""

import base64
import math
import re
import struct
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from typing import Any
from zlib import compress, crc32, decompress

BUCKETS = 1 << 16
# A longer prompt is judged by its beginning: a score must not cost more than it can save.
MAX_CHARACTERS = 2_000
MAX_WORDS = 200

MIN_CHOICES = 3
MIN_AMOUNTS = 2
LARGEST = 1e15

WORD = re.compile(r"[^\W\d_]+|\d+")
CHOICE = re.compile(r"^\(?[A-H][.):]\s", re.MULTILINE)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SENTENCE = re.compile(r"[.!?](?:\s|$)")
AMOUNT = re.compile(
    r"\d+(?:[.,]\d+)*|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|dozen|half|third|quarter|twice)\b", re.IGNORECASE
)
SCHEMA = re.compile(r"```json|\bjson\b", re.IGNORECASE)
FORMULA = re.compile(r"\$[^$]+\$|\\(?:frac|sqrt|sum)\b")
# Words that make a task hard, by what they ask for; each line is a feature.
VOCABULARY: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "def return assert function class import",
            "not except never least incorrect false",
            "if suppose assume",
            "more less fewer than",
            "percent percentage",
            "half third thirds quarter quarters fifth tenth",
            "each every per",
            "total altogether combined average",
            "hour hours minute minutes second seconds day days week weeks month months year years",
            "twice double triple times",
            "remain remains remaining left rest",
            "statement ii iii iv",
            "how why explain prove derive calculate",
            "and",
        )
    )
    for word in words.split()
}
KINDS_OF_WORDS = 1 + max(VOCABULARY.values())
SIGNS = ("%", "$", "=", "\\", "^", "_", "?", ",", "\n", "/")


@dataclass(frozen=True)
class Features:
    """The buckets of a prompt's words, and HAND_FEATURES numbers about its form."""

    buckets: frozenset[int]
    hand: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """What was fitted: `idf` and `weights` of each bucket (idf 0: seen too seldom to count), `hand` of each further feature."""

    idf: "array[float]"
    weights: "array[float]"
    hand: tuple[float, ...]
    bias: float

    def score(self, features: Features) -> float:
        """Return the expected gain in quality (about -1 to 1) of asking the strong model instead of the cheap one."""
        total = square = 0.0
        for bucket in features.buckets:
            idf = self.idf[bucket]
            square += idf * idf
            total += idf * self.weights[bucket]
        words = total / math.sqrt(square) if square else 0.0
        hand: float = sum(map(mul, self.hand, features.hand))
        return self.bias + words + hand

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` takes: numbers of buckets as 16-bit floats, little-endian, deflated, in base64."""
        return {"idf": _packed(self.idf), "weights": _packed(self.weights), "hand": list(self.hand), "bias": self.bias}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Model":
        """Return the model that `as_json` gave. Raises KeyError, TypeError or ValueError for anything else."""
        idf, weights = _unpacked(stored["idf"]), _unpacked(stored["weights"])
        hand = tuple(float(number) for number in stored["hand"])
        if (len(idf), len(weights), len(hand)) != (BUCKETS, BUCKETS, HAND_FEATURES):
            raise ValueError("the numbers are not as many as this version has features")
        return cls(idf, weights, hand, float(stored["bias"]))


def hand_features(text: str, words: Sequence[str]) -> list[float]:
    """Return what hashed words alone do not tell: size, numbers, form, and words of arithmetic. `words` are those of `text`."""
    numbers = NUMBER.findall(text)
    values = [min(float(number.replace(",", "")), LARGEST) if number.count(".") < 2 else 0.0 for number in numbers]
    sentences = [len(sentence) for sentence in SENTENCE.split(text)]
    choices = text.find("\nA.")
    kinds = [0] * KINDS_OF_WORDS
    for word in words:
        if word in VOCABULARY:
            kinds[VOCABULARY[word]] += 1
    log = math.log1p
    return [
        log(len(text)),
        log(len(text)) ** 2,
        log(len(words)),
        log(len(text) - choices if choices >= 0 else 0),
        log(len(numbers)),
        log(len(set(numbers))),
        log(max(values, default=0.0)),
        log(sum(values)),
        log(sum("." in number for number in numbers)),
        sum(map(len, numbers)) / (len(text) or 1),
        sum(map(len, words)) / (len(words) or 1),
        len(set(words)) / (len(words) or 1),
        log(len(sentences)),
        log(max(sentences)),
        log(len(CHOICE.findall(text))),
        *(log(text.count(sign)) for sign in SIGNS),
        *map(log, kinds),
    ]


HAND_FEATURES = 15 + len(SIGNS) + KINDS_OF_WORDS


def words_of(text: str) -> list[str]:
    """Return the first words of `text` in lower case; of a number only how many digits it has."""
    found = WORD.findall(text.lower())[:MAX_WORDS]
    return ["0" * min(len(word), 5) if word[0].isdigit() else word for word in found]


def buckets_of(words: Sequence[str]) -> set[int]:
    """Return the buckets of the words and of each two neighbours: the same in every process and on every machine."""
    coded = [word.encode("utf-8", "replace") for word in words]
    found = {crc32(word) % BUCKETS for word in coded}
    # The hash of two words goes on from that of the first, as if they were written as one.
    found.update([crc32(two, crc32(one)) % BUCKETS for one, two in pairwise(coded)])
    return found


def features_of(prompt: str) -> Features:
    """Return what the model reads of a prompt; of a long one, of its beginning."""
    text = prompt.strip()[:MAX_CHARACTERS]
    words = words_of(text)
    return Features(frozenset(buckets_of(words)), tuple(hand_features(text, words)))


def length_of(prompt: str) -> float:
    """Return the one feature of the router that knows nothing but how long a prompt is."""
    return math.log1p(len(prompt))


def family_of(prompt: str) -> str:
    """Return what kind of task the form of a prompt shows: `choice`, `schema`, `maths`, or `` where it shows none that was measured."""
    # What an answer must look like is often said last.
    text = prompt if len(prompt) <= 2 * MAX_CHARACTERS else f"{prompt[:MAX_CHARACTERS]}\n{prompt[-MAX_CHARACTERS:]}"
    if len(CHOICE.findall(text)) >= MIN_CHOICES:
        return "choice"
    if SCHEMA.search(text):
        return "schema"
    return "maths" if len(AMOUNT.findall(text)) >= MIN_AMOUNTS or FORMULA.search(text) else ""


def _packed(numbers: Sequence[float]) -> str:
    """Pack as half-precision: an order of scores needs no more than three digits."""
    return base64.b64encode(compress(struct.pack(f"<{len(numbers)}e", *numbers), 9)).decode("ascii")


def _unpacked(text: str) -> "array[float]":
    raw = decompress(base64.b64decode(text, validate=True))
    return array("d", struct.unpack(f"<{len(raw) // 2}e", raw))
