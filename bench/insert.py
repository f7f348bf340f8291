"""The control of every durable write: one INSERT of a row as large as a generation's.

`TABLE` has the columns of the table of generations and nothing but its primary key; each insert writes the values of the
first generation.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

TABLE = "bench_insert"
_SOURCE = "ai_generation"

Statement = tuple[str, Callable[[], list[str | None]]]


def create_table(cursor: Any) -> None:
    """Make the table that the control writes to."""
    cursor.execute(f"CREATE TABLE {TABLE} (LIKE {_SOURCE}, PRIMARY KEY (id))")


def statement(cursor: Any) -> Statement:
    """Return the INSERT and what makes its values, a new id each time; there must be a generation to copy them from."""
    cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND attname <> 'id'", [_SOURCE])
    columns = [name for (name,) in cursor.fetchall()]
    # As text: PostgreSQL reads each by the column's type, whatever the driver is set to make of it.
    cursor.execute(f"SELECT {', '.join(f'{name}::text' for name in columns)} FROM {_SOURCE} ORDER BY id LIMIT 1")
    values = list(cursor.fetchone())
    marks = ", ".join(["%s"] * (len(columns) + 1))
    return f"INSERT INTO {TABLE} (id, {', '.join(columns)}) VALUES ({marks})", lambda: [str(uuid4()), *values]
