"""Tables that read well in a terminal and paste into a Markdown page."""

from collections.abc import Sequence


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column is a text, the others are figures."""
    print(f"\n{title}\n\n{markdown(heads, rows)}\n", flush=True)


def markdown(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return its lines."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = []
    for row in (cells[0], rule, *cells[1:]):
        first = row[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append(f"| {' | '.join((first, *rest))} |")
    return "\n".join(lines)


def ms(seconds: float) -> str:
    """Return seconds in milliseconds."""
    return f"{seconds * 1e3:.2f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"


def ratio(ours: float, peer: float) -> str:
    """Return how many times as long, or as fast, ours is."""
    return f"{ours / peer:.2f}"
