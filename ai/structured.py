"""JSON that a model was asked for, read and judged again: vendors' own modes promise the schema, and servers break promises."""

import functools
import json
from dataclasses import dataclass
from typing import Any, Literal

from ai.providers.base import Schema

MAX_PROBLEMS = 5
MAX_PROBLEM_CHARACTERS = 200


@dataclass(frozen=True)
class Unfit:
    """Why an answer cannot be used. `problems` are one line each and name places and rules, for a person or a second request."""

    code: Literal["not_json", "not_as_asked"]
    problems: tuple[str, ...]

    def request_for_repair(self) -> str:
        """Return what to say to the model, after its answer, to have it once more."""
        return "That answer cannot be used. " + " ".join(self.problems) + " Answer again, with the corrected JSON only."


@dataclass(frozen=True)
class Fit:
    """An answer that is as asked."""

    data: Any


def read(answer: str, schema: Schema) -> Fit | Unfit:
    """Return the data of `answer`, or why it is not what `schema` (JSON Schema 2020-12) asks for.

    One code fence around the JSON is forgiven, since servers without a JSON mode write one. Everything else is not: text before or
    after it, a key twice, NaN, infinity, half a surrogate pair or NUL, which no database stores.
    """
    try:
        data = json.loads(_unfenced(answer), object_pairs_hook=_once, parse_constant=_refuse_constant)
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        return Unfit("not_json", ("It is nested too deeply.",))
    except ValueError as error:
        return Unfit("not_json", (f"It is not JSON: {_short(str(error))}.",))
    if _holds_nul(data):
        return Unfit("not_json", ("It holds a NUL character.",))
    validator = _validator(json.dumps(dict(schema.schema), sort_keys=True))
    errors = sorted(validator.iter_errors(data), key=lambda error: error.json_path)
    problems = tuple(f"At {error.json_path}: {_short(error.message)}." for error in errors[:MAX_PROBLEMS])
    return Unfit("not_as_asked", problems) if problems else Fit(data)


@functools.lru_cache(maxsize=64)
def _validator(schema: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(schema))


def _unfenced(answer: str) -> str:
    text = answer.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        return text.split("\n", 1)[1][:-3]
    return text


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return read


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _holds_nul(data: Any) -> bool:
    return "\\u0000" in json.dumps(data).replace("\\\\", "")  # an escaped backslash begins no escape


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_PROBLEM_CHARACTERS else f"{line[:MAX_PROBLEM_CHARACTERS]}…"
