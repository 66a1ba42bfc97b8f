"""Small files of the kinds that built-in data sets come in, for tests."""

import gzip
import io
import struct

import archive_files
import numpy as np
import scipy.io

RNG = np.random.default_rng(0)


def python2_pickle(value):
    """A value as Python 2 pickles it in protocol 2: str becomes bytes there."""
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value):
    if isinstance(value, str):
        value = value.encode("latin-1")
    if isinstance(value, bytes):
        short = len(value) < 256
        return (
            b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))
        ) + value
    if isinstance(value, dict):
        items = b"".join(_pickled(key) + _pickled(item) for key, item in value.items())
        return b"}q\x01(" + items + b"u"
    if isinstance(value, list):
        return b"]q\x02(" + b"".join(map(_pickled, value)) + b"e"
    if isinstance(value, int):
        return struct.pack("<cH", b"M", value) if value > 255 else b"K" + bytes([value])
    shape = b"".join(map(_pickled, value.shape)) + {1: b"\x85", 2: b"\x86"}[value.ndim]
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87R"
        b"q\x05(K\x01" + shape + b"cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07(K\x03U\x01|NNN"
        b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89" + _pickled(value.tobytes()) + b"tb"
    )


def tar_bytes(members, packed=True):
    """A tar archive of members, by name, as the authors' are packed."""
    content = archive_files.tar_bytes(members)
    return gzip.compress(content, mtime=0) if packed else content


IRIS = """\
5.1,3.5,1.4,0.2,Iris-setosa
7.0,3.2,4.7,1.4,Iris-versicolor
6.3,3.3,6.0,2.5,Iris-virginica

"""
ADULT = {
    "adult.data": """\
39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, \
2174, 0, 40, United-States, <=50K
50, Private, 83311, HS-grad, 9, Divorced, Sales, Husband, Black, Female, 0, 0, 13, Peru, >50K
54, ?, 180211, Some-college, 10, Widowed, ?, Husband, Other, Male, 0, 0, 60, South, >50K

""",
    "adult.test": """\
|1x3 Cross validator
25, Private, 226802, 11th, 7, Never-married, Sales, Own-child, Black, Male, 0, 9, 40, Cuba, <=50K.

""",
}
BINARIZED = {
    split: RNG.integers(0, 2, (rows, 784), np.uint8)
    for split, rows in {"train": 5, "valid": 3, "test": 2}.items()
}
SILHOUETTES = {
    size: {
        name: (
            RNG.integers(0, 2, (rows, size * size), np.uint8),
            RNG.integers(1, 102, (rows, 1)).astype(np.uint8),
        )
        for name, rows in {"train": 4, "val": 2, "test": 3}.items()
    }
    for size in (16, 28)
}
CIFAR10 = {
    f"cifar-10-batches-py/{name}": {
        "batch_label": name,
        "labels": RNG.integers(0, 10, 2).tolist(),
        "data": RNG.integers(0, 256, (2, 3072), np.uint8),
        "filenames": ["a.png", "b.png"],
    }
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
}
CIFAR100 = {
    f"cifar-100-python/{name}": {
        "filenames": ["a.png"] * rows,
        "batch_label": name,
        "fine_labels": RNG.integers(0, 100, rows).tolist(),
        "coarse_labels": RNG.integers(0, 20, rows).tolist(),
        "data": RNG.integers(0, 256, (rows, 3072), np.uint8),
    }
    for name, rows in {"train": 4, "test": 2}.items()
}


def cifar_bytes(batches, packed=True):
    readme = {f"{next(iter(batches)).split('/')[0]}/readme.html": b"<html>"}
    members = {name: python2_pickle(batch) for name, batch in batches.items()}
    return tar_bytes(readme | members, packed)


def silhouettes_bytes(size, packed=True):
    buffer = io.BytesIO()
    variables = {"classnames": np.array(["anchor", "ant"], object)}
    for name, (images, labels) in SILHOUETTES[size].items():
        variables |= {f"{name}_data": images, f"{name}_labels": labels}
    scipy.io.savemat(buffer, variables, do_compression=packed)
    # the header says when the file was made
    return b"MATLAB 5.0 MAT-file".ljust(116) + buffer.getvalue()[116:]


def raw_files(name, packed=True):
    """The files of a data set, by name, for the commands' name of it and its arguments."""
    data_set, *arguments = name.split()
    if data_set == "iris":
        return {"iris.data": IRIS.encode()}
    if data_set == "adult":
        return {name: text.encode() for name, text in ADULT.items()}
    if data_set == "binarized_mnist":
        return {
            f"binarized_mnist_{split}.amat": b"".join(
                " ".join(map(str, row)).encode() + b"\n" for row in rows.tolist()
            )
            for split, rows in BINARIZED.items()
        }
    if data_set == "cifar10":
        return {"cifar-10-python.tar.gz": cifar_bytes(CIFAR10, packed)}
    if data_set == "cifar100":
        return {"cifar-100-python.tar.gz": cifar_bytes(CIFAR100, packed)}
    size = int(arguments[0])
    return {f"caltech101_silhouettes_{size}_split1.mat": silhouettes_bytes(size, packed)}


DATA_SETS = (
    "adult",
    "binarized_mnist",
    "caltech101_silhouettes 16",
    "caltech101_silhouettes 28",
    "cifar10",
    "cifar100",
    "iris",
)


def write_raw_files(directory, name, packed=True):
    for filename, content in raw_files(name, packed).items():
        (directory / filename).write_bytes(content)
