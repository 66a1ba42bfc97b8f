import json
from itertools import chain, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuel import config
from fuel.schemes import (
    BatchScheme,
    ConcatenatedScheme,
    ConstantScheme,
    IterationScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
    cross_validation,
)

# Orders that Fuel 0.2.0 gave, with its default seed 1
FUEL_EPOCHS_OF_10 = [
    [2, 9, 6, 4, 0, 3, 1, 7, 8, 5],
    [9, 5, 3, 0, 8, 4, 2, 1, 6, 7],
    [8, 3, 5, 9, 0, 6, 1, 7, 4, 2],
]
FUEL_EPOCH_OF_8 = [7, 2, 1, 6, 0, 4, 3, 5]


def epoch(scheme):
    return list(scheme.get_request_iterator())


def test_sequential_batches_come_in_order_and_the_last_may_be_short():
    assert epoch(SequentialScheme(8, 3)) == [[0, 1, 2], [3, 4, 5], [6, 7]]


def test_sequential_batches_of_given_indices_keep_their_order():
    assert epoch(SequentialScheme([4, 2, 9], 2)) == [[4, 2], [9]]


def test_sequential_examples_come_one_by_one():
    assert epoch(SequentialExampleScheme(range(7, 3, -1))) == [7, 6, 5, 4]


def test_requests_are_lists_of_python_integers_even_for_an_array_of_indices():
    (request,) = epoch(SequentialScheme(np.array([3, 1]), 2))

    assert type(request) is list
    assert [type(index) for index in request] == [int, int]


def test_a_generator_of_indices_lasts_for_more_than_one_epoch():
    scheme = SequentialScheme((i for i in (5, 6, 7)), 2)

    assert [epoch(scheme), epoch(scheme)] == [[[5, 6], [7]]] * 2


@pytest.mark.parametrize("number", [0, 1, 2])
def test_example_orders_of_the_default_seed_are_those_of_fuel(number):
    scheme = ShuffledExampleScheme(10)

    epochs = [epoch(scheme) for _ in range(3)]

    assert epochs[number] == FUEL_EPOCHS_OF_10[number]


def test_batch_orders_of_the_default_seed_are_those_of_fuel():
    assert list(chain.from_iterable(epoch(ShuffledScheme(8, 3)))) == FUEL_EPOCH_OF_8


def test_a_generator_passed_as_rng_shuffles_as_numpy_shuffles_a_list():
    scheme = ShuffledScheme([5, 8, 13, 21], 4, rng=np.random.RandomState(7))
    rng = np.random.RandomState(7)

    for _ in range(3):
        expected = [5, 8, 13, 21]
        rng.shuffle(expected)
        assert epoch(scheme) == [expected]


def test_two_default_schemes_give_the_same_orders():
    one, other = ShuffledScheme(20, 6), ShuffledScheme(20, 6)

    assert [epoch(one) for _ in range(3)] == [epoch(other) for _ in range(3)]


def test_the_default_seed_is_read_when_a_scheme_is_made(monkeypatch):
    before = ShuffledExampleScheme(10)

    monkeypatch.setattr(config, "default_seed", 7)

    assert epoch(before) == FUEL_EPOCHS_OF_10[0]
    assert epoch(ShuffledExampleScheme(10)) != FUEL_EPOCHS_OF_10[0]


def test_each_epoch_shuffles_a_fresh_copy_of_the_given_order():
    class Reversing(np.random.RandomState):
        def shuffle(self, order):
            order[:] = order[::-1].copy()

    scheme = ShuffledExampleScheme([3, 1, 2], rng=Reversing())

    assert [epoch(scheme) for _ in range(2)] == [[2, 1, 3], [2, 1, 3]]


def test_sorted_indices_sorts_within_each_batch():
    plain, in_order = ShuffledScheme(20, 6, seed=3), ShuffledScheme(20, 6, None, True, seed=3)

    assert epoch(in_order) == [sorted(batch) for batch in epoch(plain)]


@given(st.integers(0, 60), st.integers(0, 2**64), st.integers(0, 4))
def test_a_seeded_epoch_has_every_example_once(examples, seed, skipped):
    scheme = ShuffledExampleScheme(examples, seed=seed)
    for _ in range(skipped):
        scheme.get_request_iterator()

    assert sorted(scheme.get_request_iterator()) == list(range(examples))


