# Read in by ./mitm and the other launchers: finds the Deno this tree is pinned to, or installs it. POSIX sh.
# In:  $root, the source tree.
# Out: $deno, the path of the executable; ends the shell with one line on standard error where there is none.
# Nothing else says which version that is.
deno_version=2.9.6
# Nor which flags V8 is given: a smaller young generation costs no speed that could be measured, and takes 27 MiB off
# the resident size with 50,000 flows recorded (304 to 277). lib/net/collect_garbage.ts says what gc is for.
v8_flags=--max-semi-space-size=8,--expose-gc

no_deno() {
  printf 'mitm: %s\n' "$1" >&2
  exit 1
}

# Installs into a folder of its own and renames the executable into place: two starts at once each bring a whole
# one, and the later rename replaces the earlier file with its equal. npm runs no install scripts here, so the
# executable is taken from the platform package.
install_deno() (
  command -v npm >/dev/null ||
    no_deno "Deno $deno_version is needed: install it, or npm so that mitm can fetch it, or set MITM_DENO"
  work=$root/.deno/install.$$
  mkdir -p "$work" "${deno%/*}" 2>/dev/null || no_deno "cannot write to $root/.deno"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  printf 'mitm: installing Deno %s into %s\n' "$deno_version" "$root/.deno" >&2
  npm install --prefix "$work" --no-save --ignore-scripts --include=optional --no-audit --no-fund \
    --loglevel=error "deno@$deno_version" >"$work/log" 2>&1 </dev/null ||
    no_deno "npm could not install Deno $deno_version: $(npm_reason "$work/log")"
  for found in "$work"/node_modules/@deno/*/deno; do
    [ -f "$found" ] || no_deno "npm has no Deno $deno_version for this system ($(uname -sm)); set MITM_DENO"
    chmod 755 "$found" && mv -f "$found" "$deno" || no_deno "cannot write to $root/.deno"
  done
)

# The one line of npm's log that names the cause.
npm_reason() {
  sed -n -e 's/^npm error //p' -e 's/^npm ERR! //p' "$1" |
    sed -e '/^code /d' -e '/^errno /d' -e '/^syscall /d' -e '/^path /d' -e '/^A complete log/d' | head -n 1
}

deno=$root/.deno/$deno_version/deno
if [ -n "${MITM_DENO:-}" ]; then
  deno=$(command -v "$MITM_DENO") || no_deno "MITM_DENO is not an executable: $MITM_DENO"
elif [ ! -x "$deno" ]; then
  case $(deno --version 2>/dev/null) in
    "deno $deno_version "*) deno=$(command -v deno) ;;
    *) install_deno || exit ;;
  esac
fi
# Asking for a newer Deno is neither wanted nor harmless without a network.
export DENO_NO_UPDATE_CHECK=1
