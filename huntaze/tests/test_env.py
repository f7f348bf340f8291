from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze.env import EnvError, Environment, parse_env_file


def environment(folder: Path, **environ: str) -> Environment:
    return Environment(environ, base_dir=folder)


def test_value_comes_from_the_process_before_the_files(tmp_path):
    (tmp_path / ".env").write_text("NAME=from-dotenv\n")
    assert environment(tmp_path, NAME="from-process").text("NAME", help="") == "from-process"


def test_value_comes_from_dotenv_before_the_embedded_file(tmp_path):
    (tmp_path / ".env").write_text("NAME=from-dotenv\n")
    (tmp_path / ".huntaze").mkdir()
    (tmp_path / ".huntaze" / "env").write_text("NAME=from-embedded\n")
    env = environment(tmp_path)
    assert (env.text("NAME", help=""), env.declared["NAME"].source) == ("from-dotenv", ".env")


def test_empty_value_counts_as_absent(tmp_path):
    assert environment(tmp_path, NAME="").text("NAME", "fallback", help="") == "fallback"


@pytest.mark.parametrize("value", ["x", "1.5", "-1", ""])
def test_wrong_integer_names_the_variable(tmp_path, value):
    with pytest.raises(EnvError) as refusal:
        environment(tmp_path, COUNT=value or " ").integer("COUNT", 1, help="")
    assert refusal.value.name == "COUNT"


def test_wrong_address_does_not_repeat_its_password(tmp_path):
    with pytest.raises(EnvError) as refusal:
        environment(tmp_path, STORE="ftp://user:hunter2@host").url("STORE", schemes=("redis",), help="")
    assert str(refusal.value) == "STORE: must be an address that starts with redis://"


def test_wrong_choice_lists_the_options(tmp_path):
    with pytest.raises(EnvError, match="DEFAULT_PLAN: 'gold' is not one of free, pro"):
        environment(tmp_path, DEFAULT_PLAN="gold").choice("DEFAULT_PLAN", "free", ("free", "pro"), help="")


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True), st.from_regex(r"[a-z0-9=:/@.-]{0,20}", fullmatch=True)))
def test_env_file_reads_back_what_was_written(pairs):
    pairs = {name: value.strip("\"'") for name, value in pairs.items()}
    assert parse_env_file("".join(f"{name}={value}\n" for name, value in pairs.items())) == pairs


def test_bounds_are_pairs_by_key(tmp_path):
    read = environment(tmp_path, BOUNDS="*=0.5:0.8, a/b=0.1").bounds("BOUNDS", help="", default="")
    assert read == {"*": (0.5, 0.8), "a/b": (0.1, None)}


@pytest.mark.parametrize("value", ["a=0.5", "*", "*=x", "*=0.8:0.5", "*=0.5:1.1", "*=-0.1", "*=nan", "*=0.5:0.8:0.9"])
def test_wrong_bounds_name_the_variable(tmp_path, value):
    with pytest.raises(EnvError) as refusal:
        environment(tmp_path, BOUNDS=value).bounds("BOUNDS", "*=0.5", help="")
    assert refusal.value.name == "BOUNDS"
