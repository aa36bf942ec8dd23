#!/usr/bin/env python3
"""Functions of at most 100 lines, files of at most 1,000, at most 25 project headers a file.

What must be longer stands in tests/lint/size.allow with its reason: PATH[:FUNCTION] REASON.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
FUNCTION_LINES, FILE_LINES, HEADERS = 100, 1000, 25
NAME = re.compile(r"(\w+)\s*\(")


def functions(lines):
    """(name, first line, length): a body opens with { in column 0 and closes with } there."""
    start, name = None, ""
    for number, line in enumerate(lines, 1):
        if line.startswith("{") and start is None:
            head = " ".join(lines[max(0, number - 6): number - 1])
            names = [n for n in NAME.findall(head) if n not in ("__attribute__", "format")]
            name, start = (names[-1] if names else "?"), number
            for back in range(number - 2, max(-1, number - 8), -1):
                found = re.match(r"^[a-zA-Z_][^;={}]*?\b(\w+)\s*\(", lines[back])
                if found:
                    name = found.group(1)
                    break
        elif line.startswith("}") and start is not None:
            yield name, start, number - start - 1
            start = None


def allowed():
    table = {}
    for line in (ROOT / "tests/lint/size.allow").read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, reason = line.partition(" ")
            if not reason.strip():
                sys.exit(f"size.allow: {key} has no reason")
            table[key] = False
    return table


def main():
    allow, problems, count = allowed(), [], 0

    def excuse(key):
        if key in allow:
            allow[key] = True
            return True
        return False

    for top in ("dataplane", "signatures", "control", "tests"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            rel = path.relative_to(ROOT).as_posix()
            lines = path.read_text(errors="replace").splitlines()
            count += 1
            if len(lines) > FILE_LINES and not excuse(rel):
                problems.append(f"{rel}: {len(lines)} lines, split it by topic")
            own = sum(1 for line in lines if line.startswith('#include "'))
            if own > HEADERS and not excuse(rel + ":headers"):
                problems.append(f"{rel}: {own} project headers")
            for name, start, length in functions(lines):
                if length > FUNCTION_LINES and not excuse(f"{rel}:{name}"):
                    problems.append(f"{rel}:{start}: {name} has {length} lines, split it")
    problems += [f"size.allow: {key} needs no excuse any more" for key, used in allow.items() if not used]
    for line in problems:
        print(line)
    print(f"{count} files, {len(problems)} too long")
    return 1 if problems or not count else 0


sys.exit(main())
