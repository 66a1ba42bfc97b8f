import fcntl
import importlib
import json
import os
import signal
import subprocess
import sys

import h5py
import pytest
from idx_files import NAMES, write_idx_files

from fuel.commands.convert import main


@pytest.fixture
def directory(tmp_path, monkeypatch):
    write_idx_files(tmp_path)
    monkeypatch.setenv("FUEL_DATA_PATH", str(tmp_path))
    return str(tmp_path)


def test_without_a_data_set_the_usage_is_shown(capsys):
    status = main([])

    assert status == 2
    assert "usage: fuel-convert" in capsys.readouterr().err


def test_the_file_says_how_it_was_made(directory):
    args = ["mnist", "-d", directory, "-o", directory, "--dtype", "bool"]

    status = main(args)

    assert status == 0
    with h5py.File(f"{directory}/mnist_bool.hdf5") as h5file:
        assert h5file.attrs["fuel_convert_command"] == f"fuel-convert {' '.join(args)}"
        assert h5file.attrs["h5py_interface_version"] == "0.3"
        assert h5file.attrs["fuel_convert_version"] == "0.2"
        for name in ("fuel_convert_command", "h5py_interface_version", "fuel_convert_version"):
            stored = h5file.attrs.get_id(name)
            assert stored.shape == ()
            assert stored.get_type().is_variable_str()
            assert stored.get_type().get_cset() == h5py.h5t.CSET_ASCII


def test_without_arguments_the_processs_own_are_recorded(directory, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/bin/fuel-convert", "mnist", "-d", directory])
    monkeypatch.chdir(directory)

    status = main()

    assert status == 0
    with h5py.File(f"{directory}/mnist.hdf5") as h5file:
        assert h5file.attrs["fuel_convert_command"] == f"fuel-convert mnist -d {directory}"


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ([], "mnist.hdf5"),
        (["-r", "a"], "a.hdf5"),
        (["--output_filename", "a.hdf"], "a.hdf"),
        (["--output-filename", "a.h5"], "a.h5"),
        (["--output-filename", "a.hdf5"], "a.hdf5"),
        (["--output-filename", "a.b"], "a.b.hdf5"),
    ],
)
def test_the_file_has_its_name_or_the_one_given(directory, tmp_path, flags, name):
    (tmp_path / "out").mkdir()

    status = main(["mnist", "-d", directory, "-o", str(tmp_path / "out"), *flags])

    assert status == 0
    assert os.listdir(tmp_path / "out") == [name]


def test_the_same_command_writes_the_same_bytes(directory):
    args = ["mnist", "-d", directory, "-o", directory]
    contents = []
    for _ in range(2):
        main(args)
        with open(f"{directory}/mnist.hdf5", "rb") as handle:
            contents.append(handle.read())

    assert contents[0] == contents[1]


def test_data_sets_still_start_at_multiples_of_a_page(directory):
    main(["mnist", "-d", directory, "-o", directory])

    with h5py.File(f"{directory}/mnist.hdf5") as h5file:
        assert [h5file[name].id.get_offset() % 4096 for name in h5file] == [0, 0]


def test_missing_inputs_are_named_with_the_cure(directory, capsys):
    os.unlink(f"{directory}/{NAMES['train'][1]}.gz")

    status = main(["mnist", "-d", directory, "-o", directory])

    said = capsys.readouterr().err
    assert status == 2
    assert f"{NAMES['train'][1]}.gz or {NAMES['train'][1]}" in said
    assert "Did you forget to run fuel-download?" in said
    assert "Traceback" not in said


def test_a_damaged_input_is_named_and_what_was_there_stays(directory, tmp_path, capsys):
    main(["mnist", "-d", directory, "-o", directory])
    before = (tmp_path / "mnist.hdf5").read_bytes()
    name = f"{NAMES['train'][0]}.gz"
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])

    status = main(["mnist", "-d", directory, "-o", directory])

    assert status == 2
    assert f"{name} is damaged" in capsys.readouterr().err
    assert (tmp_path / "mnist.hdf5").read_bytes() == before
    assert [entry for entry in os.listdir(directory) if entry.startswith(".")] == []


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-d", "/no/such/place"], "there is no directory '/no/such/place'"),
        (["-o", "/no/such/place"], "there is no directory '/no/such/place'"),
        (["-r", "a/b"], "'a/b' is not a plain file name"),
        (["--dtype", "int8"], "invalid choice: 'int8'"),
    ],
)
def test_wrong_arguments_are_refused(flags, message, capsys):
    status = main(["mnist", *flags])

    assert status == 2
    assert message in capsys.readouterr().err


def test_where_the_file_would_not_be_found_it_is_said_how_it_is(
    directory, tmp_path, monkeypatch, capsys
):
    main(["mnist", "-d", directory, "-o", directory])
    found = capsys.readouterr().err
    monkeypatch.delenv("FUEL_DATA_PATH")
    main(["mnist", "-d", directory, "-o", directory])
    not_found = capsys.readouterr().err

    assert "FUEL_DATA_PATH" not in found
    assert f"FUEL_DATA_PATH={directory}" in not_found


