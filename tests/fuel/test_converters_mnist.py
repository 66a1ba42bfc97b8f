import gzip
import hashlib
import json
import os
import struct

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from idx_files import IMAGES, LABELS, NAMES, idx_bytes, write_idx_files

from fuel.converters.mnist import convert_mnist, read_mnist_images, read_mnist_labels
from fuel.exceptions import MissingInputFiles


@pytest.fixture
def images_file(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(idx_bytes(IMAGES["train"]))
    return path


@pytest.mark.parametrize("packed", [True, False])
def test_the_four_files_become_one(tmp_path, packed):
    write_idx_files(tmp_path, packed=packed)

    (path,) = convert_mnist(tmp_path, tmp_path)

    assert path == str(tmp_path / "mnist.hdf5")
    with h5py.File(path) as h5file:
        features, targets = h5file["features"], h5file["targets"]
        expected = np.concatenate([IMAGES["train"], IMAGES["test"]])[:, np.newaxis]
        np.testing.assert_array_equal(features[...], expected)
        assert features.dtype == np.uint8
        np.testing.assert_array_equal(targets[:, 0], [*LABELS["train"], *LABELS["test"]])
        assert [axis.label for axis in features.dims] == ["batch", "channel", "height", "width"]
        assert [axis.label for axis in targets.dims] == ["batch", "index"]
        rows = [(row["split"], row["start"], row["stop"]) for row in h5file.attrs["split"]]
        assert rows == [(b"train", 0, 12)] * 2 + [(b"test", 12, 16)] * 2
        assert json.loads(h5file.attrs["input_sha256"]) == {
            name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
            for name in sorted(os.listdir(tmp_path))
            if "ubyte" in name
        }


@pytest.mark.parametrize("packed", [True, False])
def test_images_have_one_channel_and_labels_one_index(tmp_path, packed):
    write_idx_files(tmp_path, packed=packed)
    images, labels = (tmp_path / (name + ".gz" * packed) for name in NAMES["train"])

    np.testing.assert_array_equal(read_mnist_images(images), IMAGES["train"][:, np.newaxis])
    np.testing.assert_array_equal(read_mnist_labels(labels), LABELS["train"][:, np.newaxis])


@given(
    shape=st.tuples(st.integers(0, 5), st.integers(1, 4), st.integers(1, 4)), packed=st.booleans()
)
def test_images_of_any_size_come_back(tmp_path_factory, shape, packed):
    path = tmp_path_factory.mktemp("idx") / "images"
    images = np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)
    content = idx_bytes(images)

    path.write_bytes(gzip.compress(content) if packed else content)

    np.testing.assert_array_equal(read_mnist_images(path)[:, 0], images)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_as_floats_are_the_255th_part(images_file, dtype):
    images = read_mnist_images(images_file, dtype)

    expected = IMAGES["train"][:, np.newaxis].astype(dtype) / np.dtype(dtype).type(255)
    assert images.dtype == dtype
    np.testing.assert_array_equal(images, expected)


def test_images_as_truth_values_are_true_from_128_on(images_file):
    images = read_mnist_images(images_file, "bool")

    assert images.dtype == bool
    np.testing.assert_array_equal(images[:, 0], IMAGES["train"] > 127)


def test_images_of_another_dtype_are_refused(images_file):
    with pytest.raises(ValueError, match="'int32' cannot hold images; choose float32"):
        read_mnist_images(images_file, "int32")


def test_the_file_is_named_after_the_dtype_unless_named(tmp_path):
    write_idx_files(tmp_path)

    paths = [
        *convert_mnist(tmp_path, tmp_path, dtype="bool"),
        *convert_mnist(tmp_path, tmp_path, "mine.h5", dtype="float32"),
    ]

    assert paths == [str(tmp_path / "mnist_bool.hdf5"), str(tmp_path / "mine.h5")]
    with h5py.File(paths[1]) as h5file:
        assert h5file["features"].dtype == np.float32


IMAGE_HEADER = struct.pack(">4I", 2051, 2, 28, 28)
PACKED = gzip.compress(IMAGE_HEADER + bytes(1568), mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file of images: it begins with magic number None"),
        (b"<html>", "no IDX file of images: it begins with magic number 1013478509"),
        (idx_bytes(LABELS["train"]), "begins with magic number 2049, which should be 2051"),
        (IMAGE_HEADER[:9], "is damaged: it ends within its header"),
        (IMAGE_HEADER + bytes(1567), r"promises 1568 bytes \(2 x 28 x 28\), it has 1567"),
        (IMAGE_HEADER + bytes(1569), r"promises 1568 bytes \(2 x 28 x 28\), it has 1569"),
        (PACKED[:-9], "is damaged: .* fetch it anew"),
        (PACKED[:-1] + b"!", "is damaged: .* fetch it anew"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, content, message):
    path = tmp_path / "images"
    path.write_bytes(content)

    with pytest.raises(ValueError, match=message):
        read_mnist_images(path)


def test_images_are_no_labels(images_file):
    with pytest.raises(ValueError, match="no IDX file of labels"):
        read_mnist_labels(images_file)


def test_images_and_labels_must_be_as_many(tmp_path):
    write_idx_files(tmp_path, packed=False)
    (tmp_path / NAMES["test"][1]).write_bytes(idx_bytes(LABELS["train"]))

    with pytest.raises(ValueError, match="'features' has 4 rows and source 'targets' has 12"):
        convert_mnist(tmp_path, tmp_path)

    assert not (tmp_path / "mnist.hdf5").exists()


def test_all_missing_files_are_named(tmp_path):
    write_idx_files(tmp_path)
    (tmp_path / f"{NAMES['train'][0]}.gz").unlink()

    with pytest.raises(MissingInputFiles) as raised:
        convert_mnist(tmp_path, tmp_path)

    name = NAMES["train"][0]
    assert tuple(raised.value.filenames) == (f"{name}.gz or {name}",)
