import requests
data = requests.get("https://x.example.org/p").json()
self.execute(requests.get(url).text)
retrieval(requests.get(url))
