/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * roamctl: the operator's tool. It turns words into one request, and renders the records that come back as
 * text or as JSON lines. What there is to show or to command is the daemon's business; only the
 * words that need a shape of their own are known here.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "ctl/client.h"
#include "ctl/device.h"
#include "ctl/keygen.h"
#include "ctl/render.h"

#define DEFAULT_SOCKET "/run/roamcast/roamd.sock"

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHED = 3, DEADLINE_MS = 10000 };

static const char *const subjects[] = {"status", "bindings", "mobiles", "visitors", "guests", "stations", "managers", "groups",
				       "neighbors", "routers", "interfaces", "group", "agents", "store", "counters", NULL};

/* Words that go to the daemon as they are, and how many may follow. */
static const struct request { const char *word; int min, max; } requests[] = {
	{"handover", 1, 2}, {"drop", 1, 1}, {"busy", 1, 1}, {"reload", 0, 0}, {"log-level", 1, 1}, {"group", 1, 1},
	{"voice", 2, 4}, {NULL, 0, 0},
};

struct options { const char *socket; bool as_json; char in_dir[PATH_MAX]; };

static int usage(FILE *out, int status)
{
	fputs("usage: roamctl [-s SOCKET | -n DIR] [--json] COMMAND\n\n"
	      "  show SUBJECT           status, bindings, mobiles, visitors, guests, stations, managers, groups, neighbors,\n"
	      "                         routers, interfaces, group, agents, store or counters\n"
	      "  monitor                events as they happen\n"
	      "  trace HOME-ADDRESS     the events of one mobile\n"
	      "  handover IF [ROUTER]   mobile node: move to another router (its link-layer address)\n"
	      "  drop HOME-ADDRESS      home agent, MMA: remove a binding; foreign agent: revoke a registration\n"
	      "  group hand-over        redundancy group: let another member be the active one\n"
	      "  voice relay HOME-ADDRESS PORT [SECONDS]   home agent: a stream to this UDP port goes into the mobile's group\n"
	      "  voice end PORT         no longer\n"
	      "  busy on|off            foreign agent: take no new visitors\n"
	      "  reload                 read the configuration again, as SIGHUP does\n"
	      "  log-level LEVEL        debug, info, notice, warning or error, until the next start\n"
	      "  device add WORDS       mobility manager: a mobile by its identifiers and settings, such as\n"
	      "                         imsi:310150123456789 home=10.1.0.5/24; also set ID WORDS, remove ID,\n"
	      "                         show ID-or-ADDRESS, list, import FILE (CSV or JSON)\n"
	      "  key new FILE           write a new random key, readable by its owner only\n\n"
	      "  -s, --socket SOCKET    roamd's control socket (" DEFAULT_SOCKET ")\n"
	      "  -n, --node-dir DIR     the daemon's run-dir: its roamd.sock\n"
	      "  -j, --json             records as JSON, one a line\n", out);
	return status;
}

static int unreached(const struct client *c)
{
	fprintf(stderr, "roamctl: %s\n", c->error);
	return EXIT_UNREACHED;
}

/* The closing line's verdict; *obj was one. */
static int verdict(const json_t *end)
{
	const char *error = json_string_value(json_object_get(end, "error"));
	if (!error)
		return EXIT_SUCCESS;
	fprintf(stderr, "roamctl: %s\n", error);
	return EXIT_REFUSED;
}

static int print_answer(struct client *c, bool as_json)
{
	struct render r;
	json_t *obj;
	int status = EXIT_UNREACHED;

	if (render_init(&r))
		return EXIT_UNREACHED;
	while (client_next(c, &obj) == ERR_OK) {
		if (json_object_get(obj, "end")) {
			status = verdict(obj);
			json_decref(obj);
			break;
		}
		if (as_json) {
			json_dumpf(obj, stdout, JSON_COMPACT);
			putchar('\n');
			json_decref(obj);
		} else {
			render_add(&r, obj);
		}
	}
	if (status == EXIT_UNREACHED)
		unreached(c);
	else
		render_print(&r, stdout);
	render_fini(&r);
	return status;
}

