/* What is not source: only the beginning of large members is looked at. These rules look at places in
 * the file, so each file is looked at by itself. */

rule packed_elf
{
    meta:
        id = "CH-R-140"
        message = "has a Linux program or library that is packed with UPX: nobody can see what it does"
        class = "irregular"
        severity = "medium"
        paths = "*"
    strings:
        $upx = "UPX!"
    condition:
        uint32(0) == 0x464c457f and $upx in (0..1024)
}

rule packed_pe
{
    meta:
        id = "CH-R-141"
        message = "has a Windows program or library that is packed with UPX: nobody can see what it does"
        class = "irregular"
        severity = "medium"
        paths = "*"
    strings:
        $upx0 = "UPX0\x00\x00\x00\x00"
        $upx1 = "UPX1\x00\x00\x00\x00"
    condition:
        uint16(0) == 0x5a4d and $upx0 in (0..2048) and $upx1 in (0..2048)
}

rule image_with_script
{
    meta:
        id = "CH-R-142"
        message = "has an image or sound with the text of a program in it"
        class = "irregular"
        severity = "medium"
        paths = "*.png,*.jpg,*.jpeg,*.gif,*.bmp,*.ico,*.webp,*.wav,*.mp3"
    strings:
        $python = /import (os|sys|base64|subprocess|socket|requests|urllib)\b[^\n]{0,200}\n/
        $shell = /#!\/(usr\/)?bin\/(env |ba|z)?(sh|python)/
        $powershell = /powershell(\.exe)? -\w{1,20}/ nocase
        $php = /<\?php\s/
    condition:
        (uint32be(0) == 0x89504e47 or uint16be(0) == 0xffd8 or uint32be(0) == 0x47494638 or
         uint16be(0) == 0x424d or uint32be(0) == 0x52494646 or uint32be(0) == 0x00000100) and
        any of them
}

rule program_with_webhook
{
    meta:
        id = "CH-R-143"
        message = "has a program with a built-in chat webhook or Telegram bot"
        class = "irregular"
        severity = "high"
        paths = "*"
    strings:
        $discord = /discord(app)?\.com\/api\/(v\d{1,2}\/)?webhooks\/\d{17,20}\/[A-Za-z0-9_-]{40}/
        $telegram = /api\.telegram\.org\/bot\d{8,10}:[A-Za-z0-9_-]{30}/
    condition:
        (uint32(0) == 0x464c457f or uint16(0) == 0x5a4d or uint32be(0) == 0xcffaedfe or
         uint32be(0) == 0xcafebabe) and any of them
}

rule pickle_runs_commands
{
    meta:
        id = "CH-R-144"
        message = "has a pickle that runs a command or code as soon as somebody loads it"
        class = "irregular"
        severity = "high"
        paths = "*"
    strings:
        $old = /c(os|posix|nt|subprocess|__builtin__|builtins|pty|runpy)\n(system|popen|Popen|call|check_output|run|eval|exec|spawn|execfile|_run_code|__import__)\n/
        $new = /\x8c(\x02os|\x05posix|\x02nt|\x0asubprocess|\x08builtins|\x03pty)\x94?\x8c.(system|popen|Popen|call|check_output|run|eval|exec|spawn|__import__)\x94?\x93/s
    condition:
        (uint8(0) == 0x80 or $old at 0) and any of them
}
