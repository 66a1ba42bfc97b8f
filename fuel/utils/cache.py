"""Copies of data files on a local disk, made when `local_data_path` is set."""

from fuel._files._local_cache import cache_file, copy_from_server_to_local

__all__ = ["cache_file", "copy_from_server_to_local"]
