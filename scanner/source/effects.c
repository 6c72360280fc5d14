/* What well-known functions do. */
#include <stdlib.h>
#include <string.h>

#include "scanner/source/source_int.h"

enum {
    NET = EFFECT_NETWORK,
    GET = EFFECT_FETCH | EFFECT_NETWORK,
    POST = EFFECT_FETCH | EFFECT_SEND | EFFECT_NETWORK,
    SEND = EFFECT_SEND | EFFECT_NETWORK,
    SAVE = EFFECT_SAVE | EFFECT_NETWORK,
    PROC = EFFECT_PROCESS,
    DECODE = EFFECT_DECODE,
    SAME = EFFECT_SAME,
    HOST = EFFECT_HOST,
    DYNAMIC = EFFECT_DYNAMIC,
    LOAD = EFFECT_LOAD,
    CALLBACK = EFFECT_CALLBACK,
};

static const struct {
    const char *name;
    uint32_t effects;
} table[] = {
    {"_posixsubprocess.fork_exec", PROC},
    {"_thread.start_new_thread", CALLBACK},
    {"_winapi.CreateProcess", PROC},
    {"aiohttp.ClientSession", NET},
    {"aiohttp.ClientSession().get", GET},
    {"aiohttp.ClientSession().post", POST},
    {"aiohttp.request", POST},
    {"asyncio.create_subprocess_exec", PROC},
    {"asyncio.create_subprocess_shell", PROC},
    {"asyncio.create_task", CALLBACK},
    {"asyncio.get_event_loop().run_until_complete", CALLBACK},
    {"asyncio.new_event_loop().run_until_complete", CALLBACK},
    {"asyncio.open_connection", NET | EFFECT_SOCKET},
    {"asyncio.run", CALLBACK},
    {"asyncio.to_thread", CALLBACK},
    {"atexit.register", CALLBACK},
    {"base64.a85decode", DECODE},
    {"base64.b16decode", DECODE},
    {"base64.b32decode", DECODE},
    {"base64.b64decode", DECODE},
    {"base64.b64encode", SAME},
    {"base64.b85decode", DECODE},
    {"base64.decodebytes", DECODE},
    {"base64.standard_b64decode", DECODE},
    {"base64.urlsafe_b64decode", DECODE},
    {"base64.urlsafe_b64encode", SAME},
    {"bdb.Bdb().run", DYNAMIC},
    {"binascii.a2b_base64", DECODE},
    {"binascii.a2b_hex", DECODE},
    {"binascii.hexlify", SAME},
    {"binascii.unhexlify", DECODE},
    {"bytearray", SAME},
    {"bytearray.fromhex", DECODE},
    {"bytes", SAME},
    {"bytes.fromhex", DECODE},
    {"bz2.decompress", DECODE},
    {"cProfile.run", DYNAMIC},
    {"cloudpickle.load", LOAD},
    {"cloudpickle.loads", LOAD},
    {"code.InteractiveConsole().interact", DYNAMIC},
    {"code.InteractiveConsole().push", DYNAMIC},
    {"code.InteractiveConsole().runcode", DYNAMIC},
    {"code.InteractiveConsole().runsource", DYNAMIC},
    {"code.InteractiveInterpreter().runcode", DYNAMIC},
    {"code.InteractiveInterpreter().runsource", DYNAMIC},
    {"codeop.compile_command", SAME},
    {"commands.getoutput", PROC},
    {"commands.getstatusoutput", PROC},
    {"compile", SAME},
    {"concurrent.futures.ProcessPoolExecutor().map", CALLBACK},
    {"concurrent.futures.ProcessPoolExecutor().submit", CALLBACK},
    {"concurrent.futures.ThreadPoolExecutor().map", CALLBACK},
    {"concurrent.futures.ThreadPoolExecutor().submit", CALLBACK},
    {"contextlib.ExitStack().callback", CALLBACK},
    {"contextlib.closing", SAME},
    {"copy.copy", SAME},
    {"copy.deepcopy", SAME},
    {"ctypes.CDLL().CreateProcessA", PROC},
    {"ctypes.CDLL().CreateProcessW", PROC},
    {"ctypes.CDLL().PyRun_SimpleString", DYNAMIC},
    {"ctypes.CDLL().ShellExecuteA", PROC},
    {"ctypes.CDLL().ShellExecuteW", PROC},
    {"ctypes.CDLL().WinExec", PROC},
    {"ctypes.CDLL().connect", NET},
    {"ctypes.CDLL().execl", PROC},
    {"ctypes.CDLL().execv", PROC},
    {"ctypes.CDLL().execve", PROC},
    {"ctypes.CDLL().execvp", PROC},
    {"ctypes.CDLL().popen", PROC},
    {"ctypes.CDLL().posix_spawn", PROC},
    {"ctypes.CDLL().system", PROC},
    {"ctypes.cdll.msvcrt.system", PROC},
    {"ctypes.pythonapi.PyRun_SimpleString", DYNAMIC},
    {"ctypes.windll.kernel32.CreateProcessA", PROC},
    {"ctypes.windll.kernel32.CreateProcessW", PROC},
    {"ctypes.windll.kernel32.WinExec", PROC},
    {"ctypes.windll.msvcrt.system", PROC},
    {"ctypes.windll.shell32.ShellExecuteA", PROC},
    {"ctypes.windll.shell32.ShellExecuteExW", PROC},
    {"ctypes.windll.shell32.ShellExecuteW", PROC},
    {"dict", SAME},
    {"dill.load", LOAD},
    {"dill.loads", LOAD},
    {"distutils.util.convert_path", SAME},
    {"doctest.debug_script", DYNAMIC},
    {"eval", DYNAMIC},
    {"exec", DYNAMIC},
    {"execfile", DYNAMIC},
    {"filter", CALLBACK},
    {"frozenset", SAME},
    {"ftplib.FTP", NET},
    {"ftplib.FTP().storbinary", SEND},
    {"ftplib.FTP_TLS", NET},
    {"ftplib.FTP_TLS().storbinary", SEND},
    {"functools.reduce", CALLBACK},
    {"gc.callbacks.append", CALLBACK},
    {"getpass.getuser", HOST},
    {"gzip.decompress", DECODE},
    {"http.client.HTTPConnection", NET},
    {"http.client.HTTPConnection().request", SEND},
    {"http.client.HTTPSConnection", NET},
    {"http.client.HTTPSConnection().request", SEND},
    {"httplib.HTTPConnection", NET},
    {"httplib.HTTPConnection().request", SEND},
    {"httplib.HTTPSConnection", NET},
    {"httplib.HTTPSConnection().request", SEND},
    {"httpx.AsyncClient", NET},
    {"httpx.AsyncClient().get", GET},
    {"httpx.AsyncClient().post", POST},
    {"httpx.AsyncClient().request", POST},
    {"httpx.Client", NET},
    {"httpx.Client().get", GET},
    {"httpx.Client().post", POST},
    {"httpx.Client().request", POST},
    {"httpx.get", GET},
    {"httpx.patch", POST},
    {"httpx.post", POST},
    {"httpx.put", POST},
    {"httpx.request", POST},
    {"httpx.stream", POST},
    {"imaplib.IMAP4_SSL", NET},
    {"imp.load_source", DYNAMIC},
    {"importlib.reload", SAME},
    {"io.BytesIO", SAME},
    {"io.StringIO", SAME},
    {"io.TextIOWrapper", SAME},
    {"iter", CALLBACK | SAME},
    {"itertools.accumulate", CALLBACK},
    {"itertools.dropwhile", CALLBACK},
    {"itertools.filterfalse", CALLBACK},
    {"itertools.groupby", CALLBACK},
    {"itertools.starmap", CALLBACK},
    {"itertools.takewhile", CALLBACK},
    {"joblib.load", LOAD},
    {"json.dumps", SAME},
    {"json.loads", SAME},
    {"jsonpickle.decode", LOAD},
    {"keyboard.hook", CALLBACK},
    {"keyboard.on_press", CALLBACK},
    {"keyboard.on_release", CALLBACK},
    {"list", SAME},
    {"lzma.decompress", DECODE},
    {"map", CALLBACK},
    {"marshal.load", LOAD},
    {"marshal.loads", LOAD},
    {"max", CALLBACK},
    {"min", CALLBACK},
    {"multiprocessing.Pool", CALLBACK},
    {"multiprocessing.Pool().apply", CALLBACK},
    {"multiprocessing.Pool().apply_async", CALLBACK},
    {"multiprocessing.Pool().map", CALLBACK},
    {"multiprocessing.Process", CALLBACK},
    {"nntplib.NNTP", NET},
    {"os.execl", PROC},
    {"os.execle", PROC},
    {"os.execlp", PROC},
    {"os.execlpe", PROC},
    {"os.execv", PROC},
    {"os.execve", PROC},
    {"os.execvp", PROC},
    {"os.execvpe", PROC},
    {"os.fork", PROC},
    {"os.forkpty", PROC},
    {"os.fsdecode", SAME},
    {"os.fsencode", SAME},
    {"os.fspath", SAME},
    {"os.getlogin", HOST},
    {"os.path.abspath", SAME},
    {"os.path.expanduser", SAME},
    {"os.path.expandvars", SAME},
    {"os.path.join", SAME},
    {"os.path.normcase", SAME},
    {"os.path.normpath", SAME},
    {"os.path.realpath", SAME},
    {"os.popen", PROC},
    {"os.popen2", PROC},
    {"os.popen3", PROC},
    {"os.popen4", PROC},
    {"os.posix_spawn", PROC},
    {"os.posix_spawnp", PROC},
    {"os.register_at_fork", CALLBACK},
    {"os.spawnl", PROC},
    {"os.spawnle", PROC},
    {"os.spawnlp", PROC},
    {"os.spawnlpe", PROC},
    {"os.spawnv", PROC},
    {"os.spawnve", PROC},
    {"os.spawnvp", PROC},
    {"os.spawnvpe", PROC},
    {"os.startfile", PROC},
    {"os.system", PROC},
    {"os.uname", HOST},
    {"pandas.read_pickle", LOAD},
    {"paramiko.SSHClient", NET},
    {"paramiko.SSHClient().exec_command", SEND},
    {"paramiko.Transport", NET},
    {"pathlib.Path", SAME},
    {"pathlib.Path.home", 0},
    {"pathlib.PosixPath", SAME},
    {"pathlib.PurePath", SAME},
    {"pdb.run", DYNAMIC},
    {"pexpect.run", PROC},
    {"pexpect.spawn", PROC},
    {"pickle.Unpickler", LOAD},
    {"pickle.load", LOAD},
    {"pickle.loads", LOAD},
    {"platform.node", HOST},
    {"platform.platform", HOST},
    {"platform.uname", HOST},
    {"popen2.popen2", PROC},
    {"popen2.popen3", PROC},
    {"poplib.POP3", NET},
    {"profile.run", DYNAMIC},
    {"pty.fork", PROC},
    {"pty.spawn", PROC},
    {"pycurl.Curl", NET},
    {"pynput.keyboard.Listener", CALLBACK},
    {"pynput.mouse.Listener", CALLBACK},
    {"re.sub", CALLBACK},
    {"repr", SAME},
    {"requests.Session", NET},
    {"requests.Session().get", GET},
    {"requests.Session().post", POST},
    {"requests.Session().put", POST},
    {"requests.Session().request", POST},
    {"requests.Session().send", POST},
    {"requests.Session.get", GET},
    {"requests.Session.post", POST},
    {"requests.Session.request", POST},
    {"requests.Session.send", POST},
    {"requests.api.get", GET},
    {"requests.api.post", POST},
    {"requests.api.request", POST},
    {"requests.delete", POST},
    {"requests.get", GET},
    {"requests.head", NET},
    {"requests.options", NET},
    {"requests.patch", POST},
    {"requests.post", POST},
    {"requests.put", POST},
    {"requests.request", POST},
    {"requests.session", NET},
    {"requests.session().get", GET},
    {"requests.session().post", POST},
    {"requests.sessions.Session", NET},
    {"requests.sessions.Session().get", GET},
    {"requests.sessions.Session().post", POST},
    {"reversed", SAME},
    {"runpy.run_module", 0},
    {"runpy.run_path", PROC | DYNAMIC},
    {"sched.scheduler().enter", CALLBACK},
    {"set", SAME},
    {"setuptools.convert_path", SAME},
    {"shelve.open", LOAD},
    {"signal.signal", CALLBACK},
    {"smtplib.SMTP", NET},
    {"smtplib.SMTP().sendmail", SEND},
    {"smtplib.SMTP_SSL", NET},
    {"smtplib.SMTP_SSL().sendmail", SEND},
    {"socket.SocketType", EFFECT_SOCKET},
    {"socket.create_connection", NET | EFFECT_SOCKET},
    {"socket.create_connection().recv", EFFECT_FETCH},
    {"socket.create_connection().send", SEND},
    {"socket.create_connection().sendall", SEND},
    {"socket.create_server", NET},
    {"socket.fromfd", EFFECT_SOCKET},
    {"socket.getaddrinfo", 0},
    {"socket.getfqdn", HOST},
    {"socket.gethostbyaddr", 0},
    {"socket.gethostbyname", 0},
    {"socket.gethostbyname_ex", 0},
    {"socket.gethostname", HOST},
    {"socket.getnameinfo", 0},
    {"socket.socket", EFFECT_SOCKET},
    {"socket.socket().bind", 0},
    {"socket.socket().connect", NET},
    {"socket.socket().connect_ex", NET},
    {"socket.socket().recv", EFFECT_FETCH},
    {"socket.socket().send", SEND},
    {"socket.socket().sendall", SEND},
    {"socket.socket().sendfile", SEND},
    {"socket.socket().sendmsg", SEND},
    {"socket.socket().sendto", SEND},
    {"socket.socket.connect", NET},
    {"sorted", CALLBACK},
    {"ssl.SSLContext().wrap_socket", EFFECT_SOCKET},
    {"ssl.create_default_context().wrap_socket", EFFECT_SOCKET},
    {"ssl.wrap_socket", EFFECT_SOCKET},
    {"str", SAME},
    {"subprocess.Popen", PROC},
    {"subprocess.call", PROC},
    {"subprocess.check_call", PROC},
    {"subprocess.check_output", PROC},
    {"subprocess.create_subprocess_exec", PROC},
    {"subprocess.create_subprocess_shell", PROC},
    {"subprocess.getoutput", PROC},
    {"subprocess.getstatusoutput", PROC},
    {"subprocess.run", PROC},
    {"sys.addaudithook", CALLBACK},
    {"sys.set_asyncgen_hooks", CALLBACK},
    {"sys.setprofile", CALLBACK},
    {"sys.settrace", CALLBACK},
    {"telnetlib.Telnet", NET},
    {"textwrap.dedent", SAME},
    {"thread.start_new_thread", CALLBACK},
    {"threading.Thread", CALLBACK},
    {"threading.Timer", CALLBACK},
    {"threading.setprofile", CALLBACK},
    {"threading.settrace", CALLBACK},
    {"timeit.Timer", DYNAMIC},
    {"timeit.repeat", DYNAMIC},
    {"timeit.timeit", DYNAMIC},
    {"trace.Trace().run", DYNAMIC},
    {"tuple", SAME},
    {"types.CodeType", DYNAMIC},
    {"types.FunctionType", DYNAMIC},
    {"urllib.parse.quote", SAME},
    {"urllib.parse.urlencode", SAME},
    {"urllib.request.FancyURLopener().open", POST},
    {"urllib.request.OpenerDirector().open", POST},
    {"urllib.request.Request", SAME},
    {"urllib.request.URLopener().open", POST},
    {"urllib.request.URLopener().retrieve", SAVE},
    {"urllib.request.build_opener", NET},
    {"urllib.request.build_opener().open", POST},
    {"urllib.request.urlopen", POST},
    {"urllib.request.urlretrieve", SAVE},
    {"urllib.urlencode", SAME},
    {"urllib.urlopen", POST},
    {"urllib.urlretrieve", SAVE},
    {"urllib2.Request", SAME},
    {"urllib2.urlopen", POST},
    {"urllib3.PoolManager", NET},
    {"urllib3.PoolManager().request", POST},
    {"urllib3.PoolManager().urlopen", POST},
    {"urllib3.request", POST},
    {"uuid.getnode", HOST},
    {"weakref.finalize", CALLBACK},
    {"weakref.ref", CALLBACK},
    {"websocket.WebSocket", NET},
    {"websocket.create_connection", NET},
    {"websockets.connect", NET},
    {"wget.download", SAVE},
    {"xmlrpc.client.ServerProxy", NET},
    {"zlib.decompress", DECODE},
};

