/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/group/keepalived.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/group/vrrp_conf.h"

enum { PATH_OCT = 192 };

static const char *const programs[] = {"/usr/sbin/keepalived", "/usr/local/sbin/keepalived", "/sbin/keepalived"};
enum { PROGRAMS_N = sizeof programs / sizeof programs[0] };

bool keepalived_is_installed(void)
{
	for (size_t i = 0; i < PROGRAMS_N; i++)
		if (!access(programs[i], X_OK))
			return true;
	return false;
}

/* In a real-time class roamd and keepalived would take turns of 100 ms on one processor: under a flood of registrations no advertisement would leave for
 * so long, and another member would take over from one that works. */
static void go_first(void)
{
	struct sched_param p;

	if (sched_getscheduler(0) != SCHED_RR || sched_getparam(0, &p))
		return;
	p.sched_priority++;
	(void)sched_setparam(0, &p);
}

/* In the child. */
static void become(const char *dir, int out, pid_t parent)
{
	char conf[PATH_OCT], pid_file[PATH_OCT], vrrp_pid_file[PATH_OCT];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	setpgid(0, 0);
	go_first();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	snprintf(conf, sizeof conf, "%s/%s", dir, VRRP_CONF_FILE);
	snprintf(pid_file, sizeof pid_file, "%s/%s", dir, KEEPALIVED_PID_FILE);
	snprintf(vrrp_pid_file, sizeof vrrp_pid_file, "%s/%s", dir, KEEPALIVED_VRRP_PID_FILE);
	for (size_t i = 0; i < PROGRAMS_N; i++)
		execl(programs[i], programs[i], "-n", "-l", "-G", "-P", "-f", conf, "-p", pid_file, "-r", vrrp_pid_file, (char *)NULL);
	dprintf(STDOUT_FILENO, "keepalived is not installed: install the package keepalived\n");
	_exit(127);
}

pid_t keepalived_spawn(const char *dir, int out)
{
	const pid_t self = getpid(), child = fork();

	if (!child)
		become(dir, out, self);
	return child;
}
