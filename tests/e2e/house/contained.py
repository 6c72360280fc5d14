"""A service in what a container's runtime gives it: namespaces of its own, a root that is only read, devices, /proc, one folder to
write to, and nothing of root's rights. runc and crun need control groups that not every machine has."""
import os
import shutil
import signal
import subprocess
import tempfile

from .service import Service, free_port

RUN = """
set -eu
root=$1 state=$2 uid=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$state" "$root/var/lib/customhouse"
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$uid:$uid" --groups= "$root" "$@"
"""


class Contained(Service):
    def __init__(self, root, config, args):
        """`root`: the image's files; `config`: of its configuration document; `args`: more words for `serve`."""
        self.dir = tempfile.mkdtemp(prefix="ch-contained-")
        self.state = os.path.join(self.dir, "state")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env, self.before_start = {"PATH": os.environ["PATH"]}, None
        self.log_lines, self.process = [], None
        uid = config["User"].split(":")[0]
        os.mkdir(self.state, 0o700)
        os.chown(self.state, int(uid), int(uid))
        for name in ("dev", "proc"):  # where they are missing a runtime makes them
            os.makedirs(os.path.join(root, name), exist_ok=True)
        self.words = [root, self.state, uid, *config["Entrypoint"], *config["Cmd"],
                      "--listen", f"127.0.0.1:{self.port}", "--admin-listen", "none", *args]

    def serve_words(self):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", RUN, "run", *self.words]

    def first(self):
        """Its process 1, as the host numbers it."""
        [pid] = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        return int(pid)

    def end(self):
        """SIGTERM to process 1, as a runtime does; its exit status."""
        os.kill(self.first(), signal.SIGTERM)
        status = self.process.wait(30)
        self.reader.join(5)
        return status

    def remove(self):
        if self.process and self.process.poll() is None:
            self.process.kill()  # and so all there are in its namespace
            self.process.wait()
        if self.process:
            self.reader.join(5)
            self.process.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)
