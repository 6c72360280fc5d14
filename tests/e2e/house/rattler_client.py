"""Runs under the Python that has py-rattler: solves and installs what a line of JSON on its input asks for, and tells
what came of it as JSON.

{"channels": [URL], "specs": [SPEC], "prefix": FOLDER, "cache": FOLDER, "install": true, "shards": true}
{"packages": [URL], "prefix": FOLDER, "cache": FOLDER}: without a solver, as from an explicit list
-> {"solved": [FILE], "urls": [URL], "installed": true} or {"error": TEXT, "at": "solve" or "install"}"""
import asyncio
import json
import os
import sys

from rattler import (BuildString, Channel, Gateway, GenericVirtualPackage, PackageName, PackageRecord, RepoDataRecord,
                     SourceConfig, Version, VersionWithSource, install, solve)


def text_of(e):
    """With all its causes, as a program shows them."""
    parts = []
    while e is not None:
        parts.append(str(e))
        e = e.__cause__
    return "\n".join(parts)


async def solved(job):
    gateway = Gateway(cache_dir=os.path.join(job["cache"], "repodata"),
                      default_config=SourceConfig(sharded_enabled=job.get("shards", True)))
    unix = GenericVirtualPackage(PackageName("__unix"), Version("0"), BuildString("0"))
    return await solve([Channel(url) for url in job["channels"]], job["specs"], gateway=gateway,
                       platforms=["linux-64", "noarch"], virtual_packages=[unix])


def named(url):
    channel, subdir, file = url.rsplit("/", 2)
    name, version, build = file.removesuffix(".conda").removesuffix(".tar.bz2").rsplit("-", 2)
    return RepoDataRecord(PackageRecord(name, VersionWithSource(version), BuildString(build), 0, subdir), file, url,
                          channel)


async def run(job):
    at = "solve"
    try:
        records = [named(url) for url in job["packages"]] if "packages" in job else await solved(job)
        told = {"solved": sorted(r.file_name for r in records), "urls": sorted(str(r.url) for r in records)}
        at = "install"
        if job.get("install", True):
            await install(records, job["prefix"], cache_dir=os.path.join(job["cache"], "pkgs"), show_progress=False)
            told["installed"] = True
        return told
    except Exception as e:
        return {"error": text_of(e), "at": at}


print(json.dumps(asyncio.run(run(json.loads(sys.stdin.readline())))), flush=True)
os._exit(0)  # its threads go on while an interpreter that ends takes away what they use
