env = dict(os.environ)
subprocess.run(["make"], env=env)
requests.post(url, json={"python": sys.version})
