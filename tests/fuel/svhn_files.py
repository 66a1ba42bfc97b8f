"""Small files of the two kinds that SVHN comes in, for tests."""

import io

import h5py
import numpy as np
import scipy.io
from archive_files import encoded, picture, tar_bytes

FIELDS = ("label", "height", "width", "left", "top")
BOXES = {
    "train": [
        [(1, 20, 8, 3, 2)],
        [(10, 20, 8, -3, 2), (7, 21, 9, 12, -1)],
        [(3, 5, 6, 7, 8), (10, 9, 8, 7, 6), (2, 1, 2, 3, 4)],
    ],
    "test": [[(9, 300, 200, 100, 50)]],
    "extra": [[(5, 1, 1, 1, 1)], [(6, 2, 2, 2, 2)]],
}
PICTURES = {
    split: [picture(10 + row, 12 + 2 * row, row) for row in range(len(boxes))]
    for split, boxes in BOXES.items()
}


def digit_struct(boxes, order=None, is_named=True):
    """The bytes of a digitStruct.mat with these boxes, images named in the given order, or not."""
    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=512) as h5file:
        rows = list(order or range(len(boxes)))
        names = h5file.create_dataset("digitStruct/name", (len(rows), 1), h5py.ref_dtype)
        groups = h5file.create_dataset("digitStruct/bbox", (len(rows), 1), h5py.ref_dtype)
        for row, image in enumerate(rows):
            text = np.array([[ord(letter)] for letter in f"{image + 1}.png"], np.uint16)
            names[row, 0] = h5file.create_dataset(f"#refs#/name{row}", data=text).ref
            group = h5file.create_group(f"#refs#/box{row}")
            groups[row, 0] = group.ref
            for column, field in enumerate(FIELDS):
                numbers = [float(box[column]) for box in boxes[image]]
                if len(numbers) == 1:
                    group[field] = np.array([numbers])
                    continue
                cell = group.create_dataset(field, (len(numbers), 1), h5py.ref_dtype)
                for digit, number in enumerate(numbers):
                    name = f"#refs#/{field}{row}_{digit}"
                    cell[digit, 0] = h5file.create_dataset(name, data=[[number]]).ref
        if not is_named:
            del h5file["digitStruct/name"]
    file.seek(0)
    file.write(f"{'MATLAB 7.3 MAT-file, Platform: GLNXA64':<124}".encode() + b"\x00\x02IM")
    return file.getvalue()


def numbers_archive(split, struct=None, pictures=None):
    """The bytes of a `<split>.tar.gz`."""
    pictures = PICTURES[split] if pictures is None else pictures
    members = {f"{split}/{row + 1}.png": encoded(image) for row, image in enumerate(pictures)}
    members = dict(reversed(members.items()))  # the archives are in no order
    members[f"{split}/digitStruct.mat"] = struct or digit_struct(BOXES[split])
    members[f"{split}/see_bboxes.m"] = b"% shows the boxes"
    return tar_bytes(members, "w:gz")


def write_numbers(directory):
    """Write the three files of format 1."""
    for split in BOXES:
        (directory / f"{split}.tar.gz").write_bytes(numbers_archive(split))


def digits(seed=0):
    """For each split, images `(32, 32, 3, n)` and labels `(n, 1)` from 1 to 10."""
    rng = np.random.default_rng(seed)
    return {
        split: (
            rng.integers(0, 256, (32, 32, 3, size), dtype=np.uint8),
            (np.arange(size, dtype=np.uint8)[:, np.newaxis] + seed) % 10 + 1,
        )
        for split, size in (("train", 13), ("test", 3), ("extra", 5))
    }


def write_digits(directory, seed=0, compressed=True):
    """Write the three files of format 2."""
    for split, (images, labels) in digits(seed).items():
        path = directory / f"{split}_32x32.mat"
        scipy.io.savemat(path, {"X": images, "y": labels}, do_compression=compressed)