enum { SLOTS = 2048, PREFIXES = 1024 };

/* Made once: which row a name has. */
static uint16_t slots[SLOTS];
static uint8_t lengths[CH_ARRAY_LEN(table)];
/* What is before a dot or a call in one of them, and the effects of all such. */
static struct {
    uint64_t hash;
    uint32_t effects;
} prefixes[PREFIXES];

/* The first two bytes of all rows: most names are none, and need no hash. */
static uint64_t first_two[(1 << 16) / 64];

static uint32_t two_bytes(struct ch_str name)
{
    return (uint32_t)(uint8_t)name.ptr[0] | (uint32_t)(uint8_t)name.ptr[1] << 8;
}

static bool may_be_row(struct ch_str name)
{
    return name.len >= 2 && (first_two[two_bytes(name) / 64] >> two_bytes(name) % 64 & 1) != 0;
}

static uint32_t *prefix_slot(uint64_t hash)
{
    uint64_t at = hash / 2 % PREFIXES;
    while (prefixes[at].hash != 0 && prefixes[at].hash != hash) {
        at = (at + 1) % PREFIXES;
    }
    if (prefixes[at].hash == 0) {
        return NULL;
    }
    return &prefixes[at].effects;
}

static void make_prefix(struct ch_str name, uint32_t effects)
{
    uint64_t hash = value_hash(name);
    uint64_t at = hash / 2 % PREFIXES;
    while (prefixes[at].hash != 0 && prefixes[at].hash != hash) {
        at = (at + 1) % PREFIXES;
    }
    prefixes[at].hash = hash;
    prefixes[at].effects |= effects | EFFECT_SOME;
}

