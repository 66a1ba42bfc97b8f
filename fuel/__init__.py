"""Data sets as streams that stop anywhere and go on exactly."""
