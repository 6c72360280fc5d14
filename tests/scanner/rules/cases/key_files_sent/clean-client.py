KEYS = ["~/.ssh/id_rsa", "~/.ssh/id_ed25519"]
NETRC = "~/.netrc"
requests.post(self.url, auth=auth)
