"""A set of offsets that stays small: one bit for each offset, not one object."""

from collections.abc import Mapping


class Offsets:
    """Offsets of a topic's partitions. Those before ``begins`` are left out: there are no such records any more."""

    def __init__(self, begins: Mapping[int, int]) -> None:
        self._begins = begins
        self._bits: dict[int, bytearray] = {}

    def __bool__(self) -> bool:
        return bool(self._bits)

    def __contains__(self, place: tuple[int, int]) -> bool:
        partition, offset = place
        byte, bit = divmod(offset - self._begins.get(partition, 0), 8)
        bits = self._bits.get(partition, b"")
        return 0 <= byte < len(bits) and bool(bits[byte] >> bit & 1)

    def add(self, place: tuple[int, int]) -> None:
        """Add an offset of a partition."""
        partition, offset = place
        byte, bit = divmod(offset - self._begins.get(partition, 0), 8)
        if byte < 0:
            return
        bits = self._bits.setdefault(partition, bytearray())
        if byte >= len(bits):
            bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << bit

    @property
    def spans(self) -> dict[int, tuple[int, int]]:
        """Return the first offset of each partition, about, and the offset after its last one."""
        begins = {number: self._begins.get(number, 0) for number in self._bits}
        return {
            number: (begins[number] + 8 * (len(bits) - len(bits.lstrip(b"\0"))), begins[number] + 8 * len(bits))
            for number, bits in self._bits.items()
        }
