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
};

const size_t source_row_near_count = CH_ARRAY_LEN(source_row_near);
