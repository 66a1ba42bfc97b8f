import io
import json
import os
import re
import struct
import tarfile
import zipfile
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fuel.commands.convert import main
from fuel.converters.image_folder import convert_image_folder
from fuel.datasets import H5PYDataset
from fuel.schemes import SequentialExampleScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import MultiProcessing
from fuel.transformers.defaults import ToBytes

RED, GREEN = (250, 0, 0), (0, 250, 0)


def picture(color=RED, size=(6, 4), mode="RGB"):
    return Image.new("RGB", size, color).convert(mode)


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()


def save(image, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def photos(tmp_path):
    """Two red cats and a green dog, 4 high and 6 wide."""
    for number in range(2):
        save(picture(RED), tmp_path / "photos" / "cat" / f"{number}.png")
    save(picture(GREEN), tmp_path / "photos" / "dog" / "0.png")
    return tmp_path / "photos"


def read(path, split="train"):
    with h5py.File(path) as h5file:
        rows = {row["split"].decode(): row for row in h5file.attrs["split"]}
        chosen = slice(rows[split]["start"], rows[split]["stop"])
        return h5file["features"][chosen], h5file["targets"][chosen]


def test_folders_of_classes_become_features_and_targets(photos, tmp_path):
    status = main(["image_folder", "photos", "-d", str(tmp_path), "-o", str(tmp_path)])

    features, targets = read(tmp_path / "photos.hdf5")
    assert status == 0
    assert features.shape == (3, 3, 4, 6)
    assert features.dtype == np.uint8
    np.testing.assert_array_equal(features[:2, 0], np.full((2, 4, 6), 250))
    np.testing.assert_array_equal(features[2, 1], np.full((4, 6), 250))
    np.testing.assert_array_equal(targets, [[0], [0], [1]])
    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        assert json.loads(h5file["targets"].attrs["class_names"]) == ["cat", "dog"]
        assert [axis.label for axis in h5file["features"].dims] == [
            "batch",
            "channel",
            "height",
            "width",
        ]


def test_the_file_is_read_as_any_other(photos, tmp_path):
    main(["image_folder", str(photos), "-o", str(tmp_path)])

    dataset = H5PYDataset(tmp_path / "photos.hdf5", ("train",))

    features, targets = dataset.get_data(request=[2, 0])
    assert features[:, 1, 0, 0].tolist() == [250, 0]
    assert targets.tolist() == [[1], [0]]
    dataset.close(None)


def test_images_that_differ_in_size_become_a_ragged_source(photos, tmp_path):
    save(picture(GREEN, (3, 5)), photos / "dog" / "1.png")

    main(["image_folder", str(photos), "-o", str(tmp_path)])

    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        features = h5file["features"]
        shapes = features.dims[0]["shapes"][...]
        labels = features.dims[0]["shape_labels"][...]
        last = features[3].reshape(shapes[3])
    assert shapes.tolist() == [[3, 4, 6], [3, 4, 6], [3, 4, 6], [3, 5, 3]]
    assert labels.tolist() == [b"channel", b"height", b"width"]
    np.testing.assert_array_equal(last[1], np.full((5, 3), 250))


@pytest.mark.parametrize(
    ("flags", "shape"),
    [
        (["--size", "2x3"], (3, 3, 2, 3)),
        (["--size", "8"], (3, 3, 8, 8)),
        (["--size", "2x3", "--fit", "stretch", "--color", "L"], (3, 1, 2, 3)),
    ],
)
def test_images_are_brought_to_one_size(photos, tmp_path, flags, shape):
    save(picture(RED, (3, 5)), photos / "cat" / "1.png")

    main(["image_folder", str(photos), "-o", str(tmp_path), *flags])

    assert read(tmp_path / "photos.hdf5")[0].shape == shape


def test_cropping_keeps_the_middle_and_the_proportions(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    save(Image.fromarray(wide), tmp_path / "p" / "x" / "0.png")

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--size", "10x10"])
    cropped = read(tmp_path / "p.hdf5")[0]
    flags = ["--size", "10x10", "--fit", "stretch"]
    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), *flags])
    stretched = read(tmp_path / "p.hdf5")[0]

    np.testing.assert_array_equal(cropped, np.full((1, 3, 10, 10), 200))
    assert stretched[0, 0, 5, 0] == stretched[0, 0, 5, 9] == 0


