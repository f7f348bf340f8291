"""The home folder of one installation: its lock, the secrets made for it once, and the facts of a running `up`."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from huntaze.embedded.parts import PartError
from huntaze.env import read_env_file

RUNNING = ("DATABASE_URL", "REDIS_URL", "LOCAL_AI_URL", "HUNTAZE_URL")
KEYRINGS = ("AUTH_TOKEN_KEYS", "ENCRYPTION_KEYS", "AUDIT_SIGNING_KEYS")
DEMO_PASSWORDS = ("HUNTAZE_DEMO_PASSWORD", "HUNTAZE_DEMO_STAFF_PASSWORD")


class Installation:
    """The folder at `home`; made with mode 0700, or 0711 for root, whose PostgreSQL runs as another user."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env_file = home / "env"
        self.report_file = home / "up.json"
        self.locked = False

    def lock(self) -> None:
        """Keep other `up`s out of this folder until this process ends (the descriptor is never closed); raise PartError when one runs."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        descriptor = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(descriptor, 20).decode().strip()
            os.close(descriptor)
            raise PartError(f"Huntaze already runs in {self.home}: stop it with Ctrl-C there, or with `kill {pid}`.") from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self.locked = True

    def values(self) -> dict[str, str]:
        """Return what the folder keeps between runs."""
        return {name: value for name, value in read_env_file(self.env_file).items() if name not in RUNNING}

    def has_demo(self) -> bool:
        """Tell whether a demo workspace was ever asked for here."""
        return any(name in self.values() for name in DEMO_PASSWORDS)

    def make_secrets(self, *, demo: bool) -> dict[str, str]:
        """Add the secrets that are missing and return all; forget what an earlier, killed run left."""
        made = {"SECRET_KEY": secrets.token_urlsafe(48)}
        made |= {name: f"{secrets.token_hex(4)}:{secrets.token_urlsafe(48)}" for name in KEYRINGS}
        if demo:
            made |= {name: secrets.token_urlsafe(12) for name in DEMO_PASSWORDS}
        values = made | self.values()
        self.report_file.unlink(missing_ok=True)
        self._write_env(values)
        return values

    def publish(self, addresses: Mapping[str, str]) -> None:
        """Tell every other command where the embedded servers are; `addresses` are values of `RUNNING`."""
        self._write_env({**self.values(), **addresses})

    def report(self, facts: Mapping[str, object]) -> None:
        """Write the facts of this run for tools."""
        write_private(self.report_file, json.dumps(facts, indent=2) + "\n")

    def retract(self) -> None:
        """Remove what is true only while Huntaze runs."""
        self._write_env(self.values())
        self.report_file.unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Return the log file of a part; the log of the run before is kept beside it as `.1`."""
        path = self.home / "logs" / f"{name}.log"
        path.parent.mkdir(exist_ok=True, mode=0o700)
        if path.exists():
            path.replace(path.with_suffix(".log.1"))
        return path

    def _write_env(self, values: Mapping[str, str]) -> None:
        lines = ["# Written by `manage.py up`. Keep the secrets: without them nobody stays signed in.\n"]
        write_private(self.env_file, "".join([*lines, *(f"{name}={value}\n" for name, value in values.items())]))


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` in one step with one that only this user can read."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
