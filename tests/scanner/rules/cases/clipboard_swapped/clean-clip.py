import pyperclip
pyperclip.copy(pyperclip.paste().strip())
HEX = r"0x[0-9a-f]+"
