"""`manage.py up` as an operator runs it: one life of an installation, observed once, judged by many tests."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import pytest

from huntaze.embedded.parts import http_ok
from huntaze.embedded.programs import MANAGE
from huntaze.env import read_env_file
from huntaze.tests.plugin import make_home
from huntaze.tests.processes import eventually

START_SECONDS = 90
SERVERS = ("DATABASE_URL", "REDIS_URL")


def environment(home, **settings):
    return {name: value for name, value in os.environ.items() if name not in SERVERS} | {"HUNTAZE_HOME": str(home), **settings}


class Up:
    """One `manage.py up` in its own process, run from another folder."""

    def __init__(self, home, *arguments):
        self.home, self.output = home, home.parent / f"{home.name}.out"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([*MANAGE, "up", *arguments], env=environment(home), cwd="/", stdout=output, stderr=output)

    def report(self):
        """Return what `up.json` says of this run, not of one that was killed before it."""
        path = self.home / "up.json"
        report = json.loads(path.read_text()) if path.exists() else None
        return report if report and report["processes"]["up"] == self.process.pid else None

    def ready(self):
        eventually(lambda: self.process.poll() is not None or self.report(), seconds=START_SECONDS)
        assert self.process.poll() is None, self.text()
        return self.report()

    def text(self):
        return self.output.read_text()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.wait()

    def stop(self):
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began


def run_manage(home, *arguments, **settings):
    return subprocess.run([*MANAGE, *arguments], env=environment(home, **settings), cwd="/", capture_output=True, text=True, check=False)


def processes_of(home):
    """Return the processes that mention the home folder in their environment, command line or working folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            texts = [(entry / name).read_bytes() for name in ("environ", "cmdline")] + [os.fsencode((entry / "cwd").readlink())]
        except OSError:
            continue
        if state != "Z" and any(os.fsencode(home) in text for text in texts):
            found.append(int(entry.name))
    return found


@pytest.fixture(scope="module")
def life():
    """Run an installation through start, a dead part, a killed supervisor, a second start and a stop; return what was seen."""
    folder = make_home("huntaze up ")
    home = folder / "its home"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Up(home, "--port", str(port)) as first:
            seen = {"home": home, "port": port} | first_run(first, port)
    with Up(home, "--port", str(port)) as second:
        seen["second"] = second.ready()
        seen["stop_seconds"] = second.stop()
        seen["exit_code"] = second.process.returncode
    seen["left"] = processes_of(home)
    seen["after"] = sorted(read_env_file(home / "env"))
    seen["report_left"] = (home / "up.json").exists()
    shutil.rmtree(folder, ignore_errors=True)
    return seen


def first_run(up, port):
    report = up.ready()
    eventually(lambda: "Stop" in up.text())
    seen = {"first": report, "first_text": up.text(), "while": read_env_file(up.home / "env")}
    seen["modes"] = [stat.S_IMODE((up.home / name).stat().st_mode) for name in ("env", "up.json")]
    seen["pages"] = [http_ok(report[page]) for page in ("docs", "admin")]
    seen["second_up"] = run_manage(up.home, "up", "--port", str(port))
    seen["doctor"] = run_manage(up.home, "doctor")
    os.kill(report["processes"]["postgres"], signal.SIGKILL)
    eventually(lambda: up.report()["processes"]["postgres"] != report["processes"]["postgres"])
    seen["ready_again"] = eventually(lambda: http_ok(f"{report['address']}/readyz"))
    return seen


def test_up_takes_the_next_port_and_says_so(life):
    address = life["first"]["address"]
    chosen = int(address.rsplit(":", 1)[1])
    assert chosen > life["port"]
    assert f"  Huntaze   {address}   (port {life['port']} was taken)" in life["first_text"].splitlines()


def test_up_reports_its_facts_for_tools(life):
    assert sorted(life["first"]) == ["address", "admin", "demo", "docs", "embedded", "engine", "processes", "staff"]
    assert life["first"]["embedded"] == ["postgres", "valkey", "ai"]
    assert sorted(life["first"]["processes"]) == ["ai", "beat", "postgres", "up", "valkey", "web", "worker"]


def test_up_gives_demo_and_staff_different_passwords(life):
    assert life["first"]["demo"]["password"] != life["first"]["staff"]["password"]


def test_up_keeps_its_files_private(life):
    assert life["modes"] == [0o600, 0o600]


