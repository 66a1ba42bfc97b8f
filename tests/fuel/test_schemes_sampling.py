import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuel import config
from fuel.datasets import IndexableDataset
from fuel.schemes import (
    BalancedExampleScheme,
    BalancedScheme,
    ChunkShuffledExampleScheme,
    ChunkShuffledScheme,
    SampledExampleScheme,
    SampledScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledScheme,
    bootstrap,
    cross_validation,
)
from fuel.streams import DataStream
from fuel.testing import check_resumable

LABELS = np.array([0] * 20 + [1] * 5 + [2] * 3)


def drawn(scheme):
    """All indices of the next epoch."""
    return list(itertools.chain.from_iterable(scheme.get_request_iterator()))


def deviation(counts, expected):
    """The chi-square of counts, less its mean, in units of its deviation."""
    expected = np.asarray(expected)
    chi_square = np.sum((counts - expected) ** 2 / expected)
    freedom = len(expected) - 1
    return (chi_square - freedom) / np.sqrt(2 * freedom)


@given(
    weights=st.lists(st.integers(1, 9), min_size=2, max_size=8),
    seed=st.integers(0, 2**64),
    scale=st.sampled_from([1e-300, 1.0, 1e300]),
)
@settings(deadline=None, derandomize=True)
def test_examples_are_drawn_in_proportion_to_their_weights(weights, seed, scale):
    draws = 20_000
    scheme = SampledScheme(
        len(weights),
        1000,
        weights=np.array(weights) * scale,
        seed=seed,
        examples_per_epoch=draws,
    )

    counts = np.bincount(drawn(scheme), minlength=len(weights))

    assert deviation(counts, draws * np.array(weights) / sum(weights)) < 6


def test_without_weights_all_examples_are_drawn_alike():
    counts = np.bincount(drawn(SampledScheme(50, 32, seed=3, examples_per_epoch=100_000)))

    assert abs(deviation(counts, np.full(50, 2000.0))) < 4


def test_draws_are_independent_so_an_epoch_repeats_and_misses_examples():
    examples = 10_000

    different = len(set(drawn(SampledScheme(examples, 100, seed=1))))

    assert different / examples == pytest.approx(1 - np.exp(-1), abs=0.02)


def test_an_example_of_weight_zero_is_never_drawn():
    weights = [0, 1, 0, 2, 0]

    indices = drawn(SampledScheme(5, 10, weights=weights, seed=2, examples_per_epoch=5000))

    assert set(indices) == {1, 3}


def test_given_indices_are_drawn_by_their_own_weights():
    scheme = SampledScheme([7, 30, 2], 4, weights=[1, 0, 1], seed=1, examples_per_epoch=100)

    assert set(drawn(scheme)) == {7, 2}


def test_requests_are_batches_of_python_integers_and_the_last_may_be_short():
    scheme = SampledScheme(9, 4, seed=5, examples_per_epoch=10)

    requests = list(scheme.get_request_iterator())

    assert [len(request) for request in requests] == [4, 4, 2]
    assert {type(index) for request in requests for index in request} == {int}
    assert not scheme.requests_examples


def test_drop_last_leaves_a_short_batch_of_draws_out():
    scheme = SampledScheme(9, 4, seed=5, examples_per_epoch=10, drop_last=True)

    assert [len(request) for request in scheme.get_request_iterator()] == [4, 4]


def test_draws_go_on_alike_over_blocks_and_are_skipped_without_being_made():
    scheme = SampledScheme(1000, 64, seed=5, examples_per_epoch=10**12)
    requests = scheme.get_request_iterator()

    requests.skip(10**9)

    assert len(next(requests)) == 64


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"shape \(2,\), but 3 examples"),
        ([[1], [2], [3]], r"shape \(3, 1\)"),
        ([1, -1, 1], "-1.0 to 1.0"),
        ([0, 0, 0], "not all zero"),
        ([1, np.nan, 1], "finite"),
        ([1, np.inf, 1], "finite"),
    ],
)
def test_weights_are_one_sensible_number_an_example(weights, message):
    with pytest.raises(ValueError, match=message):
        SampledScheme(3, 2, weights=weights)


@pytest.mark.parametrize(
    "make", [lambda: SampledScheme(0, 2), lambda: SampledScheme(3, 2, examples_per_epoch=0)]
)
def test_there_must_be_something_to_draw_and_how_often(make):
    with pytest.raises(ValueError, match="examples_per_epoch=0"):
        make()


