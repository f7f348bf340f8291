"""Read recorded outcomes: prompts, and how well a cheap and a strong model answered each (docs/ai-routing.md, "The rows")."""

import gzip
import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ai.providers.base import estimate_tokens

FOLDS = 5
SEED = 0

# Micro-dollars per million tokens of input and output: the vendors' list prices while these models were sold, the open
# model's as its hosts sold it. The longest name that a model's name begins with counts.
LIST_PRICES: Mapping[str, tuple[int, int]] = {
    "gpt-4o": (2_500_000, 10_000_000),
    "gpt-4o-mini": (150_000, 600_000),
    "gpt-4-1106": (10_000_000, 30_000_000),
    "gpt-4-turbo": (10_000_000, 30_000_000),
    "gpt-4.1": (2_000_000, 8_000_000),
    "gpt-4.1-mini": (400_000, 1_600_000),
    "gpt-4.1-nano": (100_000, 400_000),
    "gpt-3.5-turbo": (500_000, 1_500_000),
    "claude-3-haiku": (250_000, 1_250_000),
    "claude-3-5-haiku": (800_000, 4_000_000),
    "claude-3-5-sonnet": (3_000_000, 15_000_000),
    "claude-3-opus": (15_000_000, 75_000_000),
    "gemini-1.5-flash": (75_000, 300_000),
    "gemini-1.5-pro": (1_250_000, 5_000_000),
    "meta-llama-3.1-8b": (50_000, 80_000),
    "mixtral-8x7b": (240_000, 240_000),
}
STRONG, WEAK = "gpt-4o", "gpt-4o-mini"
# What a call counts as where a file says nothing about tokens.
TOKENS_IN, TOKENS_OUT = 500, 200
# A cheap model costs at most this share of the strong one's price.
CHEAP = 0.25
# A subject in which the strong model is (nearly) never right while the cheap one is: its answers were not read, not wrong.
FAULT_ROWS, FAULT_STRONG, FAULT_GAP = 30, 0.1, 0.2


class OutcomesError(ValueError):
    """A file of outcomes cannot be used; the message names the file and, where one is at fault, the line."""


@dataclass(frozen=True)
class Answer:
    """How well a model answered (0 to 1), what it answered where it can be compared, and what that cost in any fixed unit."""

    quality: float
    text: str | None = None
    tokens_out: int = TOKENS_OUT
    cost: float = 0.0


@dataclass(frozen=True)
class Row:
    """One prompt and its outcomes; `fold` is its question's part in cross-validation."""

    prompt: str
    group: str
    fold: int
    weak: Answer
    strong: Answer
    second: Answer | None = None

    @property
    def gain(self) -> float:
        """Return what asking the strong model instead of the cheap one gains."""
        return self.strong.quality - self.weak.quality


@dataclass(frozen=True)
class Outcomes:
    """One file: its rows, the names of the models that they compare, and the hash of its content, unpacked."""

    name: str
    rows: tuple[Row, ...]
    models: Mapping[str, str]
    sha256: str

    @property
    def comparable(self) -> bool:
        """Return whether most rows have the answers of two cheap models."""
        both = sum(row.second is not None and row.weak.text is not None and row.second.text is not None for row in self.rows)
        return both * 2 > len(self.rows)

    def faulty_groups(self) -> list[str]:
        """Return the groups whose strong answers were evidently not read."""
        groups: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            groups[row.group].append(row)
        return sorted(group for group, rows in groups.items() if _is_faulty(rows))

    def without(self, groups: Iterable[str]) -> "Outcomes":
        """Return the outcomes of all other groups."""
        left_out = set(groups)
        return replace(self, rows=tuple(row for row in self.rows if row.group not in left_out))


def read(path: Path) -> Outcomes:
    """Read JSON lines, plain or gzip. Raises OutcomesError."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        lines = content.decode("utf-8-sig").split("\n")  # JSON texts may hold the other ends of lines
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise OutcomesError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    objects = [(number, _object(path, number, line)) for number, line in enumerate(lines, 1) if line.strip()]
    if not objects:
        raise OutcomesError(f"{path}: there are no rows")
    try:
        models = _models_of([item for _, item in objects])
    except (KeyError, TypeError, ValueError, AttributeError):
        models = {}
    rows = tuple(_row(path, number, item, models) for number, item in objects)
    if not any(row.strong.quality for row in rows):
        raise OutcomesError(f"{path}: the strong model is never right, so nothing can be compared with it")
    return Outcomes(stem(path), rows, models, hashlib.sha256(content).hexdigest())


def stem(path: Path) -> str:
    """Return the file's name without `.gz` and its ending."""
    return Path(path.name.removesuffix(".gz")).stem


def require_different_names(files: Sequence[Outcomes]) -> None:
    """Raise OutcomesError where two files would be one in a report."""
    if len({file.name for file in files}) < len(files):
        raise OutcomesError("two files have the same name")


