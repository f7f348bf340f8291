"""Read settings from the environment, and remember each one so that docs and `doctor` can list them.

A value comes from, in this order: the process environment, `.env` in the project folder, and the `env` file in
the home folder (`HUNTAZE_HOME`, default `.huntaze`), which `manage.py up` writes for its embedded servers.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")

BASE_DIR = Path(__file__).resolve().parent.parent


class EnvError(Exception):
    """A setting is missing or has a value that cannot be used; `name` is the variable's name."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"{name}: {problem}")
        self.name = name

    def report(self) -> int:
        """Write the one line that an operator needs to standard error; return the exit code."""
        sys.stderr.write(f"{self}\n")
        return 2


@dataclass(frozen=True)
class Variable:
    """One setting as the code declares it; `secret` values are never shown."""

    name: str
    default: str
    help: str
    secret: bool
    source: str


def parse_env_file(text: str) -> dict[str, str]:
    """Return the `NAME=value` lines of `text`; blank lines, `#` comments and quotes around a value are dropped."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, value in pairs}


def read_env_file(path: Path) -> dict[str, str]:
    """Return the pairs in the file at `path`, or nothing where there is no such file."""
    return parse_env_file(path.read_text(encoding="utf-8")) if path.is_file() else {}


class Environment:
    """The layered sources of settings; each reader declares the variable that it reads."""

    def __init__(self, environ: Mapping[str, str], *, base_dir: Path = BASE_DIR) -> None:
        local = read_env_file(Path(environ.get("HUNTAZE_ENV_FILE") or base_dir / ".env"))
        self.home = Path(environ.get("HUNTAZE_HOME") or local.get("HUNTAZE_HOME") or base_dir / ".huntaze").absolute()
        self.layers: tuple[tuple[str, Mapping[str, str]], ...] = (
            ("environment", environ),
            (".env", local),
            ("embedded", read_env_file(self.home / "env")),
        )
        self.declared: dict[str, Variable] = {}
        self.text("HUNTAZE_ENV_FILE", ".env", help="A file of settings in the project folder, below the environment.")
        self.text("HUNTAZE_HOME", ".huntaze", help="Folder of the embedded servers' data, keys and addresses.")

    def _read(self, name: str, default: str, help: str, parse: Callable[[str], T], *, secret: bool = False) -> T:
        source, value = next(((label, layer[name]) for label, layer in self.layers if layer.get(name)), ("default", default))
        self.declared[name] = Variable(name, default, help, secret, source)
        try:
            return parse(value)
        except ValueError as error:
            raise EnvError(name, str(error)) from None

    def text(self, name: str, default: str = "", *, help: str, secret: bool = False) -> str:
        """Return the text of `name`."""
        return self._read(name, default, help, str, secret=secret)

    def integer(self, name: str, default: int, *, help: str, minimum: int = 0) -> int:
        """Return `name` as a whole number of at least `minimum`."""

        def parse(value: str) -> int:
            if not value.lstrip("-").isdigit() or int(value) < minimum:
                raise ValueError(f"{value!r} is not a whole number of {minimum} or more")
            return int(value)

        return self._read(name, str(default), help, parse)

    def flag(self, name: str, default: bool, *, help: str) -> bool:
        """Return `name` as a truth value, written true/false, yes/no, on/off or 1/0."""

        def parse(value: str) -> bool:
            words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
            if value.lower() not in words:
                raise ValueError(f"{value!r} is neither true nor false")
            return words[value.lower()]

        return self._read(name, str(default).lower(), help, parse)

    def items(self, name: str, default: str = "", *, help: str, secret: bool = False) -> list[str]:
        """Return the comma-separated items of `name`."""

        def parse(value: str) -> list[str]:
            return [item.strip() for item in value.split(",") if item.strip()]

        return self._read(name, default, help, parse, secret=secret)

    def bounds(self, name: str, default: str, *, help: str) -> dict[str, tuple[float, float | None]]:
        """Return the comma-separated `key=low:high` of `name`, numbers from 0 to 1; without a high one that is None.

        The key `*` stands for all that are not named, and must be there.
        """

        def parse(value: str) -> dict[str, tuple[float, float | None]]:
            pairs = [item.strip().partition("=")[::2] for item in value.split(",") if item.strip()]
            found = {key: _bound(numbers) for key, numbers in pairs}
            if "*" not in found:
                raise ValueError("needs bounds for *")
            return found

        return self._read(name, default, help, parse)

    def choice(self, name: str, default: str, options: tuple[str, ...], *, help: str) -> str:
        """Return `name`, which must be one of `options`."""

        def parse(value: str) -> str:
            if value not in options:
                raise ValueError(f"{value!r} is not one of {', '.join(options)}")
            return value

        return self._read(name, default, help, parse)

    def url(self, name: str, default: str = "", *, schemes: tuple[str, ...], help: str, secret: bool = False) -> str:
        """Return the address in `name` without a trailing slash; its scheme must be one of `schemes`."""

        def parse(value: str) -> str:
            parts = urlsplit(value)
            if value and (parts.scheme not in schemes or not (parts.netloc or parts.path)):
                raise ValueError(f"must be an address that starts with {' or '.join(scheme + '://' for scheme in schemes)}")
            return value.rstrip("/")

        return self._read(name, default, help, parse, secret=secret)


def _bound(text: str) -> tuple[float, float | None]:
    """Return the numbers of `low:high` or `low`. Raises ValueError."""
    low, has_high, high = text.partition(":")
    found = float(low), float(high) if has_high else None
    if not 0 <= found[0] <= (1 if found[1] is None else found[1]) <= 1:
        raise ValueError(f"{text!r} is not low:high between 0 and 1")
    return found
