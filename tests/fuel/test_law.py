"""The law of resuming, over a table of all schemes and all transformers there are."""

import inspect
import io
import pickle

import numpy as np
import pytest
from PIL import Image

import fuel.schemes
import fuel.transformers
import fuel.transformers.defaults
import fuel.transformers.image
from fuel.datasets import IndexableDataset, IterableDataset
from fuel.schemes import (
    BalancedExampleScheme,
    BalancedScheme,
    BatchScheme,
    BatchSizeScheme,
    BucketScheme,
    ChunkShuffledExampleScheme,
    ChunkShuffledScheme,
    ConcatenatedScheme,
    ConstantScheme,
    IndexScheme,
    IterationScheme,
    PackScheme,
    SampledExampleScheme,
    SampledScheme,
    SequentialExampleScheme,
    SequentialScheme,
    ShardedScheme,
    ShuffledExampleScheme,
    ShuffledScheme,
)
from fuel.streams import AbstractDataStream, DataStream
from fuel.testing import check_resumable
from fuel.transformers import (
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    Batch,
    BatchByLength,
    Cache,
    Cast,
    Filter,
    FilterSources,
    Flatten,
    ForceFloatX,
    GaussianNoise,
    Mapping,
    MaskingNoise,
    Merge,
    Mixture,
    MultiProcessing,
    NGrams,
    OneHot,
    Pack,
    Padding,
    Rename,
    SaltAndPepperNoise,
    ScaleAndShift,
    SegmentRows,
    Segments,
    SourcewiseMapping,
    SourcewiseTransformer,
    Transformer,
    Unpack,
    Window,
)
from fuel.transformers.defaults import ToBytes
from fuel.transformers.image import (
    ImagesFromBytes,
    MinimumImageDimensions,
    Random2DRotation,
    RandomErasing,
    RandomFixedSizeCrop,
    RandomFlip,
)

COUNT = 11
LENGTHS = [3, 5, 2, 7, 4, 1, 6, 3, 2, 5, 4]
SEQUENCES = [np.arange(length) + 10 * number for number, length in enumerate(LENGTHS)]
PIXELS = np.arange(COUNT * 3 * 5 * 6, dtype=np.uint8).reshape(COUNT, 3, 5, 6)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 0, 0, 1])
SHUFFLED = {"batch_size": 4, "seed": 3}


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "png")
    return np.frombuffer(file.getvalue(), np.uint8)


def stream_of(source, data, scheme=None, axes=None):
    labels = None if axes is None else {source: axes}
    dataset = IndexableDataset({source: data}, axis_labels=labels)
    return DataStream(dataset, iteration_scheme=scheme or ShuffledScheme(COUNT, **SHUFFLED))


def pixels():
    return stream_of("image", PIXELS, axes=("batch", "channel", "height", "width"))


def labels():
    return stream_of("label", LABELS[:, np.newaxis], axes=("batch", "index"))


def sequences():
    return stream_of("words", SEQUENCES)


def single_sequences():
    return stream_of("words", SEQUENCES, ShuffledExampleScheme(COUNT, seed=3))


def words():
    return IterableDataset({"words": SEQUENCES}).get_example_stream()


def encoded():
    return stream_of("image", [png(one) for one in PIXELS])


def first(data):
    return (data[0][:1],)


def is_even(data):
    return int(data[0][0]) % 2 == 0


SCHEMES = {
    BalancedExampleScheme: lambda: BalancedExampleScheme(LABELS, seed=1),
    BalancedScheme: lambda: BalancedScheme(LABELS, 4, seed=1),
    BucketScheme: lambda: BucketScheme(LENGTHS, [3, 5, 7], 2, seed=1),
    ChunkShuffledExampleScheme: lambda: ChunkShuffledExampleScheme(COUNT, chunk_size=3),
    ChunkShuffledScheme: lambda: ChunkShuffledScheme(COUNT, 2, chunk_size=3, chunks_in_pool=2),
    ConcatenatedScheme: lambda: ConcatenatedScheme(
        [SequentialScheme(4, 3), ShuffledScheme(COUNT, 4, seed=1)]
    ),
    PackScheme: lambda: PackScheme(LENGTHS, 8, 2, seed=1),
    SampledExampleScheme: lambda: SampledExampleScheme(COUNT, weights=LENGTHS, seed=1),
    SampledScheme: lambda: SampledScheme(COUNT, 4, weights=LENGTHS, seed=1),
    SequentialExampleScheme: lambda: SequentialExampleScheme(COUNT),
    SequentialScheme: lambda: SequentialScheme(COUNT, 4),
    ShardedScheme: lambda: ShardedScheme(ShuffledScheme(COUNT, 2, seed=1), 1, 2),
    ShuffledExampleScheme: lambda: ShuffledExampleScheme(COUNT),
    ShuffledScheme: lambda: ShuffledScheme(COUNT, 4),
}

