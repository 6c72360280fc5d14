import pickle
pickle.loads(self.read())
requests.get(url)
