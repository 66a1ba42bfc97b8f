"""How full disks are, and directories on them."""

from fuel._files._disk import check_enough_space, disk_usage, safe_mkdir

__all__ = ["check_enough_space", "disk_usage", "safe_mkdir"]
