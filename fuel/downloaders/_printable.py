"""What others said, fit for a terminal."""

__all__ = ["printable"]


def printable(text: str) -> str:
    """One line of what a server or a program said, with `?` for what would act on a terminal.

    >>> printable("\\x1b[31mred\\n  alert")
    '?[31mred alert'
    """
    return "".join(sign if sign.isprintable() else "?" for sign in " ".join(text.split()))