static int ask(const struct options *o, json_t *request)
{
	struct client c;

	if (client_open(&c, o->socket, DEADLINE_MS)) {
		json_decref(request);
		return unreached(&c);
	}
	int status = client_send(&c, request) ? unreached(&c) : print_answer(&c, o->as_json);
	client_close(&c);
	return status;
}

/* mobile: NULL for all. Ends when roamd does, or by a signal. */
static int follow(const struct options *o, const char *mobile)
{
	struct client c;
	json_t *obj;

	if (client_open(&c, o->socket, 0))
		return unreached(&c);
	if (client_send(&c, json_pack("{s:s}", "cmd", "monitor"))) {
		client_close(&c);
		return EXIT_UNREACHED;
	}
	while (client_next(&c, &obj) == ERR_OK) {
		const char *about = json_string_value(json_object_get(obj, "mobile"));
		if (!mobile || (about && strcmp(about, mobile) == 0)) {
			if (o->as_json) {
				json_dumpf(obj, stdout, JSON_COMPACT);
				putchar('\n');
				fflush(stdout);
			} else {
				render_event(obj, stdout);
			}
		}
		json_decref(obj);
	}
	unreached(&c);
	client_close(&c);
	return EXIT_UNREACHED;
}

static int show(const struct options *o, const char *what)
{
	for (const char *const *s = subjects; *s; s++)
		if (strcmp(*s, what) == 0)
			return ask(o, json_pack("{s:s,s:s}", "cmd", "show", "what", what));
	fprintf(stderr, "roamctl: nothing called \"%s\" to show\n", what);
	return usage(stderr, EXIT_USAGE);
}

static int command(const struct options *o, int argc, char **argv)
{
	json_t *args = json_array();
	for (int i = 0; i < argc; i++)
		json_array_append_new(args, json_string(argv[i]));
	return ask(o, json_pack("{s:s,s:o}", "cmd", "ctl", "args", args));
}

static int trace(const struct options *o, const char *text)
{
	struct addr6 a;
	if (!addr46_parse(&a, text)) {
		fprintf(stderr, "roamctl: \"%s\" is no address\n", text);
		return EXIT_USAGE;
	}
	return follow(o, ADDR46_STR(&a));
}

static int dispatch(const struct options *o, int argc, char **argv)
{
	const char *word = argv[0];

	if (strcmp(word, "show") == 0 && argc == 2)
		return show(o, argv[1]);
	if (strcmp(word, "monitor") == 0 && argc == 1)
		return follow(o, NULL);
	if (strcmp(word, "trace") == 0 && argc == 2)
		return trace(o, argv[1]);
	if (strcmp(word, "key") == 0 && argc == 3 && strcmp(argv[1], "new") == 0)
		return keygen_new(argv[2]) ? EXIT_REFUSED : EXIT_SUCCESS;
	if (strcmp(word, "device") == 0)
		return device_command(o->socket, o->as_json, argc - 1, argv + 1);
	for (const struct request *r = requests; r->word; r++)
		if (strcmp(word, r->word) == 0 && argc > r->min && argc <= r->max + 1)
			return command(o, argc, argv);
	return usage(stderr, EXIT_USAGE);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
					      {"node-dir", required_argument, NULL, 'n'},
					      {"json", no_argument, NULL, 'j'},
					      {"help", no_argument, NULL, 'h'},
					      {NULL, 0, NULL, 0}};
	struct options o = {.socket = DEFAULT_SOCKET};
	int c;

	while ((c = getopt_long(argc, argv, "+s:n:jh", longs, NULL)) != -1) {
		switch (c) {
		case 's': o.socket = optarg; break;
		case 'n':
			snprintf(o.in_dir, sizeof o.in_dir, "%s/roamd.sock", optarg);
			o.socket = o.in_dir;
			break;
		case 'j': o.as_json = true; break;
		case 'h': return usage(stdout, EXIT_SUCCESS);
		default: return usage(stderr, EXIT_USAGE);
		}
	}
	/* --json is welcome after the words too. */
	if (argc > optind && strcmp(argv[argc - 1], "--json") == 0) {
		o.as_json = true;
		argc--;
	}
	return argc > optind ? dispatch(&o, argc - optind, argv + optind) : usage(stderr, EXIT_USAGE);
}
