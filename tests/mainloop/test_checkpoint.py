"""A checkpoint is whole, says the same years later, and is refused if a bit of it changed."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from mainloop.checkpoint import (
    CheckpointError,
    CheckpointWarning,
    load_checkpoint,
    load_parameters,
    save_checkpoint,
)

PARAMETERS = {
    "/mlp/linear_0.W": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "/mlp/linear_0.b": np.array([0.5, -0.0, 1e-40], np.float32),
    "/scale": np.float64(0.1),
}
ROLES = {"/mlp/linear_0.W": ["WEIGHT"], "/mlp/linear_0.b": ["BIAS"]}
STATE = {"steps": 3, "rule": {"mu": np.arange(3.0)}, "key": b"\0\xff"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "run" / "checkpoint.h5"
    save_checkpoint(path, STATE, PARAMETERS, ROLES)
    return path


def previous(path):
    return path.with_name("checkpoint.previous.h5")


def is_refused(path):
    try:
        load_checkpoint(path)
    except CheckpointError:
        return True
    return False


def same(one, other):
    """Equal in value, type, dtype and every bit."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray | np.generic):
        return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    return repr(one) == repr(other)


def test_h5py_alone_reads_the_parameters_and_their_roles(path):
    with h5py.File(path) as file:
        weights = file["/parameters/mlp/linear_0.W"]

        np.testing.assert_array_equal(weights[...], PARAMETERS["/mlp/linear_0.W"])
        assert list(weights.attrs["roles"]) == ["WEIGHT"]
        assert weights.attrs["path"] == "/mlp/linear_0.W"
        assert list(file["parameters/scale"].attrs["roles"]) == []
        assert json.loads(file["state"].asstr()[()])["steps"] == 3


def test_what_was_saved_is_loaded_in_the_same_order(path):
    saved = load_checkpoint(path)

    assert same(saved.state, STATE)
    assert list(saved.parameters) == list(PARAMETERS)
    for name, value in PARAMETERS.items():
        assert same(saved.parameters[name], np.asarray(value))
    assert saved.roles["/mlp/linear_0.b"] == ("BIAS",)
    assert saved.path == path


def test_one_flipped_bit_anywhere_is_refused_in_a_thousand_trials(path):
    content = path.read_bytes()
    rng = random.Random(1)
    # Every bit of the header once in a while, the rest at random.
    bits = [rng.randrange(len(content) * 8) for _ in range(900)]
    bits += [rng.randrange(512 * 8) for _ in range(100)]

    accepted = []
    for bit in bits:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        if not is_refused(path):
            accepted.append(bit)

    assert accepted == []
    path.write_bytes(content)
    assert load_checkpoint(path).state["steps"] == 3


def test_a_file_cut_short_anywhere_is_refused(path):
    content = path.read_bytes()
    lengths = [*range(600), *range(600, len(content), 7), len(content) - 1]

    accepted = []
    for length in lengths:
        path.write_bytes(content[:length])
        if not is_refused(path):
            accepted.append(length)

    assert accepted == []


def test_bytes_behind_the_end_are_refused(path):
    path.write_bytes(path.read_bytes() + b"\0")

    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"PK\3\4" + bytes(2000), "it is not a checkpoint"),
        (b"mainloop check", "cut short"),
    ],
)
def test_a_foreign_file_is_refused_with_what_it_is(path, content, reason):
    path.write_bytes(content)

    with pytest.raises(CheckpointError, match=reason):
        load_checkpoint(path)


def test_an_hdf5_file_of_another_program_is_refused_and_not_written_over(path):
    with h5py.File(path, "w") as file:
        file["parameters/W"] = np.zeros(3)
    before = path.read_bytes()

    with pytest.raises(CheckpointError, match="HDF5 file, but not one that a run wrote"):
        load_checkpoint(path)
    with pytest.raises(CheckpointError, match="is not written over"):
        save_checkpoint(path, {}, {})
    assert path.read_bytes() == before


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match=r"is a folder; name a file in it: .*checkpoint\.h5"):
        save_checkpoint(tmp_path, {}, {})


def test_a_format_of_the_future_is_refused_by_its_number(path):
    content = path.read_bytes()
    body = content[512:]
    about = b"format 2\nlength %d\n" % len(body)
    digest = hashlib.sha256(about + body).hexdigest().encode()
    text = b"mainloop checkpoint\n" + about + b"sha256 " + digest + b"\n"
    path.write_bytes(text.ljust(511, b" ") + b"\n" + body)

    with pytest.raises(CheckpointError, match="format 2, and this version reads format 1"):
        load_checkpoint(path)


