/* What runs without being asked: at install, at the start of Python. */

rule install_hook_network
{
    meta:
        id = "CH-R-080"
        message = "talks to the network and starts programs or code while it is being installed"
        class = "irregular"
        severity = "medium"
        paths = "setup.py"
    strings:
        $hook = /\bcmdclass\s{0,4}=/
        $class = /class \w{1,60}\((\w{1,30}\.)?(install|develop|egg_info|build_py|bdist_egg|_install)\)\s?:/
        $net = /\b(requests\.(get|post)|urlopen|urlretrieve|socket\.socket|http\.client\.HTTPS?Connection)\(/
        $run = /\b(exec|eval|os\.system|os\.popen|os\.startfile|subprocess\.(Popen|call|run|check_output|check_call|getoutput))\(/
    condition:
        all of them
}

rule install_reports_machine
{
    meta:
        id = "CH-R-081"
        message = "sends user name, machine name or folders of this machine while it is being installed"
        class = "irregular"
        severity = "high"
        paths = "setup.py"
    strings:
        $who = /\b(getpass\.getuser|os\.getlogin|socket\.gethostname|platform\.node|os\.getcwd|os\.uname)\(\)/
        $send = /\b(requests\.(get|post)|urlopen|http\.client\.HTTPS?Connection)\(\s{0,20}[^\n]{0,40}(https?:\/\/|["'][a-z0-9.-]{4,60}["'])/
        $hook = /class \w{1,60}\((\w{1,30}\.)?(install|develop|egg_info|build_py|_install)\)\s?:/
    condition:
        all of them
}

rule install_hidden_process
{
    meta:
        id = "CH-R-082"
        message = "starts a hidden program while it is being installed"
        class = "irregular"
        severity = "high"
        paths = "setup.py,conftest.py,sitecustomize.py,usercustomize.py,*.pth"
    strings:
        $flag = /\b(CREATE_NO_WINDOW|SW_HIDE|DETACHED_PROCESS)\b|creationflags\s?=\s?0x0?8000000/
        $style = /-(w|win|windowstyle)["', ]{1,6}hidden/ nocase
        $pythonw = /\bpythonw(\.exe)?["' ]/
        $nohup = /\bnohup [^\n]{3,200}&["'\s]/
        $run = /\b(subprocess\.\w{2,14}|os\.system|os\.popen|Popen)\(/
    condition:
        $run and any of ($flag, $style, $pythonw, $nohup)
}

rule start_file_runs_code
{
    meta:
        id = "CH-R-083"
        message = "starts programs, decodes or downloads whenever any Python starts (.pth)"
        class = "irregular"
        severity = "high"
        paths = "*.pth"
    strings:
        $line = /\bimport\s[^\n]{0,2000}\b(subprocess|base64|b64decode|urlopen|urllib|requests|os\.system|os\.popen|socket|zlib|marshal|ctypes|codecs)\b/
    condition:
        $line
}

rule start_module_acts
{
    meta:
        id = "CH-R-084"
        message = "starts programs, decodes or downloads whenever any Python starts (sitecustomize)"
        class = "irregular"
        severity = "medium"
        paths = "sitecustomize.py,usercustomize.py"
    strings:
        $act = /\b(subprocess\.\w{2,14}|os\.system|os\.popen|urlopen|requests\.\w{3,6}|socket\.socket|b64decode|marshal\.loads)\(/
    condition:
        $act
}

rule notebook_drives_kernel
{
    meta:
        id = "CH-R-085"
        message = "has a notebook whose saved output runs code in the reader's session"
        class = "irregular"
        severity = "medium"
        paths = "*.ipynb,*.html"
    strings:
        $kernel = /\b(IPython|Jupyter)\.notebook\.kernel\.execute\(/
        $cookie = /document\.cookie/
        $send = /\b(fetch|XMLHttpRequest|navigator\.sendBeacon)\(/
        $script = /application\/javascript|<script/
    condition:
        $script and ($kernel or ($cookie and $send))
}

rule notebook_runs_commands
{
    meta:
        id = "CH-R-086"
        message = "has a notebook whose saved output starts programs or fetches code in the reader's session"
        class = "irregular"
        severity = "high"
        paths = "*.ipynb,*.html"
    strings:
        $drive = /\b(IPython|Jupyter)\.notebook\.kernel\.execute\([^\n]{0,200}(os\.system|subprocess|os\.popen|__import__|urlopen|b64decode|socket\.socket|requests\.(get|post))\b/
    condition:
        $drive
}

rule build_script_downloads
{
    meta:
        id = "CH-R-087"
        message = "has a build script that runs a shell on what it downloads"
        class = "irregular"
        severity = "high"
        paths = "CMakeLists.txt,*.cmake,build.rs,meson.build,binding.gyp"
    strings:
        $piped = /\b(curl|wget) [^\n|]{1,250}\| {0,4}(sudo )?(ba|z|da)?sh\b/
        $shell = /\b(curl|wget)\b[^\n|]{1,250}\| {0,4}(sudo )?python/
    condition:
        any of them
}
