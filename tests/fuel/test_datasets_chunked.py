import copy
import logging
import os
import subprocess
import sys
import threading
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel.datasets import H5PYDataset
from fuel.schemes import ChunkShuffledScheme, SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable
from fuel.transformers import MultiProcessing

ROWS = np.random.default_rng(0).integers(0, 5, (60, 4, 3)).astype(np.int16)

PACKINGS = {
    "raw": {},
    "gzip": {"compression": "gzip"},
    "gzip, shuffled bytes": {"compression": "gzip", "shuffle": True},
    "shuffled bytes": {"shuffle": True},
    "checksum": {"fletcher32": True},
    "gzip, shuffled bytes, checksum": {"compression": "gzip", "shuffle": True, "fletcher32": True},
    "lzf": {"compression": "lzf"},
    "scale and offset": {"scaleoffset": 0},
}


def write(path, rows=ROWS, chunk=7, split=None, packing="gzip", **options):
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "features", data=rows, chunks=(chunk, *rows.shape[1:]), **PACKINGS[packing], **options
        )
        splits = {"train": {"features": split or (0, len(rows))}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)
    return path


@pytest.fixture(scope="module", params=PACKINGS)
def packed_path(tmp_path_factory, request):
    return write(tmp_path_factory.mktemp("packed") / "data.hdf5", packing=request.param)


@pytest.mark.parametrize("cache_bytes", [0, 400, 1 << 20])
def test_every_packing_and_cache_gives_what_numpy_gives(packed_path, cache_bytes):
    dataset = H5PYDataset(packed_path, ("train",), cache_bytes=cache_bytes)

    for _ in range(2):
        for request in ([59, 0, 31, 0], slice(3, 60, 4), slice(0, 60), 17, [8, 9, 10]):
            (found,) = dataset.get_data(request=request)
            assert np.array_equal(found, ROWS[request])
            assert found.dtype == ROWS.dtype


@st.composite
def stored_arrays(draw):
    """An array as it would be read, and how to create and fill its data set."""
    count = draw(st.integers(1, 30))
    shape = (count, *draw(st.lists(st.integers(1, 3), max_size=2)))
    dtype = np.dtype(
        draw(st.sampled_from(["u1", "<i2", ">i4", "<f4", ">f8", "?", "S3", "c8", "<u8"]))
    )
    options = draw(st.fixed_dictionaries({"shuffle": st.booleans(), "fletcher32": st.booleans()}))
    options["compression"] = draw(st.sampled_from([None, "gzip", "lzf"]))
    is_whole = draw(st.booleans())
    tail = shape[1:] if is_whole else [draw(st.integers(1, size)) for size in shape[1:]]
    options["chunks"] = (draw(st.integers(1, count)), *tail)
    if draw(st.booleans()):
        options["maxshape"] = (None, *shape[1:])
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    values = rng.integers(0, 3, shape).astype(dtype)
    written = slice(*sorted(draw(st.tuples(st.integers(0, count), st.integers(0, count)))))
    if dtype.kind != "S":
        options["fillvalue"] = np.ones((), dtype)[()]
    expected = np.full(shape, options.get("fillvalue", b""), dtype)
    expected[written] = values[written]
    return expected, written, options


requests = st.one_of(
    st.lists(st.integers(0, 1000), min_size=1, max_size=40),
    st.integers(0, 1000),
    st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(1, 3)),
)


def fitting(request, count):
    if isinstance(request, list):
        return [index % count for index in request]
    if isinstance(request, int):
        return request % count
    start, stop = sorted(edge % count for edge in request[:2])
    return slice(start, stop + 1, request[2])


