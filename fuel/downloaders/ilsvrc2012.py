"""The images of the ImageNet challenge of 2012 (Russakovsky and others, 2015)."""

from __future__ import annotations

from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["FILES", "RECIPE", "fill_subparser"]

# The MD5 sums are those that image-net.org shows.
FILES = (
    DataFile(name="ILSVRC2012_devkit_t12.tar.gz", md5="fa75699e90414af021442c21a62c3abf"),
    DataFile(name="ILSVRC2012_img_train.tar", md5="1d675b47d978889d74fa0da5fadfb00e"),
    DataFile(name="ILSVRC2012_img_val.tar", md5="29b22e2961454d5413ddabcf34fc5622"),
    DataFile(name="ILSVRC2012_img_test.tar"),  # there are two, of 2012 and of 2019
)
"""The files of ImageNet of 2012, as they should be."""

RECIPE = Recipe(
    name="ilsvrc2012",
    contents="the four files of the ImageNet challenge of 2012 (160 GB)",
    source=(
        "They need an account at image-net.org, which shows their address, and are for research "
        "and education that are not commercial. There, the test images are named "
        "ILSVRC2012_img_test_v10102019.tar: name them ILSVRC2012_img_test.tar. What is there "
        "already, however it came there, is verified and not fetched again."
    ),
    files=FILES,
    withheld=tuple(file.name for file in FILES),
)
"""The files of ImageNet of 2012, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
