"""What the image is made of, as SPDX 2.3 JSON."""
import datetime
import hashlib
import json
import re

from common import sha256
from system import PROGRAMS


def stanzas(root):
    """Installed packages of dpkg's list: name -> fields."""
    for block in (root / "usr/share/banken/dpkg-status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", block, re.M))
        if "installed" in fields.get("Status", ""):
            yield fields
    for line in (root / "usr/lib/banken/extra-packages").read_text().splitlines():
        name, version, architecture, source = line.split()
        yield {"Package": name, "Version": version, "Architecture": architecture, "Source": source}


def count(root):
    return sum(1 for _ in stanzas(root))


def licences(root, name):
    """Short names of a package's machine-readable copyright file, else nothing said."""
    path = root / "usr/share/doc" / name / "copyright"
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    return sorted(set(re.findall(r"^License: *([A-Za-z0-9.+-]+)", text, re.M)))


def package(root, fields):
    name, version = fields["Package"], fields["Version"]
    source = fields.get("Source", name).split()[0]
    entry = {"SPDXID": f"SPDXRef-deb-{re.sub(r'[^A-Za-z0-9.-]', '-', name)}", "name": name, "versionInfo": version,
             "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
             "licenseConcluded": "NOASSERTION", "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
             "sourceInfo": f"built from Debian source package {source}",
             "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator":
                               f"pkg:deb/debian/{name}@{version.replace(':', '%3A').replace('+', '%2B')}"
                               f"?arch={fields.get('Architecture', 'amd64')}"}]}
    found = licences(root, name)
    if found:
        entry["licenseComments"] = "Debian's copyright file names: " + ", ".join(found)
    return entry


def ours(root, version):
    files = []
    for name in PROGRAMS:
        files.append({"SPDXID": f"SPDXRef-file-{name}", "fileName": f"./usr/bin/{name}",
                      "checksums": [{"algorithm": "SHA256", "checksumValue": sha256(root / "usr/bin" / name)}],
                      "licenseConcluded": "Apache-2.0", "copyrightText": "NOASSERTION"})
    entry = {"SPDXID": "SPDXRef-banken", "name": "banken", "versionInfo": version, "downloadLocation": "NOASSERTION",
             "filesAnalyzed": False, "licenseConcluded": "Apache-2.0", "licenseDeclared": "Apache-2.0",
             "copyrightText": "NOASSERTION", "supplier": "NOASSERTION"}
    return entry, files


def write(root, path, when, version):
    """The document; the same root gives the same bytes."""
    own, files = ours(root, version)
    packages = [own] + [package(root, f) for f in sorted(stanzas(root), key=lambda f: f["Package"])]
    digest = hashlib.sha256(json.dumps([packages, files], sort_keys=True).encode()).hexdigest()
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": p["SPDXID"]}
                 for p in packages]
    relations += [{"spdxElementId": "SPDXRef-banken", "relationshipType": "CONTAINS", "relatedSpdxElement": f["SPDXID"]}
                  for f in files]
    created = datetime.datetime.fromtimestamp(when, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
                "name": f"banken-{version}", "documentNamespace": f"urn:sha256:{digest}",
                "creationInfo": {"created": created, "creators": ["Tool: board/image/build"]},
                "packages": packages, "files": files, "relationships": relations}
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
