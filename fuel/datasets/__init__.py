"""Data sets: where streams take their examples from."""

from fuel.datasets._dataset import Dataset
from fuel.datasets.adult import Adult
from fuel.datasets.billion import OneBillionWord
from fuel.datasets.binarized_mnist import BinarizedMNIST
from fuel.datasets.caltech101_silhouettes import CalTech101Silhouettes
from fuel.datasets.celeba import CelebA
from fuel.datasets.cifar10 import CIFAR10
from fuel.datasets.cifar100 import CIFAR100
from fuel.datasets.dogs_vs_cats import DogsVsCats
from fuel.datasets.hdf5 import H5PYDataset
from fuel.datasets.indexable import IndexableDataset
from fuel.datasets.iris import Iris
from fuel.datasets.iterable import IterableDataset
from fuel.datasets.mnist import MNIST
from fuel.datasets.svhn import SVHN
from fuel.datasets.table import TableDataset
from fuel.datasets.text import TextFile

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "MNIST",
    "SVHN",
    "Adult",
    "BinarizedMNIST",
    "CalTech101Silhouettes",
    "CelebA",
    "Dataset",
    "DogsVsCats",
    "H5PYDataset",
    "IndexableDataset",
    "Iris",
    "IterableDataset",
    "OneBillionWord",
    "TableDataset",
    "TextFile",
]
