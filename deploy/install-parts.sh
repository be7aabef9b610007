#!/usr/bin/env bash
# Installs the Debian packages that tests drive for real. As root by apt; otherwise says what to install.
set -eu
declare -A need=([/usr/sbin/sshd]=openssh-server [/usr/bin/redis-server]=redis-server [/usr/bin/chromium]=chromium [/usr/bin/sftp]=openssh-client [/usr/bin/openssl]=openssl)
missing=()
for file in "${!need[@]}"; do [ -x "$file" ] || missing+=("${need[$file]}"); done
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing+=(fonts-noto-cjk)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ]; then
  echo "These Debian packages are needed by the tests: ${missing[*]}" >&2
  echo "Install them: sudo apt-get install -y ${missing[*]}" >&2
  exit 1
fi
echo "installing Debian packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
