"""The restock job as Dagster runs it: its assets, its checks, what it leaves."""

from tests.dagster.location import DAY, Location, errors, failed, made


def test_a_piece_on_the_shelf_becomes_a_signal(location: Location) -> None:
    location.order("ALB-1-A")
    told = "'ALB-1-A', 'P1', 'R1', 'HUB', 'albion', ?::DATE, ?::DATE + INTERVAL 9 HOUR"
    columns = "order_id, piece_id, return_id, lane, marketplace, day, event_time, event, event_rank, event_key, document_id, line_ref, "
    columns += "quantity, verification, grade, disposition"
    graded = "'ITEM_GRADED', 60, 'k1', 1, 'ALB-1-A-1', 1, 'MATCH', 'A', 'RESTOCK'"
    shelved = "'PUTAWAY_COMPLETED', 70, 'k2', 2, NULL, NULL, NULL, 'U', 'NONE'"
    for values in (graded, shelved):
        location.sql(f"INSERT INTO rebound_returns ({columns}) VALUES ({told}, {values})", DAY, DAY)
    job = location.defs.resolve_job_def("restock")
    done = job.execute_in_process(instance=location.instance, partition_key=f"{DAY}|albion", raise_on_error=False)
    assert done.success, errors(done)
    assert made(done) == {"mirakl_orders", "stock_offers", "stock_actions", "stock_pushes", "stock_signals"}
    assert failed(done) == set()
    assert location.sql("SELECT piece_id, outcome FROM stock_actions") == [("P1", "restock")]
    assert location.sql("SELECT piece_id, quantity FROM stock_signals") == [("P1", 1)]
    assert (location.settings.stock_signals_dir / "albion" / f"{DAY}.ndjson").exists()
    assert location.sent == 0
