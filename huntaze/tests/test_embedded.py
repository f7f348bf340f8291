import json
import os
import signal
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

from huntaze.embedded import postgres as postgres_module
from huntaze.embedded.installation import Installation, write_private
from huntaze.embedded.parts import MARK, Account, Part, PartError, free_port, kill_marked, stop_parts
from huntaze.embedded.postgres import Postgres
from huntaze.embedded.run import is_loopback, listen
from huntaze.embedded.valkey import Valkey
from huntaze.env import read_env_file
from huntaze.tests.plugin import TEST_POSTGRES_OPTIONS, make_home
from huntaze.tests.processes import eventually


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """One PostgreSQL of our own that tests may kill, in a folder with a space."""
    home = make_home("huntaze embedded ")
    postgres = Postgres(home=home, log=tmp_path_factory.mktemp("log") / "postgres.log", options=TEST_POSTGRES_OPTIONS)
    parts = []

    def start():
        parts.append(postgres.start())
        return postgres, parts[-1]

    yield start
    stop_parts(parts, 5)
    subprocess.run(["rm", "-rf", home], check=True)


def test_postgres_answers_with_our_data_folder_and_user(cluster):
    postgres, part = cluster()
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute("SELECT current_setting('data_directory'), current_user, current_database()").fetchone()
    part.kill()
    assert row == (str(postgres.data), "huntaze", "huntaze")


def test_postgres_refuses_a_wrong_password(cluster):
    postgres, part = cluster()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url.replace(postgres.password, "wrong"))
    part.kill()


def test_postgres_data_folder_is_private(cluster):
    postgres, part = cluster()
    part.kill()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (postgres.data, postgres.folder, postgres.folder / "password")]
    assert modes == [0o700, 0o700, 0o600]


def test_postgres_killed_keeps_committed_rows_and_starts_again(cluster):
    postgres, part = cluster()
    with psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    part.signal(signal.SIGKILL)
    postgres, part = cluster()
    with psycopg.connect(postgres.url) as connection:
        rows = connection.execute("SELECT number FROM kept").fetchall()
    part.kill()
    assert rows == [(7,)]


def test_postgres_lock_with_the_process_id_of_a_stranger_does_not_block(cluster):
    postgres, part = cluster()
    stop_parts([part], 5)
    account = Account.unprivileged()
    stranger = subprocess.Popen(["sleep", "60"], user=account.uid if account else None)
    lock = postgres.data / "postmaster.pid"
    lock.write_text(f"{stranger.pid}\n{postgres.data}\n0\n1\n\n\n\nready\n")
    _postgres, part = cluster()
    alive = stranger.poll() is None
    part.kill()
    stranger.kill()
    stranger.wait()
    assert alive


def test_postgres_server_left_on_the_data_is_stopped_first(cluster):
    _, left = cluster()
    _, part = cluster()
    ended = left.process.wait(5)
    part.kill()
    assert ended == 0


