# Set-up that ./dev sources: Debian packages, libtorch, Python packages. Everything but Debian
# packages goes under build/. Each step looks first, so that nothing missing means nothing done.
# shellcheck shell=bash

SETUP="$ROOT/tests/setup"
VENV="$ROOT/build/venv"
STATE="$ROOT/build/setup"

say() { printf '%s\n' "$*" >&2; }
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# Caches of the tools called below would otherwise go to the home directory.
keep_caches_here() {
  local caches="$ROOT/build/cache"
  export CCACHE_DIR="${CCACHE_DIR:-$caches/ccache}" HF_HOME="${HF_HOME:-$caches/huggingface}"
  export npm_config_cache="${npm_config_cache:-$caches/npm}" PIP_NO_CACHE_DIR=1
  export PYTHONDONTWRITEBYTECODE=1
  export HF_HUB_OFFLINE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 NPM_CONFIG_UPDATE_NOTIFIER=false
}

# One set-up at a time: two would install into the same folder.
lock_setup() {
  mkdir -p "$STATE"
  exec 9> "$STATE/lock"
  flock -n 9 || { say "Waiting for another ./dev to finish its set-up"; flock 9; }
}
unlock_setup() { exec 9>&-; }

# Runs a command with its output in a log, and shows the end of it when it fails.
logged() {
  local log="$STATE/$1.log"
  shift
  if ! "$@" > "$log" 2>&1 < /dev/null; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

# ---- Debian packages ----------------------------------------------------------------------------

# Prints the packages of the given groups that are missing, one a line.
missing_packages() {
  local group wanted=() entry package installed
  for group in "$@"; do
    for entry in $(sed -n "s/^$group://p" "$SETUP/debian-packages.txt"); do
      [[ "$entry" == */* ]] && command -v "${entry#*/}" > /dev/null && continue
      wanted+=("${entry%%/*}")
    done
  done
  [ ${#wanted[@]} -gt 0 ] || return 0
  # Not a Debian system: what has no command to look for is left to CMake to find.
  command -v dpkg-query > /dev/null || return 0
  # dpkg-query fails when it does not know one of them, which is the very question.
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "${wanted[@]}" 2> /dev/null || true)
  for package in "${wanted[@]}"; do
    grep -qxF -- "$package installed" <<< "$installed" || printf '%s\n' "$package"
  done
}

ensure_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
      as_root=(sudo)
    else
      die "missing Debian packages: ${missing[*]}
dev: neither root nor sudo here; have them installed with: apt-get install ${missing[*]}"
    fi
  fi
  command -v apt-get > /dev/null || die "missing packages: ${missing[*]} (and no apt-get here)"
  say "Installing Debian packages: ${missing[*]}"
  # A third-party list that cannot be reached must not stop packages that can.
  logged apt-update "${as_root[@]}" apt-get -q update || say "apt-get update complained; going on"
  logged apt-install "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
    --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" \
    || die "apt-get could not install: ${missing[*]} (build/setup/apt-install.log)"
}

# ---- Python packages, in build/venv -------------------------------------------------------------

ensure_venv() {
  if ! "$VENV/bin/python" -c 'import pip' 2> /dev/null; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
      || die "expected python3 3.11 or newer, found $(python3 -V 2>&1)"
    say "Making a Python environment in build/venv"
    logged venv python3 -m venv --clear "$VENV" \
      || die "python3 -m venv failed (build/setup/venv.log)"
  fi
}

# ensure_requirements NAME [pip option]...: installs requirements-NAME.txt (for the name "test":
# requirements.txt) unless the stamp says that this very list was installed into this environment.
ensure_requirements() {
  local name="$1" file="$SETUP/requirements-$1.txt" stamp key
  shift
  [ "$name" != test ] || file="$SETUP/requirements.txt"
  ensure_venv
  stamp="$VENV/.souvenir-$name"
  key=$(sha256sum < "$file")
  [ "$(cat "$stamp" 2> /dev/null)" != "$key" ] || return 0
  say "Installing Python packages: $(grep -v '^#' "$file" | tr '\n' ' ')"
  logged "pip-$name" "$VENV/bin/python" -m pip install "$@" -r "$file" \
    || die "pip could not install $(basename "$file") (build/setup/pip-$name.log)"
  printf '%s\n' "$key" > "$stamp"
}

# ---- libtorch -----------------------------------------------------------------------------------

# True when harness/backend/torch.cmake will find a libtorch that is not ours. Same order as there.
torch_given() {
  local prefix prefixes place
  [ -z "${Torch_DIR:-}" ] || return 0
  IFS=':' read -r -a prefixes <<< "${CMAKE_PREFIX_PATH:-}"
  for prefix in "${prefixes[@]}"; do
    for place in "" Torch/ share/cmake/Torch/ 'lib*/cmake/Torch/' 'lib/*/cmake/Torch/'; do
      ! compgen -G "$prefix/${place}TorchConfig.cmake" > /dev/null || return 0
    done
  done
  (cd / && python3 -c 'import importlib.util as u, sys
s = u.find_spec("torch"); sys.exit(not (s and s.origin))') 2> /dev/null
}

ensure_torch() { torch_given || ensure_requirements torch; }

# ---- what each command needs --------------------------------------------------------------------

setup_light() { lock_setup; ensure_packages build; unlock_setup; }
setup_build() { lock_setup; ensure_packages build backend; ensure_torch; unlock_setup; }
# The references run in build/venv, so that they need nothing of the user's Python.
setup_references() {
  lock_setup
  ensure_packages build backend "$@"
  ensure_torch
  ensure_requirements torch
  ensure_requirements test
  ensure_requirements model --no-deps
  unlock_setup
}
setup_bench() {
  setup_references
  lock_setup
  ensure_requirements bench
  unlock_setup
}
