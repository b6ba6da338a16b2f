#!/bin/sh
# Makes what compose.yaml takes for secrets, in the folder `secrets` beside it: the password of the bridge's account, the token that the
# identity provider shows, and two certificates with the authority that issues them. What is there already stays.
set -eu
umask 077
mkdir -p "$(dirname "$0")/secrets"
cd "$(dirname "$0")/secrets"

for name in bind-password token; do
  [ -e $name ] || openssl rand -hex 32 | tr -d '\n' >$name
done

certificate() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 "$@" 2>/dev/null; }
[ -e ca.crt ] || certificate -subj '/CN=scimbridge example authority' -keyout ca.key -out ca.crt
for name in openldap scimbridge; do
  [ -e $name.crt ] || certificate -CA ca.crt -CAkey ca.key -subj /CN=$name -keyout $name.key -out $name.crt \
    -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" -addext basicConstraints=critical,CA:FALSE
done

# The containers' users, who are not yours, read the files; nobody else comes past the folder.
chmod 644 bind-password token ca.crt openldap.* scimbridge.*
