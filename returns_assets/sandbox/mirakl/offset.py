"""Offset paging's Link header (reference, 1.5)."""

from __future__ import annotations

from urllib.parse import urlencode

from returns_assets.sandbox.exchange import Call


def link(call: Call, offset: int, size: int, total: int) -> dict[str, str]:
    """The header; none on a single page."""
    query = {name: values for name, values in call.query.items() if name not in ("offset", "max")}
    links: list[str] = []
    for rel, start in (("previous", offset - size), ("next", offset + size)):
        if (rel == "previous" and offset > 0) or (rel == "next" and start < total):
            target = urlencode({**query, "max": [size], "offset": [max(start, 0)]}, doseq=True)
            links.append(f'<{call.root}{call.path}?{target}>; rel="{rel}"')
    return {"link": ", ".join(links)} if links else {}
