#!/bin/sh
echo "export PATH=$HOME/bin:$PATH" >> ~/.bashrc