def test_a_seeded_order_depends_on_seed_and_epoch_and_on_neither_sum():
    orders = set()
    for seed in range(6):
        scheme = ShuffledExampleScheme(50, seed=seed)
        orders.update(tuple(epoch(scheme)) for _ in range(6))

    assert len(orders) == 36


def test_seeded_orders_have_no_correlation_of_neighbours_or_ranks():
    examples, orders = 1000, 40
    scheme = ShuffledExampleScheme(examples, seed=0)

    drawn = np.array([epoch(scheme) for _ in range(orders)])

    ranks = np.corrcoef(drawn.ravel(), np.tile(np.arange(examples), orders))[0, 1]
    neighbours = np.corrcoef(drawn[:, 1:].ravel(), drawn[:, :-1].ravel())[0, 1]
    assert abs(ranks) * np.sqrt(examples * orders) < 4
    assert abs(neighbours) * np.sqrt(examples * orders) < 4


def test_seeded_orders_are_the_same_in_every_release():
    scheme = ShuffledExampleScheme(10, seed=1)

    assert [epoch(scheme) for _ in range(2)] == [
        [7, 2, 6, 4, 9, 8, 3, 0, 5, 1],
        [0, 8, 7, 5, 4, 3, 1, 9, 2, 6],
    ]


SCHEMES = {
    "sequential": lambda: SequentialScheme(11, 3),
    "sequential examples": lambda: SequentialExampleScheme([3, 1, 4]),
    "shuffled": lambda: ShuffledScheme(11, 3),
    "shuffled by rng": lambda: ShuffledScheme(11, 3, rng=np.random.RandomState(5)),
    "shuffled by generator": lambda: ShuffledScheme(11, 3, rng=np.random.default_rng(5)),
    "seeded": lambda: ShuffledScheme(11, 3, seed=5),
    "shuffled examples": lambda: ShuffledExampleScheme(6),
    "seeded examples": lambda: ShuffledExampleScheme(6, seed=2),
    "constant": lambda: ConstantScheme(3, times=4),
    "constant sum": lambda: ConstantScheme(3, num_examples=10),
    "concatenated": lambda: ConcatenatedScheme(
        [ShuffledScheme(5, 2), ShuffledScheme(7, 2, seed=1)]
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_the_state_of_a_scheme_gives_the_epochs_that_followed(name):
    scheme = SCHEMES[name]()
    for _ in range(4):
        state = json.loads(json.dumps(scheme.state_dict(), default=lambda array: array.tolist()))
        expected = epoch(scheme)
        other = SCHEMES[name]()
        other.load_state_dict(state)
        assert epoch(other) == expected


def test_the_state_of_a_seeded_scheme_is_the_number_of_epochs():
    scheme = ShuffledScheme(1000, 10, seed=5)
    epoch(scheme)

    assert scheme.state_dict() == {"epoch": 1}


def test_the_state_of_a_seeded_scheme_does_not_fit_an_unseeded_one():
    with pytest.raises(ValueError, match="seed="):
        ShuffledScheme(10, 2).load_state_dict(ShuffledScheme(10, 2, seed=1).state_dict())


class Coin(IterationScheme):
    """Heads or tails: a scheme of a user, with a generator and nothing else."""

    requests_examples = True

    def __init__(self):
        self.rng = np.random.default_rng(1)

    def get_request_iterator(self):
        return iter(self.rng.integers(0, 2, 20).tolist())


def test_the_generator_of_a_users_scheme_is_part_of_its_state():
    scheme = Coin()
    epoch(scheme)
    state = scheme.state_dict()
    other = Coin()

    other.load_state_dict(state)

    assert epoch(other) == epoch(scheme)


@pytest.mark.parametrize(
    ("arguments", "sizes"),
    [
        ({"times": 3}, [4, 4, 4]),
        ({"num_examples": 10}, [4, 4, 2]),
        ({"num_examples": 8}, [4, 4]),
        ({"times": 0}, []),
        ({"num_examples": 0}, []),
    ],
)
def test_a_constant_scheme_ends_at_its_limit(arguments, sizes):
    assert epoch(ConstantScheme(4, **arguments)) == sizes


def test_a_constant_scheme_without_limit_goes_on():
    assert list(islice(ConstantScheme(4).get_request_iterator(), 1000)) == [4] * 1000


@pytest.mark.parametrize(
    "arguments", [{"num_examples": 3, "times": 3}, {"times": -1}, {"num_examples": -1}]
)
def test_a_constant_scheme_refuses_limits_that_make_no_sense(arguments):
    with pytest.raises(ValueError, match=r"not both|zero or more"):
        ConstantScheme(4, **arguments)


@pytest.mark.parametrize("size", [0, -1])
@pytest.mark.parametrize("make", [ConstantScheme, lambda size: SequentialScheme(5, size)])
def test_a_batch_size_must_be_positive(make, size):
    with pytest.raises(ValueError, match=rf"batch_size={size} must be 1 or more"):
        make(size)


def test_indices_must_be_integers():
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        SequentialScheme([0.5, 1], 1)


def test_a_negative_number_of_examples_is_refused():
    with pytest.raises(ValueError, match="examples=-1"):
        SequentialScheme(-1, 1)


def test_rng_and_seed_exclude_each_other():
    with pytest.raises(ValueError, match="rng or seed"):
        ShuffledScheme(5, 2, rng=np.random.RandomState(1), seed=1)


def test_concatenated_schemes_follow_each_other():
    scheme = ConcatenatedScheme([SequentialScheme(3, 2), SequentialScheme([9, 8], 3)])

    assert epoch(scheme) == [[0, 1], [2], [9, 8]]
    assert not scheme.requests_examples


@pytest.mark.parametrize("schemes", [[], [SequentialScheme(3, 2), SequentialExampleScheme(3)]])
def test_concatenated_schemes_must_be_of_one_kind(schemes):
    with pytest.raises(ValueError, match="all of examples or all of batches"):
        ConcatenatedScheme(schemes)


def test_the_folds_of_a_cross_validation_split_the_examples():
    folds = list(cross_validation(SequentialExampleScheme, 6, 3))

    assert [(epoch(train), epoch(valid)) for train, valid in folds] == [
        ([2, 3, 4, 5], [0, 1]),
        ([0, 1, 4, 5], [2, 3]),
        ([0, 1, 2, 3], [4, 5]),
    ]


def test_a_cross_validation_passes_arguments_on_and_gives_sizes_if_not_strict():
    folds = list(cross_validation(SequentialScheme, 5, 2, strict=False, batch_size=2))

    assert [epoch(valid) for _, valid, _ in folds] == [[[0, 1]], [[2, 3], [4]]]
    assert [size for _, _, size in folds] == [2, 3]


def test_a_strict_cross_validation_needs_equal_folds():
    folds = cross_validation(SequentialExampleScheme, 5, 2)

    with pytest.raises(ValueError, match="strict=False"):
        next(folds)


@pytest.mark.parametrize(
    ("scheme", "examples"),
    [
        (SequentialScheme(3, 1), False),
        (ShuffledScheme(3, 1), False),
        (ConstantScheme(3), False),
        (SequentialExampleScheme(3), True),
        (ShuffledExampleScheme(3), True),
    ],
)
def test_a_scheme_says_whether_it_requests_examples(scheme, examples):
    assert scheme.requests_examples is examples


def test_schemes_over_other_indices_have_other_fingerprints():
    schemes = [SequentialScheme([0, 2], 1), SequentialScheme([0, 3], 1), SequentialScheme(2, 1)]

    assert len({scheme.fingerprint() for scheme in schemes}) == 3


def test_the_indices_of_a_batch_scheme_are_public():
    class Own(BatchScheme):
        def get_request_iterator(self):
            return iter([list(self.indices)])

    assert epoch(Own([3, 4], 2)) == [[3, 4]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"rng": 3}, "rng=3 .* give seed="), ({"seed": 1.5}, "integer"), ({"seed": "1"}, "integer")],
)
def test_rng_is_a_generator_and_seed_an_integer(arguments, message):
    with pytest.raises(TypeError, match=message):
        ShuffledScheme(10, 2, **arguments)


def test_a_cross_validation_needs_a_fold():
    with pytest.raises(ValueError, match="num_folds=0"):
        next(cross_validation(SequentialExampleScheme, 10, 0))


def test_a_data_set_in_place_of_a_number_of_examples_is_refused_and_the_cure_is_said():
    with pytest.raises(TypeError, match=r"must be a number of examples, such as dataset\.num"):
        ShuffledScheme(object(), 2)


@pytest.mark.parametrize("size", ["4", 2.5], ids=str)
def test_a_batch_size_that_is_no_whole_number_is_refused_by_name(size):
    with pytest.raises(TypeError, match=rf"batch_size={size!r} must be a whole number"):
        ShuffledScheme(20, size)
