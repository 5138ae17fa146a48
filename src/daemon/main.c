/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roamd's command line. Exit status: 0 ended as asked; 1 the configuration is wrong; 2 the command line is wrong; 3 it
 * cannot start here (privileges, kernel, another daemon); 4 the loop failed.
 */
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/daemon.h"
#include "daemon/engines.h"
#include "daemon/etcd/etcd.h"
#include "daemon/group/keepalived.h"
#include "daemon/guard.h"
#include "daemon/keys.h"
#include "plat/crypto_openssl.h"
#include "plat/plat.h"

enum { EXIT_OK, EXIT_CONF, EXIT_USAGE, EXIT_START, EXIT_LOOP };

#define DEFAULT_FILE "/etc/roamcast/roamd.conf"

struct options {
	const char *file;
	bool is_test, is_verbose, is_man;
};

static int usage(FILE *to, int status)
{
	fputs("usage: roamd [-c FILE] [-t [-v]] [--dump-conf-man]\n\n"
	      "  -c, --config FILE    configuration (" DEFAULT_FILE ")\n"
	      "  -t, --test           check the configuration and the keys, and end\n"
	      "  -v, --verbose        with -t: print the configuration with its defaults\n"
	      "      --dump-conf-man  print the rows of roamd.conf(5)\n"
	      "  -V, --version\n"
	      "  -h, --help\n\n"
	      "signals: TERM and INT stop and take everything back; USR1 ends and leaves forwarding\n"
	      "to the next daemon; HUP reads the configuration again.\n", to);
	return status;
}

struct source { const char *file; uint32_t line; };

static uint32_t no_ifindex(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return 0;
}

static const struct sa_key *find_key(void *ctx, const char *name)
{
	return keyring_find(ctx, name);
}

static void say(void *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(void *ctx, const char *fmt, ...)
{
	const struct source *s = ctx;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s:%u: warning: ", s->file, s->line);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

static void advise_group(const struct conf *conf, const char *file)
{
	struct source at = {file, conf->group_line};
	const struct conf_group *g = &conf->group;

	if (g->protocol == CONF_PROTOCOL_VRRP && !keepalived_is_installed())
		say(&at, "redundancy: keepalived is not installed: install the package keepalived, or write protocol = hsrp");
	if (g->protocol == CONF_PROTOCOL_HSRP && !g->hsrp_key[0])
		say(&at, "redundancy: who is on the link can take the virtual address with HSRP's usual text: name a key with hsrp-key");
	if (g->commit == RG_COMMIT_ASYNC)
		say(&at, "redundancy: a registration that a mobile was told of can be lost with this member: write commit = one");
}

/* What is good but weak, and the stronger setting. */
static void advise(const struct conf *conf, const struct engines *engines, const char *file)
{
	for (uint32_t i = 0; i < conf->n_keys; i++)
		if (conf->keys[i].algorithm == MAC_HMAC_MD5)
			say(&(struct source){file, conf->keys[i].line}, "key \"%s\" authenticates with HMAC-MD5: write algorithm = \"hmac-sha256\", "
			    "or \"hmac-sha1\", here and at the other end", conf->keys[i].name);
	if (conf->group_line)
		advise_group(conf, file);
	for (uint32_t i = 0; i < engines->n; i++)
		if (engines->e[i].ops->advise)
			engines->e[i].ops->advise(engines->e[i].self, say, &(struct source){file, conf->roles[i].line});
}

/* Keys are loaded, and every role is started on a host that has no interfaces: what it wants done is forgotten. */
static int try(const struct conf *conf, struct conf_err *err)
{
	struct keyring keys;
	struct engines engines;
	const struct engine_env env = {.mem = &plat_mem, .rng = &plat_rng, .crypto = &crypto_openssl, .ifindex = no_ifindex,
				       .key = find_key, .ctx = &keys};
	keyring_init(&keys, &crypto_openssl);
	engines_init(&engines, &env);
	int rc = keyring_load(&keys, conf, err);

	if (!rc)
		rc = engines_start(&engines, conf, plat_now(), err);
	const struct shared_conf *shared = rc ? NULL : engines_shared_conf(&engines);
	if (shared)
		rc = etcd_check(shared, conf_role_line(conf, ROLE_MM), err);
	if (!rc)
		advise(conf, &engines, err->file);
	engines_fini(&engines);
	keyring_fini(&keys);
	return rc;
}

static int check(const struct options *o, const struct conf *conf)
{
	struct conf_err err = {.file = o->file};

	if (try(conf, &err)) {
		conf_err_print(&err, stderr);
		return EXIT_CONF;
	}
	if (o->is_verbose)
		conf_print(conf, stdout);
	else
		printf("%s: good\n", o->file);
	return EXIT_OK;
}

static int serve(const struct options *o, struct conf *conf)
{
	struct conf_err err;
	struct daemon *d;

	signal(SIGPIPE, SIG_IGN);
	umask(077);
	int rc = daemon_start(&d, conf, o->file, &err);
	if (rc) {
		conf_err_print(&err, stderr);
		return rc == ERR_INVAL ? EXIT_CONF : EXIT_START;
	}
	rc = daemon_run(d);
	daemon_free(d);
	return rc ? EXIT_LOOP : EXIT_OK;
}

/* -1: go on. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'}, {"verbose", no_argument, NULL, 'v'},
		{"dump-conf-man", no_argument, NULL, 'm'}, {"version", no_argument, NULL, 'V'}, {"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:tvVh", longs, NULL)) != -1) {
		switch (c) {
		case 'c': o->file = optarg; break;
		case 't': o->is_test = true; break;
		case 'v': o->is_verbose = true; break;
		case 'm': o->is_man = true; break;
		case 'V': puts("roamd " ROAMCAST_VERSION); return EXIT_OK;
		case 'h': return usage(stdout, EXIT_OK);
		default: return usage(stderr, EXIT_USAGE);
		}
	}
	return optind == argc ? -1 : usage(stderr, EXIT_USAGE);
}

int main(int argc, char **argv)
{
	struct options o = {.file = DEFAULT_FILE};
	struct conf_err err;
	struct conf conf;

	if (guard_is_called(argv[0]))
		return guard_main(argc, argv);
	int status = parse_options(argc, argv, &o);
	if (status >= 0)
		return status;
	if (o.is_man) {
		conf_print_man(engines_known(), stdout);
		return EXIT_OK;
	}
	if (conf_load(&conf, engines_known(), o.file, &err)) {
		conf_err_print(&err, stderr);
		return EXIT_CONF;
	}
	status = o.is_test ? check(&o, &conf) : serve(&o, &conf);
	conf_fini(&conf);
	return status;
}
