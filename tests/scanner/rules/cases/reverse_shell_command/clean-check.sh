#!/bin/bash
# is the port open?
(echo > /dev/tcp/localhost/80) 2>/dev/null
nc -z localhost 80
