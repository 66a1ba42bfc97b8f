"""N-grams of texts, where Fuel 0.2.0 had them; they are in `fuel.transformers.sequences`."""

from fuel.transformers.sequences import NGrams

__all__ = ["NGrams"]
