#!/bin/sh
# mitm @VERSION@, with the runtime it needs, in one file: a shell script with a compressed archive behind it.
# The first start unpacks the archive into a cache folder named after its hash; every start runs what lies there.
# POSIX sh, and nothing but what every Linux and macOS has.
set -eu
hash=@HASH@
archive_at=@ARCHIVE_AT@
uid=$(id -u)

fail() {
  printf 'mitm: %s\n' "$1" >&2
  exit 1
}

# Where programs keep what they can make again; without a home, a folder of our own among the temporary files.
case ${XDG_CACHE_HOME:-} in
  /*) caches=$XDG_CACHE_HOME/mitm ;;
  *)
    if [ -z "${HOME:-}" ]; then
      caches=${TMPDIR:-/tmp}/mitm-$uid
    elif [ "$(uname -s)" = Darwin ]; then
      caches=$HOME/Library/Caches/mitm
    else
      caches=$HOME/.cache/mitm
    fi
    ;;
esac
unpacked=$caches/$hash

# What lies there is run, so nobody else may have put it there: a folder, no link, ours, and writable to us alone.
check_ours() {
  for folder in "$caches" "$unpacked"; do
    [ -n "$(find "$folder" -prune -type d -user "$uid" ! -perm -0020 ! -perm -0002 2>/dev/null)" ] ||
      fail "$folder is not a folder that belongs to you and that only you can write to; remove it"
  done
}

# Into a folder of its own, and from there into place file by file, the executable last: it says that all is there.
# Two starts at once put the same files there twice.
unpack() (
  umask 077
  mkdir -p "$unpacked" 2>/dev/null || fail "cannot write to $caches; XDG_CACHE_HOME names another place"
  check_ours
  work=$unpacked.$$
  rm -rf "$work"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  {
    mkdir "$work" &&
      tail -c "+$archive_at" "$0" | gzip -dc >"$work/archive.tar" &&
      tar -xof "$work/archive.tar" -C "$work" &&
      mv -f "$work/mitm.js" "$work/deno.json" "$unpacked/" &&
      mv -f "$work/deno" "$unpacked/deno"
  } 2>/dev/null || fail "cannot unpack into $unpacked: the disk is full, or this file is damaged"
)

if [ -x "$unpacked/deno" ]; then check_ours; else unpack; fi
export DENO_DIR="$unpacked/cache" DENO_NO_UPDATE_CHECK=1
exec "$unpacked/deno" run --quiet --no-prompt --v8-flags=@V8_FLAGS@ --permission-set=mitm --config "$unpacked/deno.json" --no-lock \
  --no-remote --no-npm --cached-only "$unpacked/mitm.js" "$@"
