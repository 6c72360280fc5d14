UNIT = """[Service]
ExecStart=/usr/bin/server --config /etc/server.conf
"""
open("/etc/systemd/system/server.service", "w").write(UNIT)