def test_up_serves_the_documentation_and_the_admin(life):
    assert life["pages"] == [True, True]


def test_up_publishes_its_servers_while_it_runs(life):
    assert sorted(life["while"]) == sorted([*life["after"], "DATABASE_URL", "HUNTAZE_URL", "LOCAL_AI_URL", "REDIS_URL"])


def test_second_up_in_the_same_folder_is_refused_in_one_line(life):
    pid = life["first"]["processes"]["up"]
    line = f"Huntaze already runs in {life['home']}: stop it with Ctrl-C there, or with `kill {pid}`.\n"
    assert (life["second_up"].returncode, life["second_up"].stderr) == (1, line)


def test_doctor_finds_every_part_embedded(life):
    rows = [re.split(r"\s{2,}", line)[:2] for line in life["doctor"].stdout.splitlines()[:6]]
    parts = ["PostgreSQL", "Tables", "Valkey", "Web server", "Worker", "Writer"]
    assert rows == [[part, "configured" if part == "Tables" else "embedded"] for part in parts]
    assert life["doctor"].returncode == 0


def test_up_starts_a_killed_server_again(life):
    assert life["ready_again"]


def test_up_starts_again_after_it_was_killed_with_the_same_accounts(life):
    assert [life["second"][role] for role in ("demo", "staff")] == [life["first"][role] for role in ("demo", "staff")]


def test_up_gets_its_port_back_after_it_was_killed(life):
    assert life["second"]["address"] == f"http://127.0.0.1:{life['port']}"


def test_up_stops_within_ten_seconds_and_leaves_nothing(life):
    assert (life["stop_seconds"] < 10, life["exit_code"], life["left"], life["report_left"]) == (True, 0, [], False)


def test_up_keeps_only_its_secrets_when_stopped(life):
    assert life["after"] == [
        "AUDIT_SIGNING_KEYS",
        "AUTH_TOKEN_KEYS",
        "ENCRYPTION_KEYS",
        "HUNTAZE_DEMO_PASSWORD",
        "HUNTAZE_DEMO_STAFF_PASSWORD",
        "SECRET_KEY",
    ]


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL: must look like postgresql://user:password@host:port/name\n"),
        ({"LEASE_SECONDS": "soon"}, "LEASE_SECONDS: 'soon' is not a whole number of 2 or more\n"),
        ({"HUNTAZE_PORT": "http"}, "HUNTAZE_PORT: 'http' is not a whole number of 1 or more\n"),
        ({"HUNTAZE_LOCAL_MODEL": "/nowhere.gguf"}, "HUNTAZE_LOCAL_MODEL: there is no file /nowhere.gguf\n"),
    ],
)
def test_wrong_setting_ends_up_with_one_line_and_starts_nothing(tmp_path, settings, line):
    done = run_manage(tmp_path / "home", "up", **settings)
    assert (done.returncode, done.stdout, done.stderr, (tmp_path / "home").exists()) == (2, "", line, False)


def test_database_that_does_not_answer_ends_up_with_one_line(tmp_path):
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        done = run_manage(tmp_path / "home", "up", DATABASE_URL=f"postgresql://u:p@127.0.0.1:{port}/d")
    assert (done.returncode, done.stderr.splitlines()) == (
        2,
        [f"DATABASE_URL: no server answers at 127.0.0.1:{port} ([Errno 111] Connection refused)"],
    )


def test_demo_is_refused_on_an_address_that_others_reach(tmp_path):
    done = run_manage(tmp_path / "home", "up", "--host", "0.0.0.0")
    problem = "--host 0.0.0.0: the demo's accounts are reachable only from this machine; "
    cure = "bind to 127.0.0.1, or use --no-demo with another HUNTAZE_HOME.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", problem + cure)


def test_doctor_says_what_is_missing_when_nothing_runs(tmp_path):
    done = run_manage(tmp_path / "home", "doctor")
    assert done.stdout.splitlines()[0].split(maxsplit=2) == [
        "PostgreSQL",
        "missing",
        "not running here: start everything with `manage.py up`, or set DATABASE_URL",
    ]


def test_doctor_ends_with_1_when_a_configured_server_is_broken(tmp_path):
    done = run_manage(tmp_path / "home", "doctor", REDIS_URL="redis://127.0.0.1:1/0")
    assert (done.returncode, done.stderr) == (1, "Broken: Valkey\n")