TRANSFORMERS = {
    Batch: lambda: Batch(words(), ConstantScheme(4)),
    BatchByLength: lambda: BatchByLength(words(), 2, 6),
    Cache: lambda: Cache(sequences(), ConstantScheme(3, num_examples=COUNT)),
    Cast: lambda: Cast(pixels(), "float32"),
    Filter: lambda: Filter(single_sequences(), is_even),
    FilterSources: lambda: FilterSources(pixels(), ("image",)),
    Flatten: lambda: Flatten(pixels()),
    ForceFloatX: lambda: ForceFloatX(ScaleAndShift(pixels(), 0.5, 0)),
    GaussianNoise: lambda: GaussianNoise(Cast(pixels(), "float32"), 0.1),
    ImagesFromBytes: lambda: ImagesFromBytes(encoded()),
    Mapping: lambda: Mapping(pixels(), first),
    MaskingNoise: lambda: MaskingNoise(pixels(), 0.3),
    Merge: lambda: Merge([pixels(), labels()], ("image", "label")),
    MinimumImageDimensions: lambda: MinimumImageDimensions(pixels(), (8, 8)),
    Mixture: lambda: Mixture([pixels(), pixels()], [1, 3], seed=1, go_round=True, items=5),
    MultiProcessing: lambda: MultiProcessing(pixels(), workers=0),  # others have tests of their own
    NGrams: lambda: NGrams(2, words()),
    OneHot: lambda: OneHot(labels(), 3),
    Pack: lambda: Pack(sequences(), 8),
    Padding: lambda: Padding(sequences()),
    Random2DRotation: lambda: Random2DRotation(pixels(), 0.5),
    RandomErasing: lambda: RandomErasing(pixels()),
    RandomFixedSizeCrop: lambda: RandomFixedSizeCrop(pixels(), (3, 4)),
    RandomFlip: lambda: RandomFlip(pixels()),
    Rename: lambda: Rename(pixels(), {"image": "picture"}),
    SaltAndPepperNoise: lambda: SaltAndPepperNoise(pixels(), 0.3),
    ScaleAndShift: lambda: ScaleAndShift(pixels(), 0.5, 1),
    SegmentRows: lambda: SegmentRows(words(), 2, 3),
    Segments: lambda: Segments(words(), 3),
    SourcewiseMapping: lambda: SourcewiseMapping(pixels(), np.negative),
    ToBytes: lambda: ToBytes(encoded()),
    Unpack: lambda: Unpack(pixels()),
    Window: lambda: Window(1, 2, 2, True, words()),
}

ABSTRACT = {
    AgnosticSourcewiseTransformer,
    AgnosticTransformer,
    BatchScheme,
    BatchSizeScheme,
    ConstantScheme,  # its requests are sizes: see `Batch` and `Cache`
    IndexScheme,
    IterationScheme,
    SourcewiseTransformer,
    Transformer,
}

MODULES = (
    fuel.schemes,
    fuel.transformers,
    fuel.transformers.defaults,
    fuel.transformers.image,
)


def test_the_tables_have_every_public_scheme_and_transformer():
    public = {
        value
        for module in MODULES
        for value in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(value) and issubclass(value, IterationScheme | AbstractDataStream)
    }

    assert public - ABSTRACT == SCHEMES.keys() | TRANSFORMERS.keys()


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.__name__)
def test_a_stream_by_this_scheme_resumes_at_every_point(scheme):
    def make():
        return stream_of("number", np.arange(COUNT), SCHEMES[scheme]())

    check_resumable(make, 3, abandon=(1,))


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.__name__)
def test_requests_of_this_scheme_go_on_after_pickling(scheme):
    requests = SCHEMES[scheme]().get_request_iterator()
    next(requests)

    again = pickle.loads(pickle.dumps(requests))

    assert list(again) == list(requests)


@pytest.mark.parametrize(
    "transformer",
    TRANSFORMERS,
    ids=lambda transformer: transformer.__name__,
)
def test_a_stream_with_this_transformer_resumes_at_every_point(transformer):
    check_resumable(TRANSFORMERS[transformer], 3, abandon=(1,))
