"""A stream that is open ends soon after its reader may read no longer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from accounts.tests.factories import add_member, client_with, make_key, make_user, sign_in
from ai import sse, stream
from ai.models import Generation
from ai.tests.factories import make_generation

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 300
READERS = 150  # more than a pool of connections holds unless it is told to


def by_session(workspace: Any, person: Any) -> tuple[str, Callable[[], Any]]:
    signed_in = sign_in(person)
    return signed_in.access_token, lambda: services.sign_out(session_id=signed_in.principal.session_id)


def by_key(workspace: Any, person: Any) -> tuple[str, Callable[[], Any]]:
    key, text = make_key(workspace, person)
    return text, lambda: ApiKey.objects.filter(id=key.id).update(revoked_at=timezone.now())


def by_membership(workspace: Any, person: Any) -> tuple[str, Callable[[], Any]]:
    return sign_in(person).access_token, lambda: services.remove_member(workspace_id=workspace.id, user_id=person.id)


def by_scope(workspace: Any, person: Any) -> tuple[str, Callable[[], Any]]:
    key, text = make_key(workspace, person, scopes=["generations:read"])
    return text, lambda: ApiKey.objects.filter(id=key.id).update(scopes=["assets:read"])


@pytest.mark.parametrize("enter", [by_session, by_key, by_membership, by_scope])
def test_open_stream_ends_without_the_text_once_its_reader_is_shut_out(enter, workspace):
    add_member(workspace, person := make_user(), "editor")
    token, shut_out = enter(workspace, person)
    generation = make_generation(workspace)
    path = f"/api/v1/ai/generations/{generation.id}/stream"
    answer = client_with(token).get(path, headers={"Huntaze-Workspace": str(workspace.id)})
    shut_out()
    assert (answer.status_code, set(answer.streaming_content)) == (200, {sse.KEEP_ALIVE})


def test_stream_goes_on_for_who_may_read(api, workspace):
    generation = make_generation(workspace)
    events = api.get(f"/api/v1/ai/generations/{generation.id}/stream").streaming_content
    waited = [next(events) for _wait in range(3)]  # the third comes after a check
    Generation.objects.filter(id=generation.id).update(status="cancelled", finished_at=timezone.now())
    assert (waited, b"event: done" in b"".join(events)) == ([sse.KEEP_ALIVE] * 3, True)


def test_reader_of_many_events_is_not_asked_about_for_each(workspace):
    generation = make_generation(workspace, status="succeeded", finished_at=timezone.now())
    writer, asked = stream.Writer(generation.id, attempt=1), []
    for number in range(EVENTS):
        writer.append("text", {"number": number})
    writer.append("done", {})
    told = b"".join(sse.events_of(generation.id, after=stream.FROM_START, is_still_allowed=lambda: not asked.append(1)))
    assert (told.count(b"event: text"), told.count(b"event: done"), asked) == (EVENTS, 1, [])


def test_as_many_readers_as_a_web_process_serves_may_wait_at_once(workspace):
    generation = make_generation(workspace)
    everybody = Barrier(READERS)

    def wait(_number: int) -> list[stream.Entry]:
        everybody.wait()
        return list(stream.read(generation.id, after=stream.FROM_START, wait_seconds=0.5))

    with ThreadPoolExecutor(READERS) as readers:
        assert list(readers.map(wait, range(READERS))) == [[]] * READERS
