"""Data sets: where streams take their examples from."""

from fuel.datasets._dataset import Dataset
from fuel.datasets.celeba import CelebA
from fuel.datasets.dogs_vs_cats import DogsVsCats
from fuel.datasets.hdf5 import H5PYDataset
from fuel.datasets.indexable import IndexableDataset
from fuel.datasets.iterable import IterableDataset
from fuel.datasets.mnist import MNIST
from fuel.datasets.svhn import SVHN
from fuel.datasets.table import TableDataset

__all__ = [
    "MNIST",
    "SVHN",
    "CelebA",
    "Dataset",
    "DogsVsCats",
    "H5PYDataset",
    "IndexableDataset",
    "IterableDataset",
    "TableDataset",
]
