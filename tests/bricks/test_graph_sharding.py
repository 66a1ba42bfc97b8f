"""Tags, captures and keys in `shard_map`, on two devices in a process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="module")
def found():
    here = Path(__file__).parent
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    environment["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent.parent)])
    command = [sys.executable, str(here / "sharded.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_values_are_those_of_the_whole(found):
    assert found["devices"] == 2
    np.testing.assert_allclose(found["output"], found["expected output"], rtol=1e-5)
    assert found["identity"] == found["output"]


def test_a_variable_has_the_shape_that_it_has_on_one_device(found):
    assert found["shape on a device"] == [2, 3]


def test_a_capture_has_an_axis_of_devices_in_front(found):
    np.testing.assert_allclose(found["capture"], found["expected capture"], rtol=1e-5)


def test_gradients_go_through_a_rewrite_in_a_shard_map(found):
    np.testing.assert_allclose(found["gradient"], found["expected gradient"], rtol=1e-5)


def test_each_device_draws_a_mask_of_its_own(found):
    masks = np.asarray(found["masks"])

    assert set(masks.ravel()) == {0, 1}
    assert not np.array_equal(masks[0], masks[1])
    np.testing.assert_array_equal(found["output of masks"], masks.sum(axis=(0, 1)))


def test_an_explicit_sharding_is_kept_by_a_tag(found):
    assert "data" in found["sharding"]