EXAMPLES = {
    "sampled": lambda seed: (
        SampledScheme(9, 4, weights=range(9), seed=seed, examples_per_epoch=30),
        SampledExampleScheme(9, weights=range(9), seed=seed, examples_per_epoch=30),
    ),
    "sampled of given indices": lambda seed: (
        SampledScheme([7, 2, 5], 4, seed=seed),
        SampledExampleScheme([7, 2, 5], seed=seed),
    ),
    "balanced": lambda seed: (
        BalancedScheme(LABELS, 4, seed=seed, examples_per_epoch=50),
        BalancedExampleScheme(LABELS, seed=seed, examples_per_epoch=50),
    ),
    "by chunks": lambda seed: (
        ChunkShuffledScheme(31, 4, chunk_size=3, chunks_in_pool=2, offset=5, seed=seed),
        ChunkShuffledExampleScheme(31, chunk_size=3, chunks_in_pool=2, offset=5, seed=seed),
    ),
}


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("seed", [1, 7])
def test_single_examples_come_in_the_order_of_the_batches(kind, seed):
    batches, examples = EXAMPLES[kind](seed)

    for _ in range(3):
        singles = list(examples.get_request_iterator())
        assert singles == drawn(batches)
        assert {type(index) for index in singles} == {int}
    assert examples.requests_examples


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_place_among_single_examples_fits_the_same_scheme_only(kind):
    (batches, examples), (_, others) = EXAMPLES[kind](1), EXAMPLES[kind](2)

    assert len({scheme.fingerprint() for scheme in (batches, examples, others)}) == 3
    assert examples.fingerprint() == EXAMPLES[kind](1)[1].fingerprint()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: SampledExampleScheme(3, weights=[1]), ValueError, r"shape \(1,\), but 3"),
        (lambda: SampledExampleScheme(0), ValueError, "examples_per_epoch=0"),
        (lambda: BalancedExampleScheme([]), ValueError, "one or more examples"),
        (lambda: ChunkShuffledExampleScheme([2], chunk_size=1), TypeError, "offset="),
        (lambda: ChunkShuffledExampleScheme(2, chunk_size=0), ValueError, "chunk_size=0"),
    ],
)
def test_single_examples_are_asked_for_as_sensibly_as_batches(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_every_batch_is_balanced_if_the_classes_divide_it():
    for batch in BalancedScheme(LABELS, 6, seed=1, examples_per_epoch=60).get_request_iterator():
        assert np.bincount(LABELS[batch]).tolist() == [2, 2, 2]


@given(
    labels=st.lists(st.integers(0, 4), min_size=1, max_size=60),
    batch_size=st.integers(1, 20),
    length=st.integers(1, 150),
    seed=st.integers(0, 2**40),
)
@settings(deadline=None)
def test_classes_and_the_examples_of_a_class_come_equally_often(labels, batch_size, length, seed):
    scheme = BalancedScheme(labels, batch_size, seed=seed, examples_per_epoch=length)
    labels = np.array(labels)

    batches = list(scheme.get_request_iterator())

    indices = list(itertools.chain.from_iterable(batches))
    assert len(indices) == length
    for batch in batches:
        counts = [np.count_nonzero(labels[batch] == label) for label in set(labels)]
        assert max(counts) - min(counts) <= 2
    for label in set(labels):
        counts = np.bincount(indices, minlength=len(labels))[labels == label]
        assert max(counts) - min(counts) <= 1


def test_labels_may_be_words_or_a_column():
    words = BalancedScheme(["b", "a", "b", "b"], 2, seed=1)
    column = BalancedScheme([[1], [0], [1], [1]], 2, seed=1)

    assert drawn(words) == drawn(column)


@pytest.mark.parametrize("labels", [[], np.eye(3), np.zeros((2, 3, 1))])
def test_there_is_one_label_an_example(labels):
    with pytest.raises(ValueError, match=r"labels have shape .* one label for each"):
        BalancedScheme(labels, 2)


SCHEMES = {
    "sampled": lambda seed: SampledScheme(28, 5, seed=seed),
    "weighted": lambda seed: SampledScheme(28, 5, weights=LABELS + 1, seed=seed),
    "balanced": lambda seed: BalancedScheme(LABELS, 5, seed=seed),
    "balanced, short": lambda seed: BalancedScheme(
        LABELS, 5, seed=seed, examples_per_epoch=13, drop_last=True
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_streams_of_samples_resume_at_every_point(name):
    dataset = IndexableDataset({"label": LABELS})

    check_resumable(lambda: DataStream(dataset, SCHEMES[name](3)), abandon=[2])


@pytest.mark.parametrize("name", SCHEMES)
def test_samples_depend_on_seed_and_epoch_alone(name):
    epochs = set()
    for seed in range(5):
        scheme, again = SCHEMES[name](seed), SCHEMES[name](seed)
        for _ in range(5):
            epoch = tuple(drawn(scheme))
            assert epoch == tuple(drawn(again))
            epochs.add(epoch)

    assert len(epochs) == 25


@pytest.mark.parametrize("name", SCHEMES)
def test_the_state_of_a_sampling_scheme_is_the_number_of_epochs(name):
    scheme = SCHEMES[name](1)
    drawn(scheme)

    assert json.dumps(scheme.state_dict()) == '{"epoch": 1}'


@pytest.mark.parametrize("name", SCHEMES)
def test_the_seed_of_samples_is_the_configured_one_when_they_are_made(name, monkeypatch):
    scheme = SCHEMES[name](None)
    expected = drawn(SCHEMES[name](config.default_seed))

    monkeypatch.setattr(config, "default_seed", 77)

    assert drawn(scheme) == expected
    assert SCHEMES[name](None).seed == 77


def test_schemes_that_draw_otherwise_have_other_fingerprints():
    schemes = [
        SampledScheme(28, 5, seed=1),
        SampledScheme(28, 5, seed=2),
        SampledScheme(28, 5, seed=1, examples_per_epoch=27),
        SampledScheme(28, 5, seed=1, weights=LABELS + 1),
        SampledScheme(28, 5, seed=1, weights=LABELS + 2),
        BalancedScheme(LABELS, 5, seed=1),
        BalancedScheme(LABELS[::-1], 5, seed=1),
        BalancedScheme(LABELS, 5, seed=1, drop_last=True),
    ]

    assert len({scheme.fingerprint() for scheme in schemes}) == len(schemes)


@given(
    examples=st.integers(1, 60),
    folds=st.integers(1, 7),
    seed=st.integers(0, 99),
    by_class=st.booleans(),
)
@settings(deadline=None)
def test_random_folds_split_the_examples_into_parts_of_equal_size(examples, folds, seed, by_class):
    labels = np.arange(examples) % 3 if by_class else None
    pairs = list(
        cross_validation(
            SequentialExampleScheme,
            examples,
            folds,
            strict=False,
            fold_seed=seed,
            fold_labels=labels,
        )
    )

    parts = [list(valid.get_request_iterator()) for _, valid, _ in pairs]
    assert sorted(itertools.chain.from_iterable(parts)) == list(range(examples))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    for (train, _, size), part in zip(pairs, parts, strict=True):
        assert size == len(part)
        assert sorted([*train.get_request_iterator(), *part]) == list(range(examples))
    if by_class:
        counts = np.array([np.bincount(labels[part], minlength=3) for part in parts if part])
        if len(counts) == folds:
            assert (np.ptp(counts, axis=0) <= 1).all()


def test_folds_by_class_have_as_many_of_each_without_a_seed_too():
    pairs = cross_validation(SequentialExampleScheme, 28, 4, fold_labels=LABELS[:, None])

    counts = [np.bincount(LABELS[list(valid.get_request_iterator())]) for _, valid in pairs]

    assert [list(count[:2]) for count in counts] == [[5, 2], [5, 1], [5, 1], [5, 1]]


def test_folds_of_another_seed_are_others_and_of_the_same_the_same():
    def folds(seed):
        pairs = cross_validation(SequentialExampleScheme, 30, 3, fold_seed=seed)
        return tuple(tuple(valid.get_request_iterator()) for _, valid in pairs)

    assert folds(1) == folds(1)
    assert len({folds(seed) for seed in range(10)}) == 10


def test_there_is_one_label_an_example_to_make_folds_by():
    with pytest.raises(ValueError, match="5 fold_labels were given for 6 examples"):
        next(cross_validation(SequentialExampleScheme, 6, 3, fold_labels=[1, 1, 2, 2, 2]))


@given(examples=st.integers(1, 80), seed=st.integers(0, 2**40))
@settings(deadline=None)
def test_a_bootstrap_sample_is_as_large_as_the_data_and_leaves_the_rest(examples, seed):
    for train, rest in bootstrap(SequentialExampleScheme, examples, 2, sample_seed=seed):
        sample, others = list(train.get_request_iterator()), list(rest.get_request_iterator())

        assert len(sample) == examples
        assert set(sample).isdisjoint(others)
        assert set(sample) | set(others) == set(range(examples))


def test_a_bootstrap_leaves_a_part_of_one_by_e_out_and_draws_all_alike():
    examples = 20_000
    ((train, rest),) = bootstrap(SequentialScheme, examples, 1, sample_seed=4, batch_size=64)

    left_out = len(drawn(rest)) / examples
    times = np.bincount(np.bincount(drawn(train), minlength=examples), minlength=5)[:5]

    assert left_out == pytest.approx(np.exp(-1), abs=0.015)
    assert times / examples == pytest.approx(np.exp(-1) / np.array([1, 1, 2, 6, 24]), abs=0.015)


def test_bootstrap_samples_differ_and_are_the_same_however_many_there_are():
    def samples(count):
        pairs = bootstrap(SequentialExampleScheme, 30, count, sample_seed=9)
        return [tuple(train.get_request_iterator()) for train, _ in pairs]

    assert samples(5)[:2] == samples(2)
    assert len(set(samples(5))) == 5


def test_a_bootstrap_makes_any_scheme_with_its_arguments():
    ((train, rest),) = bootstrap(ShuffledScheme, 12, 1, sample_seed=1, batch_size=5, seed=3)

    assert (train.batch_size, train.seed, rest.batch_size) == (5, 3, 5)
    assert len(drawn(train)) == 12


@pytest.mark.parametrize(("examples", "samples"), [(0, 1), (3, 0)])
def test_a_bootstrap_needs_examples_and_samples(examples, samples):
    with pytest.raises(ValueError, match="must be 1 or more"):
        next(bootstrap(SequentialExampleScheme, examples, samples, sample_seed=1))
