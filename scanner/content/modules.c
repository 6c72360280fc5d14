#include "scanner/content/modules.h"

/* Names of the standard library's modules in CPython 3.8 to 3.14, those included that left it: a package
 * of such a name answers an import that used to go elsewhere. With a blank around each. */
static const char standard[] =
    " abc aifc annotationlib argparse array ast asynchat asyncio asyncore atexit audioop base64"
    " bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs"
    " codeop collections colorsys compileall compression concurrent configparser contextlib"
    " contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib"
    " dis distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp"
    " fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob"
    " graphlib grp gzip hashlib heapq hmac html http imaplib imghdr imp importlib inspect io"
    " ipaddress itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap"
    " marshal math mimetypes mmap modulefinder msilib msvcrt multiprocessing netrc nis nntplib"
    " nt ntpath nturl2path numbers opcode operator optparse os ossaudiodev pathlib pdb pickle"
    " pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint profile pstats"
    " pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline"
    " reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil"
    " signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile"
    " sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau"
    " symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap"
    " threading time timeit tkinter token tokenize tomllib trace traceback tracemalloc tty"
    " turtle turtledemo types typing unicodedata unittest urllib uu uuid venv warnings wave"
    " weakref webbrowser winreg winsound wsgiref xdrlib xml xmlrpc zipapp zipfile zipimport"
    " zlib zoneinfo ";

/* Well-known modules, and the projects that bring them; a blank around each project. */
/* clang-format off */
static const struct {
    const char *module;
    const char *projects;
} owners[] = {
    {"numpy", " numpy "},
    {"pandas", " pandas "},
    {"scipy", " scipy "},
    {"sklearn", " scikit-learn "},
    {"skimage", " scikit-image "},
    {"matplotlib", " matplotlib "},
    {"mpl_toolkits", " matplotlib basemap "},
    {"torch", " torch "},
    {"torchvision", " torchvision "},
    {"torchaudio", " torchaudio "},
    {"tensorflow", " tensorflow tensorflow-cpu tensorflow-gpu tensorflow-macos tensorflow-intel tf-nightly tf-nightly-cpu tensorflow-rocm "},
    {"keras", " keras keras-nightly "},
    {"jax", " jax "},
    {"jaxlib", " jaxlib "},
    {"flax", " flax "},
    {"transformers", " transformers "},
    {"tokenizers", " tokenizers "},
    {"datasets", " datasets "},
    {"accelerate", " accelerate "},
    {"diffusers", " diffusers "},
    {"huggingface_hub", " huggingface-hub "},
    {"safetensors", " safetensors "},
    {"sentencepiece", " sentencepiece "},
    {"xgboost", " xgboost xgboost-cpu "},
    {"lightgbm", " lightgbm "},
    {"catboost", " catboost "},
    {"polars", " polars polars-lts-cpu polars-u64-idx "},
    {"pyarrow", " pyarrow "},
    {"dask", " dask "},
    {"ray", " ray "},
    {"mlflow", " mlflow mlflow-skinny mlflow-tracing "},
    {"wandb", " wandb "},
    {"openai", " openai "},
    {"anthropic", " anthropic "},
    {"langchain", " langchain "},
    {"litellm", " litellm "},
    {"tiktoken", " tiktoken "},
    {"vllm", " vllm "},
    {"onnx", " onnx "},
    {"onnxruntime", " onnxruntime onnxruntime-gpu onnxruntime-directml onnxruntime-openvino "},
    {"cv2", " opencv-python opencv-python-headless opencv-contrib-python opencv-contrib-python-headless "},
    {"PIL", " pillow pillow-simd "},
    {"yaml", " pyyaml "},
    {"requests", " requests "},
    {"urllib3", " urllib3 urllib3-future "},
    {"certifi", " certifi "},
    {"idna", " idna "},
    {"charset_normalizer", " charset-normalizer "},
    {"chardet", " chardet "},
    {"httpx", " httpx "},
    {"httpcore", " httpcore "},
    {"aiohttp", " aiohttp "},
    {"websockets", " websockets "},
    {"boto3", " boto3 "},
    {"botocore", " botocore "},
    {"s3transfer", " s3transfer "},
    {"paramiko", " paramiko "},
    {"cryptography", " cryptography "},
    {"nacl", " pynacl "},
    {"Crypto", " pycryptodome pycrypto "},
    {"Cryptodome", " pycryptodomex "},
    {"OpenSSL", " pyopenssl "},
    {"jwt", " pyjwt "},
    {"flask", " flask "},
    {"django", " django "},
    {"fastapi", " fastapi "},
    {"starlette", " starlette "},
    {"uvicorn", " uvicorn "},
    {"pydantic", " pydantic "},
    {"pydantic_core", " pydantic-core "},
    {"sqlalchemy", " sqlalchemy "},
    {"psycopg2", " psycopg2 psycopg2-binary "},
    {"pymongo", " pymongo "},
    {"bson", " pymongo "},
    {"redis", " redis "},
    {"celery", " celery "},
    {"click", " click "},
    {"rich", " rich "},
    {"tqdm", " tqdm "},
    {"jinja2", " jinja2 "},
    {"markupsafe", " markupsafe "},
    {"werkzeug", " werkzeug "},
    {"attr", " attrs "},
    {"attrs", " attrs "},
    {"six", " six "},
    {"dateutil", " python-dateutil "},
    {"pytz", " pytz pytz-deprecation-shim "},
    {"packaging", " packaging "},
    {"setuptools", " setuptools "},
    {"pkg_resources", " setuptools "},
    {"_distutils_hack", " setuptools "},
    {"wheel", " wheel "},
    {"pip", " pip "},
    {"virtualenv", " virtualenv "},
    {"distlib", " distlib "},
    {"pytest", " pytest "},
    {"_pytest", " pytest "},
    {"pluggy", " pluggy "},
    {"coverage", " coverage "},
    {"hypothesis", " hypothesis "},
    {"IPython", " ipython "},
    {"ipykernel", " ipykernel "},
    {"jupyter_core", " jupyter-core "},
    {"jupyter_client", " jupyter-client "},
    {"jupyter_server", " jupyter-server "},
    {"jupyterlab", " jupyterlab "},
    {"notebook", " notebook "},
    {"nbformat", " nbformat "},
    {"nbconvert", " nbconvert "},
    {"traitlets", " traitlets "},
    {"zmq", " pyzmq "},
    {"tornado", " tornado "},
    {"psutil", " psutil "},
    {"keyring", " keyring "},
    {"bs4", " beautifulsoup4 "},
    {"lxml", " lxml "},
    {"docutils", " docutils "},
    {"sphinx", " sphinx "},
    {"babel", " babel "},
    {"cffi", " cffi "},
    {"pycparser", " pycparser "},
    {"typing_extensions", " typing-extensions "},
    {"importlib_metadata", " importlib-metadata "},
    {"zipp", " zipp "},
    {"filelock", " filelock "},
    {"platformdirs", " platformdirs "},
    {"colorama", " colorama "},
    {"pygments", " pygments "},
    {"regex", " regex "},
    {"nltk", " nltk "},
    {"spacy", " spacy "},
    {"gensim", " gensim "},
    {"networkx", " networkx "},
    {"sympy", " sympy "},
    {"numba", " numba "},
    {"llvmlite", " llvmlite "},
    {"h5py", " h5py "},
    {"tables", " tables "},
    {"seaborn", " seaborn "},
    {"plotly", " plotly "},
    {"bokeh", " bokeh "},
    {"statsmodels", " statsmodels "},
    {"fsspec", " fsspec "},
    {"s3fs", " s3fs "},
    {"joblib", " joblib "},
    {"threadpoolctl", " threadpoolctl "},
    {"cloudpickle", " cloudpickle "},
    {"dill", " dill "},
    {"ultralytics", " ultralytics "},
    {"gradio", " gradio "},
    {"streamlit", " streamlit "},
};
/* clang-format on */

