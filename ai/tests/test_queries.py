"""What the addresses of generations send to PostgreSQL: statements in all, BEGIN and COMMIT included."""

import pytest

from ai.tests.factories import make_generation

pytestmark = pytest.mark.django_db(transaction=True)

GENERATIONS = "/api/v1/ai/generations"


def test_generate_takes_seven_statements(api, django_assert_num_queries):
    with django_assert_num_queries(7):  # the caller; begin, lock the plan, count, insert, audit, commit
        assert api.post("/api/v1/content/generate", {"kind": "post", "prompt": "My new cooking series"}).status_code == 202


def test_generation_takes_two_statements(api, workspace, django_assert_num_queries):
    address = f"{GENERATIONS}/{make_generation(workspace).id}"
    with django_assert_num_queries(2):
        assert api.get(address).status_code == 200


@pytest.mark.parametrize("rows", [1, 10])
def test_list_takes_two_statements(api, workspace, django_assert_num_queries, rows):
    for _row in range(rows):
        make_generation(workspace)
    with django_assert_num_queries(2):
        assert len(api.get(GENERATIONS).json()["data"]) == rows


@pytest.mark.parametrize(
    ("status", "statements"),
    [
        ("running", 7),  # the caller, the row; begin, lock, update, audit, commit
        ("queued", 10),  # besides: the savepoint that receivers work in and its release, and the event
    ],
)
def test_cancel_takes_seven_statements_or_ten_when_it_is_the_end(api, workspace, django_assert_num_queries, status, statements):
    address = f"{GENERATIONS}/{make_generation(workspace, status=status).id}/cancel"
    with django_assert_num_queries(statements):
        assert api.post(address).status_code == 200
