import pytest

from ai.routing import outcomes
from ai.routing.outcomes import OutcomesError
from ai.tests import outcome_rows

ROW = {"prompt": "Which?", "weak": 0, "strong": 1}
MODELS = {"prompt": "Which?", "models": {"gpt-4o": {"ok": True}, "gpt-4o-mini": {"ok": False}}}


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.json"])
def test_plain_and_packed_files_read_alike(tmp_path, name):
    read = outcomes.read(outcome_rows.write(tmp_path / name, [ROW, ROW]))
    assert (read.name, len(read.rows), read.rows[0].gain) == ("rows", 2, 1.0)


def test_fields_beyond_prompt_and_outcomes_may_be_missing(tmp_path):
    (row,) = outcomes.read(outcome_rows.write(tmp_path / "rows.jsonl", [MODELS])).rows
    assert (row.group, row.second, row.weak.text, row.weak.tokens_out) == ("", None, None, 200)


def test_rows_without_tokens_cost_what_the_pair_of_reference_costs(tmp_path):
    (row,) = outcomes.read(outcome_rows.write(tmp_path / "rows.jsonl", [ROW])).rows
    assert row.weak.cost / row.strong.cost == 0.06


def test_tokens_are_priced_from_the_list(tmp_path):
    rows = outcomes.read(outcome_rows.write(tmp_path / "rows.jsonl", outcome_rows.three_models(60))).rows
    assert rows[0].weak.cost == 100 * 150_000 + 200 * 600_000
    assert rows[0].second.cost == 100 * 75_000 + 150 * 300_000


@pytest.mark.parametrize(
    ("told", "roles"),
    [
        ({"gpt-4o": 1, "gpt-4o-mini": 1, "gemini-1.5-flash": 1}, {"weak": "gpt-4o-mini", "strong": "gpt-4o", "second": "gemini-1.5-flash"}),
        ({"gpt-4o-2024": 0, "claude-3-5-sonnet-1": 1, "gpt-4o-mini-1": 0}, {"weak": "gpt-4o-mini-1", "strong": "gpt-4o-2024"}),
        ({"claude-3-opus": 1, "claude-3-haiku": 1}, {"weak": "claude-3-haiku", "strong": "claude-3-opus"}),
        ({"ours": 0, "theirs": 1}, {"weak": "ours", "strong": "theirs"}),
    ],
)
def test_roles_follow_names_then_prices_then_outcomes(tmp_path, told, roles):
    rows = [
        {"prompt": "Which?", "models": {name: {"ok": ok} for name, ok in told.items()}},
        {**MODELS, "models": {name: {"ok": 1} for name in told}},
    ]
    assert outcomes.read(outcome_rows.write(tmp_path / "rows.jsonl", rows)).models == roles


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "this is no JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[1]", "a row is a JSON object, not list"),
        ('{"weak": 1, "strong": 1}', "`prompt` is missing"),
        ('{"prompt": " ", "weak": 1, "strong": 1}', "`prompt` is not a text"),
        ('{"prompt": "a", "weak": 1}', "`strong` is missing"),
        ('{"prompt": "a", "weak": 2, "strong": 1}', "whether weak was right must be true, false or a number from 0 to 1"),
        ('{"prompt": "a", "weak": "yes", "strong": 1}', "whether weak was right must be true, false or a number from 0 to 1"),
        ('{"prompt": "a", "weak": 1, "strong": 1, "tokens_in": -1}', "`tokens_in` is not a count of tokens"),
        ('{"prompt": "a", "weak": 1, "strong": 1, "tokens_in": NaN}', "`tokens_in` is not a count of tokens"),
        ('{"prompt": "a", "models": []}', "`models` is not an object"),
        ('{"prompt": "a", "models": {"x": {"ok": 1}}}', "`models` must tell of at least two models, here and in each row"),
    ],
)
def test_malformed_line_is_named(tmp_path, line, problem):
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"prompt": "a", "weak": 1, "strong": 1}}\n\n{line}\n')
    with pytest.raises(OutcomesError) as error:
        outcomes.read(path)
    assert str(error.value) == f"{path}:3: {problem}"


def test_row_that_lacks_a_model_is_named(tmp_path):
    lacking = {"prompt": "Which?", "models": {"gpt-4o": {"ok": True}}}
    path = outcome_rows.write(tmp_path / "rows.jsonl", [MODELS, lacking])
    with pytest.raises(OutcomesError, match=r"rows\.jsonl:1: `models` must tell of at least two models"):
        outcomes.read(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "there are no rows"),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"\x1f\x8b\x08", "Compressed file ended before the end-of-stream marker was reached"),
        (b'{"prompt": "a", "weak": 1, "strong": 0}', "the strong model is never right, so nothing can be compared with it"),
    ],
)
def test_unusable_file_is_named(tmp_path, content, problem):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    with pytest.raises(OutcomesError) as error:
        outcomes.read(path)
    assert str(error.value) == f"{path}: {problem}"


def test_absent_file_is_named(tmp_path):
    with pytest.raises(OutcomesError, match="No such file or directory"):
        outcomes.read(tmp_path / "absent.jsonl")


def test_question_stays_in_its_fold_whatever_its_case_and_spacing():
    assert outcomes.fold_of("How  many eggs?\n") == outcomes.fold_of("how many EGGS?")


def test_folds_are_of_like_size():
    sizes = [0] * outcomes.FOLDS
    for number in range(1000):
        sizes[outcomes.fold_of(f"question {number}")] += 1
    assert all(150 < size < 250 for size in sizes)


def test_group_whose_strong_answers_were_not_read_is_found(tmp_path):
    broken = [{"prompt": f"broken {number}", "group": "broken", "weak": number % 2, "strong": 0} for number in range(40)]
    read = outcomes.read(outcome_rows.write(tmp_path / "rows.jsonl", [*broken, *outcome_rows.two_models(80)]))
    assert read.faulty_groups() == ["broken"]
    assert {row.group for row in read.without(["broken"]).rows} == {"easy", "hard"}