def test_a_photograph_taken_sideways_stands_upright(tmp_path):
    sideways = picture("white", (16, 8))
    sideways.paste("black", (8, 0, 16, 8))
    exif = sideways.getexif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    (tmp_path / "p" / "x").mkdir(parents=True)
    sideways.save(tmp_path / "p" / "x" / "0.jpg", exif=exif)

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path)])

    upright = read(tmp_path / "p.hdf5")[0]
    assert upright.shape == (1, 3, 16, 8)
    assert upright[:, :, :8].min() > 250  # what was on the left is above
    assert upright[:, :, 8:].max() < 5


def test_splits_may_be_folders(tmp_path):
    save(picture(RED), tmp_path / "p" / "train" / "cat" / "0.png")
    save(picture(GREEN), tmp_path / "p" / "test" / "dog" / "0.png")

    main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--split-folders"])

    assert read(tmp_path / "p.hdf5", "train")[1].tolist() == [[0]]
    assert read(tmp_path / "p.hdf5", "test")[1].tolist() == [[1]]


def test_splits_may_be_drawn_and_the_seed_decides(tmp_path):
    for number in range(10):
        save(picture((number, 0, 0)), tmp_path / "p" / "x" / f"{number}.png")
    args = ["image_folder", str(tmp_path / "p"), "-o", str(tmp_path)]
    drawn = []

    for seed in ("1", "1", "2"):
        main([*args, "--fractions", "train=0.7,test=0.3", "--seed", seed])
        parts = [read(tmp_path / "p.hdf5", split)[0][:, 0, 0, 0] for split in ("train", "test")]
        drawn.append([part.tolist() for part in parts])

    assert [len(part) for part in drawn[0]] == [7, 3]
    assert sorted(drawn[0][0] + drawn[0][1]) == list(range(10))
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_does_as_well_as_a_folder(photos, tmp_path, kind):
    main(["image_folder", str(photos), "-o", str(tmp_path)])
    expected = read(tmp_path / "photos.hdf5")
    archive = tmp_path / f"packed.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in photos.rglob("*.png"):
                file.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(photos, "photos")

    main(["image_folder", str(archive), "-o", str(tmp_path)])

    for one, other in zip(expected, read(tmp_path / "packed.hdf5"), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_origin_is_recorded_and_depends_on_the_images(photos, tmp_path):
    recorded = []
    for color in (RED, RED, GREEN):
        save(picture(color), photos / "cat" / "0.png")
        main(["image_folder", str(photos), "-o", str(tmp_path)])
        with h5py.File(tmp_path / "photos.hdf5") as h5file:
            recorded.append(json.loads(h5file.attrs["input_sha256"])["photos"])

    assert recorded[0] == recorded[1] != recorded[2]


def test_an_image_that_would_fill_the_memory_is_refused(photos, tmp_path, capsys):
    size = struct.pack(">2I5B", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", size), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    (photos / "dog" / "1.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))

    status = main(["image_folder", str(photos), "-o", str(tmp_path)])

    assert status == 2
    assert re.search("1.png is no image, .*decompression bomb", capsys.readouterr().err)


def test_what_systems_leave_in_folders_is_passed_over(photos, tmp_path):
    (photos / ".DS_Store").touch()
    (photos / "cat" / "Thumbs.db").touch()

    status = main(["image_folder", str(photos), "-o", str(tmp_path)])

    assert status == 0


def jpeg(directory, name, image, **options):
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    image.save(directory / name, "jpeg", **options)


def default_images(path, split="train"):
    dataset = H5PYDataset(path, (split,))
    scheme = SequentialExampleScheme(dataset.num_examples)
    stream = DataStream.default_stream(dataset, iteration_scheme=scheme)
    return [(image, int(target[0])) for image, target in stream.get_epoch_iterator()]


def sideways():
    image = Image.fromarray(np.arange(72, dtype=np.uint8).reshape(4, 6, 3))
    exif = image.getexif()
    exif[0x0112] = 6  # the camera was turned by a quarter
    return image, exif


