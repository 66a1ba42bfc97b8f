import hashlib
import itertools
from functools import partial

import numpy as np
import pytest
import random_streams as streams
from random_streams import batches, examples, pictures

from fuel import config
from fuel.datasets import IndexableDataset
from fuel.schemes import ConstantScheme, SequentialScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable, epochs_of
from fuel.transformers import (
    Batch,
    Cast,
    Merge,
    MultiProcessing,
    Rename,
    Transformer,
    Unpack,
)
from fuel.transformers.corruption import GaussianNoise, MaskingNoise
from fuel.transformers.image import RandomFixedSizeCrop, RandomFlip

RANDOM = ("crop", "flip", "rotation", "erasing", "masking", "salt and pepper", "gaussian")


def images_of(stream, epochs=1):
    return [
        np.concatenate([item[0] for item in epoch]) for epoch in epochs_of(stream, [100] * epochs)
    ]


def noise(stream, deviation=1.0, **kwargs):
    return GaussianNoise(stream, deviation, which_sources=("images",), **kwargs)


def zeros(examples=12, **kwargs):
    return batches(np.zeros((examples, 1, 4, 4), np.float32), **kwargs)


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("make", [streams.one, streams.one_of_examples])
def test_a_random_stream_goes_on_bit_for_bit_from_any_point(make, name):
    check_resumable(partial(make, name), epochs=2, abandon=[2])


@pytest.mark.parametrize("name", RANDOM)
def test_a_random_stream_with_a_generator_goes_on_bit_for_bit_from_any_point(name):
    check_resumable(lambda: streams.one(name, rng=np.random.default_rng(3)), epochs=2, abandon=[2])


@pytest.mark.parametrize("chain", [streams.augmented, streams.corrupted])
def test_any_number_of_workers_draws_the_same(chain):
    expected = epochs_of(chain(), [100, 100])

    with MultiProcessing(chain(), workers=2) as stream:
        found = epochs_of(stream, [100, 100])

    for item, wanted in zip(itertools.chain(*found), itertools.chain(*expected), strict=True):
        for part, other in zip(item, wanted, strict=True):
            np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize("name", RANDOM)
def test_nothing_random_is_in_the_state(name):
    stream, plain = streams.one(name), batches()
    next(stream.get_epoch_iterator())
    next(plain.get_epoch_iterator())

    assert stream.state_dict() == plain.state_dict()


@pytest.mark.parametrize("name", RANDOM)
def test_epochs_differ_and_equal_streams_agree(name):
    # the same order in each epoch, so that only the draws can differ
    def make():
        data = {"images": pictures(), "targets": np.arange(13)}
        scheme = SequentialScheme(13, 4)
        return streams.OPERATIONS[name](DataStream(IndexableDataset(data), iteration_scheme=scheme))

    first, second = images_of(make(), 2)
    again, _ = images_of(make(), 2)

    assert (first != second).any()
    np.testing.assert_array_equal(first, again)


def test_seeds_differ():
    one, other = (images_of(noise(zeros(seed=seed)))[0] for seed in (0, 1))

    assert (one != other).all()


def test_without_a_seed_in_the_scheme_the_configured_one_is_taken(monkeypatch):
    def draws():
        data = {"images": np.zeros((4, 2), np.float32)}
        stream = DataStream(IndexableDataset(data), iteration_scheme=SequentialScheme(4, 4))
        return images_of(noise(stream))[0]

    before, again = draws(), draws()
    monkeypatch.setattr(config, "default_seed", 77, raising=False)
    after = draws()

    np.testing.assert_array_equal(before, again)
    assert (before != after).all()


def test_batches_of_an_epoch_differ():
    drawn = images_of(noise(zeros()))[0].reshape(12, 16)

    assert len(np.unique(drawn)) == drawn.size


def test_two_equal_operations_of_a_chain_draw_differently():
    once = images_of(noise(zeros()))[0]
    twice = images_of(noise(noise(zeros())))[0]

    assert (twice - once != once).all()


def test_equal_operations_below_and_above_a_merge_draw_differently():
    pair = Merge((noise(zeros()), Rename(zeros(), {"images": "others"})), tuple("abcd"))
    pair = Rename(pair, {"a": "images"})

    (below,), (both,) = images_of(pair), images_of(noise(pair))

    assert (both - below != below).all()


