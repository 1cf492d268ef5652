#!/bin/sh
# Waits for the server, then makes sure that the namespace is there and keeps histories for 90 days.
set -eu
tries=0
until temporal operator cluster health; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || exit 1
  sleep 2
done
temporal operator namespace describe -n default >/dev/null 2>&1 ||
  temporal operator namespace create -n default --retention 2160h
temporal operator namespace update -n default --retention 2160h
