"""Forged archives: what one reader sees and another does not. Of these none may pass."""
import gzip
import io
import struct
import tarfile
import zlib

from house import sdists, wheels

from .package import MARK, attack


def forged(make):
    return attack(make, structure=True)


def tar(entries, form=tarfile.USTAR_FORMAT):
    """entries: (TarInfo, bytes)"""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as t:
        for info, data in entries:
            t.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def entry(name, data=b"", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.linkname = len(data), 0o644, kind, link
    return info, data


def honest_entries(p):
    return [entry(name, data) for name, data in p.sdist_members().items()]


def squeezed(data):
    return gzip.compress(data, mtime=0)


@forged
def zip_directory_hides(p):
    """The central directory leaves out a member that streaming readers unpack (CVE-2025-54368)."""
    return p.packed(wheels.forged_directory(p.project, p.version))


@forged
def zip_header_differs(p):
    """A local header names another file than the directory."""
    data = p.packed(wheels.pack(p.members()))[1]
    return p.packed(data.replace(f"{p.module}/tables.py".encode(), f"{p.module}/tablex.py".encode(), 1))


@forged
def zip_duplicate_name(p):
    """Two members of one name: the first is read by some, the last by others."""
    import zipfile
    buffer = io.BytesIO(wheels.pack(p.members()))
    with zipfile.ZipFile(buffer, "a") as z:
        z.writestr(zipfile.ZipInfo(f"{p.module}/TABLES.py", (2024, 1, 1, 0, 0, 0)), MARK)
    return p.packed(buffer.getvalue())


@forged
def zip_traversal(p):
    """A member leaves the target folder."""
    return p.wheel(files={"../../../.local/lib/evil.py": MARK})


@forged
def zip_absolute(p):
    """A member with an absolute path."""
    return p.wheel(files={"/etc/profile.d/tables.sh": b"touch /tmp/customhouse-marker\n"})


@forged
def zip_prepended(p):
    """A script in front of the archive: a polyglot."""
    return p.packed(b"#!/bin/sh\ntouch /tmp/customhouse-marker\nexit\n" + wheels.pack(p.members()))


@forged
def zip_appended(p):
    """A second archive behind the first: who searches from the end sees another wheel."""
    other = p.members(init=MARK + "\n")
    return p.packed(wheels.pack(p.members()) + wheels.pack(other))


@forged
def zip_size_lies(p):
    """The directory states a smaller size than the data have."""
    data = bytearray(wheels.pack(p.members()))
    at = data.index(b"PK\x01\x02")
    size = struct.unpack("<I", data[at + 24:at + 28])[0]
    struct.pack_into("<I", data, at + 24, size - 8)
    struct.pack_into("<I", data, 22, size - 8)
    return p.packed(bytes(data))


@forged
def zip_crc_lies(p):
    """A checksum that is not the content's: some readers stop there, some go on."""
    data = bytearray(wheels.pack(p.members()))
    at = data.index(b"PK\x01\x02")
    for place in (14, at + 16):
        data[place] ^= 0xff
    return p.packed(bytes(data))


@forged
def zip_bomb(p):
    """A member that inflates a thousandfold."""
    return p.wheel(files={"{m}/zeros.bin": b"\0" * (100 << 20)})


@forged
def zip_symlink(p):
    """A symbolic link to the user's keys, as a member."""
    import zipfile
    members = p.members(files={"{m}/keys": b"../../../../root/.ssh/id_rsa"})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as z:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, (0o120777 if name.endswith("/keys") else 0o100644) << 16
            z.writestr(info, data)
    return p.packed(buffer.getvalue())


@forged
def record_hash_lies(p):
    """RECORD states another hash than the member has."""
    members = p.members()
    members[f"{p.module}/tables.py"] += (MARK + "\n").encode()
    return p.packed(wheels.pack(members))


@forged
def record_leaves_out(p):
    """A member that RECORD does not list (PyPI refuses such since 2026)."""
    members = p.members()
    members[f"{p.module}/more.py"] = (MARK + "\n").encode()
    return p.packed(wheels.pack(members))


@forged
def second_dist_info(p):
    """A second .dist-info folder, of a well-known project, with entry points."""
    return p.wheel(files={"pip-99.0.dist-info/METADATA": wheels.metadata("pip", "99.0"),
                          "pip-99.0.dist-info/entry_points.txt": b"[console_scripts]\npip = tables:main\n"})


@forged
def another_name_inside(p):
    """METADATA names another project than the file."""
    members = p.members()
    info = f"{p.info}/METADATA"
    members[info] = wheels.metadata("numpy", p.version)
    record = f"{p.info}/RECORD"
    lines = [line for line in members[record].decode().splitlines() if not line.startswith(info)]
    members[record] = ("\n".join([f"{info},{wheels.record_hash(members[info])},{len(members[info])}", *lines]) + "\n").encode()
    return p.packed(wheels.pack(members))


@forged
def script_leaves_folder(p):
    """A console script named ../../bin/ls."""
    return p.wheel(entry_points="[console_scripts]\n../../bin/ls = {m}.tables:line\n")


@forged
def tar_pax_smuggles(p):
    """PAX states a size, ustar another, so that a member's content becomes headers (CVE-2025-62518)."""
    top = f"{p.module}-{p.version}"
    inner = tar([entry(f"{top}/setup.py", MARK.encode())])
    info, data = entry(f"{top}/data.bin", inner)
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"00000000000\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    size = f"size={len(inner)}\n"
    record = f"{len(size) + 3} {size}".encode()
    pax, _ = entry(f"{top}/PaxHeaders/data.bin", record, kind=b"x")
    block = pax.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0")
    body = tar(honest_entries(p)).rstrip(b"\0")
    body = body.ljust(-(-len(body) // 512) * 512, b"\0")
    return p.tarball(squeezed(body + block + bytes(header) + inner.rstrip(b"\0").ljust(-(-len(inner) // 512) * 512, b"\0") + b"\0" * 1024))


@forged
def tar_symlink_escapes(p):
    """A symbolic link out of the archive, and a member written through it (CVE-2025-4517 and its kin)."""
    top = f"{p.module}-{p.version}"
    return p.tarball(squeezed(tar(honest_entries(p) + [
        entry(f"{top}/out", kind=tarfile.SYMTYPE, link="../../../../home"), entry(f"{top}/out/.profile", MARK.encode())])))


@forged
def tar_hard_link_escapes(p):
    """A hard link to a file outside."""
    top = f"{p.module}-{p.version}"
    return p.tarball(squeezed(tar(honest_entries(p) + [entry(f"{top}/passwd", kind=tarfile.LNKTYPE, link="/etc/passwd")])))


@forged
def tar_traversal(p):
    """A member named ../../."""
    return p.tarball(squeezed(tar(honest_entries(p) + [entry(f"{p.module}-{p.version}/../../.bashrc", MARK.encode())])))


@forged
def tar_duplicate_name(p):
    """setup.py twice: some readers keep the first, some the last."""
    top = f"{p.module}-{p.version}"
    return p.tarball(squeezed(tar(honest_entries(p) + [entry(f"{top}/setup.py", b"from setuptools import setup\nsetup()\n"),
                                                       entry(f"{top}/setup.py", MARK.encode())])))


@forged
def tar_after_the_end(p):
    """A second archive after the blocks of zeros, which some readers go on with."""
    return p.tarball(squeezed(tar(honest_entries(p)) + tar([entry(f"{p.module}-{p.version}/setup.py", MARK.encode())])))


@forged
def tar_link_with_content(p):
    """A link that states a content: its bytes are headers to some."""
    inner = tar([entry(f"{p.module}-{p.version}/setup.py", MARK.encode())])
    info, _ = entry(f"{p.module}-{p.version}/link", inner, kind=tarfile.SYMTYPE, link="PKG-INFO")
    info.size = len(inner)
    body = tar(honest_entries(p)).rstrip(b"\0")
    body = body.ljust(-(-len(body) // 512) * 512, b"\0")
    return p.tarball(squeezed(body + info.tobuf(tarfile.USTAR_FORMAT) + inner.rstrip(b"\0").ljust(-(-len(inner) // 512) * 512, b"\0") + b"\0" * 1024))


@forged
def tar_sparse(p):
    """A sparse member, whose content readers put together differently."""
    info, data = entry(f"{p.module}-{p.version}/sparse.bin", b"x" * 512, kind=b"S")
    return p.tarball(squeezed(tar(honest_entries(p) + [(info, data)], tarfile.GNU_FORMAT)))


@forged
def tar_device(p):
    """A device as a member."""
    return p.tarball(squeezed(tar(honest_entries(p) + [entry(f"{p.module}-{p.version}/null", kind=tarfile.CHRTYPE)])))


@forged
def tar_global_header(p):
    """A global header that renames members."""
    pax = b"path"
    record = b"27 path=other-1.0/setup.py\n"
    info, _ = entry("pax_global_header", record, kind=b"g")
    assert pax in record and len(record) == 27
    return p.tarball(squeezed(info.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + tar(honest_entries(p))))


@forged
def gzip_two_streams(p):
    """Two gzip streams: some readers take the first only."""
    data = tar(honest_entries(p))
    return p.tarball(squeezed(data) + squeezed(tar([entry(f"{p.module}-{p.version}/setup.py", MARK.encode())])))


@forged
def gzip_trailing(p):
    """Bytes behind the compressed stream."""
    return p.tarball(squeezed(tar(honest_entries(p))) + b"#!/bin/sh\ntouch /tmp/customhouse-marker\n")


@forged
def gzip_bomb(p):
    """A tar that expands a thousandfold."""
    return p.tarball(squeezed(tar(honest_entries(p) + [entry(f"{p.module}-{p.version}/zeros", b"\0" * (100 << 20))])))


@forged
def tar_is_zip_as_well(p):
    """A .tar.gz that is a zip as well: who goes by the end reads another package."""
    return p.tarball(squeezed(tar(honest_entries(p))) + wheels.pack({f"{p.module}-{p.version}/setup.py": MARK.encode()}))


@forged
def sdist_named_otherwise(p):
    """PKG-INFO names another project."""
    return p.tarball(sdists.sdist(p.project, p.version, inside="numpy"))


@attack(structure=True, index={"sha256": "ab" * 32})
def bytes_are_not_the_index_s(p):
    """The mirror gives other bytes than the index states the hash of."""
    return p.wheel()


@forged
def zlib_stored_past_end(p):
    """A stored member whose data reach into the next one's header (overlap)."""
    data = bytearray(wheels.pack(p.members(), stored=True))
    at = data.index(b"PK\x01\x02")
    size = struct.unpack("<I", data[at + 20:at + 24])[0] + 64
    name = struct.unpack("<H", data[26:28])[0]
    crc = zlib.crc32(bytes(data[30 + name:30 + name + size]))
    for place, value in ((14, crc), (18, size), (22, size), (at + 16, crc), (at + 20, size), (at + 24, size)):
        struct.pack_into("<I", data, place, value)
    return p.packed(bytes(data))
