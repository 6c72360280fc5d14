/* How it stays, and how it defends itself. */

rule autostart_registry
{
    meta:
        id = "CH-R-100"
        message = "makes Windows start something at each log-in (Run key)"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $key = /CurrentVersion\\{1,2}Run(Once)?["'\\ ]/ nocase
        $call = /\b(winreg|_winreg|reg|wreg)\.SetValueEx\(/
        $add = /\breg(\.exe)?["', ]{1,6}add["', ]{1,6}["']?(HK|\{)[^\n]{0,60}CurrentVersion\\{1,2}Run/
        $powershell = /\b(Set|New)-ItemProperty [^\n]{0,80}CurrentVersion\\Run/
    condition:
        ($key and $call) or $add or $powershell
}

rule autostart_folder
{
    meta:
        id = "CH-R-101"
        message = "puts something into the folder of programs that Windows starts at log-in"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $folder = /Start Menu[\\\/]{1,2}Programs[\\\/]{1,2}Start-?up\b/ nocase
        $write = /\b(shutil\.(copy\w{0,6}|move)|open|urlretrieve|copyfile|CreateShortCut|copy \/y|Copy-Item)\b\s{0,2}\(?/ nocase
    condition:
        all of them
}

rule autostart_task
{
    meta:
        id = "CH-R-102"
        message = "makes a scheduled task"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $schtasks = /schtasks(\.exe)?["', ]{1,6}[^\n]{0,10}\/create\b/ nocase
        $cron = /crontab -l[^\n]{0,160}\|\s{0,4}crontab -/
        $atreboot = /@reboot [^\n]{3,200}(\/tmp\/|\/dev\/shm|curl |wget |python3? -c)/
    condition:
        any of them
}

rule autostart_unix
{
    meta:
        id = "CH-R-103"
        message = "installs a service or log-in item that runs something from a temporary folder or the network"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $place = /(\/etc\/systemd\/system\/|\.config\/systemd\/user|\.config\/autostart\/|Library\/LaunchAgents\/|Library\/LaunchDaemons\/)/
        $unit = /(ExecStart=|<key>RunAtLoad<\/key>|<key>ProgramArguments<\/key>|X-GNOME-Autostart-enabled|\bExec=)/
        $odd = /(ExecStart=|<string>|Exec=)[^\n]{0,120}(\/tmp\/|\/dev\/shm\/|\/var\/tmp\/|curl |wget |base64 -d|python3? -c)/
    condition:
        all of them
}

rule shell_profile_payload
{
    meta:
        id = "CH-R-104"
        message = "adds a command that downloads or decodes to the shell's start-up files"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $echo = /echo [^\n]{0,300}(curl |wget |base64 -d|base64 --decode|python3? -c|nohup )[^\n]{0,300}>>\s{0,4}["']?(~|\$HOME|\/root|\/home\/\w{1,30})\/\.(bashrc|zshrc|profile|bash_profile|zprofile)/
        $write = /\.(bashrc|zshrc|bash_profile|zprofile|profile)["']\)?\s{0,4},\s{0,4}["']a["']\)[^\n]{0,60}\n?[^\n]{0,80}write\([^\n]{0,200}(curl |wget |base64 -d|python3? -c|nohup )/
    condition:
        any of them
}

rule preload_hijack
{
    meta:
        id = "CH-R-105"
        message = "makes every program load a library of its own choice (ld.so.preload)"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $python = /open\(\s{0,8}["']\/etc\/ld\.so\.preload["']\s{0,4},\s{0,4}["'][aw]/
        $shell = /(>>?|tee (-a )?)\s{0,4}["']?\/etc\/ld\.so\.preload\b/
        $profile = /echo ["']?export LD_PRELOAD=[^\n]{1,120}>>/
    condition:
        any of them
}

rule sudo_rights
{
    meta:
        id = "CH-R-106"
        message = "gives an account root's rights without a password"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $line = /echo ["']?[\w%$-]{1,40}\s{1,4}ALL\s?=\s?\(ALL(:ALL)?\)\s{0,4}NOPASSWD:\s?ALL[^\n]{0,20}(>>|\| ?(sudo )?tee)/
        $write = /open\(\s{0,8}["']\/etc\/sudoers(\.d\/[\w-]{1,40})?["']\s{0,4},\s{0,4}["'][aw]/
    condition:
        any of them
}

rule container_escape
{
    meta:
        id = "CH-R-107"
        message = "breaks out of a container to the machine below it"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $agent1 = "release_agent"
        $agent2 = /notify_on_release/
        $agent3 = /(mount -t cgroup|upperdir=|cgroup\.procs)/
        $nsenter = /\bnsenter (--target|-t) ?1 [^\n]{0,60}(-m|--mount)/
        $socket = /docker\.sock/
        $binds = /["']?Binds["']?\s{0,4}:\s{0,4}\[\s{0,4}["']\/:\//
        $run = /docker (run|create) [^\n]{0,160}-v \/:\/\w{1,20}[^\n]{0,160}chroot/
        $core = /(>>?|open\()[^\n]{0,20}\/proc\/sys\/kernel\/core_pattern/
    condition:
        all of ($agent*) or $nsenter or ($socket and $binds) or $run or $core
}

rule protection_switched_off
{
    meta:
        id = "CH-R-108"
        message = "switches off the virus protection"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $mp = /Set-MpPreference["', ]{1,6}[^\n]{0,40}-Disable\w{6,40}/ nocase
        $exclude = /Add-MpPreference["', ]{1,6}[^\n]{0,40}-Exclusion(Path|Process|Extension)/ nocase
        $defender = /(sc|net)(\.exe)? stop (WinDefend|wuauserv|mpssvc)/ nocase
        $selinux = /\bsetenforce 0\s{0,4}(;|&&)[^\n]{0,120}(curl|wget|iptables -F)/
    condition:
        any of them
}

rule analyst_watched_for
{
    meta:
        id = "CH-R-109"
        message = "looks out for debuggers and virtual machines, to behave while it is watched"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $p1 = "wireshark" nocase
        $p2 = "processhacker" nocase
        $p3 = "ollydbg" nocase
        $p4 = "x64dbg" nocase
        $p5 = "vboxservice" nocase
        $p6 = "vmtoolsd" nocase
        $p7 = "vmwaretray" nocase
        $p8 = "fiddler" nocase
        $p9 = "httpdebugger" nocase
        $p10 = "ida64" nocase
        $p11 = "qemu-ga" nocase
        $p12 = "joeboxcontrol" nocase
    condition:
        5 of them
}

rule firewall_switched_off
{
    meta:
        id = "CH-R-110"
        message = "switches off the firewall"
        class = "irregular"
        severity = "high"
        paths = "@shell,@script"
    strings:
        $netsh = /netsh["', ]{1,6}advfirewall["', ]{1,6}set["', ]{1,6}allprofiles["', ]{1,6}state["', ]{1,6}off/ nocase
    condition:
        $netsh
}

/* In a text of Python: behind its quotation mark, or other words. Behind a colon and a blank it is an
   example of settings, in documentation. */
rule firewall_switched_off_by_python
{
    meta:
        id = "CH-R-111"
        message = "switches off the firewall"
        class = "irregular"
        severity = "high"
        paths = "@python"
    strings:
        $netsh = /([^ ]|[^:] )netsh["', ]{1,6}advfirewall["', ]{1,6}set["', ]{1,6}allprofiles["', ]{1,6}state["', ]{1,6}off/ nocase
    condition:
        $netsh
}
