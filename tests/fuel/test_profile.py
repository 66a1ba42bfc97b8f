"""Where a stream's time goes."""

import numpy as np
import pytest

from fuel.datasets import IndexableDataset
from fuel.schemes import SequentialScheme, ShuffledScheme
from fuel.streams import DataStream
from fuel.transformers import Cast, Mapping, MultiProcessing, ScaleAndShift


def batches(examples=100):
    data = {"x": np.zeros((examples, 8), np.uint8)}
    scheme = ShuffledScheme(examples, 10, seed=1)
    return DataStream(IndexableDataset(data), iteration_scheme=scheme)


def heavy(data):
    matrix = np.full((200, 200), 1e-3)
    for _ in range(20):
        matrix = matrix @ matrix
    return data


def test_every_stage_says_how_many_items_and_bytes_it_gave():
    stream = Cast(ScaleAndShift(batches(), 2, 0), "float32")

    stages = stream.profile(25).stages

    assert [(stage.name, stage.items, stage.nbytes) for stage in stages] == [
        ("DataStream of IndexableDataset", 25, 25 * 80),
        ("ScaleAndShift", 25, 25 * 80),
        ("Cast", 25, 25 * 320),
    ]


def test_the_stage_that_works_longest_is_the_bottleneck():
    stream = Cast(Mapping(batches(), heavy), "float32")

    profile = stream.profile(20)

    assert profile.bottleneck == "Mapping"
    assert "bottleneck: Mapping" in str(profile)


def test_a_program_slower_than_the_stream_is_the_bottleneck():
    profile = batches().profile(3, step_seconds=0.02)

    assert profile.bottleneck == "your program"
    assert profile.seconds >= 3 * 0.02


def test_a_profile_leaves_the_stream_where_it_was():
    stream = ScaleAndShift(batches(), 2, 0)
    iterator = stream.get_epoch_iterator()
    next(iterator)
    before = stream.state_dict()

    stream.profile(30)

    assert stream.state_dict() == before
    assert len(list(iterator)) == 9


def test_stages_inside_workers_are_told_apart_and_the_workers_end():
    with MultiProcessing(Mapping(batches(), heavy), workers=2) as stream:
        profile = stream.profile(20)

        assert [(stage.name, stage.where) for stage in profile.stages] == [
            ("DataStream of IndexableDataset", "worker"),
            ("Mapping", "worker"),
            ("MultiProcessing", "here"),
        ]
        assert profile.workers == 2
        assert 0 <= profile.queue <= 1
        assert 0 < profile.busy <= 1
        assert stream.statistics() == []


def test_the_table_has_a_line_for_each_stage():
    text = str(ScaleAndShift(batches(), 2, 0).profile(10))

    assert [line.split()[0] for line in text.splitlines()[2:5] if line.strip()][-2:] == [
        "DataStream",
        "ScaleAndShift",
    ]


def test_a_stream_of_nothing_has_no_profile():
    empty = IndexableDataset({"x": np.zeros((0, 2))})
    stream = DataStream(empty, iteration_scheme=SequentialScheme(0, 5))

    with pytest.raises(ValueError, match="no items"):
        stream.profile()


def test_items_must_be_one_or_more():
    with pytest.raises(ValueError, match="items=0 must be 1 or more"):
        batches().profile(0)


def test_a_stream_is_an_iterable_of_its_next_epoch():
    stream = batches()

    epochs = [sum(len(x) for (x,) in stream) for _ in range(2)]

    assert epochs == [100, 100]
    assert stream.epoch == 2