def test_converters_of_the_users_own_are_offered(tmp_path, monkeypatch, directory):
    (tmp_path / "own_converters.py").write_text(
        "import h5py, os\n"
        "def convert(directory, output_directory, output_filename='own.hdf5'):\n"
        "    path = os.path.join(output_directory, output_filename)\n"
        "    h5py.File(path, 'w').close()\n"
        "    return (path,)\n"
        "all_converters = (('own', lambda subparser: convert),)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FUEL_EXTRA_CONVERTERS", "own_converters")

    status = main(["own", "-d", directory, "-o", directory])

    assert status == 0
    with h5py.File(f"{directory}/own.hdf5") as h5file:
        assert h5file.attrs["fuel_convert_command"].startswith("fuel-convert own")


def test_a_full_disk_is_said_and_nothing_is_left(directory, tmp_path):
    (tmp_path / "out").mkdir()
    code = (
        "import resource, sys\n"
        "from fuel.commands.convert import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "sys.exit(main(sys.argv[1:]))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, "mnist", "-d", directory, "-o", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        text=True,
    )

    assert done.returncode == 1
    assert f"{tmp_path}/out/mnist.hdf5: File too large; the file could" in done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(tmp_path / "out") == []


DIES = """
import os, signal
def convert(directory, output_directory, output_filename='own.hdf5'):
    open(os.path.join(output_directory, 'half'), 'w').close()
    os.kill(os.getpid(), signal.SIGKILL)
all_converters = (('dies', lambda subparser: convert),)
"""


def test_what_a_killed_conversion_left_is_gone_after_the_next(directory, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "dying.py").write_text(DIES)
    code = "import sys; from fuel.commands.convert import main; sys.exit(main(sys.argv[1:]))"
    settings = {"PYTHONPATH": str(tmp_path), "FUEL_EXTRA_CONVERTERS": "dying"}
    killed = subprocess.run(
        [sys.executable, "-c", code, "dies", "-d", directory, "-o", str(tmp_path / "out")],
        env={**os.environ, **settings},
    )
    left = os.listdir(tmp_path / "out")

    main(["mnist", "-d", directory, "-o", str(tmp_path / "out")])

    assert killed.returncode == -signal.SIGKILL
    assert [name.startswith(".fuel-convert-") for name in left] == [True]
    assert os.listdir(tmp_path / "out") == ["mnist.hdf5"]


def test_the_files_of_a_conversion_that_is_going_on_are_left_alone(directory, tmp_path):
    (tmp_path / "out" / ".fuel-convert-other").mkdir(parents=True)
    lock = os.open(tmp_path / "out" / ".fuel-convert-other", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)

    main(["mnist", "-d", directory, "-o", str(tmp_path / "out")])
    os.close(lock)

    assert sorted(os.listdir(tmp_path / "out")) == [".fuel-convert-other", "mnist.hdf5"]


def test_help_teaches_own_data(capsys):
    status = main(["--help"])

    said = capsys.readouterr().out
    assert status == 0
    for line in (
        "fuel-convert mnist --directory data",
        "fuel-convert image_folder photos --size 64x64",
        "fuel-convert table flowers.csv --targets species",
        "fuel-convert repack old.hdf5",
    ):
        assert line in said


@pytest.mark.parametrize("command", ["convert", "download", "info"])
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_learns_to_complete_the_commands(command, shell, capsys):
    pytest.importorskip("shtab")
    module = importlib.import_module(f"fuel.commands.{command}")

    status = module.main(["--print-completion", shell])

    script = capsys.readouterr().out
    assert status == 0
    assert f"fuel-{command}" in script
    if command != "info":
        assert "mnist" in script


def test_bash_takes_the_completion_and_completes_with_it(tmp_path, capsys):
    pytest.importorskip("shtab")
    main(["--print-completion", "bash"])
    (tmp_path / "completion").write_text(capsys.readouterr().out)
    ask = (
        f"source {tmp_path}/completion; COMP_WORDS=(fuel-convert mni); COMP_CWORD=1; "
        "_shtab_fuel_convert; echo ${COMPREPLY[@]}"
    )

    done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("mnist\n", "")


def test_without_the_library_for_completion_the_extra_is_named(tmp_path):
    code = (
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *a: None if name == 'shtab' else found(name, *a)\n"
        "from fuel.commands.convert import main\n"
        "sys.exit(main(['--print-completion', 'bash']))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.returncode == 1
    assert "completion in a shell needs shtab: pip install" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("flag", ["--licence", "--license"])
def test_a_licence_is_recorded(directory, flag):
    main(["mnist", "-d", directory, "-o", directory, flag, "CC BY-SA 3.0"])

    with h5py.File(f"{directory}/mnist.hdf5") as h5file:
        assert h5file.attrs["licence"] == "CC BY-SA 3.0"


def test_figures_and_a_checksum_are_recorded_of_any_data_set(directory):
    main(["mnist", "-d", directory, "-o", directory])

    with h5py.File(f"{directory}/mnist.hdf5") as h5file:
        targets = json.loads(h5file["targets"].attrs["statistics"])
        assert len(h5file.attrs["content_sha256"]) == 64
    assert targets["train"]["classes"] == {str(n): 2 if n < 2 else 1 for n in range(10)}


def test_a_name_that_is_taken_is_refused(tmp_path, monkeypatch, capsys):
    (tmp_path / "clashing_converters.py").write_text("all_converters = (('mnist', None),)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("FUEL_EXTRA_CONVERTERS", "clashing_converters")

    status = main(["mnist"])

    assert status == 2
    assert "clashing_converters, named in the settings, has a data set 'mnist'" in (
        capsys.readouterr().err
    )
