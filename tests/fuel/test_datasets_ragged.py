import logging
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.datasets import H5PYDataset
from fuel.schemes import SequentialExampleScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import MultiProcessing

RNG = np.random.default_rng(0)
IMAGES = [
    RNG.integers(0, 256, (3, RNG.integers(0, 5), RNG.integers(1, 5)), dtype=np.uint8)
    for _ in range(40)
]
TEXTS = [np.arange(length, dtype=np.int32) for length in RNG.integers(0, 9, 40)]
TARGETS = np.arange(40, dtype=np.uint8).reshape(40, 1)


def write_ragged(file, name, examples, shapes=True, labels=None, **options):
    """One source as the file format has it; an example's dtype is that of the first."""
    dtype = h5py.vlen_dtype(examples[0].dtype)
    dataset = file.create_dataset(name, (len(examples),), dtype, **options)
    for place, example in enumerate(examples):
        dataset[place] = example.ravel()
    dataset.dims[0].label = "batch"
    if shapes:
        scale = file.create_dataset(f"{name}_shapes", data=[example.shape for example in examples])
        scale.make_scale("shapes")
        dataset.dims[0].attach_scale(scale)
    if labels is not None:
        scale = file.create_dataset(f"{name}_labels", data=np.array(labels, dtype="S"))
        scale.make_scale("shape_labels")
        dataset.dims[0].attach_scale(scale)
    return dataset


def write(path, splits=None, **options):
    with h5py.File(path, "w") as file:
        write_ragged(file, "images", IMAGES, labels=["channel", "height", "width"], **options)
        write_ragged(file, "texts", TEXTS, shapes=False, **options)
        file["targets"] = TARGETS
        sources = ("images", "targets", "texts")
        splits = splits or {"train": (0, 30), "test": (25, 40)}
        table = {split: dict.fromkeys(sources, rows) for split, rows in splits.items()}
        file.attrs["split"] = H5PYDataset.create_split_array(table)
    return path


STORAGES = {
    "contiguous": {},
    "chunked": {"chunks": (7,)},
    "packed": {"chunks": (7,), "compression": "gzip", "shuffle": True},
    "packed by a filter that only HDF5 knows": {"chunks": (7,), "compression": "lzf"},
}


@pytest.fixture(scope="module", params=STORAGES)
def path(tmp_path_factory, request):
    return write(tmp_path_factory.mktemp("ragged") / "data.hdf5", **STORAGES[request.param])


@pytest.fixture(params=["mapped", "in memory", "through HDF5"])
def options(request):
    return {
        "mapped": {},
        "in memory": {"load_in_memory": True},
        "through HDF5": {"driver": "stdio"},
    }[request.param]


def same(found, expected):
    return len(found) == len(expected) and all(
        a.shape == b.shape
        and a.dtype.newbyteorder("=") == b.dtype.newbyteorder("=")
        and np.array_equal(a, b)
        for a, b in zip(found, expected, strict=True)
    )


@pytest.mark.parametrize("request_", [[5, 29, 0, 5], slice(3, 20, 4), slice(0, 30), [2, 3, 4]])
def test_a_batch_is_an_object_array_of_arrays_of_their_own_shapes(path, options, request_):
    dataset = H5PYDataset(path, ("train",), **options)

    for _ in range(2):
        images, targets, texts = dataset.get_data(request=request_)

        rows = np.arange(30)[request_]
        assert (images.dtype, images.shape) == (object, rows.shape)
        assert same(images, [IMAGES[row] for row in rows])
        assert same(texts, [TEXTS[row] for row in rows])
        assert np.array_equal(targets, TARGETS[rows])


def test_an_example_is_one_array_of_its_own_shape(path, options):
    dataset = H5PYDataset(path, ("test",), **options)

    for row in (0, 14):
        image, target, text = dataset.get_data(request=row)

        assert same([image, text], [IMAGES[25 + row], TEXTS[25 + row]])
        assert target.tolist() == [25 + row]


