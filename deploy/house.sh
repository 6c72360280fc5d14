# Shared by deploy/up and tests/run; sourced, not run. Needs bash.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

build_packages=(gcc libc6-dev cmake ninja-build pkg-config libssl-dev libcurl4-openssl-dev
    libarchive-dev libsqlite3-dev libjansson-dev libyajl-dev libyaml-dev libseccomp-dev libzstd-dev
    zlib1g-dev libdeflate-dev libbz2-dev liblzma-dev libyara-dev libvectorscan-dev)
# `serve` asks pip where packages come from, and upstreams' certificates are checked.
serve_packages=(ca-certificates python3-pip python3-venv)
test_packages=(libcmocka-dev golang curl sqlite3 rsyslog rsyslog-gnutls rsyslog-openssl
    skopeo podman containerd docker.io docker-registry mmdebstrap umoci)

release_options=(-DCMAKE_BUILD_TYPE=Release "-DCMAKE_C_FLAGS_RELEASE=-O2 -g1 -DNDEBUG" -DCH_TESTS=OFF)

say() { printf 'customhouse: %s\n' "$*" >&2; }
die() { say "$@"; exit 2; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root to run: $* (no sudo here)"
    fi
}

# need_packages NAME...: installs those that are missing; without any, asks nothing and nobody.
need_packages() {
    command -v dpkg-query >/dev/null || die "needs a Debian system with: $*"
    local missing=() installed name
    installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null || true)
    for name in "$@"; do
        grep -qx "$name installed" <<<"$installed" || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    local install=("${apt[@]}" -y --no-install-recommends install "${missing[@]}")
    # Fresh lists only when those at hand do not do; what is wrong then is said by the second try.
    if ! as_root "${install[@]}" >/dev/null 2>&1; then
        as_root "${apt[@]}" update >&2
        as_root "${install[@]}" >&2 || die "could not install ${missing[*]}"
    fi
}

# build_tree DIR CMAKE_OPTION...: configures when this is new, and builds what changed. Ninja itself
# configures again when a CMakeLists.txt changed.
build_tree() {
    local tree=$root/$1 wanted log
    shift
    wanted="$root $*"
    mkdir -p "$tree"
    exec 9>"$tree/.lock"
    flock 9
    if [ ! -f "$tree/build.ninja" ] || [ "$(cat "$tree/.configured" 2>/dev/null)" != "$wanted" ]; then
        say "configuring ${tree##*/}"
        rm -f "$tree/.configured"
        cmake --fresh -S "$root" -B "$tree" -G Ninja "$@" >"$tree/configure.log" 2>&1 9>&- || {
            cat "$tree/configure.log" >&2
            die "could not configure ${tree##*/}"
        }
        printf '%s' "$wanted" >"$tree/.configured"
        say "building ${tree##*/}, which takes about a minute the first time"
    fi
    log=$tree/build.log
    ninja -C "$tree" -j "$(nproc)" >"$log" 2>&1 9>&- || {
        cat "$log" >&2
        die "could not build ${tree##*/}"
    }
    exec 9>&-
}
