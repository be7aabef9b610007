#!/usr/bin/env bash
# Starts the exchange point: one host key for good (in a volume), one sender, sshd in the foreground.
set -euo pipefail
: "${POINT_SENDER:?the name the sender logs in with}"
key=/etc/ssh/host_keys/ssh_host_ed25519_key
[ -s "$key" ] || ssh-keygen -q -t ed25519 -N '' -C exchange-point -f "$key"
echo "host key, to be pinned by the sender: $(ssh-keygen -lf "$key.pub")"
id "$POINT_SENDER" >/dev/null 2>&1 ||
  useradd --uid 10001 --gid 10001 --no-create-home --home-dir /packets --shell /usr/sbin/nologin --password '*' "$POINT_SENDER"
exec /usr/sbin/sshd -D -e
