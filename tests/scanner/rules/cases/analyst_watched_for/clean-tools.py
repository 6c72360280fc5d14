"""Opens captures of wireshark and fiddler."""
NAMES = ["wireshark", "fiddler"]
