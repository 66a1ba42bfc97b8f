"""Parts of a page of HTML, in which whatever a file says is text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["facts", "page_of", "table"]

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do with the page: show it."""

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2126; --soft: #5c6670; --line: #dfe3e8;
  --card: #f7f8fa; --bar: #4477aa; --good: #1a7f4b; --bad: #a84300; --warn: #fff4e5 }
@media (prefers-color-scheme: dark) { :root { --paper: #15181c; --ink: #e4e7eb; --soft: #98a2ad;
  --line: #30363d; --card: #1c2026; --bar: #6fa3d4; --good: #58c48d; --bad: #f0a060;
  --warn: #33261a } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1.5rem 1rem;
  background: var(--paper); color: var(--ink); overflow-wrap: anywhere }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 }
h2 { font-size: 1.15rem; margin: 0 0 .5rem }
h3 { font-size: .85rem; font-weight: 600; color: var(--soft); margin: 1rem 0 .25rem }
p { margin: .25rem 0 .75rem } .soft, figcaption { color: var(--soft) }
section { border: 1px solid var(--line); border-radius: 8px; background: var(--card);
  padding: 1rem; margin: 1rem 0 }
.wide { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .15rem 1.25rem .15rem 0; vertical-align: top;
  overflow-wrap: normal }
th { font-weight: 600; color: var(--soft); font-size: .85rem }
td { min-width: 3rem; max-width: 26rem; overflow-wrap: break-word } .number { text-align: right;
  white-space: nowrap }
td:last-child { max-width: none }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem 1rem; margin: 0 }
dt { color: var(--soft) } dd { margin: 0 }
.shape { font-size: 1.05rem } .shape small { color: var(--soft) }
.badge { border: 1px solid; border-radius: 1em; padding: 0 .6em; font-size: .8rem;
  white-space: nowrap }
.fast, .fair { color: var(--good) } .slow { color: var(--bad) }
.warning { background: var(--warn); border-left: 4px solid var(--bad); border-radius: 4px;
  padding: .5rem .75rem; margin: .75rem 0 }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: .5rem }
.pictures figure { margin: 0; text-align: center; font-size: 12px; min-width: 0 }
.pictures img { image-rendering: pixelated; width: 100%; aspect-ratio: 1; object-fit: contain;
  background: #8882; border-radius: 4px; display: block }
.pictures.smooth img { image-rendering: auto } figcaption b { display: block }
svg { display: block; width: 100%; max-width: 36rem; height: auto; overflow: visible }
rect { fill: var(--bar) } text { font-size: 11px; fill: var(--soft) }
line { stroke: var(--line) }
.share { display: flex; height: 1rem; max-width: 36rem; border-radius: 4px; overflow: hidden;
  gap: 2px; margin: .25rem 0 .75rem }
.share div { background: var(--bar); min-width: 2px }
.share div:nth-child(3n+2) { opacity: .7 } .share div:nth-child(3n) { opacity: .45 }
@media (max-width: 32rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .35rem }
  th, td { padding-right: .7rem; font-size: .87rem } section { padding: .8rem }
  text { font-size: 17px } }
"""


def page_of(title: str, parts: Iterable[str]) -> str:
    """A whole page that needs nothing else.

    Args:
        title: as text.
        parts: of its body, as HTML.
    """
    name = escape(title)
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{name}</title><style>{STYLE}</style></head><body>"
    )
    return "\n".join([head, *parts, "</body></html>\n"])


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what is to be said about them, as texts."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in pairs)
    return f"<dl>{rows}</dl>"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> str:
    """A table of texts, which is scrolled where there is no room for it.

    Args:
        header: of the columns.
        rows: of texts.
        numbers: names of the columns that hold numbers.
    """
    kinds = [' class="number"' if title in numbers else "" for title in header]
    head = "".join(
        f"<th{kind}>{escape(title)}</th>" for kind, title in zip(kinds, header, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
