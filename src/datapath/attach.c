// SPDX-License-Identifier: BSD-2-Clause
/*
 * Programs on interfaces. Incoming, where the kernel can (6.6): a link (tcx), pinned in the daemon's directory as if-IFINDEX-inl. Else, and
 * outgoing, where a program must be able to swallow a packet without its sender's being told of a loss: a filter of classic traffic
 * control (clsact), which is the interface's own and outlives us. For each one the program is pinned as if-IFINDEX-in or -out, with a q
 * behind when the queueing discipline is ours as well. Either note is all that is needed to clean up after a daemon that is gone,
 * whatever layout its maps had.
 *
 * The discipline comes with the first program, also where that is a link: the kernel stops an interface for a moment to hang one there, and what the host
 * sends then is lost. So an outgoing program, which comes later, finds it in place (noted as if-IFINDEX-q when it is ours).
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "datapath/loader_int.h"

enum { TC_HANDLE = 1, TC_PRIORITY = 22357, TCX_INGRESS = 46 /* BPF_TCX_INGRESS, which headers of Debian 12 lack */ };

static void note_path(char *to, size_t n, const char *dir, uint32_t ifindex, bool is_egress, bool has_qdisc)
{
	snprintf(to, n, "%s/if-%u-%s%s", dir, ifindex, is_egress ? "out" : "in", has_qdisc ? "q" : "");
}

static struct bpf_tc_hook hook_of(uint32_t ifindex, bool is_egress)
{
	return (struct bpf_tc_hook){.sz = sizeof(struct bpf_tc_hook), .ifindex = (int)ifindex,
		.attach_point = is_egress ? BPF_TC_EGRESS : BPF_TC_INGRESS};
}

static bool note_is_there(const char *dir, uint32_t ifindex, bool is_egress)
{
	char path[192];
	note_path(path, sizeof path, dir, ifindex, is_egress, true);
	return access(path, F_OK) == 0;
}

static void link_path(char *to, size_t n, const char *dir, uint32_t ifindex) { snprintf(to, n, "%s/if-%u-inl", dir, ifindex); }

/* True: the pinned link has the program now. */
static bool link_update(const char *path, int prog_fd)
{
	int fd = bpf_obj_get(path);
	if (fd < 0)
		return false;
	bool is_done = bpf_link_update(fd, prog_fd, NULL) == 0;
	close(fd);
	return is_done;
}

/* True: a link has the program. Without the pin it ends with its descriptor: so nothing is ever left that no note tells of. */
static bool link_put(const char *dir, uint32_t ifindex, int prog_fd)
{
	char path[192];
	link_path(path, sizeof path, dir, ifindex);
	if (link_update(path, prog_fd))
		return true;
	unlink(path); /* of an interface that is gone */
	loader_expects_errors(true);
	int fd = bpf_link_create(prog_fd, (int)ifindex, (enum bpf_attach_type)TCX_INGRESS, NULL);
	loader_expects_errors(false);
	if (fd < 0)
		return false;
	bool is_done = bpf_obj_pin(fd, path) == 0;
	close(fd);
	return is_done;
}

static void base_path(char *to, size_t n, const char *dir, uint32_t ifindex) { snprintf(to, n, "%s/if-%u-q", dir, ifindex); }

/* 0: the interface has a queueing discipline for filters now, *is_new if it had none. */
static int qdisc_put(uint32_t ifindex, bool is_egress, bool *is_new)
{
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	loader_expects_errors(true); /* that it is there already is no news */
	int r = bpf_tc_hook_create(&hook);
	loader_expects_errors(false);
	*is_new = r == 0;
	if (r && r != -EEXIST) {
		errno = -r;
		return ERR_SYS;
	}
	return 0;
}

static int base_put(const char *dir, uint32_t ifindex, int prog_fd)
{
	char path[192];
	bool is_new;
	int r = qdisc_put(ifindex, false, &is_new);
	base_path(path, sizeof path, dir, ifindex);
	if (r || !is_new)
		return r;
	unlink(path);
	return bpf_obj_pin(prog_fd, path) ? ERR_SYS : 0;
}

static void base_del(const char *dir, uint32_t ifindex)
{
	char path[192];
	struct bpf_tc_hook hook = hook_of(ifindex, false);
	base_path(path, sizeof path, dir, ifindex);
	if (unlink(path))
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	loader_expects_errors(true); /* the interface may be gone */
	bpf_tc_hook_destroy(&hook);
	loader_expects_errors(false);
}

static int filter_put(const char *dir, uint32_t ifindex, bool is_egress, int prog_fd)
{
	char path[192];
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	struct bpf_tc_opts opts = {.sz = sizeof opts, .prog_fd = prog_fd, .handle = TC_HANDLE, .priority = TC_PRIORITY,
		.flags = BPF_TC_F_REPLACE};
	bool is_new;
	int r = qdisc_put(ifindex, is_egress, &is_new);
	if (r)
		return r;
	bool has_qdisc = is_new || note_is_there(dir, ifindex, is_egress);
	r = bpf_tc_attach(&hook, &opts);
	if (r) {
		errno = -r;
		return ERR_SYS;
	}
	note_path(path, sizeof path, dir, ifindex, is_egress, has_qdisc);
	unlink(path);
	return bpf_obj_pin(prog_fd, path) ? ERR_SYS : 0;
}

static void detach(uint32_t ifindex, bool is_egress, bool has_qdisc)
{
	struct bpf_tc_hook hook = hook_of(ifindex, is_egress);
	struct bpf_tc_opts opts = {.sz = sizeof opts, .handle = TC_HANDLE, .priority = TC_PRIORITY};
	loader_expects_errors(true); /* the interface may be gone */
	bpf_tc_detach(&hook, &opts);
	if (has_qdisc) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
	}
	loader_expects_errors(false);
}

static int filter_del(const char *dir, uint32_t ifindex, bool is_egress)
{
	int r = ERR_NOTFOUND;
	for (int q = 0; q < 2; q++) {
		char path[192];
		note_path(path, sizeof path, dir, ifindex, is_egress, q);
		if (unlink(path))
			continue;
		detach(ifindex, is_egress, q);
		r = 0;
	}
	return r;
}

int attach_put(const char *dir, uint32_t ifindex, bool is_egress, int prog_fd)
{
	if (is_egress || !link_put(dir, ifindex, prog_fd))
		return filter_put(dir, ifindex, is_egress, prog_fd);
	filter_del(dir, ifindex, false); /* an earlier release's, or of a kernel before an upgrade */
	return base_put(dir, ifindex, prog_fd);
}

int attach_del(const char *dir, uint32_t ifindex, bool is_egress)
{
	char path[192];
	link_path(path, sizeof path, dir, ifindex);
	int r = filter_del(dir, ifindex, is_egress);
	if (is_egress)
		return r;
	base_del(dir, ifindex);
	return unlink(path) == 0 ? 0 : r;
}

void attach_each(const char *dir, void (*fn)(void *ctx, uint32_t ifindex, bool is_egress), void *ctx)
{
	DIR *d = opendir(dir);
	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		unsigned ifindex;
		char way[8];
		if (sscanf(e->d_name, "if-%u-%7s", &ifindex, way) == 2)
			fn(ctx, ifindex, way[0] == 'o');
	}
	closedir(d);
}

static void del_one(void *ctx, uint32_t ifindex, bool is_egress) { attach_del(ctx, ifindex, is_egress); }

void attach_del_all(const char *dir)
{
	char copy[160];
	snprintf(copy, sizeof copy, "%s", dir);
	attach_each(dir, del_one, copy);
}
