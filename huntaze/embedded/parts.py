"""One process of a run: start it, ask whether it is ready, stop it, and let it never outlive its parent."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from huntaze.env import BASE_DIR

MARK = "HUNTAZE_SUPERVISED_BY"
POLL_SECONDS = 0.05
LOG_TAIL_LINES = 12
START_ATTEMPTS = 3

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_local_http = build_opener(ProxyHandler({}))


class PartError(Exception):
    """A part of the run cannot start; the message is for the operator."""


@dataclass(frozen=True)
class Account:
    """The user that a process runs as."""

    uid: int
    gid: int

    @classmethod
    def unprivileged(cls) -> "Account | None":
        """Return the account that a server which refuses root must use, or None where this process may run it itself."""
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)


@dataclass
class Part:
    """A process with its log; `ready` is asked with the process id, `before_start` runs before every start."""

    name: str
    command: Sequence[str]
    log: Path
    env: Mapping[str, str]
    ready: Callable[[int], bool] = lambda _pid: True
    before_start: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    cwd: Path = BASE_DIR
    account: Account | None = None
    pass_fds: Sequence[int] = ()
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start the process in a session of its own; its output is appended to the log."""
        self.before_start()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603  (our own programs)
                self.command,
                env=self.env,
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=self.pass_fds,
                start_new_session=True,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
                preexec_fn=end_with_parent(self.orphan_signal),  # noqa: PLW1509  (one system call, no lock)
            )

    @property
    def pid(self) -> int:
        """Return the process id of the last start."""
        if self.process is None:
            raise PartError(f"{self.name} was never started")
        return self.process.pid

    def running(self) -> bool:
        """Tell whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def answers(self) -> bool:
        """Tell whether the process runs and is ready."""
        return self.running() and self.ready(self.pid)

    def wait_ready(self, seconds: float) -> None:
        """Wait until the process is ready; raise PartError with the end of its log when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        while not self.answers():
            if not self.running():
                raise PartError(f"{self.name} ended at once; the end of its log:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise PartError(f"{self.name} was not ready within {seconds:.0f} seconds; the end of its log:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)

    def finish(self, seconds: float) -> None:
        """Wait until the process has done its work; raise PartError with the end of its log when it fails or takes too long."""
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                self.kill()
                raise PartError(f"{self.name} took longer than {seconds:.0f} seconds; the end of its log:\n{self.log_tail()}")
            time.sleep(POLL_SECONDS)
        if self.process is None or self.process.returncode != 0:
            raise PartError(f"{self.name} failed; the end of its log:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """Return the last lines of the log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, if it runs."""
        if self.process is not None and self.running():
            self.process.send_signal(number)

    def kill(self) -> None:
        """End the process and whatever it started, at once."""
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def start_on_free_port(make: Callable[[int], Part], *, seconds: float) -> Part:
    """Start the part that `make` returns for a free loopback port and wait until it is ready.

    Another process may take the port first, so a part that fails is tried on a second and a third port. Raises PartError.
    """
    for attempt in range(1, START_ATTEMPTS + 1):
        part = make(free_port())
        part.start()
        try:
            part.wait_ready(seconds)
        except PartError:
            part.kill()
            if attempt == START_ATTEMPTS:
                raise
        else:
            break
    return part


def stop_parts(parts: Iterable[Part], seconds: float) -> None:
    """Ask all `parts` to stop, wait for them together up to `seconds`, then kill what is left of them."""
    asked = [part for part in parts if part.process is not None]
    for part in asked:
        part.signal(part.stop_signal)
    deadline = time.monotonic() + seconds
    while any(part.running() for part in asked) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for part in asked:
        part.kill()


def end_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return what a child calls before it becomes its program, so that the kernel signals it when its parent dies.

    Only Linux knows this (prctl(2), PR_SET_PDEATHSIG); elsewhere the call does nothing.
    """
    parent = os.getpid()

    def ask_kernel() -> None:
        if sys.platform != "linux":
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def kill_marked(mark: str) -> None:
    """Kill the processes left by a killed supervisor: those whose environment says that `mark` started them.

    Returns when they are gone. Where there is no /proc, nothing is done.
    """
    needle = f"\0{MARK}={mark}\0".encode()

    def left_over() -> list[int]:
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if needle in b"\0" + _environ(entry)]

    while pids := left_over():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)


def _environ(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes()
    except OSError:
        return b""


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def http_ok(url: str) -> bool:
    """Tell whether a GET of `url`, without any proxy, answers 200 within two seconds."""
    try:
        with _local_http.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