def test_postgres_refuses_the_data_of_another_major_version(cluster):
    postgres, part = cluster()
    stop_parts([part], 5)
    version = postgres.data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("16\n")
    with pytest.raises(PartError) as refusal:
        postgres.start()
    version.write_text(kept)
    assert str(refusal.value) == (
        f"PostgreSQL: {postgres.data} was made by PostgreSQL 16, but PostgreSQL 18 is installed here: "
        "dump it with version 16 if you need what it holds, then move the folder away, or set DATABASE_URL."
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_postgres_data_moves_out_of_a_home_that_its_user_cannot_enter(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    postgres = Postgres(home=closed, log=tmp_path / "log")
    assert postgres.folder.parent.parent == postgres_module.SYSTEM_FOLDER


def test_valkey_keeps_its_data_over_a_kill(tmp_path):
    home = tmp_path / "with space"
    home.mkdir()
    valkey = Valkey(home=home, log=tmp_path / "log")
    part = valkey.start()
    with closing(redis.Redis.from_url(valkey.url)) as client:
        client.set("kept", "7")
        client.waitaof(1, 0, 2000)
    part.kill()
    part = valkey.start()
    with closing(redis.Redis.from_url(valkey.url)) as client:
        kept = client.get("kept")
    part.kill()
    assert kept == b"7"


def test_valkey_refuses_a_client_without_its_password(tmp_path):
    valkey = Valkey(home=tmp_path, log=tmp_path / "log")
    part = valkey.start()
    with closing(redis.Redis(port=valkey.port)) as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    part.kill()


def sleeper(tmp_path, **overrides):
    values = {"name": "sleeper", "command": ["sleep", "60"], "log": tmp_path / "log", "env": dict(os.environ)}
    return Part(**(values | overrides))


def test_part_that_ends_at_once_is_reported_with_its_log(tmp_path):
    part = sleeper(tmp_path, command=["sh", "-c", "echo out of paint; exit 3"])
    part.start()
    part.process.wait()
    with pytest.raises(PartError) as failure:
        part.wait_ready(1)
    assert str(failure.value) == "sleeper ended at once; the end of its log:\nout of paint"


def test_part_takes_what_it_started_with_it(tmp_path):
    part = sleeper(tmp_path, command=["sh", "-c", "sleep 60 & echo $!; wait"])
    part.start()
    grandchild = int(eventually((tmp_path / "log").read_text))
    part.kill()
    assert eventually(lambda: not _alive(grandchild))


def test_part_dies_with_its_parent(tmp_path):
    script = (
        "import os, pathlib, signal, sys\n"
        "from huntaze.embedded.parts import Part\n"
        "part = Part(name='p', command=['sleep', '60'], log=pathlib.Path(sys.argv[1]), env=dict(os.environ))\n"
        "part.start(); print(part.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "log")], capture_output=True, text=True, check=False, cwd=Part.cwd)
    child = int(done.stdout)
    assert eventually(lambda: not _alive(child))


def test_parts_that_ignore_the_stop_signal_are_killed(tmp_path):
    part = sleeper(tmp_path, command=["sh", "-c", "trap '' TERM; echo on; while :; do sleep 1; done"])
    part.start()
    eventually((tmp_path / "log").read_text)
    stop_parts([part], 0.2)
    assert part.process.returncode == -signal.SIGKILL


def test_kill_marked_ends_only_the_marked(tmp_path):
    marked = sleeper(tmp_path, env={**os.environ, MARK: str(tmp_path)})
    other = sleeper(tmp_path, env={**os.environ, MARK: f"{tmp_path}2"})
    marked.start()
    other.start()
    reaper = threading.Thread(target=marked.process.wait)
    reaper.start()
    kill_marked(str(tmp_path))
    reaper.join()
    states = (marked.process.returncode, other.running())
    other.kill()
    assert states == (-signal.SIGKILL, True)


def test_installation_makes_its_secrets_once(tmp_path):
    first = Installation(tmp_path / "home")
    first.lock()
    assert first.make_secrets(demo=True) == Installation(tmp_path / "home").make_secrets(demo=True)


def test_installation_without_the_demo_makes_no_demo_passwords(tmp_path):
    installation = Installation(tmp_path)
    assert sorted(installation.make_secrets(demo=False)) == ["AUDIT_SIGNING_KEYS", "AUTH_TOKEN_KEYS", "ENCRYPTION_KEYS", "SECRET_KEY"]


def test_installation_removes_the_addresses_when_it_stops(tmp_path):
    installation = Installation(tmp_path)
    kept = installation.make_secrets(demo=True)
    installation.publish({"DATABASE_URL": "postgresql://a", "REDIS_URL": "redis://b"})
    installation.report({"address": "x"})
    installation.retract()
    assert (read_env_file(installation.env_file), installation.report_file.exists()) == (kept, False)


def test_installation_keeps_what_a_person_added(tmp_path):
    (tmp_path / "env").write_text("AI_MODEL=tiny\n")
    installation = Installation(tmp_path)
    installation.make_secrets(demo=False)
    assert read_env_file(installation.env_file)["AI_MODEL"] == "tiny"


def test_installation_refuses_a_second_run_in_one_line(tmp_path):
    first, second = Installation(tmp_path), Installation(tmp_path)
    first.lock()
    with pytest.raises(PartError) as refusal:
        second.lock()
    assert str(refusal.value) == f"Huntaze already runs in {tmp_path}: stop it with Ctrl-C there, or with `kill {os.getpid()}`."


def test_private_file_is_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, json.dumps({"a": 1}))
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ('{"a": 1}', 0o600)


def test_listen_takes_the_next_port_when_one_is_taken():
    with listen("127.0.0.1", free_port()) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert second.getsockname()[1] > port


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("example.org", False)],
)
def test_loopback_is_told_from_other_hosts(host, loopback):
    assert is_loopback(host) is loopback


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
