"""The audit log over the API."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from accounts.tests.factories import add_member, client_of, make_user
from huntaze import audit, context
from huntaze.models import AuditEntry

PATH = "/api/v1/audit-log"


def member_client(workspace, role):
    user = make_user()
    add_member(workspace, user, role)
    client = client_of(user)
    client.defaults["HTTP_HUNTAZE_WORKSPACE"] = str(workspace.id)
    return client


def write(workspace, action="note.write", **fields):
    context.begin(context.RequestContext("a-request", "192.0.2.7", "A browser", "person", via="api"))
    return audit.record(action, workspace_id=workspace.id, **fields)


def listed(client, **query):
    answer = client.get(PATH, query)
    assert answer.status_code == 200, answer.json()
    return [row["id"] for row in answer.json()["data"]]


def test_entry_is_shown_with_who_did_what_from_where_and_its_seal(api, owner, workspace):
    subject_id = uuid4()
    entry = write(workspace, actor_id=owner.id, subject_id=subject_id, changes={"text": ["old", "new"]})
    audit.seal()
    sealed = AuditEntry.objects.get(id=entry.id)
    shown = api.get(PATH, {"action": "note.write"}).json()["data"]
    assert shown == [
        {
            "id": str(entry.id),
            "created_at": entry.created_at.isoformat().replace("+00:00", "Z"),
            "action": "note.write",
            "subject_id": str(subject_id),
            "actor": {"kind": "person", "id": str(owner.id), "name": "Olive Owner", "credential_id": None, "impersonated_by": None},
            "via": "api",
            "request_id": "a-request",
            "address": "192.0.2.7",
            "user_agent": "A browser",
            "changes": {"text": ["old", "new"]},
            "sequence": sealed.sequence,
            "hash": bytes(sealed.hash).hex(),
        }
    ]


def test_erased_entry_is_shown_without_its_payload(api, owner, workspace):
    write(workspace, actor_id=owner.id)
    audit.erase(person_id=owner.id)
    (row,) = api.get(PATH, {"action": "note.write"}).json()["data"]
    assert (row["address"], row["user_agent"], row["changes"], row["hash"]) == (None, None, None, None)


def test_log_holds_the_entries_of_its_workspace_only(api, stranger_workspace):
    write(stranger_workspace)
    assert listed(api, action="note.write") == []


@pytest.mark.parametrize("name", ["action", "actor_id", "subject_id"])
def test_log_is_filtered(name, api, workspace):
    entries = [write(workspace, f"note.{verb}", actor_id=make_user().id, subject_id=uuid4()) for verb in ("write", "erase")]
    assert listed(api, **{name: str(getattr(entries[0], name))}) == [str(entries[0].id)]


def test_log_is_filtered_by_time(api, workspace):
    entries = [write(workspace) for _number in range(3)]
    with connection.cursor() as cursor:  # the ids hold the time
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for day, entry in enumerate(entries, start=1):
            id_ = audit.first_id_at(datetime(2026, 1, day, tzinfo=UTC))
            cursor.execute("UPDATE huntaze_auditentry SET id = %s WHERE id = %s", (id_, entry.id))
            cursor.execute("UPDATE huntaze_auditpayload SET entry_id = %s WHERE entry_id = %s", (id_, entry.id))
        cursor.execute("SET LOCAL session_replication_role = origin")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=number) for number in range(4)]
    spans = {
        (first, last): len(listed(api, **{"from": days[first].isoformat(), "to": days[last].isoformat()}))
        for first, last in [(0, 3), (1, 2), (2, 2)]
    }
    assert spans == {(0, 3): 3, (1, 2): 1, (2, 2): 0}


@pytest.mark.parametrize(("name", "value"), [("actor_id", "x"), ("from", "yesterday"), ("to", "1"), ("action", "x" * 65), ("via", "api")])
def test_wrong_filter_is_refused(name, value, api):
    assert api.get(PATH, {name: value}).status_code == 422


@pytest.mark.parametrize("rows", [1, 10])
def test_log_takes_two_queries(rows, api, workspace, django_assert_num_queries):
    for _number in range(rows):
        write(workspace, actor_id=make_user().id)
    with django_assert_num_queries(2):
        assert len(listed(api, action="note.write")) == rows


@pytest.mark.parametrize("rows", [1, 10])
def test_verifying_takes_the_same_queries_whatever_there_is(rows, api, workspace, django_assert_num_queries):
    for _number in range(rows):
        write(workspace)
    audit.seal()
    with django_assert_num_queries(6):  # who calls, the checkpoint, a count, the entries, and a savepoint around them
        assert api.get(f"{PATH}/verify").json()["valid"] is True


def test_pages_go_on_where_the_one_before_ended(api, workspace):
    written = [str(write(workspace).id) for _number in range(5)][::-1]
    first = api.get(PATH, {"limit": 2, "action": "note.write"}).json()
    rest = listed(api, cursor=first["next_cursor"], action="note.write")
    assert ([row["id"] for row in first["data"]], rest) == (written[:2], written[2:])


@pytest.mark.parametrize("path", [PATH, f"{PATH}/verify"])
@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("editor", 403), ("chatter", 403), ("analyst", 403)])
def test_log_is_for_owner_and_manager(path, role, status, workspace):
    assert member_client(workspace, role).get(path).status_code == status


def test_verification_of_a_whole_chain(api, workspace):
    write(workspace)
    audit.seal()
    entries = AuditEntry.objects.filter(workspace_id=workspace.id)
    last = entries.latest("sequence")
    write(workspace)
    report = api.get(f"{PATH}/verify").json()
    checkpoint = report.pop("checkpoint")
    head = {"sequence": last.sequence, "hash": bytes(last.hash).hex()}
    counts = {"entries": entries.count(), "sealed": last.sequence, "unsealed": 1, "erased": 0}
    assert report == {"valid": True, "has_more": False, "next_cursor": None, **counts, "head": head, "findings": []}
    assert (checkpoint["sequence"], checkpoint["hash"], checkpoint["kid"]) == (head["sequence"], head["hash"], "test")


def looked_at(client, limit):
    """Return each page of a verification: whether it is valid, how many entries it saw, where it ended, what it found."""
    pages, cursor = [], {}
    while cursor is not None:
        page = client.get(f"{PATH}/verify", {"limit": limit, **cursor}).json()
        pages.append((page["valid"], page["sealed"], page["head"]["sequence"], [found["sequence"] for found in page["findings"]]))
        cursor = {"cursor": page["next_cursor"]} if page["has_more"] else None
    return pages


def test_long_chain_is_verified_in_parts(api, stranger_api, stranger_workspace):
    for _number in range(5):
        write(stranger_workspace)
    audit.seal()
    last = AuditEntry.objects.filter(workspace_id=stranger_workspace.id).count()
    assert looked_at(stranger_api, last - 2) == [(True, last - 2, last - 2, []), (True, 2, last, [])]
    assert looked_at(stranger_api, last) == [(True, last, last, [])]


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_part_that_is_damaged_is_found_wherever_it_is_cut(place, stranger_api, stranger_workspace):
    for _number in range(5):
        write(stranger_workspace)
    audit.seal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM huntaze_auditentry WHERE chain = %s AND sequence = %s", (stranger_workspace.id, place))
        cursor.execute("SET LOCAL session_replication_role = origin")
    found = [[sequence for page in looked_at(stranger_api, limit) for sequence in page[3]] for limit in (1, 2, 3, 100)]
    assert found == [[place + 1]] * 4


@pytest.mark.parametrize("query", ["limit=0", "limit=10001", "cursor=0", "cursor=-1", "cursor=x", "after=1"])
def test_wrong_part_is_refused(query, api):
    assert api.get(f"{PATH}/verify?{query}").status_code == 422


def test_verification_names_the_damage(api, workspace):
    entry = write(workspace)
    audit.seal()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE huntaze_auditentry SET action = 'x' WHERE id = %s", (entry.id,))
        cursor.execute("SET LOCAL session_replication_role = origin")
    report = api.get(f"{PATH}/verify").json()
    sequence = AuditEntry.objects.get(id=entry.id).sequence
    finding = {"kind": "entry_altered", "sequence": sequence, "entry_id": str(entry.id), "detail": "The entry is not what was sealed."}
    assert (report["valid"], report["findings"]) == (False, [finding])


def test_verification_of_an_empty_chain(stranger_api):
    report = stranger_api.get(f"{PATH}/verify").json()
    assert (report["valid"], report["sealed"], report["head"], report["checkpoint"]) == (True, 0, None, None)
