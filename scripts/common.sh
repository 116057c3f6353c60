# Sourced by the other scripts: where the clone lies, how to speak, which compiler to take.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The comment block at the head of the calling script is its help text.
help_if_asked() {
  for word in "$@"; do
    case $word in
      -h | --help) sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    esac
  done
}

# Compilers at once: one for each core, but none without 1.5 GB of memory.
jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemTotal:/ {print int($2 / 1572864)}' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo $((cores < memory ? cores : memory))
}

# usable_compiler COMMAND: whether it is there, and Clang >= 16 or GCC >= 14.
usable_compiler() {
  command -v "$1" >/dev/null || return 1
  local major
  major=$("$1" -dumpversion 2>/dev/null | cut -d. -f1)
  if "$1" --version | grep -qi clang; then
    ((major >= 16))
  else
    ((major >= 14))
  fi
}

# The compiler to build with: $CXX, else the distribution's g++ when it is new enough, else the newest tested Clang.
choose_compiler() {
  local candidate
  if [[ -n ${CXX:-} ]]; then
    echo "$CXX"
    return
  fi
  for candidate in g++ clang++-19 clang++-18 clang++-17 clang++-16 clang++ g++-14; do
    if usable_compiler "$candidate"; then
      echo "$candidate"
      return
    fi
  done
  die "no Clang >= 16 and no GCC >= 14 found: run scripts/setup, or set CXX"
}
