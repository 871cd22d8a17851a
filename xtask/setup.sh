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

# What Vite 8 needs. Older distributions have an older Node: then npm brings a newer one into the cache folder.
NODE_WANTED=20.19
ensure_node() {
  local own="$QUAYLAI_CACHE/node/node_modules/.bin"
  if ! have node || ! have npm; then apt_install nodejs npm; fi
  node_is_new() { at_least "$(node --version | tr -d v)" "$NODE_WANTED"; }
  node_is_new && return
  [ -x "$own/node" ] || {
    say "installing Node.js 22 from npm into $QUAYLAI_CACHE/node (this system has $(node --version))"
    mkdir -p -- "$QUAYLAI_CACHE/node"
    quietly npm install --prefix "$QUAYLAI_CACHE/node" --no-audit --no-fund --loglevel=error node@22
  }
  PATH="$own:$PATH"
  node_is_new || die "Node.js $NODE_WANTED or newer is needed, and this is $(node --version)"
}

# Builds the web app for the server to embed, unless this very source was built before; says where in
# QUAYLAI_WEB_DIST. A folder that is named already is taken as it is.
build_web() {
  local key folder
  [ -z "${QUAYLAI_WEB_DIST:-}" ] || return 0
  key="$(find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' -print0 | LC_ALL=C sort -z |
    xargs -0 sha256sum | sha256sum | cut -c 1-16)"
  folder="$QUAYLAI_CACHE/web/$key"
  if [ ! -f "$folder/index.html" ]; then
    ensure_node
    say "building the web app"
    # Whole or not at all, should somebody else build the same.
    rm -rf -- "$folder.$$"
    mkdir -p -- "$folder.$$"
    web/build "$folder.$$"
    mv -T -- "$folder.$$" "$folder" 2>/dev/null || rm -rf -- "$folder.$$"
  fi
  QUAYLAI_WEB_DIST="$folder"
  export QUAYLAI_WEB_DIST
}
