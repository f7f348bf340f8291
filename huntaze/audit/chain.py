"""Sealing: each committed entry gets its place in its chain, and the chain a signed head.

The order of a chain is the order of sealing, so an entry whose transaction takes long comes after those that committed before it,
whatever its id. Places have no gaps.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.utils import timezone

from huntaze.audit import checkpoints
from huntaze.audit.checkpoints import Head
from huntaze.audit.logs import AUDIT, Log

log = logging.getLogger(__name__)

BATCH = 1000
BEFORE_THE_FIRST = bytes(32)
_HEADS = """
SELECT c.chain, e.sequence, e.hash, k.sequence, k.hash, k.made_at, k.kid, k.signature
FROM unnest(%s::uuid[]) AS c (chain)
LEFT JOIN LATERAL (SELECT sequence, hash FROM {entries} WHERE chain = c.chain AND sequence IS NOT NULL
                   ORDER BY sequence DESC LIMIT 1) AS e ON true
LEFT JOIN {checkpoints} k ON k.chain = c.chain
"""
_SEAL = """
UPDATE {entries} AS e SET sequence = s.sequence, previous_hash = s.previous_hash, hash = s.hash
FROM unnest(%s::uuid[], %s::bigint[], %s::bytea[], %s::bytea[]) AS s (id, sequence, previous_hash, hash)
WHERE e.id = s.id
"""


@dataclass(frozen=True)
class Seal:
    """The place of one entry."""

    id: UUID
    sequence: int
    previous_hash: bytes
    hash: bytes


def link(values: Iterable[Any], *, sequence: int, previous_hash: bytes, of: Log = AUDIT) -> bytes:
    """Return the hash of an entry of the log `of` with these values of what it links: SHA-256 over a JSON array, bytes in hexadecimal."""
    plain = [bytes(value).hex() if isinstance(value, bytes | memoryview) else value for value in values]
    return hashlib.sha256(orjson.dumps([of.format, sequence, previous_hash.hex(), *plain], option=orjson.OPT_UTC_Z)).digest()


def seal(of: Log = AUDIT) -> int:
    """Seal all committed entries of the log `of` and sign the new heads; return how many there were.

    Runs in a transaction for each thousand. Does nothing while another process seals. A chain whose end is not what its
    checkpoint signs is left as it is, for who verifies to look at, and logged. Raises EnvError without AUDIT_SIGNING_KEYS.
    """
    damaged: set[UUID] = set()
    total = 0
    while True:
        with transaction.atomic():
            found, sealed = _seal_batch(of, damaged)
        total += sealed
        if found < BATCH:
            return total


def _seal_batch(of: Log, damaged: set[UUID]) -> tuple[int, int]:
    """Seal up to a thousand entries; return how many were looked at and sealed. Adds to `damaged`."""
    if not _alone(of):
        return 0, 0
    entries = of.entries._base_manager.filter(sequence=None).exclude(chain__in=damaged)
    rows = list(entries.order_by("id").values_list("chain", *of.linked)[:BATCH])
    by_chain = defaultdict(list)
    for chain, *values in rows:
        by_chain[chain].append(values)
    heads = _heads(of, list(by_chain))
    damaged.update(chain for chain in by_chain if chain not in heads)
    seals: list[Seal] = []
    for chain, head in heads.items():
        seals += _continue(of, head, by_chain[chain])
        heads[chain] = Head(chain, seals[-1].sequence, seals[-1].hash, timezone.now(), of.name)
    _write(of, seals, [of.checkpoints(chain=head.chain, **checkpoints.sign(head)) for head in heads.values()])
    return len(rows), len(seals)


def _alone(of: Log) -> bool:
    """Take the lock of sealing this log until the transaction ends; return False when another process has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_lock_of(of),))
        return bool(cursor.fetchone()[0])


def _lock_of(of: Log) -> int:
    return int.from_bytes(hashlib.sha256(f"huntaze {of.name} sealing".encode()).digest()[:8], signed=True)


def _heads(of: Log, chains: list[UUID]) -> dict[UUID, Head]:
    """Return where each chain ends, where that is what its checkpoint signs: sealing on must hide no damage."""
    with connection.cursor() as cursor:
        cursor.execute(_about(of, _HEADS), (chains,))
        rows = cursor.fetchall()
    heads = {}
    for chain, sequence, hash_, *head, kid, signature in rows:
        known: Head | None = Head(chain, 0, BEFORE_THE_FIRST, log=of.name)
        if kid is not None:
            known = checkpoints.verify(Head(chain, head[0], bytes(head[1]), head[2], of.name), kid, signature)
        if known is not None and (known.sequence, known.hash) == (sequence or 0, bytes(hash_ or BEFORE_THE_FIRST)):
            heads[chain] = known
        else:
            log.error("The chain %s of the %s log is damaged, or its key is gone, and is not sealed any further", chain, of.name)
    return heads


def _about(of: Log, statement: str) -> str:
    """Return the statement over this log's tables."""
    return statement.format(entries=of.entries._meta.db_table, checkpoints=of.checkpoints._meta.db_table)


def _continue(of: Log, head: Head, entries: Iterable[list[Any]]) -> list[Seal]:
    seals = []
    sequence, previous = head.sequence, head.hash
    for values in entries:
        sequence += 1
        hash_ = link(values, sequence=sequence, previous_hash=previous, of=of)
        seals.append(Seal(values[0], sequence, previous, hash_))
        previous = hash_
    return seals


def _write(of: Log, seals: list[Seal], signed: list[Any]) -> None:
    if not seals:
        return
    columns = ([getattr(seal, name) for seal in seals] for name in ("id", "sequence", "previous_hash", "hash"))
    with connection.cursor() as cursor:
        cursor.execute(_about(of, _SEAL), tuple(columns))
    fields = ["sequence", "hash", "made_at", "kid", "signature"]
    of.checkpoints.objects.bulk_create(signed, update_conflicts=True, unique_fields=["chain"], update_fields=fields)