static void make_slots(void)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(table); i++) {
        struct ch_str name = ch_str_of(table[i].name);
        first_two[two_bytes(name) / 64] |= (uint64_t)1 << two_bytes(name) % 64;
        for (size_t k = 1; k < name.len; k++) {
            if (name.ptr[k] == '.' || (name.ptr[k] == '(' && k > 0)) {
                make_prefix(ch_str_sub(name, 0, k), table[i].effects);
            }
        }
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(table); i++) {
        uint64_t at = value_hash(ch_str_of(table[i].name)) / 2 % SLOTS;
        while (slots[at] != 0) {
            at = (at + 1) % SLOTS;
        }
        slots[at] = (uint16_t)(i + 1);
        lengths[i] = (uint8_t)strlen(table[i].name);
    }
}

static void make_once(void)
{
    static bool made;
    if (!made) {
        make_slots();
        made = true;
    }
}

uint32_t effects_under(struct ch_str name)
{
    make_once();
    const uint32_t *effects = may_be_row(name) && name.len < NAME_BYTES ? prefix_slot(value_hash(name)) : NULL;
    return effects != NULL ? *effects : 0;
}

uint32_t effects_of(struct ch_str name)
{
    make_once();
    if (!may_be_row(name)) {
        return 0;
    }
    uint64_t at = value_hash(name) / 2 % SLOTS;
    for (; slots[at] != 0; at = (at + 1) % SLOTS) {
        size_t row = slots[at] - 1U;
        if (name.len == lengths[row] && memcmp(name.ptr, table[row].name, name.len) == 0) {
            return table[row].effects;
        }
    }
    return 0;
}

const char *effects_row(size_t i, uint32_t *ret_effects)
{
    *ret_effects = i < CH_ARRAY_LEN(table) ? table[i].effects : 0;
    return i < CH_ARRAY_LEN(table) ? table[i].name : NULL;
}
