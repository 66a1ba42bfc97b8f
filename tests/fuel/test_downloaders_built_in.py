import argparse
import dataclasses
import hashlib
import os

import pytest
from archive_files import zip_bytes
from file_server import Served
from small_data_sets import DATA_SETS, raw_files, tar_bytes

from fuel.commands.download import main
from fuel.downloaders import (
    DataFile,
    DownloadError,
    HTTPMirror,
    adult,
    all_downloaders,
    binarized_mnist,
    caltech101_silhouettes,
    celeba,
    cifar10,
    cifar100,
    dogs_vs_cats,
    fetch,
    ilsvrc2010,
    ilsvrc2012,
    iris,
    mnist,
)
from fuel.downloaders._archive_mirror import ArchiveMirror

RECIPES = {
    "adult": adult.RECIPE,
    "binarized_mnist": binarized_mnist.RECIPE,
    "caltech101_silhouettes 16": caltech101_silhouettes.SIZES.recipe(16),
    "caltech101_silhouettes 28": caltech101_silhouettes.SIZES.recipe(28),
    "cifar10": cifar10.RECIPE,
    "cifar100": cifar100.RECIPE,
    "iris": iris.RECIPE,
}
CONTENT = b"what is in the file"
MD5 = DataFile(name="file", md5=hashlib.md5(CONTENT).hexdigest())


def stand_in(name, server):
    """A recipe with the checksums of small files, which the server has, and these."""
    contents = raw_files(name)
    server.files = {f"/{filename}": Served(content) for filename, content in contents.items()}
    changed = [
        dataclasses.replace(
            file,
            size=None if file.size is None else len(contents[file.name]),
            sha256=file.sha256 and hashlib.sha256(contents[file.name]).hexdigest(),
            md5=file.md5 and hashlib.md5(contents[file.name]).hexdigest(),
        )
        for file in RECIPES[name].files
    ]
    mirrors = [HTTPMirror(url=server.url)]
    return dataclasses.replace(RECIPES[name], files=changed, mirrors=mirrors), contents


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_files_that_the_converter_needs_are_fetched(server, tmp_path, name):
    recipe, contents = stand_in(name, server)

    recipe.download(tmp_path / "new")

    assert {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()} == contents


@pytest.mark.parametrize("name", DATA_SETS)
def test_every_file_has_a_checksum_and_its_mirrors_are_secure(name):
    recipe = RECIPES[name]

    lengths = {"SHA-256": 64, "MD5": 32}
    for file in recipe.files:
        kind, digest = file.checksum.split()
        assert len(digest) == lengths[kind]
        assert int(digest, 16) > 0
    for mirror in recipe.mirrors:
        assert mirror.name.startswith("https://")


@pytest.mark.parametrize("name", DATA_SETS)
def test_the_command_clears_the_files(tmp_path, name):
    for filename in [*raw_files(name), "mine"]:
        (tmp_path / filename).touch()

    status = main([*name.split(), "-d", str(tmp_path), "--clear"])

    assert status == 0
    assert os.listdir(tmp_path) == ["mine"]


def test_binarized_mnist_has_a_line_of_784_digits_for_each_image():
    sizes = {file.name: file.size for file in binarized_mnist.RECIPE.files}

    assert sizes == {
        "binarized_mnist_train.amat": 50_000 * 784 * 2,
        "binarized_mnist_valid.amat": 10_000 * 784 * 2,
        "binarized_mnist_test.amat": 10_000 * 784 * 2,
    }


def test_silhouettes_of_another_size_are_refused(tmp_path):
    with pytest.raises(ValueError, match="size=10 is not available; choose 16 or 28"):
        caltech101_silhouettes.silhouettes_downloader(10, tmp_path)


def test_a_file_of_which_only_the_md5_is_known_is_verified_by_it(server, tmp_path):
    server.files = {"/file": Served(CONTENT)}
    mirrors = [HTTPMirror(url=server.url)]

    fetch([(MD5,)], mirrors, tmp_path)
    fetch([(MD5,)], mirrors, tmp_path)

    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_a_file_with_another_md5_is_refused_and_both_are_said(server, tmp_path):
    server.files = {"/file": Served(b"another")}

    with pytest.raises(DownloadError) as raised:
        fetch([(MD5,)], [HTTPMirror(url=server.url)], tmp_path)

    said = str(raised.value)
    assert f"7 bytes with MD5 {hashlib.md5(b'another').hexdigest()}" in said
    assert f"it should be MD5 {MD5.md5}" in said
    assert f"file (MD5 {MD5.md5})" in said
    assert os.listdir(tmp_path) == []


def test_with_a_sha_256_the_md5_is_of_no_account(server, tmp_path):
    server.files = {"/file": Served(CONTENT)}
    file = dataclasses.replace(MD5, sha256=hashlib.sha256(CONTENT).hexdigest(), md5="0" * 32)

    fetch([(file,)], [HTTPMirror(url=server.url)], tmp_path)

    assert file.checksum == f"SHA-256 {hashlib.sha256(CONTENT).hexdigest()}"
    assert (tmp_path / "file").read_bytes() == CONTENT


