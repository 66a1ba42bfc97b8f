"""The command `fuel-convert`, under the name that Fuel imported it by."""

import sys

from fuel.commands.convert import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