enum { NAME_MAX = 64 };

static bool has_word(struct ch_str text, struct ch_str word)
{
    struct ch_buf key;
    size_t at;
    ch_buf_init(&key, NAME_MAX + 2);
    ch_buf_putc(&key, ' ');
    ch_buf_puts(&key, word);
    ch_buf_putc(&key, ' ');
    bool found = !key.failed && ch_str_find(text, ch_buf_str(&key), &at);
    ch_buf_done(&key);
    return found;
}

bool module_is_standard(struct ch_str module)
{
    return has_word(CH_STR(standard), module);
}

bool module_is_standard_nocase(struct ch_str module)
{
    char small[NAME_MAX];
    for (size_t i = 0; i < module.len && i < NAME_MAX; i++) {
        char c = module.ptr[i];
        small[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return module_is_standard(module) ||
           (module.len <= NAME_MAX && module_is_standard((struct ch_str){small, module.len}));
}

/* Of another case it is the same folder on Windows and macOS; a project may have its own name so.
 */
bool module_is_of_another(struct ch_str module, struct ch_str project)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(owners); i++) {
        struct ch_str owned = ch_str_of(owners[i].module);
        if (ch_str_eq_nocase(module, owned) &&
            (ch_str_eq(module, owned) || !ch_str_eq_nocase(module, project))) {
            return !has_word(ch_str_of(owners[i].projects), project);
        }
    }
    return false;
}
