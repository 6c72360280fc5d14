"""Builds wheels, honest and hostile, byte by byte."""
import base64
import hashlib
import io
import random
import struct
import zipfile


def record_hash(data):
    digest = hashlib.sha256(data).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def metadata(name, version, requires=(), requires_python=None, extra=""):
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {r}" for r in requires]
    return ("\n".join(lines) + "\n" + extra + "\nA package made for tests.\n").encode()


def members(name, version, requires=(), requires_python=None, files=None, tag="py3-none-any"):
    """The honest members of a wheel, in order, RECORD last."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    out = {f"{module}/__init__.py": f'__version__ = "{version}"\n'.encode()}
    out.update(files or {})
    out[f"{info}/METADATA"] = metadata(name, version, requires, requires_python)
    out[f"{info}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: house\nRoot-Is-Purelib: true\nTag: {tag}\n").encode()
    record = "".join(f"{path},{record_hash(data)},{len(data)}\n" for path, data in out.items())
    out[f"{info}/RECORD"] = (record + f"{info}/RECORD,,\n").encode()
    return out


def pack(files, stored=False):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as z:
        for path, data in files.items():
            info = zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return buffer.getvalue()


def wheel(name, version, **kw):
    return pack(members(name, version, **kw))


def file_name(name, version, tag="py3-none-any"):
    return f"{name.replace('-', '_')}-{version}-{tag}.whl"


def forged_directory(name, version):
    """A central directory that hides a member: what its streaming readers would still unpack."""
    honest = members(name, version)
    module = name.replace("-", "_")
    evil = dict(honest)
    evil[f"{module}/evil.py"] = b"raise SystemExit('should never run')\n"
    data = bytearray(pack(evil))
    end = data.rindex(b"PK\x05\x06")
    count, size, start = struct.unpack("<HII", data[end + 10:end + 20])
    at, kept, n = start, bytearray(), 0
    for _ in range(count):
        name_len, extra_len, comment_len = struct.unpack("<HHH", data[at + 28:at + 34])
        length = 46 + name_len + extra_len + comment_len
        if bytes(data[at + 46:at + 46 + name_len]) != f"{module}/evil.py".encode():
            kept += data[at:at + length]
            n += 1
        at += length
    tail = bytearray(data[end:])
    tail[8:20] = struct.pack("<HHII", n, n, len(kept), start)
    return bytes(data[:start] + kept + tail)


def direct_reference(name, version, url):
    return wheel(name, version, requires=[f"colourful @ {url}"])


UNCHECKED_PYC = b"\xa7\r\r\n" + struct.pack("<I", 1) + b"\0" * 8 + b"\xe3"


def unchecked_pyc(name, version):
    module = name.replace("-", "_")
    return wheel(name, version, files={f"{module}/__pycache__/x.cpython-311.pyc": UNCHECKED_PYC})


def big(path, name, version, size):
    """Writes a wheel with one stored member of `size` bytes, without ever holding it. Its sha256."""
    module = name.replace("-", "_")
    block = random.Random(1).randbytes(1 << 22)
    digest = hashlib.sha256()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as z:
        with z.open(zipfile.ZipInfo(f"{module}/data.bin", (2024, 1, 1, 0, 0, 0)), "w") as member:
            for at in range(0, size, len(block)):
                piece = block[:size - at]
                member.write(piece)
                digest.update(piece)
        small = members(name, version)
        record = f"{module}-{version}.dist-info/RECORD"
        encoded = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        small[record] = f"{module}/data.bin,sha256={encoded},{size}\n".encode() + small[record]
        for member, data in small.items():
            z.writestr(zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0)), data)
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()
