import numpy as np
import pytest

from fuel import config
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.exceptions import StateMismatchError
from fuel.schemes import SequentialScheme
from fuel.streams import DataStream
from fuel.transformers import Mapping, Merge, Mixture, Transformer

ENGLISH = ["one", "two", "three"]
FRENCH = ["un", "deux", "trois", "quatre"]


def examples(values, source="x", labels=None):
    return DataStream(IterableDataset({source: values}, axis_labels=labels))


def batches(values, size=2):
    dataset = IndexableDataset({"x": np.array(values)}, axis_labels={"x": ("batch",)})
    return DataStream(dataset, SequentialScheme(len(values), size))


def epoch(stream):
    return [item[0] for item in stream.get_epoch_iterator()]


def test_merged_streams_come_side_by_side_until_the_shortest_ends():
    stream = Merge((examples(ENGLISH), examples(FRENCH)), ("english", "french"))

    for _ in range(2):
        assert list(stream.get_epoch_iterator()) == [
            ("one", "un"),
            ("two", "deux"),
            ("three", "trois"),
        ]
    assert stream.sources == ("english", "french")
    assert stream.produces_examples
    assert next(stream.get_epoch_iterator(as_dict=True)) == {"english": "one", "french": "un"}


def test_merged_streams_may_have_several_sources_and_are_renamed():
    both = DataStream(IterableDataset({"a": [1], "b": [2]}, axis_labels={"a": ("time",)}))
    stream = Merge((both, examples([3], labels={"x": ("feature",)})), ("p", "q", "r"))

    assert list(stream.get_epoch_iterator()) == [(1, 2, 3)]
    assert stream.axis_labels == {"p": ("time",), "q": None, "r": ("feature",)}


def test_labels_of_a_merge_may_be_given_and_are_unknown_if_no_stream_has_any():
    given = {"a": ("time",), "b": None}

    assert Merge((examples([1]), examples([2])), ("a", "b"), given).axis_labels == given
    assert Merge((examples([1]), examples([2])), ("a", "b")).axis_labels is None


def test_streams_of_both_kinds_are_not_joined():
    with pytest.raises(ValueError, match=r"\['examples', 'batches'\]"):
        Merge((examples([1]), batches([1])), ("a", "b"))
    with pytest.raises(ValueError, match="one or more streams"):
        Merge((), ())


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", "b", "c"), "a"])
def test_every_source_of_a_merge_has_a_name_of_its_own(names):
    with pytest.raises(ValueError, match=r"one for each of \['x', 'x'\]"):
        Merge((examples([1]), examples([2])), names)


@pytest.mark.parametrize("make", [lambda s: Merge(s, ("a", "b")), Mixture])
def test_joined_streams_take_no_requests(make):
    stream = make((examples([1]), examples([2])))
    stream.get_epoch_iterator()

    with pytest.raises(ValueError, match="not the request 3"):
        stream.get_data(3)


def refuse_two(item):
    if item[0] == 2:
        raise ArithmeticError("two")
    return item


@pytest.mark.parametrize("order", [1, -1])
def test_after_a_stream_fails_what_is_merged_belongs_together_again_also_when_resumed(order):
    def make():
        failing = Mapping(examples([1, 2, 3, 4]), refuse_two)
        return Merge((failing, examples([1, 2, 3, 4]))[::order], ("a", "b"))

    stream = make()
    iterator = stream.get_epoch_iterator()
    assert next(iterator) == (1, 1)
    with pytest.raises(ArithmeticError):
        next(iterator)
    resumed = make()
    resumed.load_state_dict(stream.state_dict())

    assert list(iterator) == [(3, 3), (4, 4)]
    assert list(resumed.get_epoch_iterator()) == [(3, 3), (4, 4)]


class Steps(Transformer):
    """Adds the item's step to it."""

    uses_place = True

    def __init__(self, data_stream):
        super().__init__(data_stream, data_stream.produces_examples)

    def apply(self, data, context):
        return (*data[:-1], data[-1] + 100 * context.place.step)


