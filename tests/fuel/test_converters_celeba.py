import os
from pathlib import Path

import h5py
import numpy as np
import pytest
from archive_files import damaged, decoded, encoded, picture, refusal, zip_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fuel.commands.info import main as fuel_info
from fuel.converters import celeba
from fuel.converters.celeba import convert_celeba
from fuel.datasets import CelebA
from fuel.exceptions import MissingInputFiles
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream

COUNT = 7
ATTRIBUTES = np.random.default_rng(0).integers(0, 2, (COUNT, 40))
IMAGES = [encoded(picture(218, 178, row), "JPEG") for row in range(COUNT)]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(celeba, "NUM_EXAMPLES", COUNT)
    monkeypatch.setattr(celeba, "TRAIN_STOP", 4)
    monkeypatch.setattr(celeba, "VALID_STOP", 6)


def table(rows):
    lines = [f"{len(rows)}", " ".join(f"Attribute_{number}" for number in range(40))]
    lines += [
        f"{row:06d}.jpg " + " ".join(f"{2 * value - 1:2d}" for value in values)
        for row, values in enumerate(rows, 1)
    ]
    return "\n".join(lines) + "\n"


def archive(images):
    members = {f"img_align_celeba/{row:06d}.jpg": image for row, image in enumerate(images, 1)}
    return zip_bytes({"img_align_celeba/": b"", **dict(reversed(members.items()))})


def write_files(directory):
    (directory / "list_attr_celeba.txt").write_text(table(ATTRIBUTES))
    (directory / "img_align_celeba.zip").write_bytes(archive(IMAGES))


@pytest.fixture
def files(tmp_path, monkeypatch):
    write_files(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return tmp_path


def test_aligned_faces_come_as_they_are(files):
    (path,) = convert_celeba("aligned_cropped", files, files)

    assert path == str(files / "celeba_aligned_cropped.hdf5")
    with h5py.File(path) as h5file:
        features, targets = h5file["features"], h5file["targets"]
        np.testing.assert_array_equal(features[...], [decoded(image) for image in IMAGES])
        np.testing.assert_array_equal(targets[...], ATTRIBUTES)
        assert (features.dtype, targets.dtype) == (np.uint8, np.uint8)
        assert [axis.label for axis in features.dims] == ["batch", "channel", "height", "width"]
        assert [axis.label for axis in targets.dims] == ["batch", "target"]
        rows = [(row["split"].decode(), row["start"], row["stop"]) for row in h5file.attrs["split"]]
        assert rows == [("train", 0, 4)] * 2 + [("valid", 4, 6)] * 2 + [("test", 6, 7)] * 2


def test_small_faces_are_scaled_and_cropped(files):
    (path,) = convert_celeba("64", files, files)

    assert path == str(files / "celeba_64.hdf5")
    with h5py.File(path) as h5file:
        for features, image in zip(h5file["features"][...], IMAGES, strict=True):
            face = Image.fromarray(decoded(image).transpose(1, 2, 0))
            scaled = np.asarray(face.resize((64, 78), Image.Resampling.LANCZOS))
            np.testing.assert_array_equal(features, scaled[7:71].transpose(2, 0, 1))


@pytest.mark.parametrize("which_format", ["aligned_cropped", "64"])
def test_the_data_set_gives_faces_from_0_to_1(files, which_format, capsys):
    convert_celeba(which_format, files, files)

    dataset = CelebA(which_format, ("valid", "test"))
    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(3, 3))
    features, targets = next(stream.get_epoch_iterator())

    assert dataset.num_examples == 3
    (stored,) = CelebA(which_format, ("valid", "test"), sources=("features",)).get_data(
        None, slice(0, 3)
    )
    np.testing.assert_allclose(features, stored / 255, rtol=1e-6)
    np.testing.assert_array_equal(targets, ATTRIBUTES[4:])
    assert fuel_info([str(files / f"celeba_{which_format}.hdf5")]) == 0
    assert "img_align_celeba.zip" in capsys.readouterr().out


def test_another_format_is_refused(files):
    with pytest.raises(ValueError, match="which_format='32' is not one of aligned_cropped, 64"):
        convert_celeba("32", files, files)
    with pytest.raises(ValueError, match="which_format='32' is not one of aligned_cropped, 64"):
        CelebA("32", ("train",))


def test_the_same_input_gives_the_same_bytes(files):
    paths = [convert_celeba("64", files, files, name)[0] for name in ("a.hdf5", "b.hdf5")]

    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second


def test_missing_files_are_named(files):
    (files / "list_attr_celeba.txt").unlink()

    with pytest.raises(MissingInputFiles, match="list_attr_celeba.txt"):
        convert_celeba("64", files, files)


GOOD = table(ATTRIBUTES)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("list_attr_celeba.txt", table(ATTRIBUTES[:-1]).encode(), "ends after 6 of 7 rows"),
        ("list_attr_celeba.txt", (GOOD + "000008.jpg 1\n").encode(), "has more than the 7 rows"),
        ("list_attr_celeba.txt", GOOD.replace("000003", "000004").encode(), "line 5 .* 000003.jpg"),
        ("list_attr_celeba.txt", GOOD.replace(" 1", " 2", 1).encode(), "line 3 .* 40 values of 1"),
        ("img_align_celeba.zip", archive(IMAGES[:5]), "lacks 2 of 7 images, among them 000006"),
        ("img_align_celeba.zip", archive([encoded(picture(9, 9))] * 7), "9 rows of 9 pixels"),
        ("img_align_celeba.zip", archive([b"<html>"] * 7), "is no image, or a damaged one"),
        ("img_align_celeba.zip", b"<html>", "is damaged, or cannot be read"),
    ],
)
def test_a_wrong_file_is_refused_and_what_was_there_stays(files, name, content, message):
    (files / name).write_bytes(content)
    (files / "celeba_aligned_cropped.hdf5").write_text("mine")
    before = sorted(os.listdir(files))

    with pytest.raises(ValueError, match=message):
        convert_celeba("aligned_cropped", files, files)

    assert sorted(os.listdir(files)) == before
    assert (files / "celeba_aligned_cropped.hdf5").read_text() == "mine"


@settings(max_examples=30, deadline=None)
@given(place=st.integers(0, 10**6), value=st.none() | st.integers(1, 255))
def test_a_damaged_archive_is_an_error_or_becomes_a_whole_file(tmp_path_factory, place, value):
    directory = tmp_path_factory.mktemp("damaged")
    write_files(directory)
    path = directory / "img_align_celeba.zip"
    path.write_bytes(damaged(path.read_bytes(), place, value))
    (output := directory / "output").mkdir()

    error = refusal(convert_celeba, "64", directory, output)

    if error is not None:
        assert str(path) in error
        assert os.listdir(output) == []
    else:  # dates and the like have no checksum
        with h5py.File(output / "celeba_64.hdf5") as h5file:
            np.testing.assert_array_equal(h5file["targets"][...], ATTRIBUTES)
