#!/bin/sh
# Makes the secrets of docker-compose.yml in ./secrets: what is missing, and nothing anew.
#
# Only your own user gets into the folder. The files in it can be read by any user, for each is
# shown to a container whose user is another one.
set -eu
umask 022
folder=${1:-secrets}
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

keep() { # FILE TEXT
    test -e "$folder/$1" || printf '%s\n' "$2" >"$folder/$1"
}

keep postgres_password "$(random)"
keep database_url "postgresql://charloom:$(cat "$folder/postgres_password")@postgres/charloom"
keep redis_conf "requirepass $(random)"
keep redis_url "redis://:$(sed -n 's/^requirepass //p' "$folder/redis_conf")@redis:6379/0"
keep smtp_url ""
keep oidc_client_secret ""
keep token "$(random)"
keep metrics_token "$(random)"
keep grafana_password "$(random)"
keep secret_key "$(random)"
