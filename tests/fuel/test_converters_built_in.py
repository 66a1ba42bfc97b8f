import argparse
import hashlib
import json
import logging
import os

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_data_sets import (
    BINARIZED,
    CIFAR10,
    CIFAR100,
    DATA_SETS,
    IRIS,
    SILHOUETTES,
    cifar_bytes,
    python2_pickle,
    raw_files,
    tar_bytes,
    write_raw_files,
)

from fuel.commands.convert import main
from fuel.commands.info import main as info
from fuel.converters import (
    adult,
    all_converters,
    binarized_mnist,
    caltech101_silhouettes,
    cifar10,
    cifar100,
    iris,
)
from fuel.exceptions import MissingInputFiles

IMAGE_AXES = ["batch", "channel", "height", "width"]


def converter(name):
    """The function of a data set, with its own arguments, as the command calls it."""
    data_set, *arguments = name.split()
    parser = argparse.ArgumentParser()
    function = dict(all_converters)[data_set](parser)
    options = vars(parser.parse_args(arguments))
    return lambda directory, *rest: function(
        directory=directory, output_directory=directory, **options, **dict(rest)
    )


def converted(directory, name):
    write_raw_files(directory, name)
    (path,) = converter(name)(directory)
    return path


def axes(dataset):
    return [axis.label for axis in dataset.dims]


def splits(h5file):
    return {
        row["split"].decode(): (row["start"], row["stop"])
        for row in h5file.attrs["split"]
        if row["source"] in (b"features", b"targets")
    }


@pytest.mark.parametrize(
    ("module", "function"),
    [
        (adult, adult.convert_adult),
        (binarized_mnist, binarized_mnist.convert_binarized_mnist),
        (caltech101_silhouettes, caltech101_silhouettes.convert_silhouettes),
        (cifar10, cifar10.convert_cifar10),
        (cifar100, cifar100.convert_cifar100),
        (iris, iris.convert_iris),
    ],
)
def test_each_module_gives_its_converter(module, function):
    assert module.fill_subparser(argparse.ArgumentParser()) is function


def test_iris_becomes_measures_and_species(tmp_path):
    with h5py.File(converted(tmp_path, "iris")) as h5file:
        assert h5file["features"].dtype == np.float32
        expected = np.array([[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]])
        np.testing.assert_array_equal(h5file["features"], expected.astype("f4"))
        assert h5file["targets"].dtype == np.uint8
        assert h5file["targets"][...].tolist() == [[0], [1], [2]]
        assert axes(h5file["features"]) == ["batch", "feature"]
        assert axes(h5file["targets"]) == ["batch", "index"]
        assert splits(h5file) == {"all": (0, 3)}


def test_adults_words_become_the_same_columns_in_both_splits_in_alphabetical_order(tmp_path):
    with h5py.File(converted(tmp_path, "adult")) as h5file:
        features, targets = h5file["features"][...], h5file["targets"]
        names = json.loads(h5file["features"].attrs["feature_names"])
        assert (features.dtype, targets.dtype) == (np.float64, np.bool_)
        assert targets[...].tolist() == [[False], [True], [False]]
        assert splits(h5file) == {"train": (0, 2), "test": (2, 3)}
        assert axes(h5file["features"]) == ["batch", "feature"]
        assert axes(targets) == ["batch", "index"]
    assert names[:5] == ["age", "workclass=Private", "workclass=State-gov", "fnlwgt",
                         "education=11th"]  # fmt: skip
    assert names[-3:] == [f"native-country={name}" for name in ("Cuba", "Peru", "United-States")]
    people = [dict(zip(names, row, strict=True)) for row in features]
    assert [person["age"] for person in people] == [39, 50, 25]
    assert [person["hours-per-week"] for person in people] == [40, 13, 40]
    assert [person["workclass=Private"] for person in people] == [0, 1, 1]
    assert [person["native-country=Cuba"] for person in people] == [0, 0, 1]
    assert [person["sex=Female"] for person in people] == [0, 1, 0]


