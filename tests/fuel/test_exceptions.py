import pickle

import pytest

from fuel.exceptions import MissingInputFiles


def test_missing_input_files_are_caught_like_any_file_that_is_not_there():
    with pytest.raises(FileNotFoundError, match=r"^adult\.test is missing$"):
        raise MissingInputFiles("adult.test is missing", ["adult.test"])


def test_missing_input_files_keep_their_names_and_message_when_pickled():
    error = pickle.loads(pickle.dumps(MissingInputFiles("two are missing", ["a", "b"])))

    assert str(error) == "two are missing"
    assert error.filenames == ["a", "b"]
