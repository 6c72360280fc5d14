import os
while True:
    job = queue.get()
    if os.fork() == 0:
        job()
