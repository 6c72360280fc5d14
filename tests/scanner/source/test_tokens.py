"""Our tokens against those of the host's own Python, over its standard library: same kinds, same
boundaries. `test_tokens.py DUMP_TOKENS [--all]`; without --all a part of the files is compared, with
those that are about tokens in it. Exit 77: this Python has no standard library as source.
"""

import io
import os
import subprocess
import sys
import token
import tokenize

NAMES = {token.NAME: "NAME", token.NUMBER: "NUMBER", token.STRING: "STRING", token.OP: "OP",
         token.NEWLINE: "NEWLINE", token.INDENT: "INDENT", token.DEDENT: "DEDENT"}
F_START = {getattr(token, n) for n in ("FSTRING_START", "TSTRING_START") if hasattr(token, n)}
F_END = {getattr(token, n) for n in ("FSTRING_END", "TSTRING_END") if hasattr(token, n)}
WANTED = ("fstring", "token", "unicode", "encoded_modules", "string", "grammar", "coding", "bad",
          "lib2to3", "number", "float", "complex", "module_from")


def standard_library(everything):
    top = os.path.dirname(os.__file__)
    found = []
    for folder, folders, files in os.walk(top):
        folders[:] = sorted(f for f in folders if f not in ("site-packages", "__pycache__"))
        found += [os.path.join(folder, f) for f in sorted(files) if f.endswith(".py")]
    if everything:
        return found
    return [f for i, f in enumerate(found)
            if i % 12 == 0 or any(w in f[len(top):].lower() for w in WANTED)]


def theirs(data):
    """(kind, line, length in bytes) as Python has them; f-strings as one, whatever its version."""
    out = []
    depth = 0
    for t in tokenize.tokenize(io.BytesIO(data).readline):
        if t.type in F_START:
            if depth == 0:
                line = t.start[0]
                out.append(("STRING", line))
            depth += 1
        elif t.type in F_END:
            depth -= 1
        elif depth == 0 and t.type in NAMES:
            kind = NAMES[t.type]
            if kind in ("NEWLINE", "INDENT"):
                out.append((kind, t.start[0]))
            elif kind == "DEDENT":
                out.append((kind,))
            elif kind == "STRING":
                out.append((kind, t.start[0]))
            else:
                out.append((kind, t.start[0], t.string))
        elif t.type == token.ERRORTOKEN:
            raise SyntaxError("error token")
    return out


def ours(lines, text):
    """The same of what dump_tokens printed about one file."""
    out = []
    depth = 0
    for line in lines:
        kind, row, at, size = line.split()
        row, at, size = int(row), int(at), int(size)
        if kind == "START":
            if depth == 0:
                out.append(("STRING", row))
            depth += 1
        elif kind == "STOP":
            depth -= 1
        elif depth > 0 or kind == "END":
            continue
        elif kind in ("NEWLINE", "INDENT", "STRING"):
            out.append((kind, row))
        elif kind == "DEDENT":
            out.append((kind,))
        else:
            out.append((kind, row, text[at:at + size].decode()))
    return out


def main():
    files = standard_library("--all" in sys.argv)
    if len(files) < 50:
        print("this Python has no standard library as source")
        return 77
    run = subprocess.run([sys.argv[1]], input="\n".join(files) + "\n", capture_output=True,
                         text=True, check=True)
    blocks = run.stdout.split("FILE ")[1:]
    same = differ = refused = tokens = 0
    for path, block in zip(files, blocks, strict=True):
        lines = block.splitlines()
        assert lines[0] == path
        with open(path, "rb") as f:
            data = f.read()
        if b"\r" in data.replace(b"\r\n", b""):
            continue  # tokenize, unlike the compiler, takes a lone \r for something else
        try:
            expected = theirs(data)
            compile(data, path, "exec", dont_inherit=True)
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except (SyntaxError, ValueError, tokenize.TokenError):
            refused += 1
            continue
        text = data.decode(encoding).encode()
        got = ours(lines[1:-1], text)
        tokens += len(got)
        if got == expected and lines[-1] == "ERRORS 0":
            same += 1
            continue
        differ += 1
        first = next((i for i, (a, b) in enumerate(zip(expected, got)) if a != b),
                     min(len(expected), len(got)))
        print(path, lines[-1], "Python:", expected[first:first + 3], "ours:", got[first:first + 3])
    print(f"{same} files with {tokens} tokens alike, {differ} differ, {refused} refused by Python")
    return 1 if differ or same < 50 else 0


sys.exit(main())
