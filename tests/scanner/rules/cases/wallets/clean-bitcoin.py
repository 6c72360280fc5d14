DEFAULT = os.path.expanduser("~/.bitcoin/wallet.dat")
