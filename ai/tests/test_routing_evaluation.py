import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ai.routing import calibration, evaluation, metrics, outcomes, verifier
from ai.routing.calibration import CalibrationError
from ai.tests import outcome_rows

FIGURES = set(metrics.NAMES)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return outcome_rows.write(tmp_path_factory.mktemp("plain") / "plain.jsonl", outcome_rows.two_models())


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    return outcome_rows.write(tmp_path_factory.mktemp("answered") / "answered.jsonl.gz", outcome_rows.three_models())


@pytest.fixture(scope="module")
def weights(tmp_path_factory, answered):
    out = tmp_path_factory.mktemp("weights") / "weights.json"
    call_command("trainrouter", answered, out=out, stdout=StringIO(), stderr=StringIO())
    return out


@pytest.fixture(scope="module")
def found(plain, answered):
    return judged(plain, answered, fit="cv")


def judged(*files, **options):
    stdout = StringIO()
    call_command("evalrouter", *files, json=True, stdout=stdout, stderr=StringIO(), **options)
    return json.loads(stdout.getvalue())


def test_every_figure_stands_in_the_json_for_the_best_policy_and_for_each(found):
    assert {name: (report["rows"], report["policy"]) for name, report in found.items()} == {
        "plain": (300, "prescore"),
        "answered": (300, "verifier"),
    }
    beside = {f"{name}_{figure}" for name in ("random", "length") for figure in FIGURES}
    assert all(FIGURES | beside <= set(report) for report in found.values())
    assert [set(report["policies"]) for report in found.values()] == [
        {"random", "length", "prescore", "oracle"},
        {"random", "length", "prescore", "agreement", "verifier", "oracle"},
    ]
    assert all(set(policy) == {*FIGURES, "intervals"} for report in found.values() for policy in report["policies"].values())


def test_pre_score_finds_what_makes_prompts_hard_on_questions_it_never_saw(found):
    report = found["plain"]
    assert report["random_apgr"] == pytest.approx(0.5)
    assert report["apgr"] > 0.7
    assert report["apgr"] <= report["policies"]["oracle"]["apgr"]


def test_cascade_saves_and_keeps_the_floor(found):
    report = found["answered"]
    assert report["policies"]["agreement"]["saved_at_99"] > 0.4
    assert report["policies"]["agreement"]["quality_at_99"] > 0.97
    assert report["policies"]["agreement"]["saved_at_99"] > report["random_saved_at_99"]


def test_family_that_no_fit_saw_is_judged_by_the_others(found):
    assert {name: set(report["unseen"]) for name, report in found.items()} == {
        "plain": {"plain:easy", "plain:hard"},
        "answered": {"answered"},
    }
    assert found["answered"]["unseen"]["answered"]["agreement_apgr"] > 0.6


def test_rows_that_held_out_models_judge_are_not_among_those_they_learned_from(plain):
    rows = outcomes.read(plain).rows
    seen = []

    def remember(items, gains):
        seen.append(set(items))
        return lambda item: float(item in seen[-1])

    scored = evaluation.cross_fit(range(len(rows)), rows, remember)
    assert scored.outer == [0.0] * len(rows)
    assert {score for scores in scored.inner.values() for score in scores} == {0.0}
    assert len(seen) == 15


def test_group_with_unread_answers_is_left_out_once_more(tmp_path):
    broken = [{"prompt": f"broken {number}", "group": "broken", "weak": 1, "strong": 0} for number in range(40)]
    path = outcome_rows.write(tmp_path / "rows.jsonl", [*broken, *outcome_rows.two_models(100)])
    report = judged(path, fit="cv")["rows"]
    assert (report["rows"], {name: one["rows"] for name, one in report["without"].items()}) == (140, {"broken": 100})


def test_shipped_weights_judge_files_that_they_never_saw(plain, answered):
    found = judged(plain, answered)
    assert [report["in_sample"] for report in found.values()] == [False, False]
    assert set(found["answered"]["policies"]) == {"random", "length", "prescore", "agreement", "verifier", "oracle"}


def test_form_of_prompt_that_nothing_was_fitted_on_always_asks_the_strong_model(plain):
    report = judged(plain)["plain"]
    assert (report["saved_at_99"], report["quality_at_99"]) == (0.0, 1.0)


def test_trained_weights_are_judged_and_know_their_own_rows(answered, weights):
    report = judged(answered, weights=weights)["answered"]
    assert report["in_sample"] is True
    assert report["saved_at_97"] > 0


def test_trained_weights_tell_where_they_come_from(weights):
    facts = json.loads(weights.read_text())["facts"]
    assert (facts["rows"], list(facts["files"]), facts["seed"], facts["left_out"]) == (300, ["answered"], 0, {})
    assert len(facts["files"]["answered"]) == 64


def test_weights_written_and_read_again_score_alike(answered, weights):
    rows = outcomes.read(answered).rows
    read = calibration.load(weights)
    again = calibration.parse(json.loads(json.dumps(read.as_json())))
    assert [again.score(row.prompt) for row in rows] == [read.score(row.prompt) for row in rows]
    assert [again.verify(verifier.numbers_of(row)) for row in rows] == [read.verify(verifier.numbers_of(row)) for row in rows]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 0}', '{"format": 1, "families": {}}'])
def test_file_that_holds_no_weights_is_refused(tmp_path, content):
    path = tmp_path / "weights.json"
    path.write_text(content)
    with pytest.raises(CalibrationError, match=r"weights\.json: these are no weights of this version"):
        calibration.load(path)


def test_table_shows_every_policy_with_its_interval(answered):
    stdout = StringIO()
    call_command("evalrouter", answered, fit="cv", stdout=stdout, stderr=StringIO())
    lines = stdout.getvalue().splitlines()
    assert lines[0].startswith("answered: 300 rows, held-out questions; weak gpt-4o-mini-2024-07-18, strong gpt-4o-2024-08-06")
    assert [line.split()[0] for line in lines[2:8]] == ["random", "length", "prescore", "agreement", "verifier*", "oracle"]
    assert "0.500 [0.500, 0.500]" in lines[2]


def test_malformed_line_ends_the_command_with_its_place(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("nonsense\n")
    with pytest.raises(CommandError, match=r"rows\.jsonl:1: this is no JSON"):
        call_command("evalrouter", path)


def test_too_few_rows_are_no_ground_for_cross_validation(tmp_path):
    path = outcome_rows.write(tmp_path / "rows.jsonl", outcome_rows.two_models(20))
    with pytest.raises(CommandError, match="cross-validation needs 50 rows, not 20"):
        call_command("evalrouter", path, fit="cv", stderr=StringIO())


def test_two_files_of_one_name_are_refused(plain, tmp_path):
    other = outcome_rows.write(tmp_path / "plain.jsonl.gz", outcome_rows.two_models(60))
    with pytest.raises(CommandError, match="two files have the same name"):
        call_command("evalrouter", plain, other, stderr=StringIO())


def test_nothing_to_fit_is_said(tmp_path):
    path = outcome_rows.write(tmp_path / "rows.jsonl", outcome_rows.two_models(60))
    with pytest.raises(CommandError, match="no form of prompt has 200 rows"):
        call_command("trainrouter", path, out=tmp_path / "weights.json", stderr=StringIO())


@pytest.mark.parametrize(
    ("one", "other", "agreed"),
    [("7", "7.0", True), ("1,000", "$1000", True), ("'Yes.'", "yes", True), ("7", "8", False), ("yes", None, False), (None, None, False)],
)
def test_answers_agree_as_numbers_or_words(one, other, agreed):
    assert verifier.agree(one, other) is agreed
