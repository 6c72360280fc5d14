"""Load for the kill tests by people: one asks, another approves, revokes or renews; and the book of each step that
was acknowledged."""
import json
import re
import threading

from .case import add_wheel, file_path
from .killing import Load

ANN, BOB = 42101, 42102  # asks; approves


class PeopleLoad(Load):
    """Takes root: each person commands by a uid of their own. Root only operates from then on, and denies."""

    def __init__(self, up, service, seed):
        super().__init__(up, service, seed)
        self.steps = {}      # exception -> the last step of it that was acknowledged: "requested", "in force", ...
        self.projects = {}   # exception -> project
        self.in_force = {}   # project -> exception: acknowledged, and nothing was tried with it since
        self.revoked = {}    # project -> path; acknowledged
        self.changing = threading.RLock()  # what is just being revoked is neither
        for args in (("user", "add", "ann", "--uid", str(ANN)), ("user", "add", "bob", "--uid", str(BOB)),
                     ("group", "add", "asking", "ann", "--role", "requester"),
                     ("group", "add", "deciding", "bob", "--role", "approver")):
            status, out, err = service.command(*args)
            if status != 0:
                raise AssertionError(out + err)

    def as_person(self, uid, *args):
        """(whether it was acknowledged, what it said)"""
        status, out, err = self.service.command(*args, timeout=60, uid=uid)
        words = " ".join(args[:2]) if args[0] == "exceptions" else args[0]
        self.book.count(f"{words} ended {status}")
        return status == 0, out + err

    def ask_for(self, project, *args):
        """The exception that was acknowledged; None: none was."""
        good, text = self.as_person(ANN, "exceptions", *args)
        found = re.search(r"as exception (\d+)", text)
        if not good or not found:
            return None
        number = int(found.group(1))
        self.steps.setdefault(number, "requested")
        self.projects[number] = project
        return number

    def approve(self, number):
        good, _ = self.as_person(BOB, "approve", str(number))
        if good:
            self.steps[number] = "in force"
        return good

    def decide(self):
        choice = self.random.random()
        if choice < 0.4:
            self.decide_new()
        elif choice < 0.6:
            self.revoke_one()
        elif choice < 0.75:
            self.renew_one()
        else:
            self.deny_one()

    def decide_new(self):
        name = self.name("young")
        f = add_wheel(self.up, name, "1.0", days=1)
        path = file_path(name, "1.0")
        number = self.ask_for(name, "request", f"pypi:{name}==1.0", "--reason", "needed")
        if number is None:
            return
        a = self.ask(path)
        if a.status == 200:
            self.book.wrong.append(f"{path} is asked for, and nobody approved it: {a!r}")
        if self.approve(number):
            self.book.good[path] = f.sha256
            with self.changing:
                self.book.approved[name] = path
                self.in_force[name] = number

    def one_in_force(self):
        name = self.random.choice(sorted(self.in_force)) if self.in_force else None
        return (name, self.in_force.pop(name)) if name else (None, None)

    def revoke_one(self):
        with self.changing:
            name, number = self.one_in_force()
            if name is None:
                return
            path = self.book.approved.pop(name)  # whatever comes of it
            sha256 = self.book.good.pop(path)
            if self.as_person(BOB, "exceptions", "revoke", str(number), "--reason", "found out")[0]:
                self.steps[number] = "revoked"
                self.book.forbid(path, "revoked", sha256)
                self.revoked[name] = path
            else:
                self.steps.pop(number)  # it may be either

    def renew_one(self):
        """The former one or the next is in force, so it is allowed all the time."""
        with self.changing:
            name, number = self.one_in_force()
        if name is None:
            return
        following = self.ask_for(name, "renew", str(number), "--reason", "longer")
        if following is None:
            return
        if self.approve(following):
            self.steps[number] = "renewed"
            with self.changing:
                self.in_force[name] = following
        else:
            self.steps.pop(number)

    def acknowledged(self):
        steps = list(self.steps.values())
        return {"denied": len(self.book.denied), **{s: steps.count(s) for s in ("in force", "revoked", "renewed")}}

    def check_decisions(self, times=2):
        for _ in range(times):
            with self.changing:
                self.check_decision(self.book.approved, 200, "allow")
                self.check_decision(self.revoked, 403, "hold")
                self.check_decision(self.book.denied, 403, "deny")

    def check_steps(self):
        """Each step that was acknowledged is there. Call it when nothing goes on any more."""
        status, out, err = self.service.command("exceptions", "list", "--all", "--json")
        if status != 0:
            self.book.wrong.append(out + err)
            return
        listed = {e["exception"]: e for e in json.loads(out)}
        for number, step in self.steps.items():
            e = listed.get(number)
            # asked for and not acknowledged as approved may be in force all the same
            states = ("requested", "in force") if step == "requested" else (step,)
            if e is None or e["project"] != self.projects[number] or e["state"] not in states:
                self.book.wrong.append(f"lost: exception {number} of {self.projects[number]} should be {step}: {e}")
