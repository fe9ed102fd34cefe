"""How a child and who asks it understand each other: the one thing that both sides of the nursery share."""

import struct

HEAD = struct.Struct(">?I")
"""Before an answer: whether it is JSON, and how many bytes follow."""
