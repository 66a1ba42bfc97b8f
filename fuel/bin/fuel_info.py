"""The command `fuel-info`, under the name that Fuel imported it by."""

import sys

from fuel.commands.info import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
