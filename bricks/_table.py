"""Tables as plain text and as HTML, from rows of texts."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

GAP = "  "


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, named columns, rows of texts, and a last row of totals.

    Attributes:
        title: one line above the table.
        columns: the heads of the columns.
        rows: as many texts each as there are columns.
        footer: a last row, set off by a line; empty for none.
        numeric: the columns that are set flush right.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footer: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in (*self.rows, self.footer or self.columns):
            if len(row) != len(self.columns):
                raise ValueError(
                    f"a row has {len(row)} cells, {row}, but the table has the "
                    f"{len(self.columns)} columns {self.columns}"
                )

    def text(self) -> str:
        """Return the table for a terminal, without a line feed at the end."""
        rows = [self.columns, *self.rows, *([self.footer] if self.footer else [])]
        widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
        rule = GAP.join("─" * width for width in widths)
        lines = [self.title, self._line(self.columns, widths), rule]
        lines += [self._line(row, widths) for row in self.rows]
        if self.footer:
            lines += [rule, self._line(self.footer, widths)]
        return "\n".join(lines)

    def html(self) -> str:
        """Return the table as an HTML element; every text in it is escaped."""
        head = self._cells("th", self.columns)
        body = "".join(f"<tr>{self._cells('td', row)}</tr>" for row in self.rows)
        foot = f"<tfoot><tr>{self._cells('th', self.footer)}</tr></tfoot>" if self.footer else ""
        return (
            f"<table><caption>{html.escape(self.title)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table>"
        )

    def _line(self, row: Sequence[str], widths: Sequence[int]) -> str:
        cells = [
            cell.rjust(width) if column in self.numeric else cell.ljust(width)
            for cell, width, column in zip(row, widths, self.columns, strict=True)
        ]
        return GAP.join(cells).rstrip()

    def _cells(self, tag: str, row: Sequence[str]) -> str:
        return "".join(
            f'<{tag} style="text-align:{"right" if column in self.numeric else "left"}">'
            f"{html.escape(cell)}</{tag}>"
            for cell, column in zip(row, self.columns, strict=True)
        )
