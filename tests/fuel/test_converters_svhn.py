import hashlib
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from archive_files import damaged, picture, refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from svhn_files import (
    BOXES,
    PICTURES,
    digit_struct,
    digits,
    numbers_archive,
    write_digits,
    write_numbers,
)

from fuel.commands.convert import main as fuel_convert
from fuel.commands.info import main as fuel_info
from fuel.converters.svhn import convert_svhn
from fuel.exceptions import MissingInputFiles

DAMAGES = {"place": st.integers(0, 10**6), "value": st.none() | st.integers(1, 255)}


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    directory = tmp_path_factory.mktemp("numbers")
    write_numbers(directory)
    return directory


@pytest.fixture(scope="module")
def converted_numbers(numbers, tmp_path_factory):
    (path,) = convert_svhn(1, numbers, tmp_path_factory.mktemp("converted"))
    return path


@pytest.mark.parametrize("compressed", [True, False])
def test_format_2_becomes_images_and_digits(tmp_path, compressed):
    write_digits(tmp_path, compressed=compressed)

    (path,) = convert_svhn(2, tmp_path, tmp_path)

    assert path == str(tmp_path / "svhn_format_2.hdf5")
    images = np.concatenate([images for images, _ in digits().values()], axis=-1)
    labels = np.concatenate([labels for _, labels in digits().values()])
    with h5py.File(path) as h5file:
        features, targets = h5file["features"], h5file["targets"]
        assert (features.dtype, targets.dtype) == (np.uint8, np.uint8)
        np.testing.assert_array_equal(features[...], np.einsum("hwcn->nchw", images))
        np.testing.assert_array_equal(targets[...], labels % 10)
        assert [axis.label for axis in features.dims] == ["batch", "channel", "height", "width"]
        assert [axis.label for axis in targets.dims] == ["batch", "index"]
        rows = [(row["split"].decode(), row["start"], row["stop"]) for row in h5file.attrs["split"]]
        assert rows == [("train", 0, 13)] * 2 + [("test", 13, 16)] * 2 + [("extra", 16, 21)] * 2


