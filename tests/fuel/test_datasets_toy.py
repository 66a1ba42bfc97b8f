import numpy as np
import pytest

from fuel.config_parser import config
from fuel.datasets.toy import Spiral, SwissRoll
from fuel.schemes import ShuffledScheme
from fuel.streams import DataStream
from fuel.testing import check_resumable


def data_of(dataset):
    everything = dataset.get_data(None, slice(0, dataset.num_examples))
    return dict(zip(dataset.sources, everything, strict=True))


def test_the_points_of_a_spiral_are_on_its_arms():
    data = data_of(Spiral(num_examples=500, classes=3, cycles=2.0))

    t, k = data["position"], data["label"]
    x, y = data["features"].T.astype(float)
    np.testing.assert_allclose(np.hypot(x, y), (2 * t + 1) / 3, rtol=1e-5)
    turned = np.exp(1j * (2 * np.pi * (t + k / 3)))
    np.testing.assert_allclose((y + 1j * x) / np.hypot(x, y), turned, atol=1e-5)
    assert set(k.tolist()) == {0, 1, 2}
    assert (t.min() >= 0, t.max() < 2, t.max() > 1.9) == (True, True, True)


def test_a_spiral_has_three_sources_of_fuels_types():
    data = data_of(Spiral())

    assert [(name, array.shape) for name, array in data.items()] == [
        ("features", (1000, 2)),
        ("position", (1000,)),
        ("label", (1000,)),
    ]
    assert (data["features"].dtype, data["position"].dtype) == (np.float32, np.float64)
    assert data["label"].dtype.kind == "i"
    assert np.abs(data["features"]).max() <= 1
    assert set(data["label"].tolist()) == {0}


def test_the_points_of_a_swiss_roll_are_on_the_roll():
    data = data_of(SwissRoll(num_examples=500))

    t, height = data["position"].T.astype(float)
    x, y, z = data["features"].T.astype(float)
    np.testing.assert_allclose(np.hypot(x, y), (1 + 2 * t) / 3, rtol=1e-5)
    turned = np.exp(1.5j * np.pi * (1 + 2 * t))
    np.testing.assert_allclose((x + 1j * y) / np.hypot(x, y), turned, atol=1e-5)
    np.testing.assert_array_equal(z, height)
    assert (z.min() < -0.95, z.max() > 0.95) == (True, True)
    assert data["features"].dtype == data["position"].dtype == np.float32


@pytest.mark.parametrize("dataset", [Spiral, SwissRoll])
def test_noise_has_the_standard_deviation_that_was_asked_for(dataset):
    clean, noisy = (data_of(dataset(20_000, noise=noise)) for noise in (0.0, 0.3))

    difference = noisy["features"] - clean["features"]
    np.testing.assert_allclose(difference.std(axis=0), 0.3, rtol=0.03)
    np.testing.assert_allclose(difference.mean(axis=0), 0, atol=0.01)
    np.testing.assert_array_equal(noisy["position"], clean["position"])


@pytest.mark.parametrize("dataset", [Spiral, SwissRoll])
def test_the_seed_decides_and_the_configuration_gives_it_otherwise(dataset, monkeypatch):
    one, again, other = (data_of(dataset(10, seed=seed)) for seed in (1, 1, 2))
    by_default = data_of(dataset(10))
    monkeypatch.setenv("FUEL_DEFAULT_SEED", "2")

    np.testing.assert_array_equal(one["features"], again["features"])
    np.testing.assert_array_equal(one["features"], by_default["features"])
    np.testing.assert_array_equal(other["features"], data_of(dataset(10))["features"])
    assert not np.array_equal(one["features"], other["features"])
    assert config.default_seed == 2


def test_a_seed_draws_position_and_label_in_fuels_order():
    rng = np.random.RandomState(7)
    position, label = rng.uniform(0, 1.5, 20), rng.randint(0, 4, 20)

    data = data_of(Spiral(20, classes=4, cycles=1.5, seed=7))

    np.testing.assert_array_equal(data["position"], position)
    np.testing.assert_array_equal(data["label"], label)


def test_sources_may_be_chosen_and_are_attributes():
    dataset = Spiral(5, sources=("label", "features"))

    assert dataset.sources == ("label", "features")
    assert dataset.label.shape == (5,)
    assert SwissRoll(5, start=1, stop=3).num_examples == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Spiral(-1), "num_examples=-1 must be at least 0"),
        (lambda: Spiral(classes=0), "classes=0 must be at least 1"),
        (lambda: Spiral(cycles=-1), "cycles=-1 must be at least 0"),
        (lambda: SwissRoll(noise=-0.5), "noise=-0.5 must be at least 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dataset", [Spiral, SwissRoll])
def test_their_streams_are_resumable(dataset):
    check_resumable(lambda: DataStream(dataset(7), iteration_scheme=ShuffledScheme(7, 3)), epochs=2)


@pytest.mark.parametrize(("dataset", "shape"), [(Spiral(20), (20,)), (SwissRoll(20), (20, 2))])
def test_every_source_is_an_attribute(dataset, shape):
    everything = dataset.get_data(None, slice(0, 20))

    assert dataset.position.shape == shape
    for source, values in zip(dataset.sources, everything, strict=True):
        np.testing.assert_array_equal(getattr(dataset, source), values)
