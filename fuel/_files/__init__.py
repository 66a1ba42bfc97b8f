"""Files: locked among processes, published whole, cached, unpacked, read line by line."""
