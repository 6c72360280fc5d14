"""Persons, groups and tokens of a running service."""
import hashlib
import json
import os
import secrets
import sqlite3
import time


def command(service, *args):
    status, out, err = service.command(*args)
    if status != 0:
        raise AssertionError(f"{' '.join(args)}: {status} {out}{err}")
    return out


def person(service, name, *roles, service_account=False, uid=None):
    """`roles`: "reader", or "reader/REPOSITORY"; each by a group of its own."""
    command(service, "user", "add", name, *(["--service"] if service_account else []), *(["--uid", str(uid)] if uid else []))
    for role in roles:
        role, _, repository = role.partition("/")
        group = f"{role}-{repository or 'all'}"
        grants = json.loads(command(service, "group", "list", "--json"))
        if not any(g.get("name") == group for g in grants):
            command(service, "group", "add", group, "--role", role,
                    *(["--repository", repository] if repository else []))
        command(service, "group", "add", group, name)


def token(service, name, audience="pull"):
    """(the token, its number)"""
    made = json.loads(command(service, "token", "add", "--user", name, "--audience", audience, "--json"))
    return made["token"], made["id"]


def short_token(service, name, seconds):
    """A token that ends so soon as no command makes one; the service must not run."""
    text = "chp_" + secrets.token_hex(32)
    now = int(time.time() * 1e6)
    store = sqlite3.connect(os.path.join(service.path("db"), "customhouse.db"))
    with store:
        row = store.execute("INSERT INTO people_fact (kind, by_person, at_us) VALUES (5, 'test', ?)", (now,)).lastrowid
        store.execute("INSERT INTO token (id, person, audience, label, sha256, expires_at_us)"
                      " VALUES (?, ?, 'pull', 'short', ?, ?)",
                      (row, name, hashlib.sha256(text.encode()).digest(), now + int(seconds * 1e6)))
    store.close()
    return text
