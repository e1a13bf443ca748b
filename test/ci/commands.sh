#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The commands that the README names, by way of npm as it names them.
set -euo pipefail
trap 'echo "failed: $BASH_COMMAND" >&2' ERR
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
epiphany() { npm run -s epiphany -- "$@"; }

npm start -- sim "$folder/picture.png" | grep -x 'every pixel is as the host computes it'
[[ -s $folder/picture.png ]]
npm start -- --help | grep -q '^Usage: npm start'
npm run -s bench -- --help | grep -q '^Usage: npm run bench'

[[ $(epiphany list) == *'--board sim'* ]]

info=$(epiphany info --board sim --json)
[[ $info == '{"type":"E16G301","rows":4,"columns":4,"origin":"0x808"'* ]]

epiphany write 1,2 0x2000 0xdeadbeef --board "sim:$folder/state"
[[ $(epiphany read 1,2 0x2000 --board "sim:$folder/state") == '0x02000  0xdeadbeef' ]]

symbols=$(epiphany symbols examples/first-light/first-light.elf)
[[ $symbols == *'0x04404'*object*result* ]]

status=0
output=$(epiphany run test/ecore/programs/hello.elf --board sim --group 1,2,1,1 -- hello) || status=$?
[[ $status == 7 && $output == '1,2 | hello from core 0x84a'*'argument 1: hello'* ]]

[[ $(epiphany reset --board sim) == '16 cores are reset' ]]

status=0
error=$(epiphany read 4,0 0 --board sim 2>&1) || status=$?
[[ $status == 2 && $error == 'epiphany: '* && $error != *$'\n'* ]]

[[ $(epiphany run examples/hello/hello.elf --board sim --group 0,0,4,4 | grep -c '^[0-3],[0-3] | hello from core 0x8') == 16 ]]
[[ $(npm run -s example -- hello sim | wc -l) == 16 ]]
