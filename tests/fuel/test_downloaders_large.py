"""The downloaders of CelebA, SVHN, Dogs vs. Cats, ImageNet and the billion-word text."""

import hashlib
import os
from dataclasses import replace

import pytest
from archive_files import tar_bytes, zip_bytes
from file_server import Served, data_file

from fuel.commands.download import main as fuel_download
from fuel.downloaders import (
    DataFile,
    DownloadError,
    HTTPMirror,
    billion,
    celeba,
    dogs_vs_cats,
    ilsvrc2010,
    ilsvrc2012,
    svhn,
)
from fuel.downloaders._address_mirror import AddressMirror
from fuel.downloaders.billion import download_billion
from fuel.downloaders.svhn import svhn_downloader
from fuel.exceptions import NeedURLPrefix


def serve(server, contents):
    server.files = {f"/{name}": Served(content) for name, content in contents.items()}


FILES = {"list_attr_celeba.txt": b"attributes", "img_align_celeba.zip": b"images"}


def test_celeba_comes_from_the_first_address_that_has_it(tmp_path, server):
    serve(server, FILES)
    lost = AddressMirror(label="lost", addresses=dict.fromkeys(FILES, f"{server.url}/no"))
    partial = AddressMirror(label="partial", addresses={})
    found = AddressMirror(label="found", addresses={name: f"{server.url}/{name}" for name in FILES})
    files = [data_file(name, content) for name, content in FILES.items()]

    replace(celeba.RECIPE, files=files, mirrors=(lost, partial, found)).download(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == FILES


def test_celeba_that_nobody_has_is_said_with_the_checksums(tmp_path):
    partial = AddressMirror(label="partial", addresses={})

    with pytest.raises(DownloadError) as raised:
        replace(celeba.RECIPE, mirrors=(partial,)).download(tmp_path)

    said = str(raised.value)
    assert "partial: it does not have list_attr_celeba.txt, img_align_celeba.zip" in said
    assert celeba.RECIPE.files[1].sha256 in said
    assert "fetch them in a browser from https://mmlab.ie.cuhk.edu.hk" in said


def test_clearing_deletes_the_files_alone(tmp_path):
    for name in (*FILES, "img_align_celeba.zip.part", "mine"):
        (tmp_path / name).touch()

    celeba.RECIPE.download(tmp_path, clear=True)

    assert os.listdir(tmp_path) == ["mine"]


def test_svhn_that_is_there_is_verified_and_not_fetched_again(tmp_path, server):
    contents = {"train.tar.gz": b"train", "extra.tar.gz": b"extra"}
    serve(server, contents)
    files = [data_file(name, content) for name, content in contents.items()]
    recipe = replace(svhn.FORMATS.recipe(1), files=files, mirrors=(HTTPMirror(url=server.url),))

    recipe.download(tmp_path)
    (tmp_path / "extra.tar.gz").write_bytes(b"other")
    recipe.download(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == contents
    assert [path for path, _ in server.requests] == [
        "/train.tar.gz",
        "/extra.tar.gz",
        "/extra.tar.gz",
    ]


def dogs_and_cats(addresses):
    return replace(
        dogs_vs_cats.RECIPE,
        files=[DataFile(name=name) for name in addresses],
        mirrors=[AddressMirror(label="copies", addresses=addresses)],
    )


def test_archives_without_a_checksum_that_are_there_are_taken_as_they_are(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"mine")

    dogs_and_cats({"a.zip": "http://127.0.0.1:9/a.zip"}).download(tmp_path)

    assert (tmp_path / "a.zip").read_bytes() == b"mine"


def test_svhn_has_two_formats(tmp_path):
    with pytest.raises(ValueError, match="which_format=3 is not available; choose 1 or 2"):
        svhn_downloader(3, tmp_path)
    names = {number: svhn.FORMATS.recipe(number).filenames for number in (1, 2)}
    assert names == {
        1: ["train.tar.gz", "test.tar.gz", "extra.tar.gz"],
        2: ["train_32x32.mat", "test_32x32.mat", "extra_32x32.mat"],
    }


def test_the_archives_of_dogs_and_cats_come_from_their_addresses(tmp_path, server):
    archives = {"dogs_vs_cats.train.zip": zip_bytes({"a": b"a"})}
    serve(server, archives)

    dogs_and_cats({name: f"{server.url}/{name}" for name in archives}).download(tmp_path)

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == archives


def test_a_page_instead_of_an_archive_is_refused(tmp_path, server):
    serve(server, {"a.zip": b"<html>Too many requests</html>"})

    with pytest.raises(DownloadError, match="the server sends a web page, not the file"):
        dogs_and_cats({"a.zip": f"{server.url}/a.zip"}).download(tmp_path)

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "missing"),
    [("ilsvrc2010", "ILSVRC2010_images_train.tar"), ("ilsvrc2012", "ILSVRC2012_img_train.tar")],
)
def test_images_for_registered_persons_need_a_prefix(tmp_path, capsys, name, missing):
    assert fuel_download([name, "-d", str(tmp_path)]) == 2

    told = capsys.readouterr().err
    assert missing in told
    assert "--url-prefix" in told


def test_files_that_came_there_by_hand_need_no_prefix(tmp_path):
    for name in ilsvrc2010.RECIPE.filenames:
        (tmp_path / name).write_text("by hand")

    ilsvrc2010.RECIPE.download(tmp_path)

    for name in ilsvrc2010.RECIPE.filenames:
        assert (tmp_path / name).read_text() == "by hand"


