"""Planning: the step that decides a partition, against the same in pandas and against one hand-written DuckDB query (the limit)."""

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from bench.measure import ROOT, Row, Side, Watch, alternate, run, same

DAY = date(2025, 3, 5)
PIECES = 1_000_000
KEY = "nordhaus"
GIB = 2**30
PANDAS_AIM, LIMIT_AIM, MEMORY_AIM = 4.0, 2.0, 3.0
# Every column of every row, but for the time of deciding.
DIGEST = """
    SELECT count(*), coalesce(sum(amount), 0)::VARCHAR, sum(hash(t)::HUGEINT)::VARCHAR
    FROM (SELECT * EXCLUDE (decided_at) FROM {table} WHERE marketplace = ? AND day = ?) t
"""

# The first policy row that fits each combination that this data meets.
POLICY = """
    SELECT 'MATCH' AS verification, 'U' AS grade, 'NONE' AS disposition, r.reason, arg_min(m.rule, m.seq) AS rule,
        arg_min(m.outcome, m.seq) AS policy_outcome, arg_min(m.share, m.seq)::INTEGER AS share
    FROM (VALUES ('SIZE_TOO_LARGE'), ('SIZE_TOO_SMALL'), ('CHANGED_MIND'), ('DEFECTIVE')) r (reason)
    JOIN map_policy m
        ON (list_contains(m.verification, 'MATCH') OR m.verification = ['*'])
        AND (list_contains(m.grade, 'U') OR m.grade = ['*'])
        AND (list_contains(m.disposition, 'NONE') OR m.disposition = ['*'])
        AND (list_contains(m.reason, r.reason) OR m.reason = ['*'])
    GROUP BY r.reason
"""


def _statements(name: str) -> list[str]:
    text = Path(__file__).with_name(f"{name}.sql").read_text(encoding="utf-8")
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [statement for statement in bare.split(";") if statement.strip()]


def make(path: str, pieces: int) -> dict[str, Any]:
    """A warehouse with one day's events and orders."""
    from returns_assets.warehouse.connection import schema_statements

    watch = Watch()
    with duckdb.connect(path) as con:
        for statement in schema_statements():
            con.execute(statement)
        for statement in _statements("planning_data"):
            con.execute(statement, {name: value for name, value in {"pieces": pieces, "day": DAY}.items() if f"${name}" in statement})
        con.execute("CREATE TABLE hand_dispositions AS FROM mapped_dispositions")
    return watch.times()


def digest(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, Any]:
    """What a side came to: rows, money, and a hash of everything."""
    return {"money": con.execute(DIGEST.format(table=table), [KEY, DAY]).fetchone()}


def product(path: str) -> dict[str, Any]:
    """steps.translate.map_dispositions as a run calls it: one transaction, the ledger asked, exceptions brought up to date."""
    from returns_assets.settings import Settings
    from returns_assets.steps.context import open_context
    from returns_assets.steps.translate import map_dispositions

    home = Path(path).parent
    settings = Settings(
        home=home, mappings=ROOT / "mappings", warehouse_url=f"duckdb:{path}", ledger_url=f"sqlite:///{home / 'ledger.sqlite'}"
    )
    with open_context(settings, run_id="bench", actor="bench") as ctx:
        watch = Watch()
        map_dispositions(ctx, KEY, DAY)
        times = watch.times()
        with ctx.warehouse.read() as con:
            return {**times, **digest(con, "mapped_dispositions")}


def _mappings() -> tuple[dict[str, str], str]:
    """The operator's code by reason, and the version of the tables."""
    from returns_assets.translation.load import load_mappings

    mappings = load_mappings(ROOT / "mappings")
    return {row.canonical_reason: row.refund_reason_code for row in mappings.reasons if row.marketplace == "*"}, mappings.version


def limit(path: str) -> dict[str, Any]:
    """One hand-written query into a table of the same columns."""
    reasons, version = _mappings()
    with duckdb.connect(path) as con:
        con.execute("CREATE TEMP TABLE map_reasons (canonical_reason VARCHAR, refund_reason_code VARCHAR)")
        con.executemany("INSERT INTO map_reasons VALUES (?, ?)", list(reasons.items()))
        watch = Watch()
        con.execute(_statements("planning_limit")[0], {"day": DAY, "version": version})
        times = watch.times()
        return {**times, **digest(con, "hand_dispositions")}


def pandas(path: str) -> dict[str, Any]:
    """The same joins and rounding in pandas, from and to the same tables."""
    from bench.planning_pandas import Tables, plan
    from returns_assets.decisions.tables import load_tables
    from returns_assets.translation.load import load_mappings

    mappings = load_mappings(ROOT / "mappings")
    shop = mappings.marketplace(KEY)
    with duckdb.connect() as con:  # the mapping tables as the product narrows them
        load_tables(con, mappings, shop, DAY)
        tables = Tables(
            reasons=con.execute("SELECT canonical_reason AS reason, refund_reason_code FROM map_reasons").df(),
            definitive=con.execute("FROM map_definitive").df(),
            policy=con.execute(POLICY).df(),
            dispositions=con.execute("SELECT disposition, definitive AS final FROM map_dispositions").df(),
            states=con.execute("FROM map_states").df(),
            version=mappings.version,
        )
    with duckdb.connect(path) as con:
        watch = Watch()
        plan(con, DAY, tables)
        times = watch.times()
        return {**times, **digest(con, "hand_dispositions")}


def bench(scale: float, repeat: int) -> list[Row]:
    """Raises Differs when the three do not decide the same money for every piece."""
    pieces = max(int(PIECES * scale), 300)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        source = Path(folder) / "source.duckdb"
        run("planning:make", path=str(source), pieces=pieces)

        def side(name: str, number: int) -> Side:
            home = Path(folder) / f"{name}-{number}"
            home.mkdir()
            shutil.copy(source, home / "returns.duckdb")
            try:
                return run(f"planning:{name}", path=str(home / "returns.duckdb"))
            finally:
                shutil.rmtree(home)

        sides = alternate({name: lambda n, name=name: side(name, n) for name in ("product", "limit", "pandas")}, repeat)
    same("money", sides)
    ours, hand, frame = sides["product"], sides["limit"], sides["pandas"]
    what = f"planning {pieces:,} pieces"
    faster, slower = frame.seconds / ours.seconds, ours.seconds / hand.seconds
    return [
        Row(f"{what}, pandas", f"{ours.seconds:.1f} s", f"{frame.seconds:.1f} s ({frame.peak / GIB:.1f} GiB)", f"{faster:.2f} x faster",
            f"{PANDAS_AIM:g} x", faster >= PANDAS_AIM, ours.peak),
        Row(f"{what}, bare query", f"{ours.seconds:.1f} s", f"{hand.seconds:.1f} s ({hand.peak / GIB:.1f} GiB)", f"{slower:.2f} x its time",
            f"{LIMIT_AIM:g} x", slower <= LIMIT_AIM, ours.peak),
        Row(f"{what}, memory", f"{ours.peak / GIB:.2f} GiB", "", "", f"{MEMORY_AIM:g} GiB", ours.peak < MEMORY_AIM * GIB, ours.peak),
    ]  # fmt: skip
