#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# exits.sh CODE COMMAND...: does the command exit with that code?
want=$1
shift
"$@"
have=$?
[ "$have" = "$want" ] || { echo "exit $have instead of $want"; exit 1; }
