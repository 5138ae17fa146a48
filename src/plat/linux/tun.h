/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * roam0: the persistent TUN device that is the suite's face to the host. It outlives the
 * daemon; a clean stop removes it.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TUN_NAME "roam0"

/* Makes or adopts the device. The descriptor, not blocking, or ERR_SYS with errno. */
int tun_open(void);
/* Removes the device and closes. */
void tun_remove(int fd);
/* One packet: its length, or -1 with errno (EAGAIN: none there). */
ssize_t tun_read(int fd, void *buf, size_t size_oct);
/* 0 or ERR_SYS. */
int tun_write(int fd, const void *pkt, size_t len_oct);
