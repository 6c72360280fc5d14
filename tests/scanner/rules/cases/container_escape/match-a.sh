#!/bin/sh
nsenter --target 1 --mount --uts sh
