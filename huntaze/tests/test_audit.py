"""The audit log: written once, chained, signed, and true after any part of it was tampered with."""

import json
import threading
from contextlib import contextmanager
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.utils import ProgrammingError
from hypothesis import HealthCheck, given
from hypothesis import settings as runs
from hypothesis import strategies as st

from huntaze import audit, context
from huntaze.audit import Damage, chain
from huntaze.env import BASE_DIR
from huntaze.models import INSTALLATION_CHAIN, AuditCheckpoint, AuditEntry, AuditPayload

pytestmark = pytest.mark.django_db

LENGTH = 5
WORKSPACE = uuid4()
OTHER = uuid4()


@pytest.fixture(autouse=True)
def _no_request():
    context.begin(context.RequestContext())


@pytest.fixture
def sealed():
    """Return the ids of a sealed chain of five entries, in their order; another chain stands beside it."""
    ids = [write(workspace_id=workspace).id for _number in range(LENGTH) for workspace in (OTHER, WORKSPACE)]
    audit.seal()
    return ids[1::2]


def write(workspace_id=WORKSPACE, **changes):
    context.begin(
        context.RequestContext(
            request_id="a-request",
            address="192.0.2.7",
            user_agent="A browser",
            actor_kind="person",
            actor_id=uuid4(),
            credential_id=uuid4(),
            impersonated_by=uuid4(),
            via="api",
        )
    )
    return audit.record("note.write", workspace_id=workspace_id, subject_id=uuid4(), changes=changes or {"text": ["old", "new"]})


def found(workspace_id=WORKSPACE):
    return {finding.kind.value for finding in audit.verify(workspace_id).findings}


