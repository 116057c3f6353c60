#!/usr/bin/env bash
# What scripts/apt_sources.sh reads from apt sources of both formats.
#
# usage: apt_sources_test.sh ROOT
set -euo pipefail
source "$1/scripts/apt_sources.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/sources.list.d"
failed=0

expect() { # expect NAME LINES: what apt_sources reads from $folder, which is then emptied
  local found
  found=$(apt_sources "$folder" | tr '\001' '~')
  if [[ $found != "$2" ]]; then
    printf '%s\n  expected:\n%s\n  found:\n%s\n' "$1" "$2" "$found"
    failed=1
  fi
  rm -f "$folder"/sources.list "$folder"/sources.list.d/*
}

expect 'no sources' ''

cat >"$folder/sources.list" <<'LIST'
# deb http://commented.example/debian bookworm main
deb-src http://source.example/debian bookworm main
deb http://plain.example/debian bookworm main contrib # the rest
deb [ arch=amd64 signed-by=/usr/share/keyrings/k.gpg ] http://signed.example/debian bookworm-updates main
LIST
expect 'one-line sources' 'http://plain.example/debian|bookworm| main contrib |
http://signed.example/debian|bookworm-updates| main |/usr/share/keyrings/k.gpg'

cat >"$folder/sources.list.d/a.sources" <<'SOURCES'
Types: deb deb-src
# a note inside
URIs: http://one.example/debian http://two.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/k.gpg

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main
SOURCES
expect 'deb822 sources' 'http://one.example/debian|bookworm| main |/usr/share/keyrings/k.gpg
http://one.example/debian|bookworm-updates| main |/usr/share/keyrings/k.gpg
http://two.example/debian|bookworm| main |/usr/share/keyrings/k.gpg
http://two.example/debian|bookworm-updates| main |/usr/share/keyrings/k.gpg'

cat >"$folder/sources.list.d/b.sources" <<'SOURCES'
types: deb
uris: http://key.example/debian
suites: bookworm
components: main
signed-by:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
SOURCES
expect 'a key inside its source' \
  'http://key.example/debian|bookworm| main |~ -----BEGIN PGP PUBLIC KEY BLOCK-----~ .~ abc'

((failed == 0)) && echo 'apt_sources reads what apt reads'
exit "$failed"
