# Sourced by build, check and codegen/run: the packages of a lock file, kept in the cache, with a link in the folder.
# shellcheck shell=bash

# packages FOLDER. Packages that somebody installed there by hand are left alone.
packages() {
  local folder="$1" key kept
  local cache="${QUAYLAI_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/quaylai}"
  [ -d "$folder/node_modules" ] && [ ! -L "$folder/node_modules" ] && return
  key="$( (node --version && cat "$folder/package-lock.json") | sha256sum | cut -c 1-16)"
  kept="$cache/packages-$key"
  if [ ! -f "$kept/complete" ]; then
    rm -rf -- "$kept"
    mkdir -p -- "$kept"
    cp "$folder/package.json" "$folder/package-lock.json" "$kept/"
    (cd "$kept" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --no-progress >&2)
    touch "$kept/complete"
  fi
  ln -sfn "$kept/node_modules" "$folder/node_modules"
}
