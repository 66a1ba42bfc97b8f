"""Streams: what all of them offer, how they keep their place, what they are made of."""