@given(stored_arrays(), st.lists(requests, max_size=4), st.sampled_from([0, 100, 1 << 20]))
def test_all_ways_of_storing_give_the_same(tmp_path_factory, stored, wanted, cache_bytes):
    expected, written, options = stored
    path = tmp_path_factory.mktemp("any") / "data.hdf5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("features", expected.shape, expected.dtype, **options)
        dataset[written] = expected[written]
        splits = {"train": {"features": (0, len(expected))}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    opened = H5PYDataset(path, ("train",), cache_bytes=cache_bytes)

    for request in wanted:
        request = fitting(request, len(expected))
        (found,) = opened.get_data(request=request)
        assert np.array_equal(found, expected[request])
        if isinstance(found, np.ndarray):
            assert found.dtype.newbyteorder("=") == expected.dtype.newbyteorder("=")


@pytest.mark.parametrize("load_in_memory", [False, True])
@pytest.mark.parametrize("packing", PACKINGS)
def test_a_split_may_begin_and_end_inside_of_chunks(tmp_path, load_in_memory, packing):
    path = write(tmp_path / "f", split=(10, 40), packing=packing)

    dataset = H5PYDataset(path, ("train",), subset=[1, 5, 29], load_in_memory=load_in_memory)

    assert np.array_equal(dataset.get_data(request=[2, 0])[0], ROWS[[39, 11]])
    assert np.array_equal(dataset.get_data(request=slice(0, 3))[0], ROWS[[11, 15, 39]])
    assert np.array_equal(dataset.get_data(request=1)[0], ROWS[15])


def test_structured_examples_are_read_from_packed_and_from_plain_files(tmp_path):
    rows = np.zeros(20, [("place", ">f4", (2,)), ("kind", "S3"), ("seen", "?")])
    rows["place"] = np.arange(40).reshape(20, 2)
    rows["kind"] = b"abc"
    with h5py.File(tmp_path / "f", "w") as file:
        file["plain"] = rows
        file.create_dataset("packed", data=rows, chunks=(6,), compression="gzip")
        splits = {"train": {"plain": (0, 20), "packed": (0, 20)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    packed, plain = H5PYDataset(tmp_path / "f", ("train",)).get_data(request=[19, 2])

    assert np.array_equal(plain, rows[[19, 2]])
    assert np.array_equal(packed, rows[[19, 2]])


def test_chunks_that_do_not_hold_whole_rows_are_read(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        file.create_dataset("features", data=ROWS, chunks=(8, 3, 2), compression="gzip")
        splits = {"train": {"features": (0, 60)}}
        file.attrs["split"] = H5PYDataset.create_split_array(splits)

    dataset = H5PYDataset(tmp_path / "f", ("train",))

    assert np.array_equal(dataset.get_data(request=[59, 0, 7])[0], ROWS[[59, 0, 7]])


def test_a_chunk_to_which_no_filter_was_applied_is_read_as_it_is(tmp_path):
    path = write(tmp_path / "f", packing="gzip, shuffled bytes", chunk=20)
    with h5py.File(path, "r+") as file:
        plain = ROWS[20:40] + 1
        file["features"].id.write_direct_chunk((20, 0, 0), plain.tobytes(), filter_mask=0b11)

    dataset = H5PYDataset(path, ("train",))

    assert np.array_equal(dataset.get_data(request=[59, 21])[0], [ROWS[59], ROWS[21] + 1])


def test_packed_chunks_behind_a_user_block_are_read(tmp_path):
    for packing in ("raw", "gzip"):
        path = tmp_path / packing
        with h5py.File(path, "w", userblock_size=512) as file:
            file.create_dataset("features", data=ROWS, chunks=(7, 4, 3), **PACKINGS[packing])
            splits = {"train": {"features": (0, 60)}}
            file.attrs["split"] = H5PYDataset.create_split_array(splits)

        dataset = H5PYDataset(path, ("train",))

        assert np.array_equal(dataset.get_data(request=[59, 0])[0], ROWS[[59, 0]])


@pytest.mark.parametrize("packing", PACKINGS)
def test_changing_a_batch_does_not_change_the_data(tmp_path, packing):
    dataset = H5PYDataset(write(tmp_path / "f", packing=packing), ("train",))

    for request in ([5, 2], slice(2, 5), 7):
        (found,) = dataset.get_data(request=request)
        found += 1

        assert np.array_equal(dataset.get_data(request=request)[0], ROWS[request])


def test_the_cache_holds_no_more_than_it_may(tmp_path):
    rows = np.zeros((4096, 1024), np.uint8)  # chunks of 64 KiB, 4 MiB in all
    path = write(tmp_path / "f", rows, chunk=64)

    for cache_bytes, most in ((0, 1 << 20), (1 << 19, 1 << 20), (1 << 30, 5 << 20)):
        dataset = H5PYDataset(path, ("train",), cache_bytes=cache_bytes)
        for start in range(0, 4096, 64):
            dataset.get_data(request=slice(start, start + 64))
        held = sum(array.nbytes for array in reachable_arrays(dataset))
        assert held - os.path.getsize(path) <= most


def reachable_arrays(root):
    """Arrays that own memory or map a file, found from an object through its attributes."""
    seen, arrays, left = set(), [], [root]
    while left:
        item = left.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            if item.base is None:
                arrays.append(item)
            left.append(item.base)
        elif isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list | tuple):
            left.extend(item)
        elif type(item).__module__.startswith("fuel"):
            left.append(vars(item))
    return arrays


def test_what_fits_is_unpacked_once_so_that_the_file_is_needed_no_more(tmp_path):
    path = write(tmp_path / "f")
    dataset = H5PYDataset(path, ("train",))
    dataset.get_data(request=slice(0, 60))

    stored = path.read_bytes()
    path.write_bytes(stored.replace(stored[100:], bytes(len(stored) - 100)))

    assert np.array_equal(dataset.get_data(request=[59, 0])[0], ROWS[[59, 0]])


def test_unpacking_the_same_chunks_again_and_again_is_said_once_with_the_cure(tmp_path, caplog):
    path = write(tmp_path / "f", np.zeros((2000, 64), np.uint8), chunk=50)
    dataset = H5PYDataset(path, ("train",), cache_bytes=20_000)
    rng = np.random.default_rng(1)

    with caplog.at_level(logging.WARNING, logger="fuel"):
        for _ in range(50):
            dataset.get_data(request=rng.integers(0, 2000, 20))

    (record,) = caplog.records
    assert "chunk_size=dataset.chunk_size" in record.getMessage()
    assert "cache_bytes" in record.getMessage()


@pytest.mark.parametrize("cache_bytes", [20_000, 1 << 20])
def test_reading_chunk_by_chunk_or_with_room_for_all_is_not_remarked_upon(
    tmp_path, caplog, cache_bytes
):
    rows = np.arange(2000 * 64, dtype=np.uint32).reshape(2000, 64).astype(np.uint8)
    path = write(tmp_path / "f", rows, chunk=50, split=(120, 1990))
    dataset = H5PYDataset(path, ("train",), cache_bytes=cache_bytes)
    scheme = ChunkShuffledScheme(
        dataset.num_examples,
        20,
        chunk_size=dataset.chunk_size,
        chunks_in_pool=4,
        offset=dataset.first_row,
        seed=1,
    )

    with caplog.at_level(logging.WARNING, logger="fuel"):
        for _ in range(3):
            for request in scheme.get_request_iterator():
                (found,) = dataset.get_data(request=request)
                assert np.array_equal(found, rows[np.add(request, 120)])

    assert not caplog.records


def test_the_first_row_is_that_in_the_file(tmp_path):
    path = write(tmp_path / "f", split=(10, 40))

    assert H5PYDataset(path, ("train",)).first_row == 10
    assert H5PYDataset(path, ("train",), subset=slice(5, 9)).first_row == 15


def test_the_chunk_size_is_that_of_the_source_with_the_largest_rows(tmp_path):
    with h5py.File(tmp_path / "f", "w") as file:
        file.create_dataset("features", data=ROWS, chunks=(8, 4, 3))
        file.create_dataset("targets", data=np.arange(60), chunks=(30,))
        file["weights"] = np.ones(60)
        parts = dict.fromkeys(("features", "targets", "weights"), (0, 60))
        file.attrs["split"] = H5PYDataset.create_split_array({"train": parts})

    def chunk_size(**options):
        return H5PYDataset(tmp_path / "f", ("train",), **options).chunk_size

    assert chunk_size() == 8
    assert chunk_size(sources=("targets", "weights")) == 30
    assert chunk_size(sources=("weights",)) is None
    assert chunk_size(load_in_memory=True) is None


def test_cache_bytes_is_not_negative(tmp_path):
    with pytest.raises(ValueError, match="cache_bytes=-1 must be at least 0"):
        H5PYDataset(write(tmp_path / "f"), ("train",), cache_bytes=-1)


@pytest.mark.parametrize("packing", ["raw", "gzip", "lzf"])
def test_threads_read_at_the_same_time_and_each_gets_its_own(tmp_path, packing):
    path = write(tmp_path / "f", packing=packing)
    dataset = H5PYDataset(path, ("train",), cache_bytes=500)
    wrong = []

    def read(seed):
        rng = np.random.default_rng(seed)
        for _ in range(100):
            rows = rng.integers(0, 60, 9)
            if not np.array_equal(dataset.get_data(request=rows)[0], ROWS[rows]):
                wrong.append(rows)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not wrong


FORKING = """
import os, sys
from fuel.datasets import H5PYDataset
dataset = H5PYDataset(sys.argv[1], ("train",), cache_bytes=int(sys.argv[2]))
def read():
    return [dataset.get_data(request=rows)[0].tolist() for rows in ([59, 2, 33], [7, 40], 5)]
before = read()
child = os.fork()
same = read() == before
if child == 0:
    os._exit(0 if same else 1)
sys.exit(os.waitpid(child, 0)[1] or not same)
"""


@pytest.mark.parametrize(("packing", "cache_bytes"), [("gzip", 400), ("gzip", 10**6), ("lzf", 0)])
def test_a_packed_data_set_is_read_right_on_both_sides_of_a_fork(tmp_path, packing, cache_bytes):
    path = write(tmp_path / "f", packing=packing)

    command = [sys.executable, "-c", FORKING, str(path), str(cache_bytes)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("packing", ["raw", "gzip", "lzf"])
def test_a_stream_of_a_packed_file_resumes_at_every_point(tmp_path, packing):
    path = write(tmp_path / "f", packing=packing)

    def make():
        dataset = H5PYDataset(path, ("train",), cache_bytes=500)
        return DataStream(dataset, iteration_scheme=ShuffledScheme(60, 16, seed=3))

    check_resumable(make, abandon=(None, 2))


def test_worker_processes_unpack_too(tmp_path):
    dataset = H5PYDataset(write(tmp_path / "f"), ("train",))
    scheme = ShuffledScheme(60, 16, seed=3)
    orders = [rows for _ in range(2) for rows in scheme.get_request_iterator()]
    stream = MultiProcessing(DataStream(dataset, iteration_scheme=ShuffledScheme(60, 16, seed=3)))

    found = [batch for _ in range(2) for (batch,) in stream.get_epoch_iterator()]
    stream.close()

    assert all(np.array_equal(a, ROWS[b]) for a, b in zip(found, orders, strict=True))


@pytest.mark.parametrize("packing", PACKINGS)
def test_no_file_and_no_thread_is_left_after_close(tmp_path, packing):
    path = write(tmp_path / "data.hdf5", packing=packing)
    stream = DataStream(H5PYDataset(path, ("train",)), iteration_scheme=SequentialScheme(60, 30))
    before = set(threading.enumerate())
    list(stream.get_epoch_iterator())

    stream.close()

    assert set(threading.enumerate()) <= before
    assert str(path) not in {
        os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
    }
    (batch, _) = stream.get_epoch_iterator()
    assert np.array_equal(batch[0], ROWS[:30])


def test_a_copy_unpacks_again_and_carries_no_data(packed_path):
    dataset = H5PYDataset(packed_path, ("train",))
    dataset.get_data(request=slice(0, 60))

    copied = copy.deepcopy(dataset)

    assert not any(isinstance(value, np.ndarray) for value in dataset.__getstate__().values())
    assert np.array_equal(copied.get_data(request=[5, 2])[0], ROWS[[5, 2]])


def read_all(path):
    H5PYDataset(path, ("train",)).get_data(request=slice(0, 60))


@pytest.mark.parametrize(
    "packing", ["gzip", "gzip, shuffled bytes", "checksum", "gzip, shuffled bytes, checksum"]
)
def test_a_flipped_bit_in_packed_data_is_an_error_that_names_rows_source_and_file(
    tmp_path, packing
):
    path = write(tmp_path / "data.hdf5", packing=packing)
    with h5py.File(path) as file:
        chunk = file["features"].id.get_chunk_info(3)
    content = path.read_bytes()

    for place in range(0, chunk.size, 5):
        damaged = bytearray(content)
        damaged[chunk.byte_offset + place] ^= 16
        path.write_bytes(damaged)
        with pytest.raises(OSError, match=r"rows 21 to 28 of 'features' in .*data\.hdf5 cannot"):
            read_all(path)


def test_a_failed_read_does_not_spoil_what_comes_after(tmp_path):
    path = write(tmp_path / "f")
    with h5py.File(path) as file:
        chunk = file["features"].id.get_chunk_info(3)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + 9] ^= 255
    path.write_bytes(content)

    for cache_bytes in (0, 400, 10**6):
        dataset = H5PYDataset(path, ("train",), cache_bytes=cache_bytes)
        for _ in range(2):
            with pytest.raises(OSError, match="rows 21 to 28"):
                dataset.get_data(request=[0, 22, 50])
            assert np.array_equal(dataset.get_data(request=[0, 20, 50])[0], ROWS[[0, 20, 50]])


def test_a_chunk_that_unpacks_to_far_more_than_a_chunk_is_refused_at_its_size(tmp_path):
    path = write(tmp_path / "f", chunk=60)
    bomb = zlib.compress(bytes(50_000_000))
    with h5py.File(path, "r+") as file:
        file["features"].id.write_direct_chunk((0, 0, 0), bomb)

    with pytest.raises(OSError, match="does not unpack to 1440 bytes"):
        read_all(path)