def test_images_kept_encoded_are_the_bytes_of_their_files(photos, tmp_path):
    jpeg(photos, "dog/1.jpg", picture(GREEN, (3, 5)))

    status = main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])

    files = ["cat/0.png", "cat/1.png", "dog/0.png", "dog/1.jpg"]
    assert status == 0
    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        kept = [content.tobytes() for content in h5file["encoded_images"]]
        assert kept == [(photos / name).read_bytes() for name in files]
        assert h5file["encoded_images"].dims[0].label == "batch"
        assert json.loads(h5file["targets"].attrs["class_names"]) == ["cat", "dog"]
    dataset = H5PYDataset(tmp_path / "photos.hdf5", ("train",))
    assert dataset.get_data(request=[3])[0][0].tobytes() == kept[3]


@pytest.mark.parametrize("color", ["RGB", "L"])
def test_a_default_stream_decodes_them_to_what_is_stored_otherwise(tmp_path, color):
    image, exif = sideways()
    jpeg(tmp_path, "p/x/0.jpg", image, exif=exif)
    save(picture(RED, (5, 3), "P"), tmp_path / "p" / "x" / "1.png")
    save(picture((7, 7, 7), (2, 3), "L"), tmp_path / "p" / "y" / "0.png")
    save(Image.fromarray(np.full((2, 4), 40_000, np.uint16)), tmp_path / "p" / "y" / "1.png")
    args = ["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--color", color]

    main([*args, "--encoded"])
    encoded = default_images(tmp_path / "p.hdf5")
    main(args)
    stored = default_images(tmp_path / "p.hdf5")

    assert [target for _, target in encoded] == [0, 0, 1, 1]
    for (image, _), (expected, _) in zip(encoded, stored, strict=True):
        np.testing.assert_array_equal(image, expected)
    assert encoded[0][0].shape == (len(color), 6, 4)
    np.testing.assert_array_equal(encoded[3][0], np.full((len(color), 2, 4), round(40_000 / 257)))


def test_without_a_default_stream_they_come_as_bytes(photos, tmp_path):
    main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])
    dataset = H5PYDataset(tmp_path / "photos.hdf5", ("train",))

    stream = DataStream(dataset, iteration_scheme=SequentialScheme(3, 3))

    encoded, _ = next(stream.get_epoch_iterator())
    assert [content[:4].tobytes() for content in encoded] == [b"\x89PNG"] * 3


def test_a_class_that_has_default_transformers_keeps_them(photos, tmp_path):
    class Photos(H5PYDataset):
        default_transformers = ((ToBytes, [], {"which_sources": ("encoded_images",)}),)

    main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])
    dataset = Photos(tmp_path / "photos.hdf5", ("train",))

    stream = DataStream.default_stream(dataset, iteration_scheme=SequentialExampleScheme(3))

    first, _ = next(stream.get_epoch_iterator())
    assert first == (photos / "cat" / "0.png").read_bytes()


def test_a_repacked_file_still_says_that_its_images_are_to_be_decoded(photos, tmp_path):
    main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])
    expected = default_images(tmp_path / "photos.hdf5")

    main(["repack", str(tmp_path / "photos.hdf5"), "-o", str(tmp_path), "-r", "again"])

    for one, other in zip(expected, default_images(tmp_path / "again.hdf5"), strict=True):
        np.testing.assert_array_equal(one[0], other[0])


@pytest.mark.parametrize("value", [3, np.arange(3), np.bytes_(b"RGB")])
def test_a_file_that_does_not_say_as_a_text_how_to_decode_is_damaged(photos, tmp_path, value):
    main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])
    with h5py.File(tmp_path / "photos.hdf5", "r+") as h5file:
        h5file["encoded_images"].attrs["color_mode"] = value

    with pytest.raises(ValueError, match=r"photos.hdf5 is damaged: color_mode of .* is no text"):
        H5PYDataset(tmp_path / "photos.hdf5", ("train",))


def default_batches(path):
    dataset = H5PYDataset(path, ("train",))
    return DataStream.default_stream(dataset, iteration_scheme=SequentialScheme(3, 2))


