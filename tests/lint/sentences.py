#!/usr/bin/env python3
"""Sentences that the Japanese pages translate by their form (control/portal/src/parts/sentences.ts): each form is a sentence
of the programs' sources, so that none is stale; and every sentence of the files in WHOLE, whose sentences reach the pages,
has a form, so that none is forgotten. Each translation uses only pieces that its form has."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
TABLE = ROOT / "control/portal/src/parts/sentences.ts"
STRING = r"""(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")"""
FORM = re.compile(rf"^  \[{STRING},\s*{STRING}\],$", re.M)
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*(?:PRI[a-z0-9]+\s*)?"(?:[^"\\\n]|\\.)*")*')
M = "control/mitigator/"
WHOLE = ("quarantine/guard.c", "quarantine/verify.c", "quarantine/cut_time.c", "policy/lint.c", "request.c", "edit.c")
# Pieces of sentences, the log's own, names of formats.
PIECES = re.compile(r"^(: |%s|first day|count|days|allowed|fine|.*the database: .*|CREATE .*|INSERT .*|DELETE .*|SELECT .*|ORDER BY .*|"
                    r"the policy file holds: %s|put an edited policy in force|the policy file holds again|"
                    r"policy edited|policy as in the file|this policy|%s: %s: %s|\{.*\}|%s%u|.*must say why|.*the message had its time)$")


def text_of(pair):
    return re.sub(r"\\(.)", r"\1", pair[0] or pair[1])


def form_of(literal):
    """A C format as a form: "at %s" is "at {}"; what is often empty at the end of a sentence is left open."""
    text = re.sub(r'\\(.)', r"\1", literal)
    text = re.sub(r"%%", "\0", text)
    text = re.sub(r"%[-#0-9.*]*(?:hh|ll|[hlzj])?[sdiuxfgc]", "{}", text)
    return text.replace("\0", "%")


def forms_of(path):
    source = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
    found = {}
    for m in LITERALS.finditer(source):
        joined = re.sub(r'"\s*PRI[a-z0-9]+\s*"', "u", m[0])
        literal = "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined))
        found[form_of(literal)] = literal
    return found


def fits(form, known):
    """"protected as {} ({}{}{})" of the source is "protected as {} ({})" of the table."""
    loose = lambda t: re.sub(r"(\{\})+", "{}", t)
    return form in known or loose(form) in {loose(k) for k in known}


def main():
    problems = []
    table = [(text_of(m[1:3]), text_of(m[3:5])) for m in (("",) + g for g in FORM.findall(TABLE.read_text()))]
    forms = {en for en, _ in table}
    if len(forms) != len(table):
        problems.append("a form is there twice")
    for en, ja in table:
        if any(int(n) > en.count("{}") or n == "0" for n in re.findall(r"\{(\d)", ja)):
            problems.append(f"\"{en}\": its translation names a piece that it has not")
    sources = {}
    for folder in ("control/mitigator", "control/enforcer", "control/wire", "control/sensor", "control/api", "control/centre"):
        for path in (ROOT / folder).rglob("*.c"):
            if not path.name.endswith(("_test.c", "_fuzz.c")):
                sources.update(forms_of(path))
    loose = {re.sub(r"(\{\})+", "{}", f) for f in sources}
    # Words that the code puts together are told apart by hand.
    made = ("configured", "configured: {}", "own", "own: {}", "learnt: learnt from {}", "no VLAN")
    for en in sorted(forms):
        ok = re.sub(r"(\{\})+", "{}", en) in loose or en in made or any(
            re.fullmatch(re.escape(f).replace(r"\{\}", "(.*)"), en) for f in sources if f.count("{}") >= 1 and len(f) > 12)
        if not ok:
            problems.append(f"no program says \"{en}\"")
    for name in WHOLE:
        for form, literal in sorted(forms_of(ROOT / M / name).items()):
            if " " not in literal or PIECES.match(literal) or literal.startswith("control/"):
                continue
            if not fits(form, forms) and not any(re.fullmatch(re.escape(form).replace(r"\{\}", "(.*)"), k) for k in forms):
                problems.append(f"{name}: \"{form}\" has no Japanese in sentences.ts")
    for line in problems:
        print(line)
    print(f"{len(forms)} sentences, {len(problems)} problems")
    return 1 if problems or not forms else 0


sys.exit(main())
