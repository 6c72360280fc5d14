#!/bin/sh
# Which program may hold what: SQLite is the keeper's and the auditor's, libcurl the fetcher's (egress is the same
# program) and reach's, archive and file type libraries the scanner's, and so are those that unpack bzip2 and xz.
# usage: linkage.sh FOLDER-OF-PROGRAMS
set -eu
bin=$1
failed=0

# may PROGRAM LIBRARY: is this the one program that the library belongs to?
may() {
    case "$1 $2" in
    "keeper libsqlite3" | "audit libsqlite3" | "fetcher libcurl" | "reach libcurl" | "scanner libarchive" | \
        "scanner libyara" | "scanner libmagic" | "scanner libbz2" | "scanner liblzma" | \
        "scanner libhs" | "scanner libyajl") return 0 ;;
    esac
    return 1
}

for program in admin admission audit customhouse keeper gateway fetcher reach scanner witness; do
    if [ ! -x "$bin/$program" ]; then
        echo "$bin/$program: missing"
        failed=1
        continue
    fi
    # all that the loader would map, also through other libraries
    libraries=$(ldd "$bin/$program" | sed -n 's/^[[:space:]]*\(lib[^ ]*\)\.so.*/\1/p')
    [ -n "$libraries" ] || { echo "$program: no libraries found"; failed=1; }
    for library in libsqlite3 libcurl libarchive libyara libmagic libbz2 liblzma libhs libyajl; do
        if echo "$libraries" | grep -q "^$library" && ! may "$program" "$library"; then
            echo "$program: links $library and must not"
            failed=1
        fi
    done
done

# the test would pass over programs that link nothing at all
for pair in keeper:libsqlite3 audit:libsqlite3 fetcher:libcurl reach:libcurl scanner:libarchive scanner:libbz2 \
    scanner:liblzma scanner:libyara scanner:libhs scanner:libyajl; do
    if ! readelf -d "$bin/${pair%%:*}" | grep -q "NEEDED.*${pair##*:}"; then
        echo "${pair%%:*}: does not link ${pair##*:}: is this test still about the right libraries?"
        failed=1
    fi
done
exit $failed