def test_a_prefix_stands_before_names_without_an_address(tmp_path, server):
    archive = tar_bytes({"a": b"a"})
    serve(server, {"secret/images.tar": archive, "kit.txt": b"kit"})
    public = AddressMirror(label="public", addresses={"kit.txt": f"{server.url}/kit.txt"})
    recipe = replace(
        ilsvrc2010.RECIPE,
        files=(DataFile(name="images.tar"), DataFile(name="kit.txt")),
        mirrors=(public,),
        withheld=("images.tar",),
    )

    with pytest.raises(NeedURLPrefix, match=r"^images\.tar: there is no public address"):
        recipe.download(tmp_path)
    recipe.download(tmp_path, url_prefix=f"{server.url}/secret/")

    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"images.tar": archive, "kit.txt": b"kit"}


def test_what_comes_from_a_prefix_is_verified_by_the_checksums_that_are_known(tmp_path, server):
    archive = tar_bytes({"a": b"a"})
    serve(server, {"secret/test.tar": archive, "secret/kit.txt": b"kit"})
    kit, test = (DataFile(name=name) for name in ("kit.txt", "test.tar"))
    good, bad = (
        replace(
            ilsvrc2012.RECIPE,
            files=(replace(kit, md5=hashlib.md5(content).hexdigest()), test),
            withheld=("kit.txt", "test.tar"),
        )
        for content in (b"kit", b"tool")
    )

    with pytest.raises(DownloadError, match="kit.txt arrived damaged: .* MD5"):
        bad.download(tmp_path, url_prefix=f"{server.url}/secret/")
    good.download(tmp_path, url_prefix=f"{server.url}/secret/")

    found = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert found == {"test.tar": archive, "kit.txt": b"kit"}


TRAINING = "training-monolingual.tokenized.shuffled"
HELDOUT = "heldout-monolingual.tokenized.shuffled"
PARTITIONS = {TRAINING: ["news.en-00001-of-00100"], HELDOUT: ["news.en.heldout-00000-of-00050"]}
TEXTS = {
    f"{TRAINING}/news.en-00001-of-00100": b"The first sentence .\n",
    f"{HELDOUT}/news.en.heldout-00000-of-00050": b"Another .\n",
}
ROOT = "1-billion-word-language-modeling-benchmark-r13output"
MEMBERS = {f"{ROOT}/README": b"read me", **{f"{ROOT}/{name}": text for name, text in TEXTS.items()}}


def billion_words(server, directory, archive, **kwargs):
    serve(server, {"words.tar.gz": archive})
    download_billion(
        directory,
        recipe=replace(
            billion.RECIPE,
            files=(data_file("words.tar.gz", archive),),
            mirrors=(HTTPMirror(url=server.url),),
        ),
        partitions=PARTITIONS,
        **kwargs,
    )


def texts_in(directory):
    root = directory / "1-billion-word"
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def test_the_billion_words_are_unpacked_to_where_the_data_set_reads_them(tmp_path, server):
    billion_words(server, tmp_path, tar_bytes(MEMBERS, "w:gz"))

    assert texts_in(tmp_path) == TEXTS


def test_partitions_that_are_there_need_no_archive(tmp_path, server):
    billion_words(server, tmp_path, tar_bytes(MEMBERS, "w:gz"))
    (tmp_path / "words.tar.gz").unlink()

    download_billion(tmp_path, recipe=replace(billion.RECIPE, mirrors=()), partitions=PARTITIONS)

    assert texts_in(tmp_path) == TEXTS


def test_a_partition_that_is_missing_is_unpacked_again(tmp_path, server):
    archive = tar_bytes(MEMBERS, "w:gz")
    billion_words(server, tmp_path, archive)
    (tmp_path / "1-billion-word" / TRAINING / "news.en-00001-of-00100").unlink()

    billion_words(server, tmp_path, archive)

    assert texts_in(tmp_path) == TEXTS
    assert len(server.requests) == 1


def test_clearing_the_billion_words_leaves_what_is_not_theirs(tmp_path, server):
    archive = tar_bytes(MEMBERS, "w:gz")
    billion_words(server, tmp_path, archive)
    (tmp_path / "1-billion-word" / HELDOUT / "mine").touch()

    billion_words(server, tmp_path, archive, clear=True)

    assert os.listdir(tmp_path) == ["1-billion-word"]
    assert texts_in(tmp_path) == {f"{HELDOUT}/mine": b""}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (dict(list(MEMBERS.items())[:2]), "lacks 1 partitions, among them heldout"),
        ({f"../{HELDOUT}/news.en.heldout-00000-of-00050": b"x"}, "leads outside"),
    ],
)
def test_a_wrong_archive_is_refused(tmp_path, server, members, message):
    with pytest.raises(DownloadError, match=message):
        billion_words(server, tmp_path, tar_bytes(members, "w:gz"))

    assert not list(tmp_path.rglob("*.part"))


def test_the_benchmark_has_99_partitions_to_train_and_50_to_test():
    sizes = {folder: len(names) for folder, names in billion.PARTITIONS.items()}

    assert sizes == {TRAINING: 99, HELDOUT: 50}
    assert billion.PARTITIONS[TRAINING][-1] == "news.en-00099-of-00100"
    assert billion.PARTITIONS[HELDOUT][-1] == "news.en.heldout-00049-of-00050"
