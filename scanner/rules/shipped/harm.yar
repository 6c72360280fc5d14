/* What it does to the machine and its people. */

rule cryptominer
{
    meta:
        id = "CH-R-120"
        message = "mines cryptocurrency for somebody else"
        class = "irregular"
        severity = "high"
        paths = "@code,*.json,*.conf,*.txt"
    strings:
        $stratum = /stratum\+(tcp|ssl|tls|udp):\/\/[\w.-]{4,80}/
        $xmrig = /\bxmrig\b[^\n]{0,200}(--donate-level|-o |--url|--coin)/
        $web = /\b(coinhive\.min\.js|CoinHive\.Anonymous\(|coinimp|webminepool)/
    condition:
        any of them
}

rule keylogger
{
    meta:
        id = "CH-R-121"
        message = "records what is typed, and sends or hides it"
        class = "irregular"
        severity = "medium"
        paths = "@python"
    strings:
        $listen = /\b(keyboard\.Listener\(|keyboard\.on_press\(|keyboard\.on_release\(|keyboard\.hook\(|HookKeyboard\(|GetAsyncKeyState\(|SetWindowsHookEx\w?\()/
        $send = /\b(smtplib\.SMTP(_SSL)?\(|requests\.post\(|api\/webhooks\/|api\.telegram\.org|ftplib\.FTP\(|\.sendall\()/
        $log = /key_?log|\blog_?keys\b|\bkeystrokes?\b/ nocase
    condition:
        all of them
}

rule clipboard_swapped
{
    meta:
        id = "CH-R-122"
        message = "replaces cryptocurrency addresses in the clipboard"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $write = /\b(pyperclip\.copy\(|SetClipboardData\(|clipboard_append\(|Set-Clipboard\b|clipboard\.copy\(|clipboard\.writeText\()/
        $read = /\b(pyperclip\.paste\(|GetClipboardData\(|clipboard_get\(|Get-Clipboard\b|clipboard\.paste\(|clipboard\.readText\()/
        $btc = /\[13b?\]\[a-km-zA-HJ-NP-Z0?1-9\]\{2\d,3\d\}/
        $bech = /\(?bc1\)?[\[(|]/
        $eth = /0x\[?\(?[a-fA-F0-9-]{6,12}\]?\)?\{40\}/
    condition:
        $write and $read and any of ($btc, $bech, $eth)
}

rule deletes_everything
{
    meta:
        id = "CH-R-123"
        message = "deletes everything that it can reach"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $call = /\b(os\.system|os\.popen|subprocess\.\w{2,14}|Popen|execSync|exec)\(\s{0,20}\[?\s{0,20}f?r?["'](sudo )?rm["', ]{1,6}-(rf|fr|Rf|r -f)["', ]{1,6}(--no-preserve-root["', ]{1,6})?(\/\*?|~\/?\*?|\$HOME\/?\*?)["'\s;]/
        $root = /\brm -(rf|fr|Rf) (--no-preserve-root )(\/|~)/
        $tree = /\bshutil\.rmtree\(\s{0,8}(["'](\/|\/home|\/etc|C:[\\\/]{1,2}|~)["']|os\.path\.expanduser\(\s{0,4}["']~[\/]?["']\s{0,4}\)|Path\.home\(\)|os\.path\.abspath\(os\.sep\))/
        $windows = /\b(rd|rmdir|del) (\/[sqfaSQFA] ){1,4}["']?(C:[\\\/]{1,2}\*?["'\s]|%SYSTEMROOT%|%USERPROFILE%)/ nocase
    condition:
        any of them
}

rule disk_wiped
{
    meta:
        id = "CH-R-124"
        message = "overwrites disks, or deletes what could bring files back"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $dd = /\bdd if=\/dev\/(zero|u?random) of=\/dev\/(sd|nvme|hd|vd|xvd|mmcblk)/
        $mkfs = /\bmkfs(\.\w{2,6})? (-\w{1,3} )?\/dev\/(sd|nvme|hd|vd)\w/
        $raw = /open\(\s{0,8}r?["'](\/dev\/(sd[a-z]|nvme\d|hd[a-z]|vd[a-z])|\\{2,4}\.\\{1,2}PhysicalDrive\d)["']\s{0,4},\s{0,4}["'](r\+)?w?b?/
        $shadow = /vssadmin(\.exe)? delete shadows|wmic shadowcopy delete|wbadmin delete catalog/ nocase
    condition:
        any of them
}

rule fork_bomb
{
    meta:
        id = "CH-R-125"
        message = "starts processes until the machine stands still (fork bomb)"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $shell = /:\(\) ?\{\s?:\s?\|\s?:\s?&\s?\}\s?;\s?:/
        $python = /while\s{1,4}(True|1)\s?:\s{1,40}os\.fork\(\)/
        $batch = /%0 ?\| ?%0/
    condition:
        any of them
}

rule ransom_note
{
    meta:
        id = "CH-R-126"
        message = "has the text of an extortionist: files are encrypted, payment is asked"
        class = "irregular"
        severity = "high"
        paths = "@code,*.txt,*.html"
    strings:
        $said = /(your|all( of)? your) (\w{1,20} ){0,2}(files|documents|data) (have|has|are|were) (been )?(now )?encrypted/ nocase
        $pay = /\b(bitcoins?|BTC|monero|XMR|ransom)\b/ nocase
        $how = /\b(decrypt(ion|or)?|private key|pay(ment)?|wallet)\b/ nocase
    condition:
        all of them
}

rule files_encrypted
{
    meta:
        id = "CH-R-127"
        message = "walks through the user's files, encrypts them and removes or renames the originals"
        class = "irregular"
        severity = "high"
        paths = "@python"
    strings:
        $walk = /\bos\.walk\(\s{0,8}(["'](\/|\/home|C:[\\\/]{1,2}|~)["']|os\.path\.expanduser\(|Path\.home\(\)|os\.environ\[\s?["'](HOME|USERPROFILE)["'])/
        $crypt = /\b(Fernet\(|AES\.new\(|ChaCha20\.new\(|pyAesCrypt\.encryptFile\()/
        $encrypt = /\.encrypt\(|encryptFile\(/
        $replace = /\bos\.(remove|unlink|rename|replace)\(/
    condition:
        all of them
}

rule batch_dropper
{
    meta:
        id = "CH-R-128"
        message = "is a batch file that downloads a program and starts it"
        class = "irregular"
        severity = "high"
        paths = "*.bat,*.cmd,*.ps1,*.vbs,*.hta"
    strings:
        $load = /\b(curl|certutil|bitsadmin|powershell|Invoke-WebRequest|iwr|wget|MSXML2\.XMLHTTP)\b[^\n]{0,200}https?:\/\/[^\n]{3,200}(%TEMP%|%TMP%|%APPDATA%|%PUBLIC%|\$env:(TEMP|APPDATA|PUBLIC))/ nocase
        $start = /\b(start(\s{1,4}(\/\w{1,4}|""))*|call|Start-Process|\.Run|ShellExecute)\s{1,4}[^\n]{0,40}(%TEMP%|%TMP%|%APPDATA%|%PUBLIC%|\$env:(TEMP|APPDATA|PUBLIC))/ nocase
    condition:
        all of them
}

rule script_runs_download
{
    meta:
        id = "CH-R-129"
        message = "has JavaScript that starts a shell on something downloaded"
        class = "irregular"
        severity = "high"
        paths = "*.js,*.mjs,*.cjs,*.ts,package.json"
    strings:
        $child = /\b(exec|execSync|spawn|spawnSync)\(\s{0,8}["'`][^\n]{0,20}(curl|wget|powershell|certutil|bitsadmin|mshta) [^\n]{0,200}https?:/
        $hook = /"(pre|post)?install"\s{0,4}:\s{0,4}"[^"\n]{0,80}(curl|wget|powershell|node -e|certutil) ?[^"\n]{0,200}"/
    condition:
        any of them
}
