/* Code that hides what it does: packers, obfuscators, and decode-and-execute chains. */

rule exec_of_decoded
{
    meta:
        id = "CH-R-001"
        message = "decodes or unpacks data and executes it as code in one expression"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        // not "{name})" of a template: a program for another interpreter, whose text somebody gives. What is executed
        // by the file that has it, the source's checks see (hidden-code).
        $direct = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?(zlib|base64|codecs|gzip|lzma|bz2|binascii)\.(decompress|b16decode|b32decode|b64decode|b85decode|a85decode|urlsafe_b64decode|decode|unhexlify|a2b_hex|a2b_base64|decodebytes)\(([^{]|\{\s|\{[^}\n]{0,80}[^}\w])/
        $imported = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?__import__\(\s{0,8}["'](zlib|base64|codecs|gzip|lzma|bz2|binascii)["']\s{0,8}\)\./
        $alias = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?(b64decode|b85decode|a85decode|unhexlify|decompress)\(/
    condition:
        any of them
}

rule exec_of_marshal
{
    meta:
        id = "CH-R-002"
        message = "executes compiled code that it carries as data (marshal)"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $plain = /\bexec\(\s{0,40}marshal\.loads\(\s{0,40}(zlib|base64|gzip|lzma|bz2|binascii|b["'])/
        $import = /\bexec\(\s{0,40}__import__\(\s{0,8}["']marshal["']\s{0,8}\)\.loads\(/
        $alias = /\bexec\(\s{0,40}loads\(\s{0,40}(zlib|base64|gzip|lzma|bz2)\./
    condition:
        any of them
}

rule exec_of_hex
{
    meta:
        id = "CH-R-003"
        message = "executes code that is written as hexadecimal digits or escapes"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $fromhex = /\b(exec|eval)\(\s{0,40}(bytes|bytearray)\.fromhex\(/
        $escapes = /\b(exec|eval)\([\sb]{0,40}["']\\x[0-9a-fA-F]{2}(\\x[0-9a-fA-F]{2}){15,}/
        $octal = /\b(exec|eval)\([\sb]{0,40}["']\\[0-7]{2,3}(\\[0-7]{2,3}){15,}/
    condition:
        any of them
}

rule exec_of_characters
{
    meta:
        id = "CH-R-004"
        message = "executes code that it puts together from single characters"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $join = /\b(exec|eval)\(\s{0,40}(str\(\s{0,8})?["']{2}\.join\(\s{0,40}(map\(\s{0,8}(chr|lambda)|[\[(]?\s{0,8}chr\()/
        $chain = /\b(exec|eval)\(\s{0,40}chr\([^)\n]{1,40}\)\s{0,8}\+\s{0,8}chr\(/
    condition:
        any of them
}

rule exec_of_reversed
{
    meta:
        id = "CH-R-005"
        message = "executes a text that it carries backwards"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $reversed = /\b(exec|eval)\(\s{0,40}\(?("[^"\n]{12,3000}"|'[^'\n]{12,3000}')\)?\[\s{0,4}:\s?:\s?-1\s?\]/
        $joined = /\b(exec|eval)\(\s{0,40}["']{2}\.join\(\s{0,8}reversed\(/
    condition:
        any of them
}

rule exec_of_decrypted
{
    meta:
        id = "CH-R-006"
        message = "decrypts data with a key that it carries, and executes it as code"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $fernet = /\b(exec|eval)\(\s{0,40}(compile\(\s{0,40})?(\w{1,20}\.)?Fernet\(/
        $aes = /\b(exec|eval)\(\s{0,40}(unpad\(\s{0,8})?(AES\.new|ARC4\.new|ChaCha20\.new)\(/
        $rot = /\b(exec|eval)\(\s{0,40}codecs\.decode\([^\n]{1,3000}["']rot_?13["']/
    condition:
        any of them
}

rule packed_lambda_chain
{
    meta:
        id = "CH-R-007"
        message = "is the output of an obfuscator: a lambda that unpacks reversed base64 again and again"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $lambda = /lambda\s{1,4}_{1,8}\s{0,4}:\s{0,4}__import__\(\s{0,4}["']zlib["']\s{0,4}\)\.decompress\(\s{0,4}__import__\(\s{0,4}["']base64["']/
    condition:
        $lambda
}

rule packed_pyarmor
{
    meta:
        id = "CH-R-008"
        message = "is encrypted with PyArmor: nobody can see what it does"
        class = "irregular"
        severity = "high"
        paths = "@python"
    strings:
        $old = "from pytransform import pyarmor_runtime"
        $call = /\b__pyarmor__\(__name__,\s?__file__,\s?b["']/
        $new = /from pyarmor_runtime(_\d{6})? import __pyarmor__/
    condition:
        any of them
}

rule packed_sourcedefender
{
    meta:
        id = "CH-R-009"
        message = "is encrypted with SourceDefender: nobody can see what it does"
        class = "irregular"
        severity = "high"
        paths = "@python,*.pye"
    strings:
        $head = "---BEGIN PYE FILE---"
        $use = /\bfrom sourcedefender\.\w{1,40} import|\bimport sourcedefender\b/
    condition:
        any of them
}

rule packed_known_obfuscator
{
    meta:
        id = "CH-R-010"
        message = "is the output of an obfuscator that is offered for malware (Hyperion, Kramer, BlankOBF)"
        class = "irregular"
        severity = "high"
        paths = "@python"
    strings:
        $mark = /__obfuscator__\s{0,8}=/
        $kramer = /class Kramer\(\):\s{0,40}def __decode__\(/
        $hyperion = /\bclass Hyperion\s{0,4}:\s{0,40}def __init__\(self, ?\*\*/
        $blank = /_{4,}\s?=\s?eval\("\\x65\\x76\\x61\\x6c"\)/
        $execute = /def __decode__\(self:object,\s?_execute:str\)->exec/
    condition:
        any of them
}

rule hidden_builtin
{
    meta:
        id = "CH-R-011"
        message = "reaches exec, eval or __import__ by a name that it puts together"
        class = "irregular"
        severity = "medium"
        paths = "@python,*.ipynb"
    strings:
        $parts = /getattr\(\s{0,8}(__builtins__|builtins|__import__\(\s{0,4}["']builtins["']\s{0,4}\))\s{0,8},\s{0,8}(["']\w{1,6}["']\s{0,4}\+|["']{2}\.join|["'][^"'\n]{2,12}["']\[\s?:\s?:\s?-1)/
        $bytes = /getattr\(\s{0,8}(__builtins__|builtins|__import__\(\s{0,4}["']builtins["']\s{0,4}\))\s{0,8},\s{0,8}(bytes|bytearray|base64|chr\()/
        $index = /__builtins__\.__dict__\[\s{0,8}(["']\w{1,6}["']\s{0,4}\+|["']{2}\.join|chr\(|bytes)/
    condition:
        any of them
}

rule long_character_chain
{
    meta:
        id = "CH-R-012"
        message = "spells out a text as a long chain of chr() calls"
        class = "irregular"
        severity = "medium"
        paths = "@python,*.ipynb"
    strings:
        $chain = /(chr\(\d{1,3}\)\s{0,4}\+\s{0,4}){12}/
    condition:
        $chain
}

rule obfuscated_javascript
{
    meta:
        id = "CH-R-013"
        message = "has JavaScript that went through an obfuscator, not only through a minifier"
        class = "irregular"
        severity = "medium"
        paths = "*.js,*.mjs,*.cjs"
    strings:
        $call = /_0x[0-9a-f]{4,6}\((0x[0-9a-f]{1,4}|-?_0x[0-9a-f]{4,6})/
        $shift = /_0x[0-9a-f]{4,6}\['push'\]\(_0x[0-9a-f]{4,6}\['shift'\]\(\)\)/
    condition:
        $shift or #call >= 40
}

rule obfuscated_javascript_sends
{
    meta:
        id = "CH-R-015"
        message = "has JavaScript of an obfuscator that calls an address with something it hides, or hides what it reaches"
        class = "irregular"
        severity = "high"
        paths = "*.js,*.mjs,*.cjs"
    strings:
        $shift = /_0x[0-9a-f]{4,6}\['push'\]\(_0x[0-9a-f]{4,6}\['shift'\]\(\)\)/
        $address = /\[_0x[0-9a-f]{4,6}\(['"]?(0x)?[0-9a-f]{1,4}['"]?\)\]\(\s{0,4}['"`]https?:\/\/[^'"`\n]{4,200}['"`]\s{0,4}\+/
        $fetch = /\\x66\\x65\\x74\\x63\\x68/ nocase
        $exec = /\\x65\\x78\\x65\\x63['"]/ nocase
        $child = /\\x63\\x68\\x69\\x6c\\x64\\x5f\\x70/ nocase
        $cookie = /\\x63\\x6f\\x6f\\x6b\\x69\\x65/ nocase
        $request = /\\x58\\x4d\\x4c\\x48\\x74\\x74\\x70/ nocase
        $beacon = /\\x73\\x65\\x6e\\x64\\x42\\x65/ nocase
    condition:
        $shift and any of ($address, $fetch, $exec, $child, $cookie, $request, $beacon)
}

rule steganographic_loader
{
    meta:
        id = "CH-R-014"
        message = "executes code that it reads out of an image or a sound"
        class = "irregular"
        severity = "high"
        paths = "@python,*.ipynb"
    strings:
        $direct = /\b(exec|eval)\(\s{0,40}(lsb|stepic|judyb|steganography|stegano)(\.\w{1,20}){0,2}\.(reveal|decode|show|extract|retr_msg)\(/
        $judyb = /\bfrom judyb import lsb\b/
        $run = /\b(exec|eval|subprocess\.\w{2,12}|os\.system)\(/
    condition:
        $direct or ($judyb and $run)
}
