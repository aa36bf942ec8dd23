#!/usr/bin/env python3
"""Every folder of dataplane/app with a protocol has a README, a table test, a fuzz target with a corpus,
names its events and writes a record. What a protocol goes without stands in protocols.allow with its
reason: NAME:events, NAME:log, NAME:corpus."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
APP = ROOT / "dataplane/app"
SEEDS = 2  # least number of files in a corpus
# Members of the descriptor: one of them must be there.
MEMBERS = {"events": ("events",), "log": ("log", "log_nth")}


def allowed():
    table = {}
    for line in (ROOT / "tests/lint/protocols.allow").read_text().splitlines():
        if line and not line.startswith("#"):
            key, _, reason = line.partition(" ")
            if not reason.strip():
                sys.exit(f"protocols.allow: {key} has no reason")
            table[key] = False
    return table


def descriptor(folder):
    """the text of `const struct app_proto <name>_proto = {...};`, None without"""
    for path in sorted(folder.glob("*.c")):
        found = re.search(rf"^const struct app_proto {folder.name}_proto = \{{(.*?)^\}};",
                          path.read_text(errors="replace"), re.S | re.M)
        if found:
            return found.group(1)
    return None


def lacks(folder, text):
    name = folder.name
    for file in ("README.md", f"{name}_test.c", f"{name}_fuzz.c"):
        if not (folder / file).exists():
            yield file
    for what, members in MEMBERS.items():
        if not any(re.search(rf"\.{m} = ", text) for m in members):
            yield what
    corpus = ROOT / "tests/fuzz/corpus" / name
    if not corpus.is_dir() or len(list(corpus.iterdir())) < SEEDS:
        yield "corpus"


def main():
    allow, problems, count = allowed(), [], 0
    for folder in sorted(p for p in APP.iterdir() if p.is_dir()):
        text = descriptor(folder)
        if text is None:
            continue
        count += 1
        for what in lacks(folder, text):
            key = f"{folder.name}:{what}"
            if key in allow:
                allow[key] = True
            else:
                problems.append(f"dataplane/app/{folder.name}: no {what}")
    listed = re.search(r"app_protocols = \[(.*?)\]", (APP / "meson.build").read_text(), re.S)
    if count != len(re.findall(r"'\w+'", listed.group(1))):
        problems.append("dataplane/app/meson.build names other protocols than the folders hold")
    problems += [f"protocols.allow: {key} needs no excuse any more"
                 for key, used in allow.items() if not used]
    print("\n".join(problems + [f"{count} protocols, {len(problems)} problems"]))
    return 1 if problems else 0


sys.exit(main())
