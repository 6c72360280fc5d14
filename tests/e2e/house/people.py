"""Persons, groups and tokens of a running service."""
import datetime
import json


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
    """A token to pull that ends so soon."""
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return json.loads(command(service, "token", "add", "--user", name, "--audience", "pull", "--expires",
                              end.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "--json"))["token"]
