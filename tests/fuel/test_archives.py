import contextlib
import gzip
import io
import os
import tarfile
import zipfile

import pytest
from archive_files import tar_bytes, zip_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel._files._archive import ArchiveError, ArchiveLimits, archive_members
from fuel._files._extraction import extract_archive

CONTENT = {"a/one.bin": bytes(range(256)) * 9, "b.txt": b"two", "a/c/empty": b""}
MODES = ["w", "w:gz", "w:bz2", "w:xz", "zip"]


def archive_bytes(mode, members=None):
    members = members or CONTENT
    return zip_bytes(members) if mode == "zip" else tar_bytes(members, mode)


def special(kind, name="bad", target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def contents(data, **options):
    found = archive_members(io.BytesIO(data), **options)
    return {member.name: member.file.read() for member in found}


@pytest.mark.parametrize("mode", MODES)
def test_the_files_of_any_kind_of_archive_are_read(mode, tmp_path):
    path = tmp_path / "archive"
    path.write_bytes(archive_bytes(mode))

    found = {member.name: (member.size, member.file.read()) for member in archive_members(path)}

    assert found == {name: (len(content), content) for name, content in CONTENT.items()}


@pytest.mark.parametrize("mode", MODES)
def test_an_archive_is_unpacked_into_a_new_directory(mode, tmp_path):
    names = extract_archive(io.BytesIO(archive_bytes(mode)), tmp_path / "new")

    assert names == list(CONTENT)
    for name, content in CONTENT.items():
        assert (tmp_path / "new" / name).read_bytes() == content
    assert os.listdir(tmp_path) == ["new"]


def test_members_that_are_not_read_may_be_passed_over():
    names = [member.name for member in archive_members(io.BytesIO(archive_bytes("w:gz")))]

    assert names == list(CONTENT)


def test_links_inside_of_an_archive_give_the_bytes_of_their_targets(tmp_path):
    members = {
        "a/one": b"one",
        special(tarfile.SYMTYPE, "a/b/soft", "../one"): b"",
        special(tarfile.LNKTYPE, "hard", "a/one"): b"",
    }

    extract_archive(io.BytesIO(tar_bytes(members)), tmp_path / "new")

    for name in ("a/one", "a/b/soft", "hard"):
        assert (tmp_path / "new" / name).read_bytes() == b"one"
        assert not (tmp_path / "new" / name).is_symlink()


UNSAFE = {
    "parent": {"../escaped": b"x"},
    "deep parent": {"a/../../escaped": b"x"},
    "absolute": {"/tmp/escaped": b"x"},
    "backslashes": {"a\\..\\..\\escaped": b"x"},
    "drive": {"C:escaped": b"x"},
    "link out": {special(tarfile.SYMTYPE, "a", "../../etc/passwd"): b""},
    "absolute link": {special(tarfile.SYMTYPE, "a", "/etc/passwd"): b""},
    "hard link out": {special(tarfile.LNKTYPE, "a", "../escaped"): b""},
}


@pytest.mark.parametrize("what", UNSAFE)
def test_what_leads_outside_is_refused_and_nothing_is_left(what, tmp_path):
    data = tar_bytes({"before": b"good"} | UNSAFE[what])

    with pytest.raises(ArchiveError, match="leads outside"):
        extract_archive(io.BytesIO(data), tmp_path / "new")

    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "a\\..\\..\\b"])
def test_what_leads_outside_of_a_zip_archive_is_refused(name, tmp_path):
    with pytest.raises(ArchiveError, match="leads outside"):
        extract_archive(io.BytesIO(zip_bytes({name: b"x"})), tmp_path / "new")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(kind):
    with pytest.raises(ArchiveError, match="bad is no plain file"):
        contents(tar_bytes({special(kind): b""}))


@pytest.mark.parametrize("target", ["bad", "none"])
def test_a_link_to_itself_or_to_nothing_is_refused(target):
    with pytest.raises(ArchiveError, match="is a link to .*, which is no file that comes before"):
        contents(tar_bytes({special(tarfile.SYMTYPE, "bad", target): b""}))