def test_decoding_goes_on_where_it_stopped_also_in_workers(photos, tmp_path):
    main(["image_folder", str(photos), "-o", str(tmp_path), "--encoded"])
    path = tmp_path / "photos.hdf5"

    check_resumable(lambda: default_batches(path))
    with MultiProcessing(default_batches(path), workers=1) as stream:
        pictures = [image for images, _ in stream.get_epoch_iterator() for image in images]

    for image, (expected, _) in zip(pictures, default_images(path), strict=True):
        np.testing.assert_array_equal(image, expected)


def test_the_same_folder_gives_the_same_file(photos, tmp_path):
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        convert_image_folder(tmp_path, tmp_path / name, folder="photos", encoded=True)
        written.append((tmp_path / name / "photos.hdf5").read_bytes())

    assert written[0] == written[1]


@pytest.mark.parametrize("kind", ["encoded", "pixels"])
def test_broken_files_are_left_out_and_named_where_that_is_wanted(photos, tmp_path, capsys, kind):
    (photos / "cat" / "00.txt").write_text("not an image")
    (photos / "cat" / "01.png").write_bytes(png(picture())[:40])
    (photos / "dog" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    flags = ["--encoded"] if kind == "encoded" else []

    status = main(["image_folder", str(photos), "-o", str(tmp_path), "--skip-broken", *flags])

    said = capsys.readouterr().err
    pictures = default_images(tmp_path / "photos.hdf5")
    assert status == 0
    assert [image[:, 0, 0].tolist() for image, _ in pictures] == [[250, 0, 0]] * 2 + [[0, 250, 0]]
    assert [target for _, target in pictures] == [0, 0, 1]
    assert re.search("left out: .*00.txt is no image", said)
    assert re.search("left out: .*01.png is no image, or a damaged one", said)
    assert re.search("left out: .*gone.png is no file, or a link that leads to none", said)
    assert "left out 3 of 6 files" in said


def test_a_file_left_out_does_not_change_the_split_of_another(tmp_path):
    for number in range(10):
        save(picture((number, 0, 0)), tmp_path / "p" / "x" / f"{number}.png")
    args = ["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), "--skip-broken"]
    args += ["--fractions", "train=0.5,test=0.5"]
    drawn = []

    for content in (png(picture((3, 0, 0))), b"broken"):
        (tmp_path / "p" / "x" / "3.png").write_bytes(content)
        main(args)
        parts = [read(tmp_path / "p.hdf5", split)[0][:, 0, 0, 0] for split in ("train", "test")]
        drawn.append([part.tolist() for part in parts])

    assert [[number for number in part if number != 3] for part in drawn[0]] == drawn[1]


def test_images_of_a_class_may_lie_deeper_where_that_is_wanted(photos, tmp_path):
    save(picture((9, 9, 9)), photos / "cat" / "ein Tag" / "\u732b" / "0 0.png")

    main(["image_folder", str(photos), "-o", str(tmp_path), "--nested"])

    features, targets = read(tmp_path / "photos.hdf5")
    assert features[:, 0, 0, 0].tolist() == [250, 250, 9, 0]
    assert targets.ravel().tolist() == [0, 0, 0, 1]


def test_a_folder_that_leads_into_itself_is_refused(photos, tmp_path, capsys):
    (photos / "cat" / "again").symlink_to("..")

    status = main(["image_folder", str(photos), "-o", str(tmp_path), "--nested"])

    assert status == 2
    assert "cat/again is a link to a folder that it is in itself" in capsys.readouterr().err


def test_splits_come_in_the_order_in_which_they_are_given(photos, tmp_path):
    flags = ["--fractions", "valid=1/3,train=1/3,test=1/3", "--encoded"]

    main(["image_folder", str(photos), "-o", str(tmp_path), *flags])

    with h5py.File(tmp_path / "photos.hdf5") as h5file:
        rows = {row["split"].decode(): row["start"] for row in h5file.attrs["split"]}
    assert rows == {"valid": 0, "train": 1, "test": 2}


def test_names_of_classes_that_have_no_room_are_left_out_and_that_is_said(tmp_path, capsys):
    for number in range(300):
        save(picture(size=(1, 1)), tmp_path / "p" / f"{number:03}{'x' * 220}" / "0.png")

    status = main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path)])

    assert status == 0
    assert "the names of 300 classes have no room in the file" in capsys.readouterr().err
    assert read(tmp_path / "p.hdf5")[1].ravel().tolist() == list(range(300))


