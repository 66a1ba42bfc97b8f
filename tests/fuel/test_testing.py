import numpy as np
import pytest

from fuel.datasets import IndexableDataset
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable, epochs_of, through_json
from fuel.transformers import Transformer


class Counting(Transformer):
    """Keeps a count and forgets to say so."""

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.count = 0

    def transform_batch(self, batch):
        self.count += 1
        return (batch[0] + self.count,)


def stream():
    return DataStream(IndexableDataset(np.arange(7)), SequentialScheme(7, 2))


def test_a_resumable_stream_passes():
    check_resumable(stream)


def test_a_transformer_that_hides_its_state_is_found_out():
    with pytest.raises(
        AssertionError, match=r"cut in epoch 0 after item 1: epoch 0 went on differ"
    ):
        check_resumable(lambda: Counting(stream()))


def test_a_state_that_is_not_json_is_found_out():
    with pytest.raises(TypeError, match="JSON"):
        through_json({"when": object()})


def test_arrays_in_a_state_are_kept():
    state = through_json({"key": np.arange(3, dtype=np.uint32), "rest": [1, (2.5, None)]})

    assert state["key"].dtype == np.uint32
    assert state["rest"] == [1, [2.5, None]]


def test_epochs_are_read_as_far_as_asked_for():
    assert [[batch.tolist() for (batch,) in epoch] for epoch in epochs_of(stream(), [1, 9])] == [
        [[0, 1]],
        [[0, 1], [2, 3], [4, 5], [6]],
    ]
