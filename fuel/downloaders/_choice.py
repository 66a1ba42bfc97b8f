"""Data sets that come in several forms, of which an argument says one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fuel.downloaders.recipe import Recipe

__all__ = ["Choice"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Recipes of one data set, of which one is chosen by number.

    Args:
        argument: what the number is called.
        meaning: what it means, for the command's help.
        recipes: for each number its recipe; all have the data set's name and source.
    """

    argument: str
    meaning: str
    recipes: Mapping[int, Recipe]

    def recipe(self, number: int) -> Recipe:
        """That of a number.

        Raises:
            ValueError: if there is none.
        """
        if number not in self.recipes:
            choices = " or ".join(map(str, self.recipes))
            raise ValueError(f"{self.argument}={number!r} is not available; choose {choices}")
        return self.recipes[number]

    def fill_subparser(self, subparser: argparse.ArgumentParser) -> None:
        """Describe the command `fuel-download NAME`, and add its argument."""
        one, *_ = recipes = list(self.recipes.values())
        both = replace(one, contents=" or ".join(recipe.contents for recipe in recipes))
        subparser.description = both.description
        subparser.add_argument(
            self.argument, type=int, choices=tuple(self.recipes), help=self.meaning
        )
