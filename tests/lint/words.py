#!/usr/bin/env python3
"""Banned calls in sources (dataplane/base/banned.h makes most of them not compile), and on the packet
path also calls that allocate, print or ask the system. What must stay stands in words.allow."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
EVERYWHERE = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "alloca", "atoi", "atol", "rand",
              "srand", "strtok", "system", "popen", "tmpnam", "mktemp"]
ON_PATH = ["malloc", "calloc", "realloc", "free", "strdup", "printf", "fprintf", "puts", "time",
           "gettimeofday", "open", "read", "write", "pthread_mutex_lock"]
# Folders whose code runs on a worker; functions that run at load or start are in the allow list by file.
PATH_FOLDERS = ["dataplane/decode", "dataplane/flow", "dataplane/stream", "dataplane/app",
                "dataplane/detect"]
TEST = re.compile(r"_(test|fuzz|dump|bench)\.c$|/harness\.[ch]$|/testdir\.h$")
STRIP = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|/\*.*?\*/|//[^\n]*', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group(0))


def allowed():
    table = {}
    for line in (ROOT / "tests/lint/words.allow").read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, reason = line.partition(" ")
            if not reason.strip():
                sys.exit(f"words.allow: {key} has no reason")
            table[key] = False
    return table


def main():
    allow, problems, count = allowed(), [], 0
    for top in ("dataplane", "signatures", "control"):
        for path in sorted((ROOT / top).rglob("*.[ch]")):
            rel = path.relative_to(ROOT).as_posix()
            count += 1
            if rel == "dataplane/base/banned.h":
                continue
            if TEST.search("/" + rel):
                continue
            words = list(EVERYWHERE)
            if any(rel.startswith(f + "/") for f in PATH_FOLDERS):
                words += ON_PATH
            text = STRIP.sub(blank, path.read_text(errors="replace"))
            pattern = re.compile(r"(?<![\w.>])(" + "|".join(words) + r")\s*\(")
            for found in pattern.finditer(text):
                number = text.count("\n", 0, found.start()) + 1
                key = f"{rel}:{found.group(1)}"
                if rel in allow:
                    allow[rel] = True
                elif key in allow:
                    allow[key] = True
                else:
                    problems.append(f"{rel}:{number}: {found.group(1)} is banned here")
    problems += [f"words.allow: {key} needs no excuse any more" for key, used in allow.items() if not used]
    for line in problems:
        print(line)
    print(f"{count} files, {len(problems)} banned calls")
    return 1 if problems or not count else 0


sys.exit(main())
