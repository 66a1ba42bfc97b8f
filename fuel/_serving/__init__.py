"""Serving streams: both ends of the wire, and what travels on it."""
