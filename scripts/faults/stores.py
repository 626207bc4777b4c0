"""What two stores hold, compared row by row."""

import hashlib
import itertools
import pathlib
import sqlite3

# Who did what when, not what came out.
BOOKKEEPING = {"setting", "worker", "attempt"}
INCIDENTAL = {
    "sweep": {"created"},
    "trial": {"seconds", "failures"},
    "checkpoint": {"attempt", "file"},
    "snapshot": {"id", "attempt", "train_seconds", "snapshot_seconds"},
}
# Rows by numbers, which each store gives as they come: compared as the views show them.
NUMBERED = {"snapshot_draw", "snapshot_layer", "snapshot_error"}
VIEWS = {
    "draw_metrics": ["trial", "epoch", "draw"],
    "layer_statistics": ["trial", "epoch", "draw", "layer_index", "kind"],
    "layer_error": ["trial", "epoch", "draw", "layer_index"],
}
KEYS = {"snapshot": ["trial", "epoch"], **VIEWS}
# A trained trial's checkpoint tells the time it took; its weights' hash is the trial's.
INCIDENTAL_OF_TRAINING = {**INCIDENTAL, "checkpoint": {"attempt", "file", "sha256", "size"}}


def reading(store):
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)


def ask(store, query):
    """All rows; none while there is no store yet."""
    try:
        with reading(store) as database:
            return database.execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def finished(store):
    """The number of trials that are over."""
    rows = ask(store, "SELECT count(*) FROM trial WHERE state NOT IN ('pending', 'running')")
    return rows[0][0] if rows else 0


def tables(database):
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted({name for name, in names if not name.startswith("grdb_")} - BOOKKEEPING - NUMBERED | set(VIEWS))


def rows(database, table, incidental):
    columns = database.execute("SELECT name, pk FROM pragma_table_info(?)", [table]).fetchall()
    names = [name for name, _ in columns if name not in incidental]
    key = KEYS.get(table) or [name for name, place in sorted(columns, key=lambda column: column[1]) if place]
    return names, database.execute(f"SELECT {', '.join(names)} FROM {table} ORDER BY {', '.join(key)}")


def differences(first, second, incidental=INCIDENTAL):
    """Rows of each table in the first store, and what differs, a line for each table that does."""
    counts, found = {}, []
    with reading(first) as a, reading(second) as b:
        if tables(a) != tables(b):
            return counts, ["the stores have different tables"]
        for table in tables(a):
            (names, left), (_, right) = (rows(store, table, incidental.get(table, set())) for store in (a, b))
            counts[table] = 0
            for one, other in itertools.zip_longest(left, right):
                counts[table] += one is not None
                if one != other:
                    found.append(difference(table, names, one, other))
                    break
    return counts, found


def difference(table, names, one, other):
    if one is None or other is None:
        return f"{table}: the {'second' if one is None else 'first'} has more rows: {one or other}"
    where = [f"{name} {x!r} / {y!r}" for name, x, y in zip(names, one, other) if x != y]
    return f"{table}: {one[:3]}: {', '.join(where)[:300]}"


def lost_files(store):
    """Final checkpoints that are not in their place with the hash their row states."""
    folder = pathlib.Path(f"{store}.checkpoints")
    lost = []
    for name, expected in ask(store, "SELECT file, sha256 FROM checkpoint"):
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != expected:
            lost.append(name)
    return lost


def attempts(store):
    """Numbers that tell how the store's trials came about."""
    endings = dict(ask(store, "SELECT coalesce(ending, 'open'), count(*) FROM attempt GROUP BY 1"))
    resumed = ask(store, "SELECT count(*) FROM attempt WHERE resumed_epoch IS NOT NULL")[0][0]
    most = ask(store, "SELECT max(number) FROM attempt")[0][0]
    twice = ask(store, "SELECT trial FROM attempt WHERE ending = 'result' GROUP BY trial HAVING count(*) <> 1")
    return endings, resumed, most, len(twice)