ADULT_WORDS = {  # what its documentation lists, less what only people with unknowns have
    "workclass": 7, "education": 16, "marital-status": 7, "occupation": 14, "relationship": 6,
    "race": 5, "sex": 2, "native-country": 41,
}  # fmt: skip


def test_adult_has_104_features_as_it_was_published(tmp_path):
    rows = []
    for number in range(41):
        words = {variable: f"w{number % count:02}" for variable, count in ADULT_WORDS.items()}
        rows.append(
            f"39, {words['workclass']}, 1, {words['education']}, 2, {words['marital-status']}, "
            f"{words['occupation']}, {words['relationship']}, {words['race']}, {words['sex']}, 3, "
            f"4, 5, {words['native-country']}, <=50K"
        )
    (tmp_path / "adult.data").write_text("\n".join(rows))
    (tmp_path / "adult.test").write_text(rows[0] + ".")  # it lacks nearly all words

    (path,) = adult.convert_adult(tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        assert h5file["features"].shape == (42, 104)
        np.testing.assert_array_equal(h5file["features"][0], h5file["features"][41])


@pytest.mark.parametrize("form", ["%d", "%.18e"])
def test_binarized_mnist_becomes_images_however_its_numbers_are_written(tmp_path, form):
    for split, rows in BINARIZED.items():
        np.savetxt(tmp_path / f"binarized_mnist_{split}.amat", rows, fmt=form)

    (path,) = binarized_mnist.convert_binarized_mnist(tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        features = h5file["features"]
        expected = np.concatenate(list(BINARIZED.values())).reshape(-1, 1, 28, 28)
        np.testing.assert_array_equal(features, expected)
        assert features.dtype == np.uint8
        assert axes(features) == IMAGE_AXES
        assert list(h5file) == ["features"]
        assert splits(h5file) == {"train": (0, 5), "valid": (5, 8), "test": (8, 10)}


@pytest.mark.parametrize("size", [16, 28])
@pytest.mark.parametrize("packed", [True, False])
def test_silhouettes_become_images_and_labels(tmp_path, size, packed):
    write_raw_files(tmp_path, f"caltech101_silhouettes {size}", packed)

    (path,) = caltech101_silhouettes.convert_silhouettes(size, tmp_path, tmp_path)

    assert path == str(tmp_path / f"caltech101_silhouettes{size}.hdf5")
    images, labels = zip(*SILHOUETTES[size].values(), strict=True)
    with h5py.File(path) as h5file:
        features, targets = h5file["features"], h5file["targets"]
        np.testing.assert_array_equal(features, np.concatenate(images).reshape(-1, 1, size, size))
        np.testing.assert_array_equal(targets, np.concatenate(labels))
        assert features.dtype == targets.dtype == np.uint8
        assert (axes(features), axes(targets)) == (IMAGE_AXES, ["batch", "index"])
        assert splits(h5file) == {"train": (0, 4), "valid": (4, 6), "test": (6, 9)}


@pytest.mark.parametrize("packed", [True, False])
def test_cifar_10_becomes_images_and_targets(tmp_path, packed):
    write_raw_files(tmp_path, "cifar10", packed)

    (path,) = cifar10.convert_cifar10(tmp_path, tmp_path)

    with h5py.File(path) as h5file:
        features, targets = h5file["features"], h5file["targets"]
        images = [batch["data"] for batch in CIFAR10.values()]
        np.testing.assert_array_equal(features, np.concatenate(images).reshape(-1, 3, 32, 32))
        assert targets[:, 0].tolist() == [x for batch in CIFAR10.values() for x in batch["labels"]]
        assert features.dtype == targets.dtype == np.uint8
        assert (axes(features), axes(targets)) == (IMAGE_AXES, ["batch", "index"])
        assert splits(h5file) == {"train": (0, 10), "test": (10, 12)}
    assert sorted(os.listdir(tmp_path)) == ["cifar-10-python.tar.gz", "cifar10.hdf5"]


def test_cifar_100_becomes_images_and_labels_of_both_kinds(tmp_path):
    with h5py.File(converted(tmp_path, "cifar100")) as h5file:
        images = [batch["data"] for batch in CIFAR100.values()]
        expected = np.concatenate(images).reshape(-1, 3, 32, 32)
        np.testing.assert_array_equal(h5file["features"], expected)
        for name in ("fine_labels", "coarse_labels"):
            labels = [label for batch in CIFAR100.values() for label in batch[name]]
            assert h5file[name][:, 0].tolist() == labels
            assert h5file[name].dtype == np.uint8
            assert axes(h5file[name]) == ["batch", "index"]
        assert splits(h5file) == {"train": (0, 4), "test": (4, 6)}


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_same_input_gives_the_same_bytes(tmp_path, name):
    contents = []
    for _ in range(2):
        with open(converted(tmp_path, name), "rb") as handle:
            contents.append(handle.read())

    assert contents[0] == contents[1]


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_file_tells_of_what_it_was_made(tmp_path, name):
    with h5py.File(converted(tmp_path, name)) as h5file:
        found = json.loads(h5file.attrs["input_sha256"])

    assert found == {
        filename: hashlib.sha256(content).hexdigest()
        for filename, content in raw_files(name).items()
    }


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_command_converts_and_its_result_tells_the_command(tmp_path, name, capsys):
    write_raw_files(tmp_path, name)
    args = [*name.split(), "-d", str(tmp_path), "-o", str(tmp_path), "-r", "mine"]

    assert main(args) == 0
    assert info([str(tmp_path / "mine.hdf5")]) == 0

    told = capsys.readouterr().out
    assert f"fuel-convert {' '.join(args)}" in told
    for filename, content in raw_files(name).items():
        assert f"{filename} (SHA-256 {hashlib.sha256(content).hexdigest()})" in told


@pytest.mark.parametrize("name", DATA_SETS)
def test_a_missing_file_is_named_and_nothing_is_written(tmp_path, name):
    write_raw_files(tmp_path, name)
    missing = sorted(raw_files(name))[0]
    (tmp_path / missing).unlink()

    with pytest.raises(MissingInputFiles) as raised:
        converter(name)(tmp_path)

    assert tuple(raised.value.filenames) == (missing,)
    assert not [entry for entry in os.listdir(tmp_path) if "hdf5" in entry]


@pytest.mark.parametrize("name", DATA_SETS)
def test_another_number_of_examples_than_was_published_is_told(tmp_path, name, caplog):
    caplog.set_level(logging.WARNING, "fuel")

    converted(tmp_path, name)

    assert "in the data set as it was published" in caplog.text


def test_a_size_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ValueError, match="size=10 is not available; choose 16 or 28"):
        caltech101_silhouettes.convert_silhouettes(10, tmp_path, tmp_path)


def cifar_10_with(**changes):
    first = "cifar-10-batches-py/data_batch_1"
    return cifar_bytes(CIFAR10 | {first: CIFAR10[first] | changes}, packed=False)


def harmful_cifar():
    members = {name: python2_pickle(batch) for name, batch in CIFAR10.items()}
    members["cifar-10-batches-py/test_batch"] = b"\x80\x02cposix\nsystem\nU\x06exit 1\x85R."
    return tar_bytes(members)


LINES = IRIS.splitlines()
WRONG = [
    ("iris", "iris.data", b"5.1,3.5\n", "line 1: it has 2 fields, not 5"),
    ("iris", "iris.data", b"1,2,x,4,Iris-setosa", "line 1: 'x' is no number"),
    ("iris", "iris.data", b"1,2,inf,4,Iris-setosa", "line 1: 'inf' is not finite"),
    ("iris", "iris.data", f"{LINES[0]}\n{LINES[1]}x".encode(), "line 2: the class .*colorx' is"),
    ("iris", "iris.data", b"\xff\xfe", "no ASCII text"),
    ("iris", "iris.data", b"<html>\n", "line 1: it has 1 fields"),
    ("adult", "adult.test", b"25, Private\n", "adult.test, line 1: it has 2 fields, not 15"),
    ("adult", "adult.data", b", ".join([b"1"] * 14 + [b"much"]), "the income 'much' is not one of"),
    ("adult", "adult.data", b", ".join([b"x"] * 14 + [b">50K"]), "line 1: 'x' is no number"),
    ("binarized_mnist", "binarized_mnist_valid.amat", b"0 1 1\n", "1 lines have 3 pixels, not 784"),
    ("binarized_mnist", "binarized_mnist_test.amat", b"0 2", "a pixel is 2, not 0 or 1"),
    ("binarized_mnist", "binarized_mnist_test.amat", b"<html>", "could not convert"),
    ("cifar10", "cifar-10-python.tar.gz", b"<html>", "cifar-10-python.tar.gz"),
    ("cifar10", "cifar-10-python.tar.gz", raw_files("cifar10")["cifar-10-python.tar.gz"][:-30],
     "cifar-10-python.tar.gz"),
    ("cifar10", "cifar-10-python.tar.gz", tar_bytes({"a": b""}), "has no .*data_batch_1, cifar-10"),
    ("cifar10", "cifar-10-python.tar.gz", cifar_10_with(labels=[1]), r"\(1,\), for 2 images"),
    ("cifar10", "cifar-10-python.tar.gz", cifar_10_with(labels=[1, 10]), "from 1 to 10, not"),
    ("cifar10", "cifar-10-python.tar.gz", cifar_10_with(labels=["1", "2"]), "are no integers"),
    ("cifar10", "cifar-10-python.tar.gz", cifar_10_with(data="text"), "its data are bytes, not"),
    ("cifar10", "cifar-10-python.tar.gz", cifar_10_with(data=np.zeros((2, 9), np.uint8)),
     r"its data are uint8 \(2, 9\), not \(images, 3072\) bytes"),
    ("cifar10", "cifar-10-python.tar.gz", harmful_cifar(), "test_batch .*'posix system'.* was run"),
    ("cifar100", "cifar-100-python.tar.gz", tar_bytes({"cifar-100-python/train":
     python2_pickle({"data": "", "fine_labels": [0]})}), "it lacks some of data, coarse_labels"),
    ("caltech101_silhouettes 16", "caltech101_silhouettes_16_split1.mat", b"<html>", "MATLAB"),
    ("caltech101_silhouettes 16", "caltech101_silhouettes_16_split1.mat",
     raw_files("caltech101_silhouettes 28")["caltech101_silhouettes_28_split1.mat"],
     r"train_data has shape \(4, 784\), not \(images, 256\)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "filename", "content", "message"), WRONG)
def test_a_wrong_file_is_refused_by_name_and_what_was_there_stays(
    tmp_path, name, filename, content, message
):
    write_raw_files(tmp_path, name)
    (tmp_path / filename).write_bytes(content)
    output = tmp_path / f"{name.replace(' ', '')}.hdf5"
    output.write_bytes(b"before")

    with pytest.raises(ValueError, match=message) as raised:
        converter(name)(tmp_path)

    assert filename in str(raised.value)
    assert output.read_bytes() == b"before"
    assert sorted(os.listdir(tmp_path)) == sorted([output.name, *raw_files(name)])


@settings(max_examples=100)
@given(data=st.data(), name=st.sampled_from(DATA_SETS), packed=st.booleans())
def test_a_damaged_file_is_refused_or_becomes_a_whole_one(tmp_path_factory, data, name, packed):
    directory = tmp_path_factory.mktemp("damaged")
    write_raw_files(directory, name, packed)
    path = directory / data.draw(st.sampled_from(sorted(raw_files(name))))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content)))
    change = data.draw(st.none() | st.binary(min_size=1, max_size=8))
    rest = b"" if change is None else change + content[place + len(change) :]
    path.write_bytes(content[:place] + rest)

    try:
        outputs = converter(name)(directory)
    except (ValueError, OSError):
        outputs = ()

    written = [os.path.basename(output) for output in outputs]
    assert sorted(os.listdir(directory)) == sorted([*raw_files(name), *written])
    for output in outputs:
        with h5py.File(output) as h5file:
            assert len({len(h5file[source]) for source in h5file}) == 1
