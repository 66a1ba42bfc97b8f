"""The command `fuel-download`, under the name that Fuel imported it by."""

import sys

from fuel.commands.download import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