def test_a_link_in_a_zip_archive_is_refused():
    info = zipfile.ZipInfo("link")
    info.external_attr = 0o120777 << 16

    with pytest.raises(ArchiveError, match="link is a link or a device"):
        contents(zip_bytes({info: b"/etc/passwd"}))


@pytest.mark.parametrize("mode", MODES[1:])
def test_a_bomb_is_seen_before_it_goes_off(mode):
    data = archive_bytes(mode, {"zeros": bytes(1 << 20)})
    limits = ArchiveLimits(small=1 << 16, ratio=10)

    with pytest.raises(ArchiveError, match="would come out of it; that is a trap"):
        contents(data, limits=limits)


def test_a_bomb_that_declares_nothing_is_stopped():
    hidden = gzip.compress(tar_bytes({"x": b"x"}) + bytes(1 << 22))

    with pytest.raises(ArchiveError, match="that is a trap"):
        contents(hidden, limits=ArchiveLimits(small=1 << 16, ratio=2))


def test_a_header_that_would_fill_the_memory_is_refused():
    info = special(tarfile.GNUTYPE_LONGNAME)
    info.size = 1 << 40

    with pytest.raises(ArchiveError, match="header of 1099511627776 bytes"):
        contents(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))


@pytest.mark.parametrize("mode", ["w", "zip"])
def test_more_members_or_bytes_than_allowed_are_refused(mode):
    data = archive_bytes(mode)

    with pytest.raises(ArchiveError, match="more than 2 members"):
        contents(data, limits=ArchiveLimits(members=2))
    with pytest.raises(ArchiveError, match="more than 100 would come out"):
        contents(data, limits=ArchiveLimits(size=100))


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@settings(max_examples=12, deadline=None)
def test_a_truncated_archive_is_never_read_as_a_whole_one(mode, data):
    whole = archive_bytes(mode)
    length = data.draw(st.integers(0, len(whole.rstrip(b"\0")) - 1))

    with pytest.raises(ArchiveError, match="damaged|truncated"):
        contents(whole[:length])


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_a_damaged_archive_is_read_well_or_refused_clearly(mode, data):
    whole = bytearray(archive_bytes(mode))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(ArchiveError):
        found = contents(bytes(whole))
        assert all(isinstance(content, bytes) for content in found.values())


@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz", "zip"])
def test_one_changed_byte_of_a_packed_file_is_noticed(mode):
    whole = bytearray(archive_bytes(mode))
    whole[len(whole) // 4] ^= 0x10

    with pytest.raises(ArchiveError, match="damaged"):
        contents(bytes(whole))


def test_what_is_no_archive_is_said(tmp_path):
    (tmp_path / "x.tar").write_text("just text")

    with pytest.raises(ArchiveError, match=r"x\.tar is damaged, or cannot be read"):
        list(archive_members(tmp_path / "x.tar"))


@pytest.mark.parametrize("mode", MODES)
def test_a_file_without_a_name_is_refused(mode):
    archive = io.BytesIO(archive_bytes(mode, {"one": b"1", ".": b"2"}))

    with pytest.raises(ArchiveError, match="a file in it has no name"):
        list(archive_members(archive))


@pytest.mark.parametrize(
    "members",
    [
        {"a": b"1", special(tarfile.REGTYPE, "a"): b"2"},
        {"a": b"1", "a/b": b"2"},
        {"b/a": b"1", "b": b""},
    ],
)
def test_two_members_of_one_name_are_refused(members, tmp_path):
    with pytest.raises(ArchiveError, match="twice"):
        extract_archive(io.BytesIO(tar_bytes(members)), tmp_path / "new")

    assert os.listdir(tmp_path) == []


def test_a_directory_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine").touch()

    with pytest.raises(FileExistsError, match="not empty"):
        extract_archive(io.BytesIO(archive_bytes("w")), tmp_path)

    assert os.listdir(tmp_path) == ["mine"]
