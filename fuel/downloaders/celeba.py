"""CelebA: 202,599 faces with 40 attributes each (Liu, Luo, Wang and Tang, 2015)."""

from __future__ import annotations

from fuel.downloaders._address_mirror import AddressMirror
from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

DRIVE = "https://drive.usercontent.google.com/download?export=download&confirm=t&id="
DROPBOX = "https://www.dropbox.com/sh/8oqt9vytwxb3s4r/"

RECIPE = Recipe(
    name="celeba",
    contents="CelebA's aligned and cropped images and their attributes (1.5 GB)",
    source=(
        "Where the hosts refuse, fetch them in a browser from "
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html. They are for research that is not "
        "commercial."
    ),
    # They have the MD5 sums 75e246fa4810816ffd6ee81facbd244c and 00d2c5bc6d35e252742224ab0c1e8fcb.
    files=(
        DataFile(
            name="list_attr_celeba.txt",
            sha256="f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
            size=26721026,
        ),
        DataFile(
            name="img_align_celeba.zip",
            sha256="46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
            size=1443490838,
        ),
    ),
    mirrors=(
        AddressMirror(
            label="the authors' Google Drive",
            addresses={
                "list_attr_celeba.txt": f"{DRIVE}0B7EVK8r0v71pblRyaVFSWGxPY0U",
                "img_align_celeba.zip": f"{DRIVE}0B7EVK8r0v71pZjFTYXZWM3FlRnM",
            },
        ),
        AddressMirror(
            label="the authors' Dropbox",
            addresses={
                "list_attr_celeba.txt": (
                    f"{DROPBOX}AAC7-uCaJkmPmvLX2_P5qy0ga/Anno/list_attr_celeba.txt?dl=1"
                ),
                "img_align_celeba.zip": (
                    f"{DROPBOX}AADIKlz8PR9zr6Y20qbkunrba/Img/img_align_celeba.zip?dl=1"
                ),
            },
        ),
    ),
)
"""The files of CelebA, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