@contextmanager
def tampering():
    """Act as the superuser who has switched the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what was written before keeps its foreign keys
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield cursor.execute
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_entry_is_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        audit.record("note.write", workspace_id=WORKSPACE)


def test_entry_says_who_what_and_through_which_door():
    now = context.RequestContext(
        "a-request",
        "192.0.2.7",
        "A browser",
        "key",
        actor_id=uuid4(),
        credential_id=uuid4(),
        impersonated_by=uuid4(),
        via="api",
        workspace_id=uuid4(),
    )
    context.begin(now)
    subject_id = uuid4()
    entry = AuditEntry.objects.get(id=audit.record("note.write", subject_id=subject_id, changes={"text": ["old", "new"]}).id)
    assert (
        context.RequestContext(
            entry.request_id,
            entry.address,
            entry.user_agent,
            entry.actor_kind,
            entry.actor_id,
            entry.credential_id,
            entry.impersonated_by,
            entry.via,
            entry.workspace_id,
        )
        == now
    )
    assert (entry.action, entry.subject_id, entry.changes) == ("note.write", subject_id, {"text": ["old", "new"]})


def test_long_text_is_kept_by_its_beginning():
    entry = write(text=["x" * 501, {"deep": ["y" * 500, "z" * 501]}])
    kept = AuditEntry.objects.get(id=entry.id).changes
    assert kept == {"text": ["x" * 500 + "…", {"deep": ["y" * 500, "z" * 500 + "…"]}]}


def test_time_of_an_entry_is_that_of_its_id():
    entry = write()
    assert entry.id.int >> 80 == round(entry.created_at.timestamp() * 1000)


def test_entry_does_not_outlive_the_change_that_failed():
    with transaction.atomic():
        write()
        transaction.set_rollback(True)
    assert (AuditEntry.objects.count(), AuditPayload.objects.count()) == (0, 0)


@pytest.mark.parametrize("column", ["action = 'x'", "actor_id = NULL", "payload_digest = ''", "sequence = 7", "sequence = NULL"])
@pytest.mark.parametrize("is_sealed", [False, True])
def test_entry_is_not_changed(column, is_sealed):
    entry = write()
    if is_sealed:
        audit.seal()
    elif "sequence" in column:
        column = "sequence = 7, previous_hash = '', hash = '', action = 'x'"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE huntaze_auditentry SET {column} WHERE id = %s", (entry.id,))


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM huntaze_auditentry",
        "UPDATE huntaze_auditpayload SET changes = '{}'",
        "UPDATE huntaze_auditcheckpoint SET hash = ''",
        "UPDATE huntaze_auditcheckpoint SET sequence = sequence - 1",
        "DELETE FROM huntaze_auditcheckpoint",
    ],
)
def test_log_refuses_what_would_change_it(statement, sealed):
    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("table", ["huntaze_auditentry", "huntaze_auditpayload", "huntaze_auditcheckpoint"])
def test_log_is_not_emptied(table):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER audit_truncate")  # `conftest.py` disables it
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute(f"TRUNCATE {table} CASCADE")


def test_chain_has_the_entries_in_the_order_of_sealing_without_gaps(sealed):
    late = write()
    audit.seal()
    entries = AuditEntry.objects.filter(chain=WORKSPACE).order_by("sequence").values_list("sequence", "id")
    assert list(entries) == list(enumerate([*sealed, late.id], start=1))


@pytest.mark.django_db(transaction=True)
def test_entry_that_commits_late_comes_after_those_that_committed_before_it():
    written, may_commit, ids = threading.Event(), threading.Event(), []

    def take_long():
        with transaction.atomic():
            ids.append(write().id)
            written.set()
            may_commit.wait(10)
        connection.close()

    thread = threading.Thread(target=take_long)
    thread.start()
    written.wait(10)
    ids.append(write().id)
    audit.seal()
    may_commit.set()
    thread.join()
    audit.seal()
    entries = AuditEntry.objects.filter(chain=WORKSPACE).order_by("sequence").values_list("id", flat=True)
    assert (ids == sorted(ids), list(entries), found()) == (True, ids[::-1], set())


def test_entries_without_a_workspace_form_the_chain_of_the_installation():
    write(workspace_id=None)
    audit.seal()
    assert (audit.chains(), audit.verify(INSTALLATION_CHAIN).sealed) == ([INSTALLATION_CHAIN], 1)


def test_sealing_goes_on_until_nothing_is_left(monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 2)
    for _number in range(LENGTH):
        write()
    assert (audit.seal(), audit.seal(), audit.verify(WORKSPACE).sealed, found()) == (LENGTH, 0, LENGTH, set())


def test_sealing_takes_the_same_queries_whatever_it_seals(django_assert_num_queries):
    for _number in range(10):
        write(workspace_id=uuid4())
    with django_assert_num_queries(7):  # of which two are the savepoint
        assert audit.seal() == 10


def test_report_counts_what_is_there(sealed):
    write()
    report = audit.verify(WORKSPACE)
    assert (report.valid, report.sealed, report.unsealed, report.erased, report.head.sequence, report.checkpoint.sequence) == (
        True,
        LENGTH,
        1,
        0,
        LENGTH,
        LENGTH,
    )


VALUES = {
    "id": "gen_random_uuid()",
    "created_at": "created_at + interval '1 ms'",
    "workspace_id": "gen_random_uuid()",
    "actor_kind": "'staff'",
    "actor_id": "gen_random_uuid()",
    "credential_id": "NULL",
    "impersonated_by": "NULL",
    "via": "'admin'",
    "action": "'note.read'",
    "subject_id": "NULL",
    "request_id": "'another'",
    "payload_digest": "sha256('x')",
    "sequence": "sequence + 100",
    "previous_hash": "sha256('x')",
    "hash": "sha256('x')",
}
PAYLOAD_VALUES = {"salt": "'x'", "address": "'192.0.2.8'", "user_agent": "'Another'", "changes": '\'{"text": ["old", "newer"]}\''}


def test_every_column_is_tampered_with_below():
    columns = {field.name for field in AuditEntry._meta.concrete_fields} - {"chain"}  # generated from workspace_id
    payload = {field.name for field in AuditPayload._meta.concrete_fields} - {"entry"}
    assert (set(VALUES), set(PAYLOAD_VALUES)) == (columns, payload)


def test_hash_is_made_of_all_but_the_seal():
    seal = {"chain", "sequence", "previous_hash", "hash"}
    assert set(audit.AUDIT.linked) == {field.name for field in AuditEntry._meta.concrete_fields} - seal


@pytest.mark.parametrize("place", range(LENGTH))
@pytest.mark.parametrize("column", VALUES)
def test_s11_edited_column_is_found(column, place, sealed):
    with tampering() as execute:
        execute(f"UPDATE huntaze_auditentry SET {column} = {VALUES[column]} WHERE id = %s", (sealed[place],))
    assert (found() != set(), found(OTHER)) == (True, set())


@pytest.mark.parametrize("place", range(LENGTH))
@pytest.mark.parametrize("column", PAYLOAD_VALUES)
def test_s11_edited_payload_is_found(column, place, sealed):
    with tampering() as execute:
        execute(f"UPDATE huntaze_auditpayload SET {column} = {PAYLOAD_VALUES[column]} WHERE entry_id = %s", (sealed[place],))
    (finding,) = audit.verify(WORKSPACE).findings
    assert (finding.kind, finding.sequence, finding.entry_id) == (Damage.PAYLOAD_ALTERED, place + 1, sealed[place])


@pytest.mark.parametrize("places", [range(start, end) for start in range(LENGTH) for end in range(start + 1, LENGTH + 1)], ids=str)
def test_s11_deleted_entries_are_found(places, sealed):
    with tampering() as execute:
        execute("DELETE FROM huntaze_auditentry WHERE id = ANY(%s)", ([sealed[place] for place in places],))
    assert found() == {"truncated" if places.stop == LENGTH else "missing"}


@pytest.mark.parametrize(("one", "two"), [(one, two) for one in range(LENGTH) for two in range(one)])
def test_s11_swapped_entries_are_found(one, two, sealed):
    with tampering() as execute:
        move = "UPDATE huntaze_auditentry SET sequence = %s WHERE id = %s"
        for sequence, place in ((100, one), (one + 1, two), (two + 1, one)):
            execute(move, (sequence, sealed[place]))
    assert {"entry_altered"} <= found()


@pytest.mark.parametrize("place", range(1, LENGTH + 2))
def test_s11_inserted_entry_is_found(place, sealed):
    """The insertion has a right hash of its own, and all later places are moved."""
    before = AuditEntry.objects.filter(chain=WORKSPACE, sequence=place - 1).values_list("hash", flat=True).first() or bytes(32)
    forged = write()
    values = AuditEntry._base_manager.filter(id=forged.id).values_list(*audit.AUDIT.linked).get()
    hash_ = chain.link(values, sequence=place, previous_hash=bytes(before))
    with tampering() as execute:
        for sequence in range(LENGTH, place - 1, -1):
            execute("UPDATE huntaze_auditentry SET sequence = %s WHERE chain = %s AND sequence = %s", (sequence + 1, WORKSPACE, sequence))
        execute(
            "UPDATE huntaze_auditentry SET sequence = %s, previous_hash = %s, hash = %s WHERE id = %s", (place, before, hash_, forged.id)
        )
    assert "unsigned" in found()


def rewrite(place, sealed):
    """Change one entry and seal it and all after it anew, as who knows our code but not our keys."""
    with tampering() as execute:
        execute("UPDATE huntaze_auditentry SET action = 'nothing.happened' WHERE id = %s", (sealed[place],))
        previous = bytes(32)
        for sequence, id_ in enumerate(sealed, start=1):
            values = AuditEntry._base_manager.filter(id=id_).values_list(*audit.AUDIT.linked).get()
            hash_ = chain.link(values, sequence=sequence, previous_hash=previous)
            execute("UPDATE huntaze_auditentry SET previous_hash = %s, hash = %s WHERE id = %s", (previous, hash_, id_))
            previous = hash_
    return previous


@pytest.mark.parametrize("place", range(LENGTH))
def test_s11_chain_that_was_rewritten_from_any_entry_on_is_found(place, sealed):
    rewrite(place, sealed)
    assert found() == {"rewritten"}


def test_s11_checkpoint_of_a_rewritten_chain_cannot_be_forged(sealed):
    head = rewrite(0, sealed)
    with tampering() as execute:
        execute("UPDATE huntaze_auditcheckpoint SET hash = %s WHERE chain = %s", (head, WORKSPACE))
    assert found() == {"forged_checkpoint"}


@pytest.mark.parametrize("column", ["sequence = sequence - 1", "hash = ''", "made_at = now()", "kid = 'x'", "signature = ''"])
def test_s11_edited_checkpoint_is_found(column, sealed):
    with tampering() as execute:
        execute(f"UPDATE huntaze_auditcheckpoint SET {column} WHERE chain = %s", (WORKSPACE,))
    assert "forged_checkpoint" in found()


def test_s11_deleted_checkpoint_is_found(sealed):
    with tampering() as execute:
        execute("DELETE FROM huntaze_auditcheckpoint WHERE chain = %s", (WORKSPACE,))
    assert found() == {"unsigned"}


def test_s11_checkpoint_of_another_chain_is_found(sealed):
    with tampering() as execute:
        execute("DELETE FROM huntaze_auditcheckpoint WHERE chain = %s", (WORKSPACE,))
        execute("UPDATE huntaze_auditcheckpoint SET chain = %s WHERE chain = %s", (WORKSPACE, OTHER))
    assert (found() >= {"forged_checkpoint"}, found(OTHER)) == (True, {"unsigned"})


def test_s11_chain_that_was_deleted_is_found(sealed):
    with tampering() as execute:
        execute("DELETE FROM huntaze_auditentry WHERE chain = %s", (WORKSPACE,))
    assert (WORKSPACE in audit.chains(), found()) == (True, {"truncated"})


@pytest.mark.parametrize(
    "damage", ["DELETE FROM huntaze_auditentry WHERE id = %s", "UPDATE huntaze_auditentry SET hash = '' WHERE id = %s"]
)
def test_s11_damage_at_the_end_is_not_sealed_over(damage, sealed, caplog):
    with tampering() as execute:
        execute(damage, (sealed[-1],))
    write()
    write(workspace_id=OTHER)
    assert (audit.seal(), audit.verify(WORKSPACE).unsealed, found(OTHER)) == (1, 1, set())
    assert [record.args for record in caplog.records] == [(WORKSPACE, "audit")]


@given(erased=st.sets(st.integers(0, LENGTH - 1)))
@runs(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_s11_erasing_payloads_breaks_nothing(erased, sealed):
    with transaction.atomic():
        AuditPayload.objects.filter(entry_id__in=[sealed[place] for place in erased]).delete()
        report = audit.verify(WORKSPACE)
        transaction.set_rollback(True)
    assert (report.findings, report.erased) == ([], len(erased))


@pytest.mark.parametrize("role", ["actor_id", "impersonated_by", "subject_id"])
def test_erasing_a_person_takes_what_entries_say_of_them(role, sealed):
    person_id = getattr(AuditEntry.objects.get(id=sealed[2]), role)
    assert audit.erase(person_id=person_id) == 1
    erased = AuditEntry.objects.get(chain=WORKSPACE, payload=None)
    assert (erased.id, erased.changes, erased.address, erased.user_agent, found()) == (sealed[2], None, None, None, set())


def test_erasing_takes_what_entries_say_of_a_persons_rows(sealed):
    row_id = AuditEntry.objects.get(id=sealed[1]).subject_id
    assert (audit.erase(person_id=uuid4(), subject_ids=[row_id]), audit.verify(WORKSPACE).erased) == (1, 1)


def test_payload_that_is_put_back_after_erasure_must_be_the_one_that_was(sealed):
    AuditPayload.objects.filter(entry_id=sealed[0]).delete()
    AuditPayload.objects.create(entry_id=sealed[0], salt=b"0123456789abcdef", changes={"text": ["old", "new"]})
    assert found() == {"payload_altered"}


@pytest.mark.parametrize("changes", [{"n": [1e22, 1.10]}, {"é": ["\u2028", "😀"]}, {"b": [1, 2], "a": [None, True]}, {"n": [10**15, -0.0]}])
def test_digest_survives_the_databases_own_form_of_json(changes):
    write(**changes)
    audit.seal()
    assert found() == set()


def export(tmp_path, name="checkpoint.jsonl"):
    path = tmp_path / name
    call_command("exportcheckpoint", to=path)
    return path


def verification(*arguments):
    out = StringIO()
    try:
        call_command("verifyaudit", *arguments, stdout=out)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def test_verifyaudit_counts_what_it_looked_at(sealed):
    write()
    assert verification() == (0, "2 chains, 10 entries sealed, 1 not yet, 0 without payload: 0 damages.\n")


def test_verifyaudit_names_the_entry_and_the_damage(sealed):
    with tampering() as execute:
        execute("UPDATE huntaze_auditentry SET action = 'x' WHERE id = %s", (sealed[2],))
    code, text = verification()
    assert (code, text.splitlines()[0]) == (1, f"{WORKSPACE} at 3 (entry {sealed[2]}): entry_altered: The entry is not what was sealed.")


def test_exported_checkpoint_holds_while_the_chain_grows(tmp_path, sealed):
    path = export(tmp_path)
    write()
    audit.seal()
    assert verification("--checkpoint", str(path))[0] == 0


def test_s11_exported_checkpoint_finds_what_was_put_back_as_a_whole(tmp_path, sealed):
    old = AuditCheckpoint.objects.get(chain=WORKSPACE)
    late = write()
    path = export(tmp_path)
    with tampering() as execute:
        execute("DELETE FROM huntaze_auditentry WHERE id = %s", (late.id,))
        old.save()
    assert (verification()[0], verification("--checkpoint", str(path))[0]) == (0, 1)


def test_checkpoint_has_a_line_for_each_chain_and_one_that_counts_them(tmp_path, sealed):
    *heads, end = map(json.loads, export(tmp_path).read_text().splitlines())
    assert ([head["chain"] for head in heads], end["chains"]) == (sorted([str(WORKSPACE), str(OTHER)]), 2)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [lines[0], *lines],
        lambda lines: [lines[0].replace('"sequence":5', '"sequence":4'), *lines[1:]],
        lambda lines: [*lines, lines[0]],
        lambda lines: ["no json", *lines],
        lambda lines: ["{}", *lines],
    ],
)
def test_spoilt_checkpoint_file_is_refused(spoil, tmp_path, sealed):
    lines = export(tmp_path).read_text().splitlines()
    with pytest.raises(audit.BadCheckpoint):
        list(audit.read_checkpoint(spoil(lines)))


def test_chain_outlives_a_new_signing_key(settings, sealed):
    settings.AUDIT_SIGNING_KEYS = ["new:" + "x" * 40, *settings.AUDIT_SIGNING_KEYS]
    write()
    audit.seal()
    assert (AuditCheckpoint.objects.get(chain=WORKSPACE).kid, found(), found(OTHER)) == ("new", set(), set())


@pytest.mark.django_db(transaction=True)
def test_sealing_side_by_side_seals_each_entry_once():
    for _number in range(50):
        write()
    totals = []

    def seal():
        totals.append(audit.seal())
        connection.close()

    threads = [threading.Thread(target=seal) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(totals), audit.verify(WORKSPACE).sealed, found()) == (50, 50, set())


@pytest.fixture
def product_role():
    """Return a connection's cursor as the role that docs/audit.md describes."""
    page = (BASE_DIR / "docs" / "audit.md").read_text(encoding="utf-8")
    grants = page.partition("```sql\n")[2].partition("```")[0]
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE huntaze_app")
        for statement in grants.split(";\n"):
            if statement.strip():
                cursor.execute(statement)
        cursor.execute("SET LOCAL ROLE huntaze_app")
        yield cursor
        cursor.execute("RESET ROLE")


def test_role_of_the_product_can_write_seal_and_erase(product_role):
    entry = write()
    assert (audit.seal(), audit.erase(person_id=entry.actor_id), found()) == (1, 1, set())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE huntaze_auditentry SET action = 'x'",
        "DELETE FROM huntaze_auditentry",
        "TRUNCATE huntaze_auditentry CASCADE",
        "UPDATE huntaze_auditpayload SET address = NULL",
        "DELETE FROM huntaze_auditcheckpoint",
        "ALTER TABLE huntaze_auditentry DISABLE TRIGGER ALL",
    ],
)
def test_role_of_the_product_cannot_change_the_log(statement, product_role):
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        product_role.execute(statement)