def test_more_images_than_are_read_at_once_stay_in_order(tmp_path):
    write_digits(tmp_path)
    images = np.random.default_rng(1).integers(0, 256, (32, 32, 3, 2500), dtype=np.uint8)
    labels = np.ones((2500, 1))  # MATLAB's numbers are doubles unless one says otherwise
    scipy.io.savemat(tmp_path / "extra_32x32.mat", {"X": images, "y": labels}, do_compression=True)

    (path,) = convert_svhn(2, tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        np.testing.assert_array_equal(h5file["features"][16:], np.einsum("hwcn->nchw", images))


def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    write_digits(tmp_path)
    variables = {"X": np.zeros((32, 32, 3, 20_000), "u1"), "y": np.ones((20_000, 1), "u1")}
    scipy.io.savemat(tmp_path / "extra_32x32.mat", variables, do_compression=True)

    tracemalloc.start()
    try:
        convert_svhn(2, tmp_path, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < variables["X"].nbytes / 3


def test_format_1_becomes_ragged_pictures(converted_numbers):
    pictures = [image for split in PICTURES.values() for image in split]

    with h5py.File(converted_numbers) as h5file:
        features = h5file["features"]
        shapes = features.dims[0]["shapes"]
        assert shapes.dtype == np.uint16
        for flat, shape, image in zip(features[...], shapes[...], pictures, strict=True):
            np.testing.assert_array_equal(flat.reshape(shape), np.einsum("hwc->chw", image))
        labels = features.dims[0]["shape_labels"][...].tolist()
        assert labels == [b"channel", b"height", b"width"]
        assert features.dims[0].label == "batch"


@pytest.mark.parametrize(
    ("column", "source", "dtype", "axis"),
    [
        (0, "bbox_labels", "uint8", b"index"),
        (1, "bbox_heights", "uint16", b"height"),
        (2, "bbox_widths", "uint16", b"width"),
        (3, "bbox_lefts", "uint16", b"x"),
        (4, "bbox_tops", "uint16", b"y"),
    ],
)
def test_boxes_are_clipped_at_0_and_label_10_is_digit_0(
    converted_numbers, column, source, dtype, axis
):
    boxes = [image for split in BOXES.values() for image in split]

    with h5py.File(converted_numbers) as h5file:
        scale = h5file[source].dims[0]
        for numbers, shape, expected in zip(
            h5file[source][...], scale["shapes"][...], boxes, strict=True
        ):
            values = [max(0, box[column]) for box in expected]
            if source == "bbox_labels":
                values = [value % 10 for value in values]
            assert numbers.dtype == dtype
            assert numbers.tolist() == values
            assert shape.tolist() == [len(expected), 1]
        assert scale["shape_labels"][...].tolist() == [b"bounding_box", axis]


def test_boxes_belong_to_the_picture_that_is_named_with_them(tmp_path):
    write_numbers(tmp_path)
    struct = digit_struct(BOXES["train"], order=[2, 0, 1])
    (tmp_path / "train.tar.gz").write_bytes(numbers_archive("train", struct))

    (path,) = convert_svhn(1, tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        assert [len(labels) for labels in h5file["bbox_labels"][:3]] == [1, 2, 3]


def test_boxes_without_names_are_in_the_order_of_the_pictures_numbers(tmp_path):
    write_numbers(tmp_path)
    struct = digit_struct(BOXES["train"], is_named=False)
    (tmp_path / "train.tar.gz").write_bytes(numbers_archive("train", struct))

    (path,) = convert_svhn(1, tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        assert [labels.tolist() for labels in h5file["bbox_labels"][:3]] == [[1], [0, 7], [3, 0, 2]]


@pytest.mark.parametrize("which_format", [1, 2])
def test_the_command_names_its_inputs_and_itself_in_the_file(
    tmp_path, numbers, capsys, which_format
):
    if which_format == 2:
        write_digits(tmp_path)
    directory = numbers if which_format == 1 else tmp_path

    status = fuel_convert(["svhn", str(which_format), "-d", str(directory), "-o", str(tmp_path)])

    assert status == 0
    assert fuel_info([str(tmp_path / f"svhn_format_{which_format}.hdf5")]) == 0
    told = capsys.readouterr().out
    assert f"fuel-convert svhn {which_format}" in told
    names = ("train.tar.gz", "train_32x32.mat")
    content = (directory / names[which_format - 1]).read_bytes()
    with h5py.File(tmp_path / f"svhn_format_{which_format}.hdf5") as h5file:
        sums = json.loads(h5file.attrs["input_sha256"])
        assert sums[names[which_format - 1]] == hashlib.sha256(content).hexdigest()
        assert len(sums) == 3


@pytest.mark.parametrize("which_format", [1, 2])
def test_the_same_input_gives_the_same_bytes(tmp_path, numbers, which_format):
    write_digits(tmp_path)
    directory = numbers if which_format == 1 else tmp_path

    paths = [convert_svhn(which_format, directory, tmp_path, name)[0] for name in ("a.h5", "b.h5")]

    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second


def test_another_format_is_refused(tmp_path):
    with pytest.raises(ValueError, match="which_format=3 is neither 1 nor 2"):
        convert_svhn(3, tmp_path, tmp_path)


def test_all_missing_files_are_named(tmp_path):
    (tmp_path / "test.tar.gz").touch()

    with pytest.raises(MissingInputFiles) as raised:
        convert_svhn(1, tmp_path, tmp_path)

    assert tuple(raised.value.filenames) == ("train.tar.gz", "extra.tar.gz")


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (numbers_archive("train", digit_struct([[(11, 1, 1, 1, 1)]])), "row 0 has labels"),
        (numbers_archive("train", digit_struct([[(1, 1e9, 1, 1, 1)]])), "which are no pixels"),
        (numbers_archive("train", digit_struct(BOXES["train"], [0, 1, 4 - 4])), "each once"),
        (numbers_archive("train", b"nothing"), "train/digitStruct.mat in .* is damaged"),
        (numbers_archive("train", pictures=PICTURES["train"][:2]), "lacks 1 of 3 .* 3.png"),
        (numbers_archive("test"), "has no train/digitStruct.mat"),
        (b"<html>", "is damaged, or cannot be read"),
    ],
)
def test_a_wrong_archive_is_refused_and_nothing_is_left(tmp_path, archive, message):
    write_numbers(tmp_path)
    (tmp_path / "train.tar.gz").write_bytes(archive)
    (output := tmp_path / "output").mkdir()

    with pytest.raises(ValueError, match=message):
        convert_svhn(1, tmp_path, output)

    assert os.listdir(output) == []


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"X": picture(32, 32)[..., np.newaxis]}, "but not X and y"),
        (
            {"X": np.zeros((32, 32, 3, 2), "u1"), "y": np.zeros((3, 1), "u1")},
            r"uint8 \(32, 32, 3, n\) and \(n, 1\)",
        ),
        (
            {"X": np.zeros((32, 32, 3, 2)), "y": np.ones((2, 1), "u1")},
            r"has images float64 \(32, 32, 3, 2\)",
        ),
        ({"X": np.zeros((32, 32, 3, 2), "u1"), "y": np.zeros((2, 1), "u1")}, "not from 1 to 10"),
    ],
)
def test_a_wrong_table_is_refused_and_nothing_is_left(tmp_path, variables, message):
    write_digits(tmp_path)
    scipy.io.savemat(tmp_path / "test_32x32.mat", variables)
    (output := tmp_path / "output").mkdir()

    with pytest.raises(ValueError, match=message):
        convert_svhn(2, tmp_path, output)

    assert os.listdir(output) == []