def test_a_model_that_does_not_fit_is_refused_with_names_and_shapes(path):
    model = {
        "/mlp/linear_0.W": np.zeros((2, 4), np.float32),
        "/mlp/linear_0.b": np.zeros(3, np.float64),
        "/mlp/linear_1.W": np.zeros((4, 1), np.float32),
    }

    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path, parameters=model)

    message = str(caught.value)
    assert "/mlp/linear_0.W: float32 (2, 3) in the file, float32 (2, 4) in the model" in message
    assert "/mlp/linear_0.b: float32 (3,) in the file, float64 (3,) in the model" in message
    assert "/mlp/linear_1.W: absent in the file, float32 (4, 1) in the model" in message
    assert "/scale: float64 () in the file, absent in the model" in message


def test_a_damaged_newest_file_gives_way_to_the_one_before_and_says_so(path):
    save_checkpoint(path, {"steps": 4}, PARAMETERS)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)

    with pytest.warns(CheckpointWarning, match="damaged.*going on from the one before it"):
        saved = load_checkpoint(path)

    assert saved.state["steps"] == 3
    assert saved.path == previous(path)


def test_a_newest_file_that_does_not_fit_gives_way_to_one_that_does(path):
    save_checkpoint(path, {"steps": 4}, {"/other": np.zeros(2)})

    with pytest.warns(CheckpointWarning, match=r"/other: float64 \(2,\) in the file, absent"):
        saved = load_checkpoint(path, parameters=PARAMETERS)

    assert saved.state["steps"] == 3


def test_a_missing_newest_file_gives_way_to_the_one_before(path):
    save_checkpoint(path, {"steps": 4}, PARAMETERS)
    path.unlink()

    with pytest.warns(CheckpointWarning, match="is not there"):
        assert list(load_parameters(path)) == list(PARAMETERS)


def test_a_damaged_file_never_takes_the_place_of_a_good_previous_one(path):
    save_checkpoint(path, {"steps": 4}, PARAMETERS)
    path.write_bytes(path.read_bytes()[:-1])

    save_checkpoint(path, {"steps": 5}, PARAMETERS)

    assert load_checkpoint(path).state["steps"] == 5
    assert load_checkpoint(previous(path)).state["steps"] == 3


def test_where_there_is_no_checkpoint_both_places_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"c\.h5 is not there and .*c\.previous\.h5"):
        load_checkpoint(tmp_path / "c.h5")


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    while int(time.time()) == int(path.stat().st_mtime):  # a second later by the clock
        os.sched_yield()

    save_checkpoint(tmp_path / "again.h5", STATE, PARAMETERS, ROLES)

    assert (tmp_path / "again.h5").read_bytes() == path.read_bytes()


def test_nothing_but_the_two_checkpoints_is_left_in_the_folder(path):
    save_checkpoint(path, STATE, PARAMETERS)

    assert sorted(file.name for file in path.parent.iterdir()) == [
        "checkpoint.h5",
        "checkpoint.previous.h5",
    ]


