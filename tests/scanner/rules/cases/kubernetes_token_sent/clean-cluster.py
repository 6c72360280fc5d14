TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
requests.post(self.api + "/pods", headers=bearer(TOKEN))
