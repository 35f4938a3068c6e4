"""How answers look on a terminal: tables, money, times, commands that can be copied. Knows nothing of returns."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[str] = ()) -> str:
    """Aligned columns; those named in `right` are flush right. None is shown as nothing."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max([len(header), *(len(row[index]) for row in texts)]) for index, header in enumerate(headers)]
    flush = {index for index, header in enumerate(headers) if header in right}

    def line(cells: Sequence[str]) -> str:
        padded = [cell.rjust(widths[i]) if i in flush else cell.ljust(widths[i]) for i, cell in enumerate(cells)]
        return "  ".join(padded).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(headers), rule, *(line(row) for row in texts)])


def money(amount: Decimal | None, currency: str = "") -> str:
    """Two decimals (more only where the amount has them), thousands apart, the currency behind."""
    if amount is None:
        return ""
    exact = amount.quantize(Decimal("0.01"))
    shown = f"{exact:,.2f}" if exact == amount else f"{amount.normalize():,f}"
    return f"{shown} {currency}".rstrip()


def moment(at: datetime | None) -> str:
    """UTC to the second; nothing for None."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def shortened(text: str | None, width: int) -> str:
    """One line of at most `width` characters."""
    flat = " ".join((text or "").split())
    return flat if len(flat) <= width else flat[: width - 3] + "..."


def heading(text: str) -> None:
    """A line that stands out, on standard output."""
    click.echo()
    click.secho(text, bold=True)


def nearby(path: Path) -> str:
    """The path from this folder: relative where it is below."""
    whole, folder = path.absolute(), Path.cwd()
    return str(whole.relative_to(folder) if whole.is_relative_to(folder) else whole)


def here(path: Path) -> str:
    """The same as a shell takes it, as a command, too."""
    near = nearby(path)
    return shlex.quote(near if "/" in near else f"./{near}")


def program() -> str:
    """How this command line is called from this folder, such as `.venv/bin/returns`."""
    beside = Path(sys.executable).with_name("returns")
    return here(beside) if beside.exists() else "returns"