@settings(max_examples=60, deadline=None)
@given(compressed=st.booleans(), **DAMAGES)
def test_a_damaged_table_is_an_error_or_becomes_a_whole_file(
    tmp_path_factory, compressed, place, value
):
    directory = tmp_path_factory.mktemp("digits")
    write_digits(directory, compressed=compressed)
    path = directory / "test_32x32.mat"
    path.write_bytes(damaged(path.read_bytes(), place, value))
    (output := directory / "output").mkdir()

    error = refusal(convert_svhn, 2, directory, output)

    if error is not None:
        assert str(path) in error
        assert os.listdir(output) == []
    else:  # what has no checksum can be changed unseen: the header's text, bytes not compressed
        assert value is not None
        with h5py.File(output / "svhn_format_2.hdf5") as h5file:
            assert h5file["features"].shape == (21, 3, 32, 32)


ARCHIVE = numbers_archive("test")
STRUCT = digit_struct(BOXES["test"])


@settings(max_examples=40, deadline=None)
@given(inside=st.booleans(), **DAMAGES)
def test_a_damaged_archive_is_an_error_or_becomes_a_whole_file(
    tmp_path_factory, numbers, inside, place, value
):
    directory = tmp_path_factory.mktemp("damaged")
    for name in ("train.tar.gz", "extra.tar.gz"):
        (directory / name).symlink_to(numbers / name)
    broken = (
        numbers_archive("test", damaged(STRUCT, place, value))
        if inside
        else damaged(ARCHIVE, place, value)
    )
    (directory / "test.tar.gz").write_bytes(broken)
    (output := directory / "output").mkdir()

    error = refusal(convert_svhn, 1, directory, output)

    if error is not None:
        assert "test" in error
        assert os.listdir(output) == []
    else:
        with h5py.File(output / "svhn_format_1.hdf5") as h5file:
            assert h5file["features"].shape == (6,)


def test_of_two_processes_that_convert_to_one_file_the_last_wins_whole(tmp_path):
    directories = [tmp_path / name for name in ("a", "b")]
    (output := tmp_path / "output").mkdir()
    for seed, directory in enumerate(directories):
        directory.mkdir()
        write_digits(directory, seed)
    program = "import sys; from fuel.commands.convert import main; sys.exit(main(sys.argv[1:]))"

    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, "svhn", "2", "-d", directory, "-o", output],
            stderr=subprocess.DEVNULL,
        )
        for directory in directories
    ]

    assert [process.wait() for process in running] == [0, 0]
    assert os.listdir(output) == ["svhn_format_2.hdf5"]
    with h5py.File(output / "svhn_format_2.hdf5") as h5file:
        found = h5file["features"][:13], h5file["targets"][:13]
    wanted = [digits(seed)["train"] for seed in (0, 1)]
    assert any(
        np.array_equal(found[0], np.einsum("hwcn->nchw", images))
        and np.array_equal(found[1], labels % 10)
        for images, labels in wanted
    )
