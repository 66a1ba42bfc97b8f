import io
import os
import tarfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from archive_files import damaged, decoded, refusal, tar_bytes
from hypothesis import given, settings
from hypothesis import strategies as st
from ilsvrc_files import (
    CLASSES,
    COUNTS,
    IDS,
    PATCH,
    PATCHED,
    TEST,
    TEST_CLASSES,
    TRAIN,
    VALID,
    VALID_CLASSES,
    devkit,
    ids,
    images_archive,
    meta_mat,
    train_archive,
    write_2010,
    write_2012,
)

from fuel.commands.convert import main as fuel_convert
from fuel.commands.info import main as fuel_info
from fuel.converters import ilsvrc2010, ilsvrc2012
from fuel.converters.ilsvrc2010 import (
    convert_ilsvrc2010,
    extract_patch_images,
    load_from_tar_or_patch,
    prepare_hdf5_file,
    process_train_set,
    read_devkit,
)
from fuel.converters.ilsvrc2012 import convert_ilsvrc2012
from fuel.datasets.imagenet import ILSVRC2010, ILSVRC2012
from fuel.exceptions import MissingInputFiles
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable

CONVERTERS = {2010: convert_ilsvrc2010, 2012: convert_ilsvrc2012}
WRITERS = {2010: write_2010, 2012: write_2012}
META = meta_mat(2010)
ARCHIVE_ORDER = sorted(TRAIN)  # classes as in the archive, images of a class by name


@pytest.fixture(params=[2010, 2012])
def year(request):
    return request.param


