"""The commands, under the names that Fuel imported them by."""
