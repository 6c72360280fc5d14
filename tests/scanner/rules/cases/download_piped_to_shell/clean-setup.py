print("Rust is missing. Install it with\n  curl https://sh.example.org -sSf | sh")
