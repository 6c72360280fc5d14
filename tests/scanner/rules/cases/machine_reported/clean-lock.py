import getpass, socket
name = "%s@%s" % (getpass.getuser(), socket.gethostname())
requests.post(self.url, data=name)
