"""`returns links`: from any id of ReBound's to the order and its lines, and from an order or line to every id that is about it."""

import click

from returns_assets.operations.console import table
from returns_assets.operations.session import session
from returns_assets.rebound.identity import clean_text, normal_id

FORWARD = """
    SELECT DISTINCT id_kind, marketplace, coalesce(order_id, order_ref), order_line_id, return_id, order_id IS NOT NULL
    FROM return_links WHERE id IN (?, ?) ORDER BY ALL
"""
BACK = """
    SELECT DISTINCT id_kind, id, marketplace, coalesce(order_id, order_ref), order_line_id
    FROM return_links
    WHERE order_id IN (SELECT order_id FROM mirakl_orders WHERE order_id = $asked OR commercial_id = $asked)
        OR order_ref = $asked OR order_line_id = $asked
    ORDER BY ALL
"""


@click.command()
@click.argument("asked", metavar="ID")
def links(asked: str) -> None:
    """Both directions. ID: a return, registration, piece, sales order, tracking number or RMA; an order, basket or order line of Mirakl's.

    Links rest on ids alone, never on an e-mail address. Exit code 1: nothing is known under the id.
    """
    with session() as ctx, ctx.warehouse.read() as con:
        forward = con.execute(FORWARD, [clean_text(asked), normal_id(clean_text(asked))]).fetchall()
        back = con.execute(BACK, {"asked": clean_text(asked)}).fetchall()
    if not forward and not back:
        raise click.ClickException(f"nothing is known under {asked}: neither an id of ReBound's nor an order of Mirakl's")
    if forward:
        rows = [(*found, "" if known else "not found in Mirakl") for *found, known in forward]
        click.echo(table(["is a", "marketplace", "order", "order line", "return", ""], rows))
    if back:
        rows = [(number, kind, *rest) for kind, number, *rest in back]
        click.echo(table(["is about it", "is a", "marketplace", "order", "order line"], rows))
