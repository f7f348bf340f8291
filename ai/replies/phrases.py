"""Phrases by subject and language, in YAML files of this folder, as patterns over what `ai.readings.readings` yields."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent


def load(name: str, words: Mapping[str, str]) -> Mapping[str, list[str]]:
    """Return the lines of `<name>.yaml` by subject, of all languages together, with `{word}` replaced by the pattern that it stands for."""
    packs = yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8"))
    return {subject: [_worded(line, words) for pack in languages.values() for line in pack] for subject, languages in packs.items()}


def any_of(lines: Iterable[str]) -> re.Pattern[str]:
    """Return what finds one of `lines` as whole words; a space may be missing, as people leave it out."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(line.replace(' ', ' ?') for line in lines)})(?!\w)")


def _worded(line: str, words: Mapping[str, str]) -> str:
    for word, pattern in words.items():
        line = line.replace(f"{{{word}}}", pattern)
    return line
