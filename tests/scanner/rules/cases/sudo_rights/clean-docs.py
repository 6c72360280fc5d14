"""Needs a line like: deploy ALL=(ALL) NOPASSWD: /usr/bin/systemctl"""
open("/etc/sudoers")
