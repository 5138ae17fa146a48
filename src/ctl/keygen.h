/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* New keys for security associations: 32 bytes of the kernel's randomness, in a file for its owner only. */

/* Writes "hex:" and 64 digits to a file that must not exist yet, mode 0600. 0 or ERR_*; says why on stderr. */
int keygen_new(const char *path);