numbers = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary())
arrays = st.one_of(
    npst.arrays(
        npst.scalar_dtypes(), npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
    ),
    npst.arrays(npst.unicode_string_dtypes(min_len=1), npst.array_shapes(max_dims=2)),
)
scalars = arrays.map(lambda array: array.ravel()[0] if array.size else np.float32(1)).filter(
    lambda scalar: not isinstance(scalar, str | bytes)
)
keys = st.one_of(st.text(max_size=3), st.sampled_from(["$array", "$dict", "$key", "/a.W"]))
states = st.recursive(
    st.one_of(numbers, arrays, scalars),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(state=states)
def test_any_state_comes_back_bit_for_bit(tmp_path_factory, state):
    path = tmp_path_factory.mktemp("state") / "checkpoint.h5"

    save_checkpoint(path, {"anything": state}, {"/a.W": np.zeros(2, np.float32)})

    assert same(load_checkpoint(path).state["anything"], state)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4"])
def test_the_number_formats_of_jax_come_back_bit_for_bit(tmp_path, dtype):
    values = np.asarray(jnp.arange(-4, 4).astype(dtype)).reshape(2, 4)

    save_checkpoint(tmp_path / "c.h5", {"a": values}, {"/a.W": values})

    saved = load_checkpoint(tmp_path / "c.h5")
    assert same(saved.state["a"], values)
    assert same(saved.parameters["/a.W"], values)


@pytest.mark.parametrize("kind", ["threefry2x32", "rbg"])
def test_a_random_key_comes_back_as_the_same_key(tmp_path, kind):
    key = jax.random.key(5, impl=kind)

    save_checkpoint(tmp_path / "c.h5", {"keys": [key, jax.random.split(key, 3)]}, {})

    one, three = load_checkpoint(tmp_path / "c.h5").state["keys"]
    assert jax.random.key_impl(one) == jax.random.key_impl(key)
    assert jax.random.bits(one) == jax.random.bits(key)
    assert three.shape == (3,)


def test_an_array_equal_to_the_parameter_of_its_name_is_stored_once(tmp_path):
    weights = np.random.default_rng(0).normal(size=(300, 100))
    save_checkpoint(tmp_path / "once.h5", {}, {"/a.W": weights})

    save_checkpoint(tmp_path / "twice.h5", {"values": {"/a.W": weights.copy()}}, {"/a.W": weights})

    once, twice = ((tmp_path / name).stat().st_size for name in ("once.h5", "twice.h5"))
    assert twice < once + 2000
    assert same(load_checkpoint(tmp_path / "twice.h5").state["values"]["/a.W"], weights)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"loop": [{"rng": object()}]}, r"state\['loop'\]\[0\]\['rng'\] is of type object"),
        ({"seen": {3: 4}}, r"state\['seen'\] has the key 3 of type int"),
        ({"all": {1, 2}}, r"state\['all'\] is of type set"),
        ({"o": np.array([None])}, r"state\['o'\] is an array of dtype object"),
    ],
)
def test_what_cannot_be_saved_is_named_with_its_place(tmp_path, state, message):
    with pytest.raises(TypeError, match=message):
        save_checkpoint(tmp_path / "c.h5", state, {})


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["/mlp", "/mlp/linear_0.W"], "cannot both be saved"),
        (["/a.W", "a.W"], "cannot both be saved"),
        (["/a//b.W"], "cannot be the name of a data set"),
        (["/./b.W"], "cannot be the name of a data set"),
        (["/"], "cannot be the name of a data set"),
    ],
)
def test_paths_that_a_file_cannot_hold_are_refused(tmp_path, paths, message):
    with pytest.raises(ValueError, match=message):
        save_checkpoint(tmp_path / "c.h5", {}, dict.fromkeys(paths, np.zeros(1)))


FULL_DISK = """
import resource, sys
import numpy as np
from mainloop.checkpoint import save_checkpoint
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    save_checkpoint(sys.argv[1], {"steps": 9}, {"/a.W": np.zeros(100_000)})
except OSError as error:
    print("told:", error)
"""


def test_when_there_is_no_room_the_old_file_stays_and_no_rest_is_left(path):
    told = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True
    ).stdout

    assert told.startswith("told:")
    assert load_checkpoint(path).state["steps"] == 3
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.h5"]


# Ready to save in no time: for every line read, a process splits off that saves until it is killed.
SAVING = """
import os, sys
import numpy as np
from mainloop.checkpoint import save_checkpoint
for line in sys.stdin:
    saver = os.fork()
    if saver == 0:
        os.write(1, f"{os.getpid()}\\n".encode())
        for step in range(int(line), 10**6):
            save_checkpoint(sys.argv[1], {"steps": step}, {"/a.W": np.full(50_000, step)})
            os.write(1, f"{step}\\n".encode())  # a whole line or none, wherever it is killed
    os.waitpid(saver, 0)
    os.write(1, b"killed\\n")
"""


def test_killed_at_twenty_random_moments_of_saving_the_newest_file_is_whole(tmp_path):
    path = tmp_path / "checkpoint.h5"
    rng = random.Random(2)
    next_step = 0
    command = [sys.executable, "-W", "ignore", "-c", SAVING, path]

    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        for _ in range(20):
            process.stdin.write(f"{next_step}\n")
            process.stdin.flush()
            saver, confirmed = (int(process.stdout.readline()) for _ in range(2))
            ends = time.perf_counter() + rng.uniform(0, 0.03)
            while time.perf_counter() < ends:
                pass
            os.kill(saver, signal.SIGKILL)
            for line in iter(process.stdout.readline, "killed\n"):
                confirmed = int(line)
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # it is the newest itself, not the one before it
                saved = load_checkpoint(path)
            assert saved.state["steps"] in (confirmed, confirmed + 1)
            assert (saved.parameters["/a.W"] == saved.state["steps"]).all()
            next_step = saved.state["steps"] + 1
        process.stdin.close()
