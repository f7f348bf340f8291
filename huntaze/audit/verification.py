"""Looking for damage: every entry of a chain is hashed again and compared with its neighbours and the signed head."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from huntaze.audit import checkpoints
from huntaze.audit.chain import BEFORE_THE_FIRST, link
from huntaze.audit.checkpoints import Head
from huntaze.audit.logs import AUDIT, Log

ROWS_AT_ONCE = 1000
MAXIMUM_FINDINGS = 100
ENTRIES_IN_A_REQUEST = 10_000  # so that nobody holds a web worker for long


class Damage(models.TextChoices):
    """What can be wrong with a chain."""

    ENTRY_ALTERED = "entry_altered", _("The entry is not what was sealed.")
    PAYLOAD_ALTERED = "payload_altered", _("The payload is not the one that the entry was written with.")
    MISSING = "missing", _("Entries are missing before this one.")
    BROKEN_LINK = "broken_link", _("The entry before is not the one that this one was sealed after.")
    TRUNCATED = "truncated", _("The last entries are missing: the checkpoint signs more.")
    UNSIGNED = "unsigned", _("Entries stand after the signed end, or there is no checkpoint.")
    REWRITTEN = "rewritten", _("The entry is another than the one that the checkpoint signs.")
    FORGED_CHECKPOINT = "forged_checkpoint", _("No key of ours signed the checkpoint.")


@dataclass(frozen=True)
class Finding:
    """One damage: at which place of the chain and, where there is one, in which entry."""

    kind: Damage
    sequence: int
    entry_id: UUID | None = None


@dataclass
class Report:
    """What a chain holds; `erased` entries have lost their payload, `checkpoint` is the row, `findings` are the first hundred.

    Where entries were left for another time, `has_more` is true, and the checkpoint is not compared with the head yet.
    """

    chain: UUID
    sealed: int = 0
    unsealed: int = 0
    erased: int = 0
    head: Head | None = None
    checkpoint: Any = None
    findings: list[Finding] = field(default_factory=list)
    has_more: bool = False

    @property
    def valid(self) -> bool:
        """Return whether nothing is wrong."""
        return not self.findings

    def found(self, kind: Damage, sequence: int, entry_id: UUID | None = None) -> None:
        """Note one damage, up to a hundred."""
        if len(self.findings) < MAXIMUM_FINDINGS:
            self.findings.append(Finding(kind, sequence, entry_id))


def chains(of: Log = AUDIT) -> list[UUID]:
    """Return every chain of the log `of` that has entries or a checkpoint: those of workspaces, and the installation's."""
    signed = of.checkpoints.objects.values_list("chain", flat=True)
    return sorted({*signed, *of.entries._base_manager.values_list("chain", flat=True).distinct()})


def verify(chain: UUID, of: Log = AUDIT, *, after: int = 0, limit: int | None = None) -> Report:
    """Look at the entries of a chain, in constant memory, and at its checkpoint: all, or at most `limit` after the place `after`."""
    report = Report(chain)
    known = of.checkpoints.objects.filter(chain=chain).first()
    report.unsealed = of.entries._base_manager.filter(chain=chain, sequence=None).count()
    sequence, previous = after, _hash_at(chain, after, of)
    for row in _rows(chain, of, after, limit):
        if report.sealed == limit:
            report.has_more = True
            break
        values, (place, before, hash_, digest), signed = row[: len(of.linked)], row[len(of.linked) : -5], row[-5:]
        entry_id = values[0]
        if place != sequence + 1:
            report.found(Damage.MISSING, place, entry_id)
        elif bytes(before) != previous:
            report.found(Damage.BROKEN_LINK, place, entry_id)
        if link(values, sequence=place, previous_hash=bytes(before), of=of) != bytes(hash_):
            report.found(Damage.ENTRY_ALTERED, place, entry_id)
        if of.payload and digest is None:
            report.erased += 1
        elif of.payload and bytes(digest) != bytes(values[-1]):
            report.found(Damage.PAYLOAD_ALTERED, place, entry_id)
        sequence, previous = place, bytes(hash_)
        report.sealed += 1
        report.head = Head(chain, place, previous)
        known = _checkpoint(chain, signed, of)
    report.checkpoint = known
    if not report.has_more:
        report.head = report.head or (Head(chain, after, previous) if after else None)
        _compare_with_checkpoint(report, of)
    return report


def verify_end(chain: UUID, *, limit: int) -> Report:
    """Look at the last `limit` sealed entries of an audit chain, and at its checkpoint."""
    last = AUDIT.entries._base_manager.filter(chain=chain).aggregate(last=models.Max("sequence"))["last"] or 0
    return verify(chain, after=max(0, last - limit))


def compare(head: Head) -> Finding | None:
    """Hold a head from a checkpoint file against the audit chain as it is now; return the damage, if any."""
    entry = AUDIT.entries._base_manager.filter(chain=head.chain, sequence=head.sequence).first()
    if entry is None:
        return Finding(Damage.TRUNCATED, head.sequence)
    return None if bytes(entry.hash or b"") == head.hash else Finding(Damage.REWRITTEN, head.sequence, entry.id)


def _hash_at(chain: UUID, place: int, of: Log) -> bytes:
    """Return the hash of the entry at a place; where there is none, one that no entry comes after but the first."""
    entry = of.entries._base_manager.filter(chain=chain, sequence=place).only("hash").first() if place else None
    return bytes(entry.hash) if entry else BEFORE_THE_FIRST


def _rows(chain: UUID, of: Log, after: int, limit: int | None) -> Iterator[tuple[Any, ...]]:
    """Yield the sealed entries after a place, one more than `limit` where there are more."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_entries_of(of), (chain, after, None if limit is None else limit + 1))
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def _entries_of(of: Log) -> str:
    """Return one statement, and so one view of the data: what is sealed meanwhile is in all parts of it or in none."""
    return f"""
    SELECT {", ".join(f"e.{name}" for name in of.linked)}, e.sequence, e.previous_hash, e.hash, {of.payload_digest},
           k.sequence, k.hash, k.made_at, k.kid, k.signature
    FROM {of.entries._meta.db_table} e
    {f"LEFT JOIN {of.payload} p ON p.entry_id = e.id" if of.payload else ""}
    LEFT JOIN {of.checkpoints._meta.db_table} k ON k.chain = e.chain
    WHERE e.chain = %s AND e.sequence > %s
    ORDER BY e.sequence LIMIT %s
    """  # noqa: S608  (no value is part of it)


def _checkpoint(chain: UUID, columns: Iterable[Any], of: Log) -> Any:
    sequence, hash_, made_at, kid, signature = columns
    if sequence is None:
        return None
    return of.checkpoints(chain=chain, sequence=sequence, hash=hash_, made_at=made_at, kid=kid, signature=signature)


def _compare_with_checkpoint(report: Report, of: Log) -> None:
    signed, head = report.checkpoint, report.head or Head(report.chain, 0, BEFORE_THE_FIRST)
    if signed is None:
        if head.sequence:
            report.found(Damage.UNSIGNED, head.sequence)
        return
    end = Head(signed.chain, signed.sequence, bytes(signed.hash), signed.made_at, of.name)
    if checkpoints.verify(end, signed.kid, signed.signature) is None:
        report.found(Damage.FORGED_CHECKPOINT, signed.sequence)
    if signed.sequence > head.sequence:
        report.found(Damage.TRUNCATED, signed.sequence)
    elif signed.sequence < head.sequence:
        report.found(Damage.UNSIGNED, head.sequence)
    elif bytes(signed.hash) != head.hash:
        report.found(Damage.REWRITTEN, head.sequence)
