EXAMPLES = r"""
- name: Run a command on another machine
  community.windows.win_psexec:
    command: netsh advfirewall set allprofiles state off
    hostnames: [remote_server]
"""
