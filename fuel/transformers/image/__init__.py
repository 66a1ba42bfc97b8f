"""Transformers of images: arrays with the axes channel, height and width."""

from fuel.transformers.image._bytes import ImagesFromBytes
from fuel.transformers.image._crop import RandomFixedSizeCrop
from fuel.transformers.image._erasing import RandomErasing
from fuel.transformers.image._flip import RandomFlip
from fuel.transformers.image._rotation import Random2DRotation
from fuel.transformers.image._size import MinimumImageDimensions
from fuel.transformers.image._tiles import cut_tiles, tile_images

__all__ = [
    "ImagesFromBytes",
    "MinimumImageDimensions",
    "Random2DRotation",
    "RandomErasing",
    "RandomFixedSizeCrop",
    "RandomFlip",
    "cut_tiles",
    "tile_images",
]
