# the hashes are in /etc/shadow, which we never read
open("/etc/passwd")