def archive_mirror(server, content, max_size=10_000):
    server.files = {"/all.zip": Served(content)}
    members = {"file": "folder/file"}
    return ArchiveMirror(url=f"{server.url}/all.zip", members=members, max_size=max_size)


@pytest.mark.parametrize("pack", [zip_bytes, tar_bytes])
def test_a_file_is_taken_out_of_an_archive_and_nothing_else(server, tmp_path, pack):
    mirror = archive_mirror(server, pack({"other": b"x", "folder/file": CONTENT}))

    fetch([(MD5,)], [mirror], tmp_path)

    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "max_size", "message"),
    [
        (b"no archive", 10_000, "its archive will not do: "),
        (zip_bytes({"other": b"x"}), 10_000, "its archive has no folder/file"),
        (zip_bytes({"folder/file": b"another"}), 10_000, "it should be MD5"),
        (zip_bytes({"folder/file": CONTENT})[:-9], 10_000, "its archive will not do: "),
        (zip_bytes({"folder/file": CONTENT}), 50, "it sends more than the 50 bytes of the file"),
        (zip_bytes({"folder/file": bytes(20_000)}), 1_000, "its archive will not do: "),
    ],
)
def test_an_archive_that_will_not_do_is_left_for_the_next_mirror(
    server, tmp_path, content, max_size, message
):
    with pytest.raises(DownloadError, match=message):
        fetch([(MD5,)], [archive_mirror(server, content, max_size)], tmp_path)

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("module", [adult, iris])
def test_uci_gives_files_one_by_one_and_else_in_an_archive(module):
    one_by_one, archive = module.RECIPE.mirrors

    assert isinstance(one_by_one, HTTPMirror)
    assert archive.members == {file.name: file.name for file in module.RECIPE.files}


UCI = "https://archive.ics.uci.edu/ml/machine-learning-databases"
KRIZ = "https://www.cs.toronto.edu/~kriz"
AS_IN_FUEL = {
    adult: {name: f"{UCI}/adult/{name}" for name in ("adult.data", "adult.test")},
    binarized_mnist: {
        (name := f"binarized_mnist_{split}.amat"): (
            f"https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist/{name}"
        )
        for split in ("train", "valid", "test")
    },
    cifar10: {"cifar-10-python.tar.gz": f"{KRIZ}/cifar-10-python.tar.gz"},
    cifar100: {"cifar-100-python.tar.gz": f"{KRIZ}/cifar-100-python.tar.gz"},
    dogs_vs_cats: {
        "dogs_vs_cats.train.zip": "https://www.dropbox.com/s/s3u30quvpxqdbz6/train.zip?dl=1",
        "dogs_vs_cats.test1.zip": "https://www.dropbox.com/s/21rwu6drnplsbkb/test1.zip?dl=1",
    },
    iris: {"iris.data": f"{UCI}/iris/iris.data"},
    mnist: {
        (name := f"{part}.gz"): f"http://yann.lecun.com/exdb/mnist/{name}"
        for part in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        )
    },
    ilsvrc2012: {
        f"ILSVRC2012_{part}.tar{ending}": None
        for part, ending in (
            ("devkit_t12", ".gz"),
            ("img_train", ""),
            ("img_val", ""),
            ("img_test", ""),
        )
    },
}


@pytest.mark.parametrize("module", AS_IN_FUEL, ids=lambda module: module.__name__)
def test_names_and_addresses_are_defaults_of_the_parser_as_in_fuel(module):
    parser = argparse.ArgumentParser()

    module.fill_subparser(parser)

    options = parser.parse_args([])
    assert dict(zip(options.filenames, options.urls, strict=True)) == AS_IN_FUEL[module]


def test_files_that_are_withheld_have_no_address():
    assert ilsvrc2010.RECIPE.urls[2:] == [None] * 4
    assert ilsvrc2010.RECIPE.filenames[2:] == list(ilsvrc2010.RECIPE.withheld)


def test_each_has_a_function_that_fuel_gave_and_takes_what_the_parser_found(server, tmp_path):
    recipe, contents = stand_in("adult", server)
    parser = argparse.ArgumentParser()

    recipe.fill_subparser(parser)(directory=tmp_path, clear=False, **vars(parser.parse_args([])))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents


@pytest.mark.parametrize(("name", "_"), all_downloaders, ids=[name for name, _ in all_downloaders])
def test_the_help_of_each_says_what_it_gets_and_where_it_goes_on(capsys, monkeypatch, name, _):
    monkeypatch.setenv("COLUMNS", "1000")

    status = main([name, "--help"])

    said = capsys.readouterr().out
    assert status == 0
    assert "\nGet " in said
    assert f"fuel-convert {name} makes" in said or "needs no fuel-convert" in said


@pytest.mark.parametrize("recipe", [celeba.RECIPE, *RECIPES.values()], ids=lambda r: r.name)
def test_the_help_names_the_source(recipe):
    assert "https://" in recipe.source
    assert recipe.source in recipe.description
