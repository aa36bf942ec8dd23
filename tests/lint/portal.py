#!/usr/bin/env python3
"""The pages' texts: English and Japanese have exactly the same keys and the same {placeholders}, every
key that a portal's pages use is in a catalogue that it loads, none is there for nothing, none is empty."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SRC = ROOT / "control/portal/src"
ENTRY = re.compile(r"^  '((?:[^'\\]|\\.)+)': '((?:[^'\\]|\\.)*)',$", re.M)
USED = re.compile(r"\bt\(\s*'([^']+)'|title: '([a-z-]+)'|group: '([a-z-]+)'|done\('([a-z-]+)'\)|tell\('([a-z-]+)'")
CHOSEN = re.compile(r"\bt\([^'`(]*(?:\([^()]*\))?[^'`(]*\? '([a-z-]+)' : '([a-z-]+)'")
MAYBE = re.compile(r"\? '([a-z.-]+)' : '([a-z.-]+)'|: '(do\.[a-z]+)'|\?\? '(do\.[a-z]+)'")
PREFIXES = re.compile(r"\bword\('([a-z-]+)'|\bt\(`([a-z-]+)\.\$\{")
COMMON = ("toolkit", "parts")  # what every portal loads


def texts(path):
    return dict(ENTRY.findall(path.read_text()))


def main():
    problems, all_keys = [], set()
    for en_path in sorted(SRC.rglob("text.en.ts")):
        en, ja = texts(en_path), texts(en_path.with_name("text.ja.ts"))
        name = en_path.parent.name
        problems += [f"{name}: {k} is in one language only" for k in sorted(set(en) ^ set(ja))]
        for key in sorted(set(en) & set(ja)):
            holes = [sorted(re.findall(r"\{\w+\}", t[key])) for t in (en, ja)]
            if holes[0] != holes[1]:
                problems.append(f"{name}: {key} has {holes[0]} in English and {holes[1]} in Japanese")
            if not en[key].strip() or not ja[key].strip():
                problems.append(f"{name}: {key} is empty")
        all_keys |= set(en)
    code = {f.name: "\n".join(p.read_text() for p in sorted(f.rglob("*.ts*")) if not p.name.startswith("text."))
            for f in SRC.iterdir() if f.is_dir()}
    found = lambda pattern, text: {k for groups in pattern.findall(text)
                                   for k in ((groups,) if isinstance(groups, str) else groups) if k}
    known = {name: set(texts(SRC / name / "text.en.ts")) for name in code}
    for name, text in sorted(code.items()):
        loaded = set().union(*(known[n] for n in (*COMMON, name)))
        missing = (found(USED, text) | found(CHOSEN, text)) - loaded
        problems += [f"{name} uses {k}, which is in no catalogue of it" for k in sorted(missing)]
    whole = "\n".join(code.values())
    used = found(USED, whole) | found(CHOSEN, whole) | found(MAYBE, whole)
    prefixes = found(PREFIXES, whole)
    problems += [f"{k} is used nowhere" for k in sorted(all_keys - used) if k.split(".")[0] not in prefixes]
    for line in problems:
        print(line)
    print(f"{len(all_keys)} texts in each language, {len(problems)} problems")
    return 1 if problems or not all_keys else 0


sys.exit(main())