def test_shards_together_draw_what_the_whole_draws():
    whole = epochs_of(streams.augmented(), [100])[0]

    parts = [epochs_of(streams.augmented().shard(index, 2), [100])[0] for index in range(2)]

    assert len(parts[0]) + len(parts[1]) == len(whole)
    for index, item in enumerate(whole):
        for one, other in zip(item, parts[index % 2][index // 2], strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["flip", "rotation", "gaussian"])
def test_examples_of_unpacked_batches_go_on_with_draws_of_their_own(name):
    def make():
        return streams.OPERATIONS[name](Unpack(batches(np.full((9, 1, 6, 6), 100, np.uint8))))

    check_resumable(make, epochs=2, abandon=[3])
    if name == "gaussian":
        assert len({image.tobytes() for image, _ in epochs_of(make(), [9])[0]}) == 9


def test_what_stands_between_two_operations_does_not_change_their_draws():
    plain = images_of(noise(noise(zeros())))[0]
    between = images_of(noise(Cast(noise(zeros()), np.float32, which_sources=("images",))))[0]

    np.testing.assert_array_equal(plain, between)


def test_each_source_has_draws_of_its_own():
    data = {"one": np.zeros((6, 9), np.float32), "two": np.zeros((6, 9), np.float32)}
    stream = DataStream(IndexableDataset(data), iteration_scheme=SequentialScheme(6, 6))

    one, two = next(GaussianNoise(stream, 1.0).get_epoch_iterator())

    assert (one != two).all()


class Thrice(Transformer):
    """Gives each item of its child three times."""

    stateless = False

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)
        self.left = 0

    def get_data(self, request=None):
        if self.left == 0:
            self.item = next(self.child_epoch_iterator)
        self.left = (self.left or 3) - 1
        return self.item


@pytest.mark.parametrize("above", [lambda stream: stream, lambda stream: Cast(stream, "float32")])
def test_items_that_a_child_makes_of_one_draw_differently(above):
    drawn = images_of(noise(above(Thrice(zeros(4)))))[0]

    assert drawn.size == 3 * 4 * 16
    assert len(np.unique(drawn)) == drawn.size


def test_batches_made_of_single_examples_resume_with_the_same_draws():
    def make():
        return noise(Batch(examples(), ConstantScheme(4, num_examples=12)))

    check_resumable(make, epochs=2, abandon=[1])


def test_noise_is_normal_and_flips_are_even():
    drawn = images_of(noise(zeros(500)))[0]
    data = np.zeros((4000, 1, 1, 2), np.uint8)
    data[..., 1] = 1
    flipped = images_of(RandomFlip(batches(data, batch_size=100), which_sources=("images",)))[0]

    count = drawn.size
    assert abs(drawn.mean()) < 5 / count**0.5
    assert abs(drawn.var() - 1) < 5 * (2 / count) ** 0.5
    assert abs(flipped[:, 0, 0, 0].mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_windows_are_equally_likely_everywhere():
    data = np.broadcast_to(np.arange(25, dtype=np.uint8).reshape(1, 1, 5, 5), (5000, 1, 5, 5))
    stream = RandomFixedSizeCrop(batches(data, batch_size=500), (1, 1), which_sources=("images",))

    counts = np.bincount(images_of(stream)[0].ravel(), minlength=25)

    assert ((counts - 200) ** 2 / 200).sum() < 24 + 5 * (2 * 24) ** 0.5  # chi-square, 24 degrees


def test_a_given_generator_is_drawn_from_item_by_item():
    stream = noise(zeros(8), rng=np.random.default_rng(11))
    expected = np.random.default_rng(11).standard_normal((2, 4, 1, 4, 4)).astype(np.float32)

    np.testing.assert_array_equal(images_of(stream)[0], expected.reshape(8, 1, 4, 4))


@pytest.mark.parametrize("rng", [1, "seed", np.random])
def test_a_generator_must_be_one(rng):
    with pytest.raises(TypeError, match="is no random generator"):
        noise(zeros(), rng=rng)


def test_transforming_by_hand_goes_on_with_the_numbers():
    stream = MaskingNoise(zeros(), 0.5, which_sources=("images",))
    batch = np.ones((2, 1, 4, 4), np.float32)

    one, other = (stream.transform_source_batch(batch, "images") for _ in range(2))

    assert (one != other).any()
    assert (batch == 1).all()


def test_draws_are_a_hash_of_seed_operation_epoch_and_step_and_stay_what_they_are():
    wide = np.arange(250, dtype=np.uint8).reshape(1, 1, 1, 250).repeat(6, axis=0)
    stream = batches(wide, seed=9, batch_size=3)
    stream = RandomFixedSizeCrop(stream, (1, 200), which_sources=("images",))
    stream = RandomFixedSizeCrop(stream, (1, 1), which_sources=("images",))

    found = [item[0].ravel().tolist() for epoch in epochs_of(stream, [9, 9]) for item in epoch]

    def words(number, epoch, step):
        key = hashlib.sha256(f"RandomFixedSizeCrop:9:{number}".encode()).digest()[:16]
        bits = np.random.Philox(
            key=int.from_bytes(key, "little"), counter=[0, 0, step, epoch]
        ).random_raw(3)
        return [int(word) >> 32 for word in bits]

    expected = [
        [
            (one * 51 >> 32) + (other * 200 >> 32)
            for one, other in zip(words(0, epoch, step), words(1, epoch, step), strict=True)
        ]
        for epoch in range(2)
        for step in range(2)
    ]
    assert found == expected
    assert found == GOLDEN


GOLDEN = [[79, 202, 173], [35, 60, 93], [202, 101, 98], [151, 214, 99]]
