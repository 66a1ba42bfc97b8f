import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fuel.config_parser import config
from fuel.utils import find_in_data_path
from fuel.utils.cache import cache_file, copy_from_server_to_local
from fuel.utils.lock import (
    file_lock,
    get_readlock,
    get_writelock,
    release_readlock,
    release_writelock,
)

CONTENT = bytes(range(256)) * 100


@pytest.fixture
def remote(tmp_path, monkeypatch):
    directory = tmp_path / "remote"
    directory.mkdir()
    (directory / "x.hdf5").write_bytes(CONTENT)
    monkeypatch.setenv("FUEL_DATA_PATH", str(directory))
    return directory / "x.hdf5"


@pytest.fixture
def local(tmp_path, monkeypatch):
    monkeypatch.setenv("FUEL_LOCAL_DATA_PATH", str(tmp_path / "local"))
    return tmp_path / "local"


def copies(local):
    return sorted(path for path in local.rglob("*") if path.is_file())


def test_without_a_local_directory_nothing_is_copied(remote):
    assert config.local_data_path == ""
    assert find_in_data_path("x.hdf5") == cache_file(str(remote)) == str(remote)


def test_a_file_of_the_data_path_is_copied_once_and_read_there(remote, local):
    first = find_in_data_path("x.hdf5")
    written = os.stat(first).st_ino
    second = find_in_data_path("x.hdf5")

    assert first == second == str(copies(local)[0])
    assert first.startswith(str(local))
    assert os.path.basename(first) == "x.hdf5"
    assert Path(second).read_bytes() == CONTENT
    assert (os.stat(second).st_ino, len(copies(local))) == (written, 1)


def test_a_file_of_the_same_name_and_size_is_another_file(remote, local, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "x.hdf5"
    other.write_bytes(CONTENT[::-1])
    os.utime(other, ns=(remote.stat().st_mtime_ns,) * 2)

    one, two = cache_file(remote), cache_file(other)

    assert Path(one).read_bytes() == CONTENT
    assert Path(two).read_bytes() == CONTENT[::-1]


def test_a_changed_file_is_copied_anew_and_the_old_copy_stays_readable(remote, local):
    old = cache_file(remote)
    remote.write_bytes(CONTENT[::-1])
    os.utime(remote, ns=(10**18, 10**18))

    new = cache_file(remote)

    assert Path(new).read_bytes() == CONTENT[::-1]
    assert Path(old).read_bytes() == CONTENT


def test_a_disk_that_is_nearly_full_gets_no_copy(remote, local, caplog):
    os.truncate(remote, 1 << 42)

    path = cache_file(remote)

    assert path == str(remote)
    assert copies(local) == []
    assert any("more than 90 % full" in line for line in caplog.messages)


def test_a_local_directory_that_cannot_be_made_is_said(remote, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FUEL_LOCAL_DATA_PATH", str(tmp_path / "file" / "local"))

    path = cache_file(remote)

    assert path == str(remote)
    assert any("is read where it is, for it cannot be copied" in line for line in caplog.messages)


def test_a_full_disk_leaves_no_half_copy(remote, local):
    code = (
        "import resource, sys\n"
        "from fuel.utils.cache import cache_file\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "print(cache_file(sys.argv[1]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(remote)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == str(remote)
    assert "File too large" in done.stderr
    assert copies(local) == []


def test_processes_that_want_a_file_at_once_make_one_copy(remote, local):
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        paths = pool.map(cache_file, [str(remote)] * 6)

    assert len(set(paths)) == 1
    assert copies(local) == [local / os.path.relpath(paths[0], local)]
    assert Path(paths[0]).read_bytes() == CONTENT


def test_a_copy_appears_whole_in_a_directory_that_is_made(remote, tmp_path):
    copy_from_server_to_local(str(remote), str(tmp_path / "a" / "b" / "copy"))

    assert (tmp_path / "a" / "b" / "copy").read_bytes() == CONTENT
    assert os.listdir(tmp_path / "a" / "b") == ["copy"]


def test_a_lock_keeps_others_out_and_leaves_nothing(tmp_path):
    def take():
        with file_lock(tmp_path / "x.lock", timeout=0):
            return "held"

    message = r"another process holds .*x\.lock"
    with file_lock(tmp_path / "x.lock"), pytest.raises(TimeoutError, match=message):
        take()

    assert take() == "held"
    assert os.listdir(tmp_path) == []


def test_readers_share_a_lock_and_writers_do_not(tmp_path):
    path = tmp_path / "x"
    get_readlock(path)
    get_readlock(path, timeout=0)
    with pytest.raises(TimeoutError):
        get_writelock(path, timeout=0)

    release_readlock(path)
    release_readlock(path)
    get_writelock(path, timeout=0)
    with pytest.raises(TimeoutError):
        get_readlock(path, timeout=0)
    release_writelock(path)

    assert os.listdir(tmp_path) == []


def test_a_lock_that_is_not_held_cannot_be_given_back(tmp_path):
    with pytest.raises(ValueError, match="holds no write lock of"):
        release_writelock(tmp_path / "x")


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    code = (
        "import os, sys\n"
        "from fuel.utils.lock import get_writelock\n"
        "get_writelock(sys.argv[1])\n"
        "os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")])

    get_writelock(tmp_path / "x", timeout=0)
    release_writelock(tmp_path / "x")

    assert done.returncode == -9


def test_waiting_for_a_lock_ends_when_it_is_given_back(tmp_path):
    code = (
        "import sys\n"
        "from fuel.utils.lock import file_lock\n"
        "with file_lock(sys.argv[1]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.readline()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError), file_lock(tmp_path / "x", timeout=0.06):
            pass
        holder.stdin.close()
        with file_lock(tmp_path / "x", timeout=60):
            held = True
    assert held
