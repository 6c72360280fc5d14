"""Runs under the Python that has py-rattler: solves and installs what a line of JSON on its input asks for, and tells
what came of it as JSON.

{"channels": [URL], "specs": [SPEC], "prefix": FOLDER, "cache": FOLDER, "install": true}
-> {"solved": [FILE], "urls": [URL], "installed": true} or {"error": TEXT, "at": "solve" or "install"}"""
import asyncio
import json
import os
import sys

from rattler import BuildString, Channel, Gateway, GenericVirtualPackage, PackageName, Version, install, solve


def text_of(e):
    """With all its causes, as a program shows them."""
    parts = []
    while e is not None:
        parts.append(str(e))
        e = e.__cause__
    return "\n".join(parts)


async def run(job):
    at = "solve"
    try:
        gateway = Gateway(cache_dir=os.path.join(job["cache"], "repodata"))
        records = await solve([Channel(url) for url in job["channels"]], job["specs"], gateway=gateway,
                              platforms=["linux-64", "noarch"],
                              virtual_packages=[GenericVirtualPackage(PackageName("__unix"), Version("0"), BuildString("0"))])
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
