"""Memory that runs out in a program that runs: the other half of tests/fault/scarce.h, whose library stands in front of the program's allocator."""
import mmap
import struct

ALL, OF_NNG, BUT_NNG = range(3)
LAYOUT = struct.Struct("=iiII16Q16s")  # struct scarce_control
LEFT, LASTING, WHOSE, REFUSED = 0, 4, 8, 12


class Scarce:
    """A control file; environment is what a program is started with to obey it."""

    def __init__(self, path, library):
        with open(path, "wb") as file:
            file.write(LAYOUT.pack(-1, 0, ALL, 0, *[0] * 16, b""))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), LAYOUT.size)
        self.environment = {"SCARCE": path, "LD_PRELOAD": library}

    def _put(self, at, value):
        self.map[at:at + 4] = struct.pack("=i", value)

    def arm(self, left, is_lasting=False, whose=ALL):
        """After `left` more allocations one is refused, or all from then on."""
        self._put(LEFT, -1)
        self._put(LASTING, int(is_lasting))
        self._put(WHOSE, whose)
        self._put(REFUSED, 0)
        self.map[16:LAYOUT.size] = bytes(LAYOUT.size - 16)
        self._put(LEFT, left)

    def disarm(self):
        """How many were refused."""
        self._put(LEFT, -1)
        return struct.unpack_from("=I", self.map, REFUSED)[0]

    def left(self):
        return struct.unpack_from("=i", self.map, LEFT)[0]

    def frames(self):
        """Of the first that was refused, innermost first: what library (n: nng, c: the C library, o: others), and where in it."""
        *_, kinds = values = LAYOUT.unpack(self.map[:LAYOUT.size])
        return [(chr(kind), at) for kind, at in zip(kinds, values[4:-1]) if kind]

    def is_nngs(self):
        """Whether nng asked for it, by itself or through the C library."""
        return next((kind for kind, _ in self.frames() if kind != "c"), None) == "n"

    def place(self):
        """Where it was asked for, the part that is nng's: offsets in its library."""
        inner = [(kind, at) for kind, at in self.frames() if kind != "c"]
        own = next((i for i, (kind, _) in enumerate(inner) if kind == "o"), len(inner))
        return " < ".join(f"nng+{at:#x}" for _, at in inner[:own]) or " < ".join(f"{kind}+{at:#x}" for kind, at in self.frames())
