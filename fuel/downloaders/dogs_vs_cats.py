"""Dogs vs. Cats: 25,000 labelled and 12,500 unlabelled photographs (Kaggle, 2013)."""

from __future__ import annotations

from fuel.downloaders._address_mirror import AddressMirror
from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

# Nobody published checksums; the archives' own are held when they are converted.
RECIPE = Recipe(
    name="dogs_vs_cats",
    contents="the two archives of Dogs vs. Cats (850 MB)",
    source=(
        "Where the host refuses, fetch train.zip and test1.zip from "
        "https://www.kaggle.com/c/dogs-vs-cats and name them dogs_vs_cats.train.zip and "
        "dogs_vs_cats.test1.zip; the rules of that competition are their terms."
    ),
    files=(DataFile(name="dogs_vs_cats.train.zip"), DataFile(name="dogs_vs_cats.test1.zip")),
    mirrors=(
        AddressMirror(
            label="the copies at Dropbox",
            addresses={
                "dogs_vs_cats.train.zip": "https://www.dropbox.com/s/s3u30quvpxqdbz6/train.zip?dl=1",
                "dogs_vs_cats.test1.zip": "https://www.dropbox.com/s/21rwu6drnplsbkb/test1.zip?dl=1",
            },
        ),
    ),
)
"""The files of Dogs vs. Cats, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
