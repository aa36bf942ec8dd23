#!/usr/bin/env python3
"""Writes every pack's captures: FOLDER/PACK/SID.pcap shows what the rule looks for, SID.without.pcap the same
without its trait. The same bytes every time.

usage: captures.py FOLDER
"""
import importlib.util
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "tests/replay")]
import make  # noqa: E402
import packets  # noqa: E402


def cases():
    """[(pack, sid, frames, frames without the trait, all sids that the first raises)]"""
    make.CASES.clear()
    for path in sorted(HERE.glob("*/cases.py")):
        spec = importlib.util.spec_from_file_location(f"cases_{path.parent.name}", path)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return [(pack, sid, frames, without, sorted({sid, *also})) for pack, sid, frames, without, also in make.CASES]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for pack, sid, frames, without, _ in cases():
        folder = pathlib.Path(sys.argv[1]) / pack
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{sid}.pcap").write_bytes(packets.pcap(frames))
        (folder / f"{sid}.without.pcap").write_bytes(packets.pcap(without))


if __name__ == "__main__":
    main()
