# run with: powershell -ExecutionPolicy Bypass -File install.ps1
Invoke-WebRequest https://x.example.org/tool.zip -OutFile tool.zip
Expand-Archive tool.zip