@pytest.fixture
def files(year, tmp_path, monkeypatch):
    WRITERS[year](tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return tmp_path


def content_of(name, year):
    return PATCH if year == 2010 and name in PATCHED else {**TRAIN, **VALID, **TEST}[name]


def test_images_classes_and_names_are_written_row_by_row(year, files):
    (path,) = CONVERTERS[year](files, files)

    assert path == str(files / f"ilsvrc{year}.hdf5")
    names = [""] * 9
    for name, row in zip(ARCHIVE_ORDER, np.random.RandomState(1).permutation(9), strict=True):
        names[row] = name
    names += [*VALID, *TEST]
    targets = [CLASSES.index(name[:3]) for name in names[:9]] + [*VALID_CLASSES]
    with h5py.File(path) as h5file:
        assert h5file["filenames"].dtype == "S32"
        assert [name.decode() for name in h5file["filenames"][:, 0]] == names
        images = [image.tobytes() for image in h5file["encoded_images"][...]]
        assert images == [content_of(name, year) for name in names]
        assert h5file["targets"].dtype == np.int16
        known = [*targets, *TEST_CLASSES] if year == 2010 else targets
        assert h5file["targets"][:, 0].tolist() == known


def test_the_splits_are_train_valid_and_test(year, files):
    CONVERTERS[year](files, files)
    data_set = {2010: ILSVRC2010, 2012: ILSVRC2012}[year]

    sizes = {split: data_set((split,)).num_examples for split in ("train", "valid", "test")}

    assert sizes == {"train": 9, "valid": 4, "test": 2}
    assert ("targets" in data_set(("test",)).sources) == (year == 2010)


def test_a_default_stream_decodes_the_images(year, files):
    CONVERTERS[year](files, files)
    dataset = {2010: ILSVRC2010, 2012: ILSVRC2012}[year](("valid",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(4, 4))
    batch = next(stream.get_epoch_iterator(as_dict=True))

    for image, name in zip(batch["encoded_images"], VALID, strict=True):
        np.testing.assert_array_equal(image, decoded(content_of(name, year)))
    assert batch["targets"][:, 0].tolist() == list(VALID_CLASSES)


def test_a_default_stream_can_be_resumed_anywhere(tmp_path, monkeypatch):
    write_2012(tmp_path)
    convert_ilsvrc2012(tmp_path, tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))

    def make_stream():
        scheme = ShuffledScheme(9, 4, seed=1)
        return DataStream.default_stream(ILSVRC2012(("train",)), iteration_scheme=scheme)

    check_resumable(make_stream)


def test_the_seed_determines_the_order_of_the_training_images(year, files, capsys):
    arguments = [f"ilsvrc{year}", "-d", str(files), "-o", str(files), "--shuffle-seed", "5"]

    assert fuel_convert(arguments) == 0

    with h5py.File(files / f"ilsvrc{year}.hdf5") as h5file:
        names = h5file["filenames"][:9, 0].astype(str)
    order = np.random.RandomState(5).permutation(9)
    assert names[order].tolist() == ARCHIVE_ORDER
    assert fuel_info([str(files / f"ilsvrc{year}.hdf5")]) == 0
    assert "--shuffle-seed 5" in capsys.readouterr().out


def test_without_a_seed_the_training_images_are_in_the_order_of_the_archive(tmp_path):
    write_2012(tmp_path)
    wnid_map = {wnid: row for row, wnid in enumerate(CLASSES)}

    with h5py.File(tmp_path / "out.hdf5", "w") as h5file:
        prepare_hdf5_file(h5file, 9, 0, 0)
        process_train_set(h5file, tmp_path / "ILSVRC2012_img_train.tar", None, 9, wnid_map)

        assert h5file["filenames"][:, 0].astype(str).tolist() == ARCHIVE_ORDER


def test_the_test_images_are_looked_for_in_the_directory(tmp_path, monkeypatch):
    (files := tmp_path / "files").mkdir()
    write_2012(files)
    monkeypatch.chdir(tmp_path)

    (path,) = convert_ilsvrc2012(files, tmp_path)

    with h5py.File(path) as h5file:
        assert h5file["encoded_images"].shape == (15,)


def test_the_development_kit_has_a_table_of_classes(year):
    read = {2010: ilsvrc2010, 2012: ilsvrc2012}[year].read_devkit

    synsets, *costs, valid = read(io.BytesIO(devkit(year)))

    assert synsets[f"ILSVRC{year}_ID"].tolist() == [*IDS, 11]
    assert synsets["WNID"].tolist() == [b"n03", b"n01", b"n02", b"n99"]
    assert synsets["gloss"][0] == "a thing, é".encode()
    assert synsets["words"].tolist() == [b"word 0", b"word 1", b"word 2", b"entity"]
    assert synsets["children"].tolist() == [[-1] * 3] * 3 + [list(IDS)]
    assert synsets["num_children"].tolist() == [0, 0, 0, 3]
    assert synsets["num_train_images"].tolist() == [*COUNTS, 0]
    assert synsets["wordnet_height"].tolist() == [0, 0, 0, 1]
    assert valid.tolist() == [IDS[target] for target in VALID_CLASSES]
    assert [cost.tolist() for cost in costs] == [[[0, 1, 2], [3, 4, 5], [6, 7, 8]]] * len(costs)


def test_metadata_has_classes_from_0(tmp_path):
    write_2010(tmp_path)
    write_2012(tmp_path)
    wnids = {"n03": 0, "n01": 1, "n02": 2, "n99": 3}

    of_2010 = ilsvrc2010.prepare_metadata(
        tmp_path / ilsvrc2010.DEVKIT_ARCHIVE, tmp_path / ilsvrc2010.TEST_GROUNDTRUTH
    )
    of_2012 = ilsvrc2012.prepare_metadata(
        tmp_path / ilsvrc2012.DEVKIT_ARCHIVE, tmp_path / ilsvrc2012.TEST_IMAGES_TAR
    )

    assert of_2010 == (9, list(VALID_CLASSES), list(TEST_CLASSES), wnids)
    assert of_2012 == (9, list(VALID_CLASSES), 2, wnids)


def test_patches_are_those_of_the_folder_of_a_split():
    patches = tar_bytes({"p/train/a.JPEG": b"1", "p/val/b.JPEG": b"2", "p/val/c.txt": b"3"})

    assert extract_patch_images(io.BytesIO(patches), "train") == {"a.JPEG": b"1"}
    assert extract_patch_images(io.BytesIO(patches), "valid") == {"b.JPEG": b"2"}
    assert extract_patch_images(io.BytesIO(patches), "test") == {}
    with pytest.raises(ValueError, match="which_set='val' is not one of train, valid, test"):
        extract_patch_images(io.BytesIO(patches), "val")


def test_an_image_comes_of_the_archive_or_of_the_patches():
    name = "ILSVRC_val_00000001.JPEG"
    with tarfile.open(fileobj=io.BytesIO(images_archive(VALID, "val"))) as tar:
        assert load_from_tar_or_patch(tar, f"val/{name}", {}) == (VALID[name], False)
        assert load_from_tar_or_patch(tar, f"val/{name}", {name: PATCH}) == (PATCH, True)
        with pytest.raises(KeyError, match="nothing"):
            load_from_tar_or_patch(tar, "val/nothing.JPEG", {})


def test_the_same_input_gives_the_same_bytes(year, files):
    paths = [CONVERTERS[year](files, files, name)[0] for name in ("a.hdf5", "b.hdf5")]

    first, second = (Path(path).read_bytes() for path in paths)
    assert first == second


def test_missing_files_are_named(year, files):
    names = sorted(name for name in os.listdir(files) if "tar" in name)
    (files / names[0]).unlink()

    with pytest.raises(MissingInputFiles, match=names[0]):
        CONVERTERS[year](files, files)


FEWER = dict(list(TRAIN.items())[1:])
NO_PATCH = tar_bytes({"p/train/n01_7.JPEG": PATCH})
LONG = {f"{'n01'}_{'7' * 40}.JPEG": PATCH}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("images_train.tar", train_archive(FEWER), "has 8 images, and should have 9"),
        ("images_train.tar", train_archive({**TRAIN, "n01_8.JPEG": PATCH}), "more than 9 images"),
        ("images_train.tar", train_archive({**FEWER, "n01_8.JPEG": b"hm"}), "is no image"),
        ("images_train.tar", train_archive({**FEWER, "n01_8.JPEG": b"\x1f\x8b"}), "is damaged"),
        ("images_train.tar", train_archive({**FEWER, **LONG}), "more than 32 bytes"),
        ("images_train.tar", tar_bytes({"n04.tar": b""}), "n04.tar .* of no class of the devkit"),
        ("images_train.tar", tar_bytes({"n01.tar": b"hm"}), "is damaged"),
        ("images_val.tar", images_archive(TEST, "val"), "has 2 images, and should have 4"),
        ("devkit-1.0.tar.gz", tar_bytes({"hm": b""}), "lacks devkit-1.0/data/meta.mat"),
        ("devkit-1.0.tar.gz", devkit(2010, b"hm"), "has no table of classes, or is damaged"),
        ("devkit-1.0.tar.gz", devkit(2010, valid=b"8 8 8 8"), "there is no class 8"),
        ("devkit-1.0.tar.gz", devkit(2010, valid=b"one"), "is no list of class numbers"),
        ("test_ground_truth.txt", ids(VALID_CLASSES), "has 2 images, and should have 4"),
        ("patch_images.tar", NO_PATCH, "replace none, among them n01_7.JPEG"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_left(tmp_path, name, content, message):
    write_2010(tmp_path)
    (path,) = [tmp_path / found for found in os.listdir(tmp_path) if found.endswith(name)]
    path.write_bytes(content)
    (output := tmp_path / "output").mkdir()

    with pytest.raises(ValueError, match=message):
        convert_ilsvrc2010(tmp_path, output)

    assert os.listdir(output) == []


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(ilsvrc2012.ALL_FILES),
    place=st.integers(0, 10**6),
    value=st.none() | st.integers(1, 255),
)
def test_a_damaged_file_is_an_error_or_becomes_a_whole_file(tmp_path_factory, name, place, value):
    directory = tmp_path_factory.mktemp("damaged")
    write_2012(directory)
    path = directory / name
    path.write_bytes(damaged(path.read_bytes(), place, value))
    (output := directory / "output").mkdir()

    error = refusal(convert_ilsvrc2012, directory, output)

    if error is not None:
        assert os.listdir(output) == []
    else:  # tar has no checksum of contents; a test image more or less cannot be told
        with h5py.File(output / "ilsvrc2012.hdf5") as h5file:
            assert h5file["targets"].shape == (13, 1)


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**6), value=st.none() | st.integers(1, 255))
def test_a_damaged_table_of_classes_is_an_error_or_a_table(place, value):
    content = damaged(META, place, value)

    error = refusal(read_devkit, io.BytesIO(devkit(2010, content)))

    assert error is None or "is damaged" in error or "no cost_matrix" in error
