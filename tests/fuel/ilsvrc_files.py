"""Small files of the kind that the ImageNet challenges come in, for tests."""

import gzip
import io

import numpy as np
import scipy.io
from archive_files import encoded, picture, tar_bytes

CLASSES = ("n03", "n01", "n02")  # in the devkit's order; the fourth is above the others
IDS = (7, 5, 9)  # the challenge's own numbers
COUNTS = (3, 2, 4)
TRAIN = {
    f"{wnid}_{number}.JPEG": encoded(picture(5 + number, 6, 10 * row + number), "JPEG")
    for row, wnid in enumerate(CLASSES)
    for number in range(COUNTS[row])
}
VALID_CLASSES = (2, 0, 1, 1)
VALID = {
    f"ILSVRC_val_{number:08d}.JPEG": encoded(picture(4, 4 + number, 50 + number), "JPEG")
    for number in range(1, 5)
}
TEST_CLASSES = (1, 2)
TEST = {
    f"ILSVRC_test_{number:08d}.JPEG": encoded(picture(4, 4 + number, 60 + number), "JPEG")
    for number in range(1, 3)
}


def meta_mat(year):
    """The bytes of a meta.mat."""
    fields = [
        (f"ILSVRC{year}_ID", object),
        ("WNID", object),
        ("words", object),
        ("gloss", object),
        ("num_children", object),
        ("children", object),
        ("wordnet_height", object),
        ("num_train_images", object),
    ]
    synsets = np.zeros((4, 1), fields)
    for row in range(3):
        synsets[row, 0] = (
            IDS[row],
            CLASSES[row],
            f"word {row}",
            "a thing, é",
            0,
            [],
            0,
            COUNTS[row],
        )
    synsets[3, 0] = (11, "n99", "entity", "what is", 3, list(IDS), 1, 0)
    file = io.BytesIO()
    costs = np.arange(9, dtype=np.uint8).reshape(3, 3)
    scipy.io.savemat(file, {"synsets": synsets, "cost_matrix": costs}, do_compression=True)
    return file.getvalue()


def ids(classes):
    """A text of the challenge's own numbers of classes."""
    return "".join(f"{IDS[target]}\n" for target in classes).encode()


def devkit(year, meta=None, valid=None):
    """The bytes of a development kit."""
    folder = {2010: "devkit-1.0", 2012: "ILSVRC2012_devkit_t12"}[year]
    members = {
        f"{folder}/readme.txt": b"read me",
        f"{folder}/data/meta.mat": meta_mat(year) if meta is None else meta,
        f"{folder}/data/ILSVRC{year}_validation_ground_truth.txt": valid or ids(VALID_CLASSES),
    }
    return tar_bytes(members, "w:gz")


def train_archive(images=TRAIN, folder=""):
    """The bytes of an archive of archives, classes and images in no order."""
    inner = {
        f"{wnid}.tar": tar_bytes(
            {
                f"{folder}{name}": content
                for name, content in reversed(images.items())
                if name.startswith(wnid)
            }
        )
        for wnid in sorted(CLASSES)
    }
    return tar_bytes(inner)


def images_archive(images, folder):
    """The bytes of an archive of images, in no order."""
    members = {f"{folder}/{name}": content for name, content in reversed(images.items())}
    return tar_bytes(members)


PATCH = encoded(picture(9, 9, 99), "JPEG")
PATCHED = ("n01_1.JPEG", "ILSVRC_val_00000002.JPEG")


def write_2010(directory):
    """Write the six files of 2010; one image is to be replaced of two splits, one is packed."""
    packed = {**TRAIN, "n02_3.JPEG": gzip.compress(TRAIN["n02_3.JPEG"])}
    patches = {
        "patch_images/train/n01_1.JPEG": PATCH,
        "patch_images/val/ILSVRC_val_00000002.JPEG": PATCH,
        "patch_images/readme.txt": b"",
    }
    for name, content in {
        "ILSVRC2010_devkit-1.0.tar.gz": devkit(2010),
        "ILSVRC2010_test_ground_truth.txt": ids(TEST_CLASSES),
        "ILSVRC2010_images_train.tar": train_archive(packed),
        "ILSVRC2010_images_val.tar": images_archive(VALID, "val"),
        "ILSVRC2010_images_test.tar": images_archive(TEST, "test"),
        "patch_images.tar": tar_bytes(patches),
    }.items():
        (directory / name).write_bytes(content)


def write_2012(directory):
    """Write the four files of 2012."""
    for name, content in {
        "ILSVRC2012_devkit_t12.tar.gz": devkit(2012),
        "ILSVRC2012_img_train.tar": train_archive(),
        "ILSVRC2012_img_val.tar": tar_bytes(VALID),
        "ILSVRC2012_img_test.tar": images_archive(TEST, "test"),
    }.items():
        (directory / name).write_bytes(content)
