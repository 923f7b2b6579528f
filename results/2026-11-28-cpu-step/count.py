#!/usr/bin/env python3
"""Counts the instructions of a step by kind, from callgrind's counts by address of two runs of different length.

    valgrind --tool=callgrind --dump-instr=yes --callgrind-out-file=short ergo train ... --steps N
    valgrind --tool=callgrind --dump-instr=yes --callgrind-out-file=long  ergo train ... --steps M
    python3 count.py ergo short long IMAGES
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter, defaultdict

KINDS = [
    ("multiply", re.compile(r"v?(fn?m(add|sub)\d*|mul)[ps][sd]")),
    ("add", re.compile(r"v?(add|sub)[ps][sd]")),
    ("compare or choose", re.compile(r"v?(cmp\w*|max|min|blendv?)[ps][sd]|vpblendvb")),
    ("logic", re.compile(r"v?(p?and|p?andn|p?or|p?xor)(ps|pd|d|q)?$")),
    ("vpermps", re.compile(r"vpermps")),
    ("vperm2f128", re.compile(r"vperm2[fi]128")),
    ("shuffle", re.compile(r"v?(shuf|unpck|perm|insert|extract|punpck|pshuf|palignr|pack|broadcast)\w*")),
    ("convert", re.compile(r"v?(cvt|pmovzx|pmovsx)\w*")),
]


def counts(path: str, program: str) -> tuple[Counter, dict[int, str]]:
    """Returns how often each address of the program ran, and the function it belongs to."""
    found: Counter = Counter()
    home: dict[int, str] = {}
    names: dict[str, str] = {}
    objects: dict[str, str] = {}
    inside, function, address, skip = False, "", 0, False
    for line in open(path, encoding="utf-8", errors="replace"):
        line = line.rstrip("\n")
        if match := re.match(r"(ob|fn)=(\(\d+\))(?: (.*))?$", line):
            kind, number, name = match.groups()
            table = objects if kind == "ob" else names
            if name is not None:
                table[number] = name
            if kind == "ob":
                inside = table[number].endswith("/" + program)
            else:
                function = table[number]
        elif match := re.match(r"(cfn|cob)=(\(\d+\)) (.*)$", line):
            (names if match[1] == "cfn" else objects)[match[2]] = match[3]
        elif line.startswith("calls="):
            skip = True
        elif match := re.match(r"(0x[0-9a-f]+|[+-]\d+|\*) (?:\S+) (\d+)$", line):
            place = match[1]
            if place.startswith("0x"):
                address = int(place, 16)
            elif place != "*":
                address += int(place)
            if skip:
                # What the called function cost, which has lines of its own.
                skip = False
            elif inside:
                found[address] += int(match[2])
                home[address] = function
    return found, home


def disassembled(path: str) -> dict[int, tuple[str, str]]:
    """Returns mnemonic and operands by address."""
    listing = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True
    ).stdout
    lines = re.finditer(r"^ +([0-9a-f]+):\t(?:(?:lock|rep\w*|bnd|data16|cs) )*(\S+) *(.*)$", listing, re.MULTILINE)
    return {int(match[1], 16): (match[2], match[3].split("#")[0].strip()) for match in lines}


def kinds(mnemonic: str, operands: str) -> list[str]:
    """Returns what an instruction counts as: arithmetic, memory, or neither."""
    found = []
    parts = re.split(r",(?![^()]*\))", operands) if operands else []
    vector = any(re.match(r"%[xyz]mm", part) for part in parts)
    if vector:
        found = [next((kind for kind, form in KINDS if form.match(mnemonic)), "")]
        if found == [""] or (found == ["shuffle"] and mnemonic.startswith("vbroadcast") and "(" in parts[0]):
            found = []
    if not mnemonic.startswith(("lea", "nop", "prefetch")) and any("(" in part for part in parts):
        stores = "(" in parts[-1] and re.match(r"v?(mov|extract|pextr|set)", mnemonic)
        if "(" in parts[-1] and not stores and not mnemonic.startswith(("cmp", "test", "vucomi")):
            found += ["load", "store"] if len(parts) > 1 or mnemonic in ("inc", "dec", "neg") else ["load"]
        else:
            found.append("store" if stores else "load")
    return found


def main() -> None:
    """Prints a table of the whole, and JSON with the functions that run most."""
    program, short, long, images = sys.argv[1:5]
    name = program.rsplit("/", 1)[-1]
    (before, _), (after, home) = counts(short, name), counts(long, name)
    instructions = disassembled(program)
    total: Counter = Counter()
    by_function: dict[str, Counter] = defaultdict(Counter)
    unknown = 0
    for address, times in (after - before).items():
        if address not in instructions:
            unknown += times
            continue
        for kind in [*kinds(*instructions[address]), "instruction"]:
            total[kind] += times
            by_function[home[address]][kind] += times
    per_image = lambda found: {kind: round(times / int(images), 1) for kind, times in sorted(found.items())}
    top = sorted(by_function.items(), key=lambda entry: -entry[1]["instruction"])[:24]
    told = {"of an image": per_image(total), "unknown": unknown, "functions": {name: per_image(found) for name, found in top}}
    json.dump(told, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
