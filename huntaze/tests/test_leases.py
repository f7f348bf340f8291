"""The lease pattern, on the table that uses it first."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from ai.models import Generation
from ai.tests.factories import make_generation
from huntaze import leases

pytestmark = pytest.mark.django_db


def expire(generation: Generation) -> None:
    Generation.objects.filter(pk=generation.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_claim_takes_waiting_work_once(workspace):
    generation = make_generation(workspace)
    first, second = leases.claim(Generation, generation.pk), leases.claim(Generation, generation.pk)
    assert (first is not None, second) == (True, None)


def test_claim_takes_over_work_whose_lease_ran_out(workspace):
    generation = make_generation(workspace)
    leases.claim(Generation, generation.pk)
    expire(generation)
    assert leases.claim(Generation, generation.pk) is not None


def test_claim_stops_after_the_last_try(workspace):
    generation = make_generation(workspace)
    for _try in range(Generation.max_attempts):
        leases.claim(Generation, generation.pk)
        expire(generation)
    assert leases.claim(Generation, generation.pk) is None


def test_finish_is_refused_once_another_worker_holds_the_row(workspace):
    generation = make_generation(workspace)
    stale = leases.claim(Generation, generation.pk)
    expire(generation)
    leases.claim(Generation, generation.pk)
    assert stale.finish(status="failed", finished_at=Now()) is False


def test_finish_leaves_nothing_to_wake(workspace):
    generation = make_generation(workspace)
    leases.claim(Generation, generation.pk).finish(status="succeeded", finished_at=Now())
    assert Generation.objects.values_list("status", "wake_at", "lease_token").get() == ("succeeded", None, None)


def test_work_given_back_waits_at_once_with_its_try_not_counted(workspace):
    generation = make_generation(workspace)
    leases.claim(Generation, generation.pk).give_back(output_tokens=5)
    row = Generation.objects.values_list("status", "attempts", "lease_token", "lease_expires_at", "output_tokens").get()
    assert (row, leases.sweep(Generation)) == (("queued", 0, None, None, 5), leases.Due([generation.pk], []))


def test_lost_work_cannot_be_given_back(workspace):
    generation = make_generation(workspace)
    stale = leases.claim(Generation, generation.pk)
    expire(generation)
    leases.claim(Generation, generation.pk)
    assert (stale.give_back(), stale.note(output_tokens=5), Generation.objects.values_list("attempts", "output_tokens").get()) == (
        False,
        False,
        (2, 0),
    )


def test_renewed_lease_cannot_be_taken_over(workspace):
    generation = make_generation(workspace)
    lease = leases.claim(Generation, generation.pk)
    expire(generation)
    lease.renew()
    assert leases.claim(Generation, generation.pk) is None


def test_sweep_wakes_what_waited_too_long_and_only_once_per_turn(workspace):
    generation = make_generation(workspace)
    Generation.objects.update(wake_at=Now())
    assert [leases.sweep(Generation), leases.sweep(Generation)] == [leases.Due([generation.pk], []), leases.Due([], [])]


def test_sweep_leaves_running_work_alone(workspace):
    generation = make_generation(workspace)
    leases.claim(Generation, generation.pk)
    assert leases.sweep(Generation) == leases.Due([], [])


def test_sweep_reports_work_without_tries_left_as_dead(workspace):
    generation = make_generation(workspace)
    for _try in range(Generation.max_attempts):
        leases.claim(Generation, generation.pk)
        expire(generation)
    Generation.objects.update(wake_at=Now())
    assert leases.sweep(Generation) == leases.Due([], [generation.pk])


def test_bury_takes_only_the_dead(workspace):
    generation = make_generation(workspace)
    leases.claim(Generation, generation.pk)
    assert leases.bury(Generation, generation.pk, status="failed", finished_at=Now()) is False
