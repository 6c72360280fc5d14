import requests
text = requests.get("https://pastebin.com/raw/aBcDeFgH").text
print(text)
