#!/usr/bin/python3
"""The checksum of checkpoint files, once more from its description, for the golden values in the tests."""
import struct
import sys

FIRST, SECOND, THIRD, MASK = 0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 2**64 - 1


def mix(value, word):
    x = value ^ (word * SECOND & MASK)
    return (((x << 29 | x >> 35) & MASK) * FIRST + THIRD) & MASK


def checksum(data):
    lanes = [0, 0, 0, 0]
    whole = len(data) // 32 * 32
    for i, (word,) in enumerate(struct.iter_unpack("<Q", data[:whole])):
        lanes[i % 4] = mix(lanes[i % 4], word)
    value = len(data)
    for word in lanes + [w for (w,) in struct.iter_unpack("<Q", data[whole:].ljust(32, b"\0"))]:
        value = mix(value, word)
    value = (value ^ value >> 32) * THIRD & MASK
    return value ^ value >> 29


if __name__ == "__main__":
    print(f"0x{checksum(sys.stdin.buffer.read()):016X}")
