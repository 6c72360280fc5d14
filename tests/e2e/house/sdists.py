"""Builds source distributions, honest and hostile, and a build back end small enough to be generated."""
import gzip
import io
import tarfile

from . import wheels

BACKEND = "flit_core.buildapi"  # the name of a well-known one, which the default policy permits

BACKEND_SOURCE = b'''"""Makes a wheel of the one package of a tree, by its PKG-INFO."""
import os
import zipfile


def get_requires_for_build_wheel(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open("PKG-INFO", "rb") as f:
        metadata = f.read()
    fields = dict(line.split(": ", 1) for line in metadata.decode().split("\\n\\n")[0].splitlines())
    module = fields["Name"].replace("-", "_")
    info = f"{module}-{fields['Version']}.dist-info"
    members = {f"{info}/METADATA": metadata,
               f"{info}/WHEEL": b"Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"}
    for name in sorted(os.listdir(module)):
        with open(os.path.join(module, name), "rb") as f:
            members[f"{module}/{name}"] = f.read()
    members[f"{info}/RECORD"] = "".join(f"{path},,\\n" for path in [*members, f"{info}/RECORD"]).encode()
    file_name = f"{module}-{fields['Version']}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, file_name), "w") as z:
        for path, data in members.items():
            z.writestr(path, data)
    return file_name
'''


def backend():
    """A wheel of the back end: ("flit-core", version, bytes)."""
    return "flit-core", "3.99", wheels.wheel("flit-core", "3.99", files={
        "flit_core/buildapi.py": BACKEND_SOURCE})


def file_name(name, version):
    return f"{name.replace('-', '_')}-{version}.tar.gz"


def members(name, version, inside=None, files=None):
    """`inside`: the name that PKG-INFO states instead."""
    module = name.replace("-", "_")
    top = f"{module}-{version}"
    out = {f"{top}/PKG-INFO": wheels.metadata(inside or name, version),
           f"{top}/pyproject.toml": f'[build-system]\nrequires = ["flit-core"]\nbuild-backend = "{BACKEND}"\n'.encode(),
           f"{top}/{module}/__init__.py": f'__version__ = "{version}"\n'.encode()}
    out.update({f"{top}/{path}": data for path, data in (files or {}).items()})
    return out


def pack(files, links=None):
    """`links`: path to where a symbolic link leads."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed:
        with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for path, data in files.items():
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(data), 0o644
                tar.addfile(info, io.BytesIO(data))
            for path, target in (links or {}).items():
                info = tarfile.TarInfo(path)
                info.type, info.linkname = tarfile.SYMTYPE, target
                tar.addfile(info)
    return buffer.getvalue()


def sdist(name, version, **kw):
    return pack(members(name, version, **kw))
