"""The images of the ImageNet challenge of 2010 (Russakovsky and others, 2015)."""

from __future__ import annotations

from fuel.downloaders._address_mirror import AddressMirror
from fuel.downloaders.mirrors import DataFile
from fuel.downloaders.recipe import Recipe

__all__ = ["RECIPE", "fill_subparser"]

SITE = "http://www.image-net.org/challenges/LSVRC/2010/"

PUBLIC = {
    "ILSVRC2010_test_ground_truth.txt": f"{SITE}ILSVRC2010_test_ground_truth.txt",
    "ILSVRC2010_devkit-1.0.tar.gz": f"{SITE}download/ILSVRC2010_devkit-1.0.tar.gz",
}
IMAGES = (
    "ILSVRC2010_images_train.tar",
    "ILSVRC2010_images_val.tar",
    "ILSVRC2010_images_test.tar",
    "patch_images.tar",
)

# Nobody published checksums.
RECIPE = Recipe(
    name="ilsvrc2010",
    contents="the six files of the ImageNet challenge of 2010 (150 GB)",
    source=(
        "Those with images need an account at image-net.org, which shows their address, and are "
        "for research and education that are not commercial. What is there already, however it "
        "came there, is not fetched again."
    ),
    files=tuple(DataFile(name=name) for name in (*PUBLIC, *IMAGES)),
    mirrors=(AddressMirror(label="image-net.org", addresses=PUBLIC),),
    withheld=IMAGES,
)
"""The files of ImageNet of 2010, their checksums, and who has them."""
fill_subparser = RECIPE.fill_subparser
