"""How far two hashes are from each other."""


def distance(left: bytes, right: bytes) -> int:
    """Return the Hamming distance of two hashes of equal length, in bits."""
    return (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).bit_count()
