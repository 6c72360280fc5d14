/* How foreign code gets to run. */

rule reverse_shell_python
{
    meta:
        id = "CH-R-060"
        message = "connects a shell to a machine on the network (reverse shell)"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $dup = /\bos\.dup2\(\s{0,8}\w{1,20}\.fileno\(\)\s{0,8},\s{0,8}[012]\s{0,8}\)/
        $connect = /\.connect\(\s{0,8}\(/
        $shell = /(\/bin\/(ba|z|da)?sh|cmd\.exe|pty\.spawn)/
        $piped = /subprocess\.(Popen|call|run)\(\s{0,8}\[?\s{0,8}["'](\/bin\/(ba|z)?sh|cmd\.exe|powershell)[^\n]{0,80}stdin\s?=\s?\w{1,20}(\.fileno\(\))?\s?,\s?stdout\s?=\s?\w{1,20}(\.fileno\(\))?/
    condition:
        ($dup and $connect and $shell) or ($piped and $connect)
}

rule reverse_shell_command
{
    meta:
        id = "CH-R-061"
        message = "has the command line of a reverse shell"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $tcp = /\b(ba|z)?sh -i\s{0,4}[0-9]?[<>]{1,2}&?\s{0,4}\/dev\/(tcp|udp)\//
        $exec = /exec \d{1,3}<>\s{0,4}\/dev\/tcp\//
        $nc = /\b(nc|ncat|netcat) (-\w{1,6} ){0,4}-\w{0,4}[ec] {0,4}(\/bin\/(ba)?sh|cmd\.exe|powershell)/
        $fifo = /mkfifo \/tmp\/\w{1,12}\s{0,4};\s{0,4}(\/bin\/)?cat \/tmp\/\w{1,12}\s{0,4}\|/
        $socat = /socat (exec|tcp):[^\n]{0,120}(pty,stderr|exec:['"]?(\/bin\/)?(ba)?sh)/ nocase
    condition:
        any of them
}

rule download_executed
{
    meta:
        id = "CH-R-062"
        message = "executes as code what it just downloaded"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $python = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?(requests|httpx|urllib3?|urllib\.request|urllib2|session|_?\w{0,8}urlopen|urlopen)(\.(get|urlopen|post|request))?\(/
        $import = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?__import__\(\s{0,4}["'](requests|urllib\.request|httpx|urllib)["']/
        $written = /\.write\(\s{0,8}b?["']{1,3}from urllib\.request import urlopen[^\n]{0,120}exec\(/
    condition:
        any of them
}

rule download_piped_to_shell
{
    meta:
        id = "CH-R-063"
        message = "runs a shell on what it downloads"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $call = /\b(os\.system|os\.popen|subprocess\.\w{2,14}|check_call|check_output|Popen|execSync)\(\s{0,20}\[?\s{0,20}f?r?["'][^\n]{0,40}(curl|wget) [^\n|]{1,250}\| {0,4}(sudo )?(ba|z|da)?sh\b/
        $args = /\b(subprocess\.\w{2,14}|check_call|check_output|Popen|run|call)\(\s{0,20}\[\s{0,20}["'](\/bin\/)?(ba)?sh["'],\s{0,20}["']-l?c["'],\s{0,20}f?r?["'][^\n"']{0,40}(curl|wget) [^\n|"']{1,250}\| {0,4}(sudo )?(ba|z|da)?sh\b/
        $python = /\b(os\.system|os\.popen|subprocess\.\w{2,14})\(\s{0,20}f?r?["'][^\n]{0,40}(curl|wget) [^\n|]{1,250}\| {0,4}(sudo )?python/
    condition:
        any of them
}

rule drop_and_run
{
    meta:
        id = "CH-R-064"
        message = "downloads into a folder for temporary files, makes it executable and runs it"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $line = /\b(curl|wget)\b[^\n;&]{0,250}\/(tmp|dev\/shm|var\/tmp)\/[^\n;&]{1,250}(;|&&)\s{0,4}chmod (\+x|[0-7]{3,4}|u\+x|a\+x) \/(tmp|dev\/shm|var\/tmp)\//
        $cd = /cd \/(tmp|dev\/shm|var\/tmp)\/?\s{0,4}(;|&&|\|\|)[^\n]{0,40}(curl|wget)\b[^\n]{0,250}chmod (\+x|[0-7]{3,4})/
    condition:
        any of them
}

rule drop_and_start_windows
{
    meta:
        id = "CH-R-065"
        message = "downloads a Windows program into a temporary folder and starts it"
        class = "irregular"
        severity = "medium"
        paths = "@python"
    strings:
        $temp = /(os\.getenv\(\s?["'](TEMP|TMP|APPDATA|LOCALAPPDATA)["']|os\.environ\[\s?["'](TEMP|TMP|APPDATA|LOCALAPPDATA)["']|os\.environ\.get\(\s?["'](TEMP|TMP|APPDATA|LOCALAPPDATA)["'])/
        $program = /["'\\\/][\w-]{1,40}\.(exe|scr|vbs)["']/
        $get = /\b(urlretrieve|requests\.get|urlopen)\(/
        $start = /\b(os\.startfile|ShellExecuteW|ShellExecute)\(|creationflags\s?=\s?(0x08000000|subprocess\.CREATE_NO_WINDOW|CREATE_NO_WINDOW)|["']start /
    condition:
        all of them
}

rule powershell_encoded
{
    meta:
        id = "CH-R-066"
        message = "starts PowerShell with a command that is encoded so that nobody reads it"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $encoded = /powershell(\.exe)?["', ]{1,6}[^\n]{0,160}-e(nc|ncodedcommand|c|nco|ncod)?["', ]{1,6}[A-Za-z0-9+\/]{40,}/ nocase
    condition:
        $encoded
}

rule powershell_download
{
    meta:
        id = "CH-R-067"
        message = "starts a hidden or unrestricted PowerShell that downloads and runs something"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $shell = /powershell(\.exe)?["', ]{1,6}/ nocase
        $hidden = /-(w|win|windowstyle)["', ]{1,6}hidden|-(ep|exec|executionpolicy)["', ]{1,6}bypass/ nocase
        $load = /\b(DownloadString|DownloadFile|DownloadData)\(|\b(Invoke-WebRequest|iwr|Start-BitsTransfer)\s[^\n]{0,20}https?:/ nocase
        $run = /\b(iex|Invoke-Expression|Start-Process)\b/ nocase
    condition:
        all of them
}

rule system_tool_downloads
{
    meta:
        id = "CH-R-068"
        message = "misuses a tool of Windows to download or run something (certutil, bitsadmin, mshta, ...)"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $certutil = /certutil(\.exe)?["', ]{1,6}[^\n]{0,60}-(urlcache|verifyctl|decode)["', ]{1,6}[^\n]{0,40}(-f|http|-split|\.txt|\.b64)/ nocase
        $bitsadmin = /bitsadmin(\.exe)?["', ]{1,6}[^\n]{0,20}\/transfer[^\n]{0,80}https?:/ nocase
        $mshta = /\bmshta(\.exe)?["', ]{1,6}(https?:|javascript:|vbscript:)/ nocase
        $regsvr = /regsvr32(\.exe)?["', ]{1,6}[^\n]{0,40}\/i:https?:/ nocase
        $rundll = /rundll32(\.exe)?["', ]{1,6}javascript:/ nocase
    condition:
        any of them
}

rule shellcode_started
{
    meta:
        id = "CH-R-069"
        message = "copies machine code that it carries into memory and starts it"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $alloc = /\b(VirtualAlloc|VirtualAllocEx|NtAllocateVirtualMemory)\b/
        $copy = /\b(RtlMoveMemory|WriteProcessMemory|NtWriteVirtualMemory)\b/
        $start = /\b(CreateThread|CreateRemoteThread|NtCreateThreadEx|QueueUserAPC)\b/
        $code = /(\\x[0-9a-fA-F]{2}){40}/
        $code2 = /\bb64decode\(\s{0,8}b?["'][A-Za-z0-9+\/]{200}/
    condition:
        $alloc and $copy and $start and any of ($code, $code2)
}

rule memory_file_executed
{
    meta:
        id = "CH-R-070"
        message = "writes a downloaded program into memory only, and runs it from there"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $memory = /\bmemfd_create\(|syscall\(\s{0,8}319\b/
        $run = /\/proc\/(self|\{?\w{0,20}(\(\))?\}?|%[ds])\/fd\/|\bfexecve\b|\bexecveat\b/
        $source = /\b(urlopen|requests\.get|b64decode|httpx\.get)\(/
        $start = /\b(os\.exec\w{1,3}|subprocess\.\w{2,12}|os\.system|os\.spawn\w{1,3})\(/
    condition:
        all of them
}

rule remote_pickle
{
    meta:
        id = "CH-R-071"
        message = "unpickles what it just downloaded: whoever serves it runs code here"
        class = "irregular"
        severity = "medium"
        paths = "@python,*.ipynb"
    strings:
        $loads = /\b(c?[pP]ickle|dill|cloudpickle|marshal)\.loads\(\s{0,20}(requests\.get|urllib\.request\.urlopen|urlopen|httpx\.get|base64\.b64decode\(\s{0,8}(requests\.get|urlopen|urllib\.request\.urlopen))\(/
    condition:
        $loads
}

rule program_by_address
{
    meta:
        id = "CH-R-072"
        message = "names a program or script by a bare internet address"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $url1 = /https?:\/\/1([13-9]|[013-68]\d|2[0-689]|7[013-9]|9[013-9])\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d{2,5})?\/[\w\/.%-]{0,80}\.(exe|sh|ps1|elf|bat|scr|vbs|hta|so|dll)\b/
        $url2 = /https?:\/\/[2-9]\d{0,2}\.\d{1,3}\.\d{1,3}\.\d{1,3}(:\d{2,5})?\/[\w\/.%-]{0,80}\.(exe|sh|ps1|elf|bat|scr|vbs|hta|so|dll)\b/
    condition:
        any of them
}

rule installs_more_packages
{
    meta:
        id = "CH-R-073"
        message = "installs further packages while it runs, which nobody has inspected"
        class = "note"
        severity = "low"
        paths = "@python"
    strings:
        $list = /["']-m["'],\s{0,20}["']pip["'],\s{0,20}["']install["']/
        $system = /\b(os\.system|os\.popen)\(\s{0,20}f?["'][^\n"']{0,60}\bpip3? install /
        $main = /\bpip\.main\(\s{0,8}\[\s{0,8}["']install["']/
    condition:
        any of them
}

rule chat_commands_executed
{
    meta:
        id = "CH-R-074"
        message = "runs as commands what it is sent in a chat"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $client = /\b(discord\.(Client|Bot)\(|commands\.Bot\(|telebot\.TeleBot\(|telegram\.Bot\(|ApplicationBuilder\(|TelegramClient\()/
        $run = /\b(subprocess\.(run|Popen|call|check_output|getoutput)|os\.(system|popen)|eval|exec)\(\s{0,8}\(?f?["']?\{?(message|msg|ctx\.message|event|update\.message)\.(content|text|raw_text)\b/
    condition:
        all of them
}
