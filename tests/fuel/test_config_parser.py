import os

import pytest

from fuel.config_parser import (
    Configuration,
    ConfigurationError,
    config,
    extra_downloader_converter,
    multiple_paths_parser,
)


@pytest.fixture
def settings():
    settings = Configuration()
    settings.add_config("depth", int, default=1, env_var="FUEL_DEPTH")
    settings.add_config("bare", str, env_var="FUEL_BARE")
    return settings


@pytest.fixture
def rc_file(tmp_path, monkeypatch):
    path = tmp_path / "rc.yaml"
    monkeypatch.setenv("FUEL_CONFIG", str(path))
    return path


def test_a_setting_has_its_default(settings):
    assert settings.depth == 1


def test_python_comes_before_the_environment_before_the_file_before_the_default(
    settings, rc_file, monkeypatch
):
    seen = [settings.depth]

    rc_file.write_text("depth: 2\n")
    seen.append(settings.depth)
    monkeypatch.setenv("FUEL_DEPTH", "3")
    seen.append(settings.depth)
    settings.depth = 4
    seen.append(settings.depth)

    assert seen == [1, 2, 3, 4]


def test_deleting_a_setting_brings_back_what_was_below(settings):
    settings.depth = 4

    del settings.depth

    assert settings.depth == 1


def test_deleting_a_setting_that_python_did_not_set_is_an_error(settings):
    with pytest.raises(AttributeError, match="depth was not set in Python"):
        del settings.depth


def test_other_attributes_may_be_set_and_deleted(settings):
    settings.anything = "x"

    assert settings.anything == "x"

    del settings.anything
    with pytest.raises(AttributeError, match="no setting 'anything'; there are bare, depth"):
        _ = settings.anything


def test_a_setting_without_value_and_default_says_how_to_set_it(settings):
    with pytest.raises(ConfigurationError, match=r"bare is not set and has no default.*FUEL_BARE"):
        _ = settings.bare


def test_an_empty_environment_variable_counts_as_not_set(settings, monkeypatch):
    monkeypatch.setenv("FUEL_DEPTH", "")

    assert settings.depth == 1


def test_a_value_that_its_type_refuses_is_named_with_its_origin(settings, monkeypatch):
    monkeypatch.setenv("FUEL_DEPTH", "deep")

    with pytest.raises(ConfigurationError, match="depth='deep', from the environment variable"):
        _ = settings.depth


def test_a_changed_settings_file_is_read_again(settings, rc_file):
    rc_file.write_text("depth: 2\n")
    before = settings.depth

    rc_file.write_text("depth: 20\n")

    assert (before, settings.depth) == (2, 20)


def test_an_empty_settings_file_sets_nothing(settings, rc_file):
    rc_file.write_text("# nothing yet\n")

    assert settings.depth == 1


def test_the_settings_file_is_in_the_home_directory_unless_named(settings, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".fuelrc").write_text("depth: 7\n")

    assert settings.depth == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("dept: 2\n", "sets dept, which this version does not know; the settings are bare, depth"),
        ("[1, 2]\n", "holds a list"),
        ("depth: [\n", "is not YAML"),
        ("depth: !!python/object/apply:os.getcwd []\n", "is not YAML"),
    ],
)
def test_a_wrong_settings_file_is_refused(settings, rc_file, content, message):
    rc_file.write_text(content)

    with pytest.raises(ConfigurationError, match=message):
        settings.load_yaml()


def test_a_setting_cannot_have_two_defaults(settings):
    with pytest.raises(ValueError, match="both default and default_factory"):
        settings.add_config("two", int, default=1, default_factory=int)


def test_paths_are_separated_as_the_system_does_it():
    assert multiple_paths_parser(os.pathsep.join(["/a", "", "b"])) == ["/a", "b"]
    assert multiple_paths_parser(["/a", "b"]) == ["/a", "b"]


def test_modules_are_separated_by_blanks():
    assert extra_downloader_converter("a.b  c") == ["a.b", "c"]
    assert extra_downloader_converter(("a.b", "c")) == ["a.b", "c"]


def test_the_data_path_is_by_default_a_directory_of_the_user_made_and_said(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    (directory,) = config.data_path
    again = config.data_path

    assert directory == str(tmp_path / "share" / "fuel")
    assert os.path.isdir(directory)
    assert again == [directory]
    assert [f"made the data directory {directory}" in line for line in caplog.messages] == [True]


def test_a_data_directory_that_cannot_be_made_says_which_variable_helps(tmp_path, monkeypatch):
    (tmp_path / "share").write_text("a file, where a directory is needed")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))

    with pytest.raises(ConfigurationError, match="name another in FUEL_DATA_PATH"):
        _ = config.data_path


@pytest.mark.parametrize(
    ("name", "default", "text", "value"),
    [
        ("default_seed", 1, "7", 7),
        ("local_data_path", "", "/scratch/fuel", "/scratch/fuel"),
        ("floatX", "float32", "float64", "float64"),
        ("extra_downloaders", [], "a.b c", ["a.b", "c"]),
        ("extra_converters", [], "a.b c", ["a.b", "c"]),
    ],
)
def test_each_setting_has_its_default_and_its_environment_variable(
    name, default, text, value, monkeypatch
):
    before = getattr(config, name)
    monkeypatch.setenv(f"FUEL_{name.upper()}", text)

    assert (before, getattr(config, name)) == (default, value)


def test_float_x_must_be_a_floating_point_type(monkeypatch):
    monkeypatch.setenv("FUEL_FLOATX", "int8")

    with pytest.raises(ConfigurationError, match="float16, float32 or float64"):
        _ = config.floatX
