#!/usr/bin/env python3
"""The pages' texts: English and Japanese have exactly the same keys and the same {placeholders}, every
key that the pages use is there, none is there for nothing, none is empty."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
SRC = ROOT / "control/portal/src"
ENTRY = re.compile(r"^  '((?:[^'\\]|\\.)+)': '((?:[^'\\]|\\.)*)',$", re.M)
USED = re.compile(r"\bt\(\s*'([^']+)'|title: '([a-z-]+)', may|\? '([a-z-]+)' : '([a-z-]+)'|done\('([a-z-]+)'\)")
PREFIXES = re.compile(r"\bword\('([a-z-]+)'|\bt\(`([a-z-]+)\.\$\{")


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
    code = "\n".join(p.read_text() for p in sorted(SRC.rglob("*.ts*")) if not p.name.startswith("text."))
    used = {k for groups in USED.findall(code) for k in groups if k}
    prefixes = {k for groups in PREFIXES.findall(code) for k in groups if k}
    called = {groups[0] for groups in USED.findall(code) if groups[0]}
    problems += [f"the pages use {k}, which is in no catalogue" for k in sorted(called - all_keys)]
    problems += [f"{k} is used nowhere" for k in sorted(all_keys - used) if k.split(".")[0] not in prefixes]
    for line in problems:
        print(line)
    print(f"{len(all_keys)} texts in each language, {len(problems)} problems")
    return 1 if problems or not all_keys else 0


sys.exit(main())
