import json
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.routing import calibration, prescore
from ai.routing.prescore import HAND_FEATURES, MAX_CHARACTERS, Model, features_of
from huntaze.env import BASE_DIR

PROMPTS = ["Write a caption for my beach photo.", "How many eggs are 3 boxes of 12?", "Which?\nA. one\nB. two\nC. three\nAnswer:"]


def test_shipped_weights_are_smaller_than_a_megabyte():
    assert calibration.FILE.stat().st_size < 1_000_000


def test_score_is_the_same_in_processes_that_hash_differently():
    script = f"from ai.routing.calibration import load\nprint([load().score(prompt).hex() for prompt in {PROMPTS!r}])"
    answers = {
        subprocess.run(
            [sys.executable, "-c", script], cwd=BASE_DIR, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert answers == {f"{[calibration.load().score(prompt).hex() for prompt in PROMPTS]}\n".encode()}


@given(st.text())
def test_any_text_has_features_and_a_finite_score(text):
    features = features_of(text)
    assert len(features.hand) == HAND_FEATURES
    assert abs(calibration.load().score(text)) < 1e6


def test_long_prompt_is_judged_by_its_beginning():
    text = "one two three " * MAX_CHARACTERS
    assert features_of(text) == features_of(text[: MAX_CHARACTERS + 50])


def test_numbers_count_by_their_length_only():
    assert prescore.words_of("Take 12 of 9000000") == ["take", "00", "of", "00000"]


def test_stored_model_scores_the_same():
    (model,) = [family.model for family in calibration.load().families.values() if family.model][:1]
    again = Model.from_json(json.loads(json.dumps(model.as_json())))
    assert [again.score(features_of(prompt)) for prompt in PROMPTS] == [model.score(features_of(prompt)) for prompt in PROMPTS]


@pytest.mark.parametrize(
    ("prompt", "family"),
    [
        (PROMPTS[0], ""),
        (PROMPTS[1], "maths"),
        (PROMPTS[2], "choice"),
        ("How many eggs are 3 boxes of 12? Answer in JSON.", "schema"),
        (r"Solve $x^2 = y$", "maths"),
    ],
)
def test_form_tells_the_family(prompt, family):
    assert prescore.family_of(prompt) == family


def test_prompt_of_no_family_is_scored_by_its_length():
    shipped = calibration.load()
    scores = [shipped.score("word " * length) for length in range(1, 200)]
    assert len(set(scores)) == len(scores)
    assert scores in (sorted(scores), sorted(scores, reverse=True))
