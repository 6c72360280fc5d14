@echo off
curl -sL https://x.example.org/tool.zip -o tool.zip
start notepad README.txt
