"""Names that programs written for Fuel import, in the modules where Fuel has them."""

import importlib

import pytest

NAMES = {
    "fuel": "__version__ config",
    "fuel.bin.fuel_convert": "main",
    "fuel.bin.fuel_download": "main",
    "fuel.bin.fuel_info": "main",
    "fuel.config_parser": (
        "Configuration ConfigurationError NOT_SET config extra_downloader_converter "
        "multiple_paths_parser"
    ),
    "fuel.converters": "__version__ all_converters",
    "fuel.converters.adult": "convert_adult fill_subparser",
    "fuel.converters.base": "MissingInputFiles check_exists fill_hdf5_file progress_bar",
    "fuel.converters.binarized_mnist": "convert_binarized_mnist fill_subparser",
    "fuel.converters.caltech101_silhouettes": "convert_silhouettes fill_subparser",
    "fuel.converters.celeba": "NUM_EXAMPLES TRAIN_STOP VALID_STOP convert_celeba fill_subparser",
    "fuel.converters.cifar10": "convert_cifar10 fill_subparser",
    "fuel.converters.cifar100": "convert_cifar100 fill_subparser",
    "fuel.converters.dogs_vs_cats": "convert_dogs_vs_cats fill_subparser",
    "fuel.converters.ilsvrc2010": (
        "DEVKIT_ARCHIVE DEVKIT_META_PATH TEST_GROUNDTRUTH convert_ilsvrc2010 "
        "extract_patch_images fill_subparser load_from_tar_or_patch prepare_hdf5_file "
        "prepare_metadata process_other_set process_train_set read_devkit "
        "read_metadata_mat_file"
    ),
    "fuel.converters.ilsvrc2012": (
        "DEVKIT_ARCHIVE DEVKIT_META_PATH TEST_IMAGES_TAR convert_ilsvrc2012 fill_subparser "
        "prepare_hdf5_file prepare_metadata read_devkit read_metadata_mat_file"
    ),
    "fuel.converters.iris": "convert_iris fill_subparser",
    "fuel.converters.mnist": "convert_mnist fill_subparser read_mnist_images read_mnist_labels",
    "fuel.converters.svhn": (
        "convert_svhn convert_svhn_format_1 convert_svhn_format_2 fill_subparser"
    ),
    "fuel.converters.youtube_audio": "convert_youtube_audio fill_subparser",
    "fuel.datasets": (
        "Adult BinarizedMNIST CIFAR10 CIFAR100 CalTech101Silhouettes CelebA Dataset "
        "DogsVsCats H5PYDataset IndexableDataset Iris IterableDataset MNIST OneBillionWord "
        "SVHN TextFile"
    ),
    "fuel.datasets.adult": "Adult",
    "fuel.datasets.base": "Dataset IndexableDataset IterableDataset",
    "fuel.datasets.billion": "OneBillionWord",
    "fuel.datasets.binarized_mnist": "BinarizedMNIST",
    "fuel.datasets.caltech101_silhouettes": "CalTech101Silhouettes",
    "fuel.datasets.celeba": "CelebA",
    "fuel.datasets.cifar10": "CIFAR10",
    "fuel.datasets.cifar100": "CIFAR100",
    "fuel.datasets.dogs_vs_cats": "DogsVsCats",
    "fuel.datasets.hdf5": "H5PYDataset PytablesDataset",
    "fuel.datasets.imagenet": "ILSVRC2010 ILSVRC2012",
    "fuel.datasets.iris": "Iris",
    "fuel.datasets.mnist": "MNIST",
    "fuel.datasets.svhn": "SVHN",
    "fuel.datasets.text": "TextFile",
    "fuel.datasets.toy": "Spiral SwissRoll",
    "fuel.datasets.youtube_audio": "YouTubeAudio",
    "fuel.downloaders": "all_downloaders",
    "fuel.downloaders.adult": "fill_subparser",
    "fuel.downloaders.base": (
        "NeedURLPrefix default_downloader download ensure_directory_exists filename_from_url "
        "progress_bar"
    ),
    "fuel.downloaders.binarized_mnist": "fill_subparser",
    "fuel.downloaders.caltech101_silhouettes": "fill_subparser silhouettes_downloader",
    "fuel.downloaders.celeba": "fill_subparser",
    "fuel.downloaders.cifar10": "fill_subparser",
    "fuel.downloaders.cifar100": "fill_subparser",
    "fuel.downloaders.dogs_vs_cats": "fill_subparser",
    "fuel.downloaders.ilsvrc2010": "fill_subparser",
    "fuel.downloaders.ilsvrc2012": "fill_subparser",
    "fuel.downloaders.iris": "fill_subparser",
    "fuel.downloaders.mnist": "fill_subparser",
    "fuel.downloaders.svhn": "fill_subparser svhn_downloader",
    "fuel.downloaders.youtube_audio": "fill_subparser",
    "fuel.exceptions": "AxisLabelsMismatchError ConfigurationError MissingInputFiles NeedURLPrefix",
    "fuel.iterator": "DataIterator",
    "fuel.schemes": (
        "BatchScheme BatchSizeScheme ConcatenatedScheme ConstantScheme IndexScheme "
        "IterationScheme SequentialExampleScheme SequentialScheme ShuffledExampleScheme "
        "ShuffledScheme cross_validation"
    ),
    "fuel.server": "recv_arrays send_arrays start_server",
    "fuel.streams": "AbstractDataStream DataStream ServerDataStream",
    "fuel.transformers": (
        "AgnosticSourcewiseTransformer AgnosticTransformer BackgroundProcess Batch Cache Cast "
        "ExpectsAxisLabels Filter FilterSources Flatten ForceFloatX Mapping Merge "
        "MultiProcessing Padding Rename ScaleAndShift SortMapping SourcewiseTransformer "
        "Transformer Unpack"
    ),
    "fuel.transformers.base": "Transformer",
    "fuel.transformers.defaults": "ToBytes rgb_images_from_encoded_bytes uint8_pixels_to_floatX",
    "fuel.transformers.image": (
        "ImagesFromBytes MinimumImageDimensions Random2DRotation RandomFixedSizeCrop"
    ),
    "fuel.transformers.sequences": "NGrams Window",
    "fuel.transformers.text": "NGrams",
    "fuel.utils": (
        "Subset buffer_ do_not_pickle_attributes find_in_data_path iterable_fancy_indexing "
        "lazy_property_factory remember_cwd"
    ),
    "fuel.utils.cache": "cache_file copy_from_server_to_local",
    "fuel.utils.disk": "check_enough_space disk_usage safe_mkdir",
    "fuel.utils.formats": "open_ tar_open",
    "fuel.utils.lock": "TIMEOUT get_readlock get_writelock release_readlock release_writelock",
    "fuel.utils.parallel": "producer_consumer",
    "fuel.version": "version",
}


@pytest.mark.parametrize("module", NAMES)
def test_fuels_names_are_where_fuel_has_them(module):
    found = vars(importlib.import_module(module))

    assert [name for name in NAMES[module].split() if name not in found] == []


@pytest.mark.parametrize("module", ["fuel.schemes", "fuel.streams", "fuel.transformers"])
def test_what_is_public_of_them_is_listed(module):
    listed = importlib.import_module(module).__all__

    assert set(NAMES[module].split()) <= set(listed)
    assert listed == sorted(listed)
