/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* The little of <string.h> that base/addr.h needs when it is compiled for BPF, where there is no C library. */
#define memcmp(a, b, n) __builtin_memcmp((a), (b), (n))
#define memcpy(a, b, n) __builtin_memcpy((a), (b), (n))
#define memset(a, b, n) __builtin_memset((a), (b), (n))