def test_an_item_of_joined_streams_has_a_step_of_its_own():
    merged = Merge((examples([1, 2, 3]), examples([4, 5, 6])), ("a", "b"))
    mixed = Mixture((examples([1, 2, 3]), examples([1, 2, 3])), seed=3)

    assert list(Steps(merged).get_epoch_iterator()) == [(1, 4), (2, 105), (3, 206)]
    steps = [x // 100 for (x,) in Steps(mixed).get_epoch_iterator()]
    assert steps == list(range(len(steps)))


def mixture(weights=(3, 1), seed=0, **kwargs):
    return Mixture((batches([1] * 5000, 1), batches([2] * 5000, 1)), weights, seed=seed, **kwargs)


def test_streams_are_chosen_as_often_as_their_weights_say():
    stream = mixture(items=4000)

    count = sum(int(x[0] == 1) for x in epoch(stream))

    deviation = np.sqrt(4000 * 0.75 * 0.25)
    assert abs(count - 3000) < 4 * deviation


def test_the_choice_at_a_step_is_a_function_of_seed_epoch_and_step():
    stream = mixture(items=1500)
    epochs = [[int(x[0]) - 1 for x in epoch(stream)] for _ in range(2)]

    other = mixture(items=1500)
    later = [other.choice(1, step) for step in reversed(range(1500))][::-1]
    assert later == epochs[1]
    assert epochs[0] != epochs[1]
    other = mixture(seed=1)
    assert [other.choice(0, step) for step in range(1500)] != epochs[0]


def test_neighbouring_seeds_epochs_and_steps_choose_independently():
    choices = np.array(
        [
            [stream.choice(number, step) for step in range(2000)]
            for stream in (mixture((1, 1), 0), mixture((1, 1), 1))
            for number in (0, 1)
        ]
    )

    pairs = [(choices[i], choices[j]) for i in range(4) for j in range(i)]
    pairs += [(row[1:], row[:-1]) for row in choices]
    for one, other in pairs:
        agreeing = np.count_nonzero(one == other)
        assert abs(agreeing - len(one) / 2) < 4 * np.sqrt(len(one) / 4)


def test_each_stream_of_a_mixture_keeps_its_order():
    stream = Mixture((examples(list(range(50))), examples(list(range(100, 150)))), seed=1)

    found = epoch(stream)

    assert [x for x in found if x < 100] == list(range(sum(x < 100 for x in found)))
    assert [x - 100 for x in found if x >= 100] == list(range(sum(x >= 100 for x in found)))


def test_an_epoch_of_a_mixture_ends_when_a_chosen_stream_has_ended():
    stream = Mixture((examples([1] * 10), examples([2] * 1000)), (1, 2), seed=5)

    for number in range(3):
        found = epoch(stream)
        assert found.count(1) == 10
        assert stream.choice(number, len(found)) == 0


def test_streams_of_a_mixture_may_go_round_and_go_on_in_the_next_epoch():
    stream = Mixture((examples([1, 2, 3]), examples([4])), seed=2, go_round=True, items=20)

    found = epoch(stream) + epoch(stream)

    assert len(found) == 40
    own = [x for x in found if x < 4]
    assert own == ([1, 2, 3] * 40)[: len(own)]


def test_a_mixture_has_the_labels_that_its_streams_agree_on():
    def labelled(**labels):
        return DataStream(IterableDataset({"a": [1], "b": [2]}, axis_labels=labels))

    same = Mixture((labelled(a=("time",), b=("x",)), labelled(a=("time",), b=("y",))))

    assert same.axis_labels == {"a": ("time",), "b": None}
    assert Mixture((examples([1]), examples([1]))).axis_labels is None


def test_an_empty_stream_cannot_go_round():
    stream = Mixture((examples([]), examples([])), go_round=True)

    with pytest.raises(ValueError, match="is empty, so it cannot go round"):
        next(stream.get_epoch_iterator())


@pytest.mark.parametrize("weights", [(1,), (1, 0), (1, -1), (1, float("inf")), (1, float("nan"))])
def test_weights_are_positive_numbers_one_for_each_stream(weights):
    with pytest.raises(ValueError, match="must be 2 positive numbers"):
        Mixture((examples([1]), examples([2])), weights)


def test_only_streams_of_the_same_sources_are_mixed():
    with pytest.raises(ValueError, match=r"\('x',\), \('y',\)"):
        Mixture((examples([1]), examples([2], "y")))


def test_an_epoch_cannot_have_less_than_no_items():
    with pytest.raises(ValueError, match="items=-1"):
        Mixture((examples([1]),), items=-1)


def test_the_seed_of_a_mixture_is_the_configured_one_by_default():
    assert Mixture((examples([1]),)).seed == config.default_seed


def test_a_place_in_another_mixture_is_refused():
    with pytest.raises(StateMismatchError, match=r"weights=\(3.0, 1.0\)"):
        mixture((1, 1)).load_state_dict(mixture((3, 1)).state_dict())


def test_closing_and_resetting_reach_all_streams():
    done = []

    class Told(IndexableDataset):
        def close(self, state):
            done.append("close")

        def reset(self, state):
            done.append("reset")

    streams = [DataStream(Told([1]), SequentialScheme(1, 1)) for _ in range(2)]
    merged = Merge(streams, ("a", "b"))
    merged.reset()
    merged.close()

    assert done == ["reset", "reset", "close", "close"]
