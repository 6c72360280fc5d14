#!/bin/sh
curl -o /tmp/tool.tar.gz https://x.example.org/tool.tar.gz && tar xf /tmp/tool.tar.gz
chmod +x bin/tool
