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
    {"aiohttp.ClientSession", NET},
    {"aiohttp.ClientSession().get", GET},
    {"aiohttp.ClientSession().post", POST},
    {"aiohttp.request", POST},
    {"asyncio.create_subprocess_exec", PROC},
    {"asyncio.create_subprocess_shell", PROC},
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
    {"binascii.a2b_base64", DECODE},
    {"binascii.a2b_hex", DECODE},
    {"binascii.hexlify", SAME},
    {"binascii.unhexlify", DECODE},
    {"bytearray", SAME},
    {"bytearray.fromhex", DECODE},
    {"bytes", SAME},
    {"bytes.fromhex", DECODE},
    {"bz2.decompress", DECODE},
    {"cloudpickle.loads", LOAD},
    {"compile", SAME},
    {"code.InteractiveConsole().push", DYNAMIC},
    {"code.InteractiveConsole().runsource", DYNAMIC},
    {"code.InteractiveInterpreter().runcode", DYNAMIC},
    {"code.InteractiveInterpreter().runsource", DYNAMIC},
    {"commands.getoutput", PROC},
    {"dict", SAME},
    {"dill.loads", LOAD},
    {"eval", DYNAMIC},
    {"exec", DYNAMIC},
    {"execfile", DYNAMIC},
    {"ftplib.FTP", NET},
    {"ftplib.FTP().storbinary", SEND},
    {"ftplib.FTP_TLS", NET},
    {"ftplib.FTP_TLS().storbinary", SEND},
    {"getpass.getuser", HOST},
    {"gzip.decompress", DECODE},
    {"http.client.HTTPConnection", NET},
    {"http.client.HTTPConnection().request", SEND},
    {"http.client.HTTPSConnection", NET},
    {"http.client.HTTPSConnection().request", SEND},
    {"httpx.AsyncClient", NET},
    {"httpx.AsyncClient().get", GET},
    {"httpx.AsyncClient().post", POST},
    {"httpx.Client", NET},
    {"httpx.Client().get", GET},
    {"httpx.Client().post", POST},
    {"httpx.get", GET},
    {"httpx.post", POST},
    {"httpx.request", POST},
    {"io.BytesIO", SAME},
    {"io.StringIO", SAME},
    {"json.dumps", SAME},
    {"json.loads", SAME},
    {"list", SAME},
    {"lzma.decompress", DECODE},
    {"marshal.loads", LOAD},
    {"multiprocessing.Process", CALLBACK},
    {"os.execl", PROC},
    {"os.execlp", PROC},
    {"os.execv", PROC},
    {"os.execve", PROC},
    {"os.execvp", PROC},
    {"os.execvpe", PROC},
    {"os.fspath", SAME},
    {"os.getlogin", HOST},
    {"os.path.abspath", SAME},
    {"os.path.expanduser", SAME},
    {"os.path.expandvars", SAME},
    {"os.path.join", SAME},
    {"os.path.realpath", SAME},
    {"os.popen", PROC},
    {"os.popen2", PROC},
    {"os.posix_spawn", PROC},
    {"os.spawnl", PROC},
    {"os.spawnle", PROC},
    {"os.spawnlp", PROC},
    {"os.spawnv", PROC},
    {"os.spawnve", PROC},
    {"os.spawnvp", PROC},
    {"os.startfile", PROC},
    {"os.system", PROC},
    {"os.uname", HOST},
    {"pathlib.Path", SAME},
    {"pathlib.Path.home", 0},
    {"pickle.loads", LOAD},
    {"platform.node", HOST},
    {"platform.platform", HOST},
    {"platform.uname", HOST},
    {"pty.spawn", PROC},
    {"repr", SAME},
    {"requests.Session", NET},
    {"requests.Session().get", GET},
    {"requests.Session().post", POST},
    {"requests.get", GET},
    {"requests.head", NET},
    {"requests.patch", POST},
    {"requests.post", POST},
    {"requests.put", POST},
    {"requests.request", POST},
    {"requests.session", NET},
    {"requests.session().get", GET},
    {"requests.session().post", POST},
    {"reversed", SAME},
    {"runpy.run_path", PROC},
    {"smtplib.SMTP", NET},
    {"smtplib.SMTP().sendmail", SEND},
    {"smtplib.SMTP_SSL", NET},
    {"smtplib.SMTP_SSL().sendmail", SEND},
    {"socket.create_connection", NET | EFFECT_SOCKET},
    {"socket.create_connection().recv", EFFECT_FETCH},
    {"socket.create_connection().send", SEND},
    {"socket.create_connection().sendall", SEND},
    {"socket.getaddrinfo", 0},
    {"socket.gethostbyname", 0},
    {"socket.gethostname", HOST},
    {"socket.getfqdn", HOST},
    {"socket.socket", EFFECT_SOCKET},
    {"socket.socket().connect", NET},
    {"socket.socket().connect_ex", NET},
    {"socket.socket().recv", EFFECT_FETCH},
    {"socket.socket().send", SEND},
    {"socket.socket().sendall", SEND},
    {"socket.socket().sendto", SEND},
    {"ssl.wrap_socket", EFFECT_SOCKET},
    {"str", SAME},
    {"subprocess.Popen", PROC},
    {"subprocess.call", PROC},
    {"subprocess.check_call", PROC},
    {"subprocess.check_output", PROC},
    {"subprocess.getoutput", PROC},
    {"subprocess.getstatusoutput", PROC},
    {"subprocess.run", PROC},
    {"textwrap.dedent", SAME},
    {"threading.Thread", CALLBACK},
    {"threading.Timer", CALLBACK},
    {"tuple", SAME},
    {"types.CodeType", DYNAMIC},
    {"types.FunctionType", DYNAMIC},
    {"urllib.parse.quote", SAME},
    {"urllib.parse.urlencode", SAME},
    {"urllib.request.Request", SAME},
    {"urllib.request.urlopen", POST},
    {"urllib.request.urlretrieve", SAVE},
    {"urllib.urlencode", SAME},
    {"urllib.urlopen", POST},
    {"urllib.urlretrieve", SAVE},
    {"urllib2.Request", SAME},
    {"urllib2.urlopen", POST},
    {"urllib3.PoolManager", NET},
    {"urllib3.PoolManager().request", POST},
    {"uuid.getnode", HOST},
    {"websocket.create_connection", NET},
    {"wget.download", SAVE},
    {"zlib.decompress", DECODE},
};

enum { SLOTS = 1024 };

/* Made once: which row a name has. */
static uint16_t slots[SLOTS];
static uint8_t lengths[CH_ARRAY_LEN(table)];

static void make_slots(void)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(table); i++) {
        uint64_t at = value_hash(ch_str_of(table[i].name)) / 2 % SLOTS;
        while (slots[at] != 0) {
            at = (at + 1) % SLOTS;
        }
        slots[at] = (uint16_t)(i + 1);
        lengths[i] = (uint8_t)strlen(table[i].name);
    }
}

uint32_t effects_of(struct ch_str name)
{
    static bool made;
    if (!made) {
        make_slots();
        made = true;
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
