# Sourced by ./run and ./test: what both need on a fresh Debian or Ubuntu. Every change to the machine is announced.
# shellcheck shell=bash

QUAYLAI_CACHE="${QUAYLAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quaylai}"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$QUAYLAI_CACHE/target}"

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "this needs root and there is no sudo: $*"
  fi
}

# quietly COMMAND...: shows what it said only if it fails.
quietly() {
  local said
  said="$("$@" 2>&1 </dev/null)" || {
    printf '%s\n' "$said" >&2
    die "failed: $*"
  }
}

apt_updated=no
apt_update() {
  have apt-get || die "no apt-get here; install by hand: $*"
  if [ "$apt_updated" = no ]; then
    say "reading the package lists (apt-get update)"
    quietly as_root apt-get -q update
    apt_updated=yes
  fi
}

# apt_install PACKAGE...: installs those that are missing.
apt_install() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  apt_update "${missing[@]}"
  say "installing ${missing[*]} (apt-get install)"
  quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
}

# at_least HAVE WANT: whether version HAVE is WANT or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

rust_wanted() { sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml; }
rust_present() { rustc --version 2>/dev/null | awk '{ print $2 }' || true; }

ensure_rust() {
  local wanted
  wanted="$(rust_wanted)"
  [ -d "$HOME/.cargo/bin" ] && PATH="$HOME/.cargo/bin:$PATH"
  if have cargo && at_least "$(rust_present)" "$wanted"; then return; fi
  if ! have rustup; then
    if have apt-get && { apt_update rustup; [ -n "$(apt-cache madison rustup 2>/dev/null)" ]; }; then
      apt_install rustup
    else
      apt_install curl ca-certificates
      say "installing Rust into $HOME/.cargo with the official script of rustup.rs"
      curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --quiet --profile minimal --no-modify-path >&2
      PATH="$HOME/.cargo/bin:$PATH"
    fi
  fi
  say "installing the stable Rust toolchain (rustup)"
  rustup toolchain install stable --profile minimal >&2
  rustup default stable >&2
  PATH="$HOME/.cargo/bin:$PATH"
  at_least "$(rust_present)" "$wanted" || die "Rust $wanted or newer is needed, and this is $(rust_present)"
}

ensure_compiler() {
  have cc && have make && return
  apt_install build-essential
}
