import copy
import gzip
import importlib
import io
import os
import pickle
import tarfile
from functools import partial

import numpy as np
import pytest
import zmq

from fuel.utils import (
    Subset,
    buffer_,
    do_not_pickle_attributes,
    iterable_fancy_indexing,
    lazy_property_factory,
    remember_cwd,
)
from fuel.utils.disk import check_enough_space, disk_usage, safe_mkdir
from fuel.utils.formats import open_, tar_open
from fuel.utils.parallel import producer_consumer


@do_not_pickle_attributes("data")
class Loaded:
    """Loads its data when it is needed."""

    def __init__(self, size, extra=None):
        self.size = size
        self.extra = extra
        self.loads = 0

    def load(self):
        self.loads += 1
        self.data = np.arange(self.size)


@do_not_pickle_attributes("data")
class WithState(Loaded):
    """Has a state of its own."""

    def __getstate__(self):
        return {**vars(self), "size": self.size + 1}


@pytest.mark.parametrize("send", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_an_attribute_that_is_not_pickled_is_loaded_again(send):
    original = Loaded(5)
    first = original.data

    received = send(original)

    assert "_data" not in vars(received)
    np.testing.assert_array_equal(received.data, first)
    assert (original.loads, received.loads) == (1, 2)


def test_a_pickle_does_not_grow_with_the_data():
    large = Loaded(1_000_000)
    large.load()

    assert len(pickle.dumps(large)) < 1000


def test_a_class_may_have_a_state_of_its_own():
    assert copy.deepcopy(WithState(5)).data.tolist() == [0, 1, 2, 3, 4, 5]


def test_an_iterator_that_would_begin_anew_is_not_left_out():
    loaded = Loaded(5)
    loaded.data = iter([1])

    with pytest.raises(ValueError, match=r"Loaded\.data is an iterator: .* would begin anew"):
        pickle.dumps(loaded)


def test_an_iterator_that_can_be_pickled_keeps_its_place():
    loaded = Loaded(5, extra=iter([1, 2]))
    next(loaded.extra)

    assert list(copy.deepcopy(loaded).extra) == [2]


def test_a_class_without_load_is_refused():
    with pytest.raises(ValueError, match=r"Bare has no method load\(\) to set data again"):
        do_not_pickle_attributes("data")(type("Bare", (), {}))


def test_a_load_that_does_not_set_the_attribute_is_said():
    made = type("Lazy", (), {"load": lambda self: None, "data": lazy_property_factory("data")})

    with pytest.raises(ValueError, match=r"Lazy.load\(\) did not set data"):
        _ = made().data


def fail_in(directory):
    os.chdir(directory)
    os.stat("nothing")


def test_the_directory_is_the_same_after_a_block_also_after_an_error(tmp_path):
    before = os.getcwd()

    with remember_cwd():
        os.chdir(tmp_path)
    after = os.getcwd()
    with pytest.raises(FileNotFoundError), remember_cwd():
        fail_in(tmp_path)

    assert (after, os.getcwd()) == (before, before)


def test_elements_of_a_sequence_are_picked():
    assert iterable_fancy_indexing([5, 6, 7], [2, 0, 2]) == [7, 5, 7]
    assert iterable_fancy_indexing([5, 6, 7], slice(1, 3)) == [6, 7]
    assert iterable_fancy_indexing((5, 6, 7), 1) == 6


def test_a_buffer_is_the_memory_itself():
    array = np.zeros(3, np.uint8)

    buffer_(array)[1] = 9

    assert array.tolist() == [0, 9, 0]


def test_subset_is_importable_from_where_it_was():
    assert Subset([1, 2, 3], 9)[[0, 2]] == [1, 3]


@pytest.mark.parametrize("name", ["convert", "download", "info"])
def test_the_commands_are_importable_from_where_they_were(name):
    old = importlib.import_module(f"fuel.bin.fuel_{name}")
    new = importlib.import_module(f"fuel.commands.{name}")

    assert old.main is new.main


def test_disk_usage_is_that_of_the_system(tmp_path):
    status = os.statvfs(tmp_path)

    total, used = disk_usage(tmp_path)

    assert total == status.f_blocks * status.f_frsize
    assert 0 <= used <= total


def test_a_file_that_would_fill_the_disk_has_no_room(tmp_path):
    (tmp_path / "large").touch()
    os.truncate(tmp_path / "large", 1 << 42)  # sparse: it takes no room itself
    (tmp_path / "small").touch()

    assert not check_enough_space(tmp_path, tmp_path / "large", tmp_path / "copy")
    assert check_enough_space(tmp_path, tmp_path / "small", tmp_path / "copy", max_disk_usage=1)
    assert not check_enough_space(tmp_path, tmp_path / "small", tmp_path / "copy", 0.0)


def test_directories_are_made_with_the_permissions_asked_for(tmp_path):
    for _ in range(2):
        safe_mkdir(tmp_path / "a" / "b", 0o750)

    assert [(tmp_path / part).stat().st_mode & 0o777 for part in ("a", "a/b")] == [0o750] * 2


@pytest.mark.parametrize("name", ["x.txt", "x.txt.gz"])
def test_text_is_text_packed_or_not(tmp_path, name):
    content = "naïve\n".encode("latin1")
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)

    with open_(tmp_path / name, encoding="latin1") as text:
        read = text.read()
    with open_(tmp_path / name, "rb") as binary:
        raw = binary.read()

    assert (read, raw) == ("naïve\n", content)


def test_tar_archives_are_opened_by_name_or_as_files(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    (tmp_path / "x.tar.gz").write_bytes(buffer.getvalue())
    buffer.seek(0)

    for source in (tmp_path / "x.tar.gz", str(tmp_path / "x.tar.gz"), buffer):
        with tar_open(source) as tar:
            assert tar.getnames() == ["a"]


def send_squares(count, socket):
    for number in range(count):
        socket.send_json(number**2)


def receive(count, socket):
    return [socket.recv_json() for _ in range(count)]


def test_what_one_process_makes_another_takes():
    squares = producer_consumer(partial(send_squares, 5), partial(receive, 5))

    assert squares == [0, 1, 4, 9, 16]


def test_a_consumer_does_not_wait_for_a_producer_that_has_ended():
    with pytest.raises(RuntimeError, match="the producer has ended, with exit code 0"):
        producer_consumer(partial(send_squares, 2), partial(receive, 3))


def test_a_producer_is_ended_with_its_consumer():
    context = zmq.Context()

    result = producer_consumer(partial(send_squares, 10**9), lambda s: "enough", context=context)
    context.term()

    assert result == "enough"
