"""That all a client has installed came through the service: by its access log, and by its bytes."""
import base64
import csv
import hashlib
import io
import os
import re
import zipfile

from .clients import site_of

# What installers write themselves, beside RECORD (https://packaging.python.org: recording installed projects).
OWN = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json"}


def project(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(client):
    """[(name, version, folder)] of all distributions but the pip that the environment was given."""
    site = site_of(client.venv)
    found = []
    for folder in sorted(os.listdir(site)):
        if folder.endswith(".dist-info") and not os.path.islink(os.path.join(site, folder)):
            name, version = folder[:-len(".dist-info")].split("-", 1)
            found.append((project(name), version, folder))
    return found


def wheel_paths(lines):
    """{(name, version): paths} of the wheels that came whole with a 200 by these lines of the access log."""
    paths = {}
    for line in lines:
        file_name = line["path"].rsplit("/", 1)[-1]
        if file_name.endswith(".whl") and line["method"] == "GET" and line["status"] == 200 and line["complete"]:
            name, version = file_name.split("-")[:2]
            paths.setdefault((project(name), version), set()).add(line["path"])
    return paths


def record(text):
    return {row[0]: row[1] for row in csv.reader(io.StringIO(text)) if row}


def digest(path):
    with open(path, "rb") as f:
        sha256 = hashlib.sha256(f.read()).digest()
    return "sha256=" + base64.urlsafe_b64encode(sha256).decode().rstrip("=")


def differences(client, folder, wheel):
    """Files of one distribution that are not those of the wheel, in either direction."""
    site = site_of(client.venv)
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        listed = record(archive.read(folder + "/RECORD").decode())
    with open(os.path.join(site, folder, "RECORD"), newline="") as f:
        here = record(f.read())
    data = folder[:-len(".dist-info")] + ".data/"
    wanted = {path: h for path, h in listed.items() if h and not path.startswith(data)}
    wrong = [p for p, h in wanted.items() if not os.path.exists(os.path.join(site, p)) or digest(os.path.join(site, p)) != h]
    # What lies beside site-packages is of the wheel's .data, or a launcher that the installer made.
    made = {p for p in here if p.startswith("../") or "__pycache__" in p or
            (p.startswith(folder + "/") and p[len(folder) + 1:] in OWN)}
    unpacked = {p.split("/", 2)[2] for p in listed if p.startswith((data + "purelib/", data + "platlib/"))}
    return wrong + sorted(set(here) - set(wanted) - made - unpacked)


def not_through(client, service, lines):
    """What of the client's environment these lines of the access log do not account for."""
    faults = []
    paths = wheel_paths(lines)
    for name, version, folder in installed(client):
        came = paths.get((name, version), set())
        if len(came) != 1:
            faults.append(f"{name} {version}: {len(came)} wheels of it came through")
            continue
        answer = service.ask(came.pop())
        if answer.status != 200:
            faults.append(f"{name} {version}: {answer.status} when asked again")
            continue
        faults += [f"{name} {version}: {path} is not that of the wheel" for path in differences(client, folder, answer.body)]
    return faults
