"""Update bundles: the two images of a slot, signed."""
import collections
import shutil

from common import fresh, run

Keys = collections.namedtuple("Keys", "key cert")
COMPATIBLE = "banken-amd64"


def keys(out, key=None, cert=None):
    """The key that signs: given, or made once for this folder. Whoever has it can update the boxes."""
    own = Keys(out / "key.pem", out / "cert.pem")
    if key:
        if key.resolve() != own.key:
            shutil.copy(key, own.key)
            shutil.copy(cert, own.cert)
    elif not own.key.exists():
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7300",
            "-subj", "/O=Banken/CN=update key of this build", "-keyout", own.key, "-out", own.cert)
    own.key.chmod(0o600)
    return own


def make(path, images, version, signer, work, form="verity"):
    """A bundle of images: slot class -> file. form: the image takes verity alone; plain is for kernels without it."""
    folder = fresh(work / "bundle")
    text = f"[update]\ncompatible={COMPATIBLE}\nversion={version}\n\n[bundle]\nformat={form}\n"
    for name, source in sorted(images.items()):
        shutil.copy(source, folder / f"{name}.img")
        text += f"\n[image.{name}]\nfilename={name}.img\n"
    (folder / "manifest.raucm").write_text(text)
    path.unlink(missing_ok=True)
    # The images are compressed already.
    run("rauc", f"--cert={signer.cert}", f"--key={signer.key}", "--mksquashfs-args=-comp gzip -noD -noF -noI -noX",
        "bundle", folder, path)
    shutil.rmtree(folder)
    return path