def broken(photos, what):
    if what == "no image":
        (photos / "dog" / "notes.txt").write_text("not an image")
    elif what == "truncated":
        (photos / "dog" / "1.png").write_bytes(png(picture())[:40])
    elif what == "file among classes":
        save(picture(), photos / "0.png")
    elif what == "splits":
        save(picture(), photos / "cat" / "sub" / "0.png")
    elif what == "link":
        (photos / "cat" / "2.png").symlink_to("nowhere.png")
    elif what == "empty":
        for path in photos.rglob("*.png"):
            path.unlink()


@pytest.mark.parametrize("flags", [[], ["--encoded"]])
@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no image", "dog/notes.txt is no image, or a damaged one"),
        ("truncated", "dog/1.png is no image, or a damaged one: .*; .* or say --skip-broken"),
        ("link", "cat/2.png is no file, or a link that leads to none"),
        ("file among classes", "photos/0.png is a file where only folders are expected"),
        ("splits", "cat/sub is a folder where only images are expected; .* say --split-folders"),
        ("empty", "there is no image in the folders of"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    photos, tmp_path, capsys, what, message, flags
):
    broken(photos, what)
    (tmp_path / "out").mkdir()

    status = main(["image_folder", str(photos), "-o", str(tmp_path / "out"), *flags])

    said = capsys.readouterr().err
    assert status == 2
    assert re.search(message, said)
    assert "Traceback" not in said
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--size", "0"], "'0' is no size"),
        (["--fractions", "train=0.5"], "sum up to 0.5"),
        (["--fractions", "train=1,test"], "is not a split's own name and its part"),
        (["--encoded", "--size", "8"], "either kept encoded, as they are, or brought to one size"),
        (["--fractions", "train=0.99,test=0.01"], "none is left for the split 'test'"),
        (
            ["--fractions", "train=1", "--split-folders"],
            "the splits are given by folders and by fractions: choose one",
        ),
    ],
)
def test_wrong_arguments_are_refused(photos, tmp_path, capsys, flags, message):
    status = main(["image_folder", str(photos), "-o", str(tmp_path), *flags])

    assert status == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"fit": "pad"}, "fit='pad' is none; choose crop or stretch"),
        ({"fit": "stretch"}, "fit='stretch' says how to reach a size, but there is none; give one"),
        ({"color": "CMYK"}, "color='CMYK' is none; choose RGB or L"),
    ],
)
def test_an_unknown_form_is_refused(photos, tmp_path, form, message):
    with pytest.raises(ValueError, match=message):
        convert_image_folder(tmp_path, tmp_path, folder="photos", **form)


def test_a_folder_that_is_not_there_is_said(tmp_path, capsys):
    status = main(["image_folder", "none", "-d", str(tmp_path), "-o", str(tmp_path)])

    assert status == 2
    assert f"there is no folder or archive {tmp_path / 'none'}" in capsys.readouterr().err


def test_a_split_of_which_all_is_broken_is_refused(tmp_path, capsys):
    save(picture(), tmp_path / "p" / "train" / "x" / "0.png")
    (tmp_path / "p" / "test" / "x").mkdir(parents=True)
    (tmp_path / "p" / "test" / "x" / "0.png").write_bytes(b"")
    flags = ["--split-folders", "--skip-broken"]

    status = main(["image_folder", str(tmp_path / "p"), "-o", str(tmp_path), *flags])

    assert status == 2
    assert "no image is left for the split 'test'" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["p"]


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_a_damaged_image_is_read_or_refused_by_name(tmp_path_factory, data):
    directory = tmp_path_factory.mktemp("damaged")
    content = bytearray(png(Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8))))
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (directory / "p" / "x").mkdir(parents=True)
    (directory / "p" / "x" / "0.png").write_bytes(content)

    try:
        convert_image_folder(directory, directory, folder="p")
    except ValueError as error:
        refused = str(error)
    else:
        refused = None

    if refused is None:
        assert sorted(os.listdir(directory)) == ["p", "p.hdf5"]
    else:
        assert "0.png is no image, or a damaged one" in refused
        assert os.listdir(directory) == ["p"]
