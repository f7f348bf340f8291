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

logger = logging.getLogger(__name__)

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


def link(values: Iterable[Any], *, sequence: int, previous_hash: bytes, log: Log = AUDIT) -> bytes:
    """Return the hash of an entry of `log` with these values of what it links: SHA-256 over a JSON array, bytes in hexadecimal."""
    plain = [bytes(value).hex() if isinstance(value, bytes | memoryview) else value for value in values]
    return hashlib.sha256(orjson.dumps([log.format, sequence, previous_hash.hex(), *plain], option=orjson.OPT_UTC_Z)).digest()


def seal(log: Log = AUDIT) -> int:
    """Seal all committed entries of `log` and sign the new heads; return how many there were.

    Runs in a transaction for each thousand. Does nothing while another process seals. A chain whose end is not what its
    checkpoint signs is left as it is, for who verifies to look at, and logged. Raises EnvError without AUDIT_SIGNING_KEYS.
    """
    damaged: set[UUID] = set()
    total = 0
    while True:
        with transaction.atomic():
            found, sealed = _seal_batch(log, damaged)
        total += sealed
        if found < BATCH:
            return total


def _seal_batch(log: Log, damaged: set[UUID]) -> tuple[int, int]:
    """Seal up to a thousand entries; return how many were looked at and sealed. Adds to `damaged`."""
    if not _alone(log):
        return 0, 0
    entries = log.entries._base_manager.filter(sequence=None).exclude(chain__in=damaged)
    rows = list(entries.order_by("id").values_list("chain", *log.linked)[:BATCH])
    by_chain = defaultdict(list)
    for chain, *values in rows:
        by_chain[chain].append(values)
    heads = _heads(log, list(by_chain))
    damaged.update(chain for chain in by_chain if chain not in heads)
    seals: list[Seal] = []
    for chain, head in heads.items():
        seals += _continue(log, head, by_chain[chain])
        heads[chain] = Head(chain, seals[-1].sequence, seals[-1].hash, timezone.now(), log.name)
    _write(log, seals, [log.checkpoints(chain=head.chain, **checkpoints.sign(head)) for head in heads.values()])
    return len(rows), len(seals)


def _alone(log: Log) -> bool:
    """Take the lock of sealing this log until the transaction ends; return False when another process has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_lock_of(log),))
        return bool(cursor.fetchone()[0])


def _lock_of(log: Log) -> int:
    return int.from_bytes(hashlib.sha256(f"huntaze {log.name} sealing".encode()).digest()[:8], signed=True)


def _heads(log: Log, chains: list[UUID]) -> dict[UUID, Head]:
    """Return where each chain ends, where that is what its checkpoint signs: sealing on must hide no damage."""
    with connection.cursor() as cursor:
        cursor.execute(_about(log, _HEADS), (chains,))
        rows = cursor.fetchall()
    heads = {}
    for chain, sequence, hash_, *head, kid, signature in rows:
        known: Head | None = Head(chain, 0, BEFORE_THE_FIRST, log=log.name)
        if kid is not None:
            known = checkpoints.verify(Head(chain, head[0], bytes(head[1]), head[2], log.name), kid, signature)
        if known is not None and (known.sequence, known.hash) == (sequence or 0, bytes(hash_ or BEFORE_THE_FIRST)):
            heads[chain] = known
        else:
            logger.error("The chain %s of the %s log is damaged, or its key is gone, and is not sealed any further", chain, log.name)
    return heads


def _about(log: Log, statement: str) -> str:
    """Return the statement over this log's tables."""
    return statement.format(entries=log.entries._meta.db_table, checkpoints=log.checkpoints._meta.db_table)


def _continue(log: Log, head: Head, entries: Iterable[list[Any]]) -> list[Seal]:
    seals = []
    sequence, previous = head.sequence, head.hash
    for values in entries:
        sequence += 1
        hash_ = link(values, sequence=sequence, previous_hash=previous, log=log)
        seals.append(Seal(values[0], sequence, previous, hash_))
        previous = hash_
    return seals


def _write(log: Log, seals: list[Seal], signed: list[Any]) -> None:
    if not seals:
        return
    columns = ([getattr(seal, name) for seal in seals] for name in ("id", "sequence", "previous_hash", "hash"))
    with connection.cursor() as cursor:
        cursor.execute(_about(log, _SEAL), tuple(columns))
    fields = ["sequence", "hash", "made_at", "kid", "signature"]
    log.checkpoints.objects.bulk_create(signed, update_conflicts=True, unique_fields=["chain"], update_fields=fields)