def prices_of(model: str) -> tuple[int, int] | None:
    """Return the list prices of a model by its name, with or without a date or a maker; None for one that is not in the table."""
    name = model.rpartition("/")[2].lower()
    known = max((key for key in LIST_PRICES if name.startswith(key)), key=len, default=None)
    return LIST_PRICES[known] if known else None


def fold_of(question: str, seed: int = SEED) -> int:
    """Return the part that a question falls into, whatever file, case or spacing it stands in."""
    key = f"{seed}:{' '.join(question.lower().split())}"
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "big") % FOLDS


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise OutcomesError(f"{path}:{number}: this is no JSON: {error}") from error
    if not isinstance(item, dict):
        raise OutcomesError(f"{path}:{number}: a row is a JSON object, not {type(item).__name__}")
    return item


def _row(path: Path, number: int, item: Mapping[str, Any], models: Mapping[str, str]) -> Row:
    try:
        return _parsed(item, models)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"`{error.args[0]}` is missing" if isinstance(error, KeyError) else str(error)
        raise OutcomesError(f"{path}:{number}: {problem}") from error


def _parsed(item: Mapping[str, Any], models: Mapping[str, str]) -> Row:
    prompt = item["prompt"]
    if not isinstance(prompt, str) or not prompt.strip():
        raise ValueError("`prompt` is not a text")
    if "models" in item:
        told = item["models"]
        if not isinstance(told, Mapping):
            raise ValueError("`models` is not an object")
        missing = [name for name in models.values() if name not in told]
        if missing or not models:
            raise ValueError(
                f"`models` lacks {missing[0]}" if missing else "`models` must tell of at least two models, here and in each row"
            )
    else:
        told, models = {role: {"ok": item[role]} for role in ("weak", "strong")}, {"weak": "weak", "strong": "strong"}
    tokens_in = _count(item, "tokens_in", estimate_tokens(prompt) if _tells_tokens(told.values()) else TOKENS_IN)
    answers = {role: _answer(told[name], name, role, tokens_in) for role, name in models.items()}
    question = item.get("q") if isinstance(item.get("q"), str) else prompt
    return Row(prompt, str(item.get("group") or ""), fold_of(str(question)), answers["weak"], answers["strong"], answers.get("second"))


def _tells_tokens(told: Iterable[Mapping[str, Any]]) -> bool:
    return any("tokens_out" in answer for answer in told)


def _answer(told: Mapping[str, Any], name: str, role: str, tokens_in: int) -> Answer:
    if not isinstance(told, Mapping):
        raise TypeError(f"what `models` says of {name} is not an object")
    quality = told["ok"]
    if not isinstance(quality, (bool, int, float)) or not 0 <= quality <= 1:
        raise ValueError(f"whether {name} was right must be true, false or a number from 0 to 1")
    tokens_out = _count(told, "tokens_out", TOKENS_OUT)
    input_price, output_price = prices_of(name) or LIST_PRICES[STRONG if role == "strong" else WEAK]
    text = None if told.get("answer") is None else str(told["answer"])
    return Answer(float(quality), text, tokens_out, tokens_in * input_price + tokens_out * output_price)


def _count(told: Mapping[str, Any], name: str, default: int) -> int:
    number = told.get(name)
    if number is None:
        return default
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 1e9:
        raise ValueError(f"`{name}` is not a count of tokens")
    return int(number)


def _models_of(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return who plays which role: `weak`, `strong` and, of three or more, `second`.

    The strong one is gpt-4o, else the dearest, else the one that is right most often; the cheap one is gpt-4o-mini, else
    of those that cost a quarter at most the one that is right most often. The second costs no more than the cheap one.
    """
    described = [item["models"] for item in items if "models" in item]
    if not described:
        return {}
    names = sorted(set(described[0]).intersection(*described))
    right = {name: sum(float(models[name]["ok"]) for models in described) for name in names}
    if len(names) < 2:
        raise ValueError
    price = {name: sum(prices_of(name) or ()) for name in names}
    strong = _named(names, STRONG) or max(names, key=lambda name: (price[name], right[name]))
    others = [name for name in names if name != strong]
    cheap = [name for name in others if price[name] <= CHEAP * price[strong]] or others
    weak = _named(others, WEAK) or max(cheap, key=lambda name: right[name])
    rest = [name for name in others if name != weak]
    seconds = [name for name in rest if price[name] <= price[weak]] or [name for name in rest if name in cheap]
    return {"weak": weak, "strong": strong} | ({"second": max(seconds, key=lambda name: right[name])} if seconds else {})


def _named(names: Iterable[str], wanted: str) -> str | None:
    return next(
        (name for name in names if prices_of(name) == LIST_PRICES[wanted] and name.lower().rpartition("/")[2].startswith(wanted)), None
    )


def _is_faulty(rows: Sequence[Row]) -> bool:
    if len(rows) < FAULT_ROWS:
        return False
    weak = sum(row.weak.quality for row in rows) / len(rows)
    strong = sum(row.strong.quality for row in rows) / len(rows)
    return strong < FAULT_STRONG and weak - strong > FAULT_GAP