def test_a_batch_stays_an_object_array_if_all_shapes_agree(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        write_ragged(file, "points", list(np.arange(8.0).reshape(4, 2)))
        splits = {"all": {"points": (0, 4)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    for load_in_memory in (False, True):
        dataset = H5PYDataset(tmp_path / "f", ("all",), load_in_memory=load_in_memory)
        (batch,) = dataset.get_data(request=[2, 0])
        assert (batch.dtype, batch.shape) == (object, (2,))
        assert [example.tolist() for example in batch] == [[4, 5], [0, 1]]


def test_splits_and_subsets_of_ragged_sources_are_united_in_the_order_of_the_file(path, options):
    dataset = H5PYDataset(path, ("test", "train"), subset=[39, 3, 27], **options)

    images, targets, _ = dataset.get_data(request=slice(0, 3))

    assert targets.ravel().tolist() == [3, 27, 39]
    assert same(images, [IMAGES[3], IMAGES[27], IMAGES[39]])


def test_changing_a_batch_does_not_change_the_data_nor_other_examples_of_it(path, options):
    dataset = H5PYDataset(path, ("train",), sources=("images",), **options)

    (images,) = dataset.get_data(request=[7, 2, 7])
    images[0][...] = 0

    assert same(images[1:], [IMAGES[2], IMAGES[7]])
    assert same(dataset.get_data(request=[7, 2])[0], [IMAGES[7], IMAGES[2]])
    dataset.get_data(request=7)[0][...] = 0
    assert same([dataset.get_data(request=7)[0]], [IMAGES[7]])


def test_axis_labels_go_on_with_those_of_the_shapes(path):
    dataset = H5PYDataset(path, ("train",))

    assert dataset.axis_labels["images"] == ("batch", "channel", "height", "width")
    assert dataset.axis_labels["texts"] == ("batch",)
    with h5py.File(path) as file:
        assert H5PYDataset.get_axis_labels(file) == dataset.axis_labels


def test_ragged_sources_are_those_with_shapes(path):
    assert H5PYDataset(path, ("train",), sources=("targets",)).vlen_sources == ["images"]
    with h5py.File(path) as file:
        assert H5PYDataset.get_vlen_sources(file) == ["images"]


def test_in_memory_the_data_and_its_shapes_are_there_to_see(path):
    dataset = H5PYDataset(path, ("train",), subset=[4, 6], load_in_memory=True)

    images, targets, texts = dataset.data_sources
    shapes, *others = dataset.source_shapes
    assert same(images, [IMAGES[4], IMAGES[6]])
    assert same(texts, [TEXTS[4], TEXTS[6]])
    assert targets.tolist() == [[4], [6]]
    assert shapes.tolist() == [list(IMAGES[4].shape), list(IMAGES[6].shape)]
    assert others == [None, None]
    assert dataset.in_memory_subset.list_or_slice == slice(0, 2)


@pytest.mark.parametrize("subset", [None, slice(2, 5), [4, 6]])
def test_shapes_are_known_without_reading_the_data(path, subset):
    dataset = H5PYDataset(path, ("train",), subset=subset, sources=("images", "targets"))

    shapes, none = dataset.source_shapes

    expected = [image.shape for image in dataset.get_data(None, slice(0, dataset.num_examples))[0]]
    assert [tuple(shape) for shape in shapes] == expected
    assert none is None


@pytest.mark.parametrize("name", ["data_sources", "in_memory_subset"])
def test_what_is_there_only_in_memory_is_none_otherwise(path, name):
    assert getattr(H5PYDataset(path, ("train",)), name) is None


def test_a_mapped_ragged_source_is_not_called_slow(tmp_path, caplog):
    dataset = H5PYDataset(write(tmp_path / "f"), ("train",))

    with caplog.at_level(logging.WARNING, logger="fuel"):
        dataset.get_data(request=[9, 4])

    assert not caplog.records


def test_a_ragged_source_read_through_hdf5_is_said_once(tmp_path, caplog):
    dataset = H5PYDataset(write(tmp_path / "f"), ("train",), sources=("images",), driver="stdio")

    with caplog.at_level(logging.WARNING, logger="fuel"):
        for _ in range(3):
            dataset.get_data(request=[9, 4])

    (record,) = caplog.records
    assert "'images'" in record.getMessage()


@given(
    st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=1, max_size=30),
    st.sampled_from(["u1", ">i2", "<f8", "?"]),
    st.lists(st.integers(0, 1000), min_size=1, max_size=20),
    st.sampled_from(list(STORAGES.values())),
)
def test_examples_of_any_shapes_and_types_come_back(
    tmp_path_factory, shapes, dtype, request, storage
):
    rng = np.random.default_rng(0)
    examples = [rng.integers(0, 9, shape).astype(dtype) for shape in shapes]
    storage = {**storage, **({"chunks": (2,)} if len(shapes) > 1 and "chunks" in storage else {})}
    path = tmp_path_factory.mktemp("any") / "data.hdf5"
    with h5py.File(path, "w") as file:
        write_ragged(file, "parts", examples, **(storage if len(shapes) > 1 else {}))
        splits = {"all": {"parts": (0, len(shapes))}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)
    rows = [row % len(shapes) for row in request]

    (found,) = H5PYDataset(path, ("all",)).get_data(request=rows)

    assert same(found, [examples[row] for row in rows])


def test_strings_of_variable_length_are_read(tmp_path):
    words = [b"a", b"", "grün".encode(), b"longer"]
    with h5py.File(tmp_path / "f", "w") as file:
        file.create_dataset("words", data=words, dtype=h5py.string_dtype())
        splits = {"all": {"words": (0, 4)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    for load_in_memory in (False, True):
        dataset = H5PYDataset(tmp_path / "f", ("all",), load_in_memory=load_in_memory)
        (found,) = dataset.get_data(request=[3, 2, 1])
        assert found.tolist() == [words[3], words[2], words[1]]


@pytest.mark.parametrize("load_in_memory", [False, True])
def test_a_stream_of_ragged_batches_resumes_at_every_point(path, load_in_memory):
    def make():
        dataset = H5PYDataset(path, ("train",), load_in_memory=load_in_memory)
        return DataStream(dataset, iteration_scheme=ShuffledScheme(30, 8, seed=1))

    check_resumable(make, abandon=(None, 2))


@pytest.mark.parametrize(
    "make_scheme", [lambda: ShuffledScheme(30, 8, seed=1), lambda: SequentialExampleScheme(30)]
)
def test_ragged_data_comes_out_of_worker_processes_as_it_is(tmp_path, make_scheme):
    dataset = H5PYDataset(write(tmp_path / "f"), ("train",))
    plain = DataStream(dataset, iteration_scheme=make_scheme())
    expected = list(plain.get_epoch_iterator())
    stream = MultiProcessing(DataStream(dataset, iteration_scheme=make_scheme()))

    items = list(stream.get_epoch_iterator())
    stream.close()

    assert len(items) == len(expected)
    for item, wanted in zip(items, expected, strict=True):
        for found, part in zip(item, wanted, strict=True):
            assert found.dtype == part.dtype
            assert same(found, part) if part.dtype == object else np.array_equal(found, part)


def edit(path, change):
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def attach(file, name, data, kind):
    file["images"].dims[0].detach_scale(file[f"images_{name}"])
    file[f"new_{name}"] = data
    file[f"new_{name}"].make_scale(kind)
    file["images"].dims[0].attach_scale(file[f"new_{name}"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda file: attach(file, "shapes", np.zeros((39, 3), int), "shapes"),
            r"'images' of .* has 40 examples, so their shapes must be integers with 40 rows.*39, 3",
        ),
        (
            lambda file: attach(file, "shapes", np.zeros(40, int), "shapes"),
            "a column for each axis",
        ),
        (lambda file: attach(file, "shapes", np.zeros((40, 3)), "shapes"), "must be integers"),
        (
            lambda file: attach(file, "labels", np.array([b"height", b"width"]), "shape_labels"),
            r"has 3 axes in its shapes, but 2 in its shape labels \('height', 'width'\)",
        ),
    ],
)
def test_shapes_that_do_not_fit_their_source_are_refused(tmp_path, change, message):
    path = edit(write(tmp_path / "f"), change)

    with pytest.raises(ValueError, match=message):
        H5PYDataset(path, ("train",))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros((4, 2)), "must have one axis, with examples of variable length"),
        (np.zeros(4), "its elements are float64 and no flat examples of variable length"),
    ],
)
def test_shapes_of_a_source_that_is_not_ragged_are_refused(tmp_path, data, message):
    with h5py.File(tmp_path / "f", "w") as file:
        file["points"] = data
        file["shapes"] = np.ones((4, 1), int)
        file["shapes"].make_scale("shapes")
        file["points"].dims[0].attach_scale(file["shapes"])
        splits = {"all": {"points": (0, 4)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    with pytest.raises(ValueError, match=message):
        H5PYDataset(tmp_path / "f", ("all",))


def test_axes_that_were_not_named_have_empty_labels(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        write_ragged(file, "images", IMAGES)
        splits = {"all": {"images": (0, 40)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    assert H5PYDataset(tmp_path / "f", ("all",)).axis_labels == {"images": ("batch", "", "", "")}


@pytest.mark.parametrize("load_in_memory", [False, True])
def test_an_example_that_does_not_fill_its_shape_is_named(tmp_path, load_in_memory):
    def change(file):
        file["images_shapes"][7] = (3, 50, 1)

    path = edit(write(tmp_path / "f"), change)

    with pytest.raises(OSError, match=r"example 7 of 'images' has \d+ elements, but the shape \(3"):
        H5PYDataset(path, ("train",), load_in_memory=load_in_memory).get_data(request=[3, 7])


def test_flipped_bits_among_values_of_variable_length_never_crash(tmp_path):
    path = tmp_path / "f"
    with h5py.File(path, "w") as file:
        file.create_dataset("texts", (40,), h5py.vlen_dtype(np.int32))
        for place, text in enumerate(TEXTS):
            file["texts"][place] = text
        splits = {"all": {"texts": (0, 40)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)
        references = file["texts"].id.get_offset()
    content = path.read_bytes()
    heap = content.index(b"GCOL")
    outcomes = set()

    for place in [*range(heap, heap + 64), *range(references, references + 64)]:
        for bit in (1, 16, 128):
            damaged = bytearray(content)
            damaged[place] ^= bit
            path.write_bytes(damaged)
            try:
                (batch,) = H5PYDataset(path, ("all",)).get_data(request=slice(0, 40))
            except OSError as error:
                outcomes.add("is damaged" in str(error))
            else:
                outcomes.add(len(batch))

    assert outcomes == {True, 40}


FLIPPING = """
import sys
from collections import Counter
import numpy as np
from fuel.datasets import H5PYDataset
path, damaged = sys.argv[1:]
content = np.fromfile(path, np.uint8)
rng = np.random.default_rng(0)
outcomes = Counter()
for place in rng.choice(np.flatnonzero(content), 250):
    changed = content.copy()
    changed[place] ^= 1 << rng.integers(8)
    if rng.random() < 0.05:
        changed = changed[: rng.integers(len(content))]
    changed.tofile(damaged)
    try:
        dataset = H5PYDataset(damaged, ("train",))
        dataset.get_data(request=slice(0, dataset.num_examples))
        outcomes["read"] += 1
    except (OSError, ValueError) as error:
        outcomes["refused" if damaged in str(error) else "unclear: " + str(error)] += 1
print(sorted(outcomes))
"""


@pytest.mark.timeout(120)
def test_a_flipped_bit_anywhere_in_a_file_is_harmless_or_refused_with_the_file_named(tmp_path):
    path = write(tmp_path / "whole")

    command = [sys.executable, "-c", FLIPPING, str(path), str(tmp_path / "damaged")]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=100)

    assert found.returncode == 0
    assert found.stdout == "['read', 'refused']\n"
