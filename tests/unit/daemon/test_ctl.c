/* SPDX-License-Identifier: BSD-2-Clause */
/* roamctl against a daemon that says what the test wants: framing, verdicts, deadlines, rendering, keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "ctl/client.h"
#include "ctl/device.h"
#include "ctl/keygen.h"
#include "ctl/render.h"

static char dir[] = "/tmp/roamctl-test-XXXXXX", sock_path[64];
static pid_t server;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(sock_path, sizeof sock_path, "%s/roamd.sock", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(sock_path);
	return rmdir(dir);
}

/* A process that takes one connection, reads one line into DIR/request, and answers in pieces. stays: until it is closed. */
static void serve(const char *const *pieces, bool stays)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char line[4096], request[96];
	int lfd = socket(AF_UNIX, SOCK_STREAM, 0), opt;

	strcpy(sa.sun_path, sock_path);
	unlink(sock_path);
	assert_int_equal(bind(lfd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(listen(lfd, 1), 0);
	if ((server = fork()) != 0) {
		close(lfd);
		return;
	}
	int fd = accept(lfd, NULL, NULL);
	ssize_t n = read(fd, line, sizeof line);
	snprintf(request, sizeof request, "%s/request", dir);
	FILE *f = fopen(request, "w");
	fwrite(line, 1, (size_t)(n > 0 ? n : 0), f);
	fclose(f);
	for (; *pieces; pieces++)
		n = write(fd, *pieces, strlen(*pieces));
	while (stays && read(fd, &opt, sizeof opt) > 0)
		;
	_exit(0);
}

static void serve_end(const char *want_request)
{
	char path[96], line[4096] = "";
	int status;
	waitpid(server, &status, 0);
	snprintf(path, sizeof path, "%s/request", dir);
	FILE *f = fopen(path, "r");
	size_t n = fread(line, 1, sizeof line - 1, f);
	fclose(f);
	unlink(path);
	line[n] = 0;
	if (want_request)
		assert_string_equal(line, want_request);
}

static char read_lines[4096];
static unsigned last_place;

static int on_line(void *ctx, const char *line, unsigned place)
{
	(void)ctx;
	strcat(strcat(read_lines, line), "|");
	last_place = place;
	return 0;
}

static int read_devices(const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text) + (*text == '\0'), "r");
	read_lines[0] = '\0';
	const int rc = device_file_read(f, "test", on_line, NULL);
	fclose(f);
	return rc;
}

static void files_of_devices_become_words(void **state)
{
	(void)state;
	assert_int_equal(read_devices("imsi,EUI48,home,home_v6,Home-v6-Length,policy\r\n310150123456789,02:00:00:00:00:01,10.1.0.5/24,2001:db8::5,64,serving\r\n"
				      "\"310150123456780\", ,10.1.0.6,,,\n\n"), 0);
	assert_string_equal(read_lines, "imsi:310150123456789 eui48:02:00:00:00:00:01 home=10.1.0.5/24 home=2001:db8::5/64 policy=serving|"
			    "imsi:310150123456780 home=10.1.0.6|");
	assert_int_equal(last_place, 3);
	assert_int_equal(read_devices("[{\"nai\":\"bob@example.org\",\"home\":\"10.1.0.7\",\"voice_port\":4000,\"lladdr_enough\":true}]"), 0);
	assert_string_equal(read_lines, "nai:bob@example.org home=10.1.0.7 voice-port=4000 lladdr-enough=yes|");
	/* As `device list --json` prints it. */
	assert_int_equal(read_devices("{\"record\":\"device\",\"id\":\"esn:82000001\",\"id2\":\"min:2125551212\",\"home_v4\":\"10.1.0.9\",\"home_v4_length\":24,"
				      "\"group_v6\":\"ff38::1\",\"policy\":\"all\",\"lladdr_enough\":false,\"version\":7}\n{\"id\":\"esn:82000002\"}\n"), 0);
	assert_string_equal(read_lines, "esn:82000001 min:2125551212 home=10.1.0.9/24 group=ff38::1 policy=all lladdr-enough=no|esn:82000002|");
	assert_int_equal(read_devices("{\"id\":"), -1);
	assert_int_equal(read_devices("imsi,home\n1,2,3\n"), -1);
}

static void lines_may_come_in_any_pieces(void **state)
{
	(void)state;
	static const char *const pieces[] = {"{\"record\":\"a\"}\n{\"rec", "ord\":\"b\"}\n", "{\"end\":true,\"error\":null}\n", NULL};
	struct client c;
	json_t *o;
	serve(pieces, false);
	assert_int_equal(client_open(&c, sock_path, 5000), 0);
	assert_int_equal(client_send(&c, json_pack("{s:s,s:s}", "cmd", "show", "what", "bindings")), 0);
	const char *const want[] = {"a", "b"};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(client_next(&c, &o), 0);
		assert_string_equal(json_string_value(json_object_get(o, "record")), want[i]);
		json_decref(o);
	}
	assert_int_equal(client_next(&c, &o), 0);
	assert_true(json_is_true(json_object_get(o, "end")));
	json_decref(o);
	assert_int_equal(client_next(&c, &o), ERR_NOTFOUND);
	client_close(&c);
	serve_end("{\"cmd\":\"show\",\"what\":\"bindings\"}\n");
}

static void nonsense_and_silence_are_errors(void **state)
{
	(void)state;
	static const char *const nonsense[] = {"[1]\n", NULL}, *const silence[] = {NULL};
	struct client c;
	json_t *o;
	serve(nonsense, false);
	assert_int_equal(client_open(&c, sock_path, 5000), 0);
	assert_int_equal(client_send(&c, json_object()), 0);
	assert_int_equal(client_next(&c, &o), ERR_INVAL);
	client_close(&c);
	serve_end(NULL);
	serve(silence, true);
	assert_int_equal(client_open(&c, sock_path, 50), 0);
	assert_int_equal(client_send(&c, json_object()), 0);
	assert_int_equal(client_next(&c, &o), ERR_AGAIN);
	assert_string_equal(c.error, "roamd does not answer");
	client_close(&c);
	serve_end(NULL);
	assert_int_equal(client_open(&c, sock_path, 50), ERR_SYS); /* nobody listens any more */
	assert_non_null(strstr(c.error, "is roamd running?"));
	client_close(&c);
}

/* Runs the program; its output and status. */
static int roamctl(const char *args, char *out, size_t cap)
{
	char cmd[512];
	snprintf(cmd, sizeof cmd, "%s -s %s %s 2>&1", ROAMCTL, sock_path, args);
	FILE *p = popen(cmd, "r");
	size_t n = fread(out, 1, cap - 1, p);
	out[n] = 0;
	return WEXITSTATUS(pclose(p));
}

static const char *const answer[] = {
	"{\"record\":\"binding\",\"home-address\":\"2001:db8:1::100\",\"lifetime\":12.5,\"sequence\":7}\n"
	"{\"record\":\"binding\",\"home-address\":\"2001:db8:1::1\",\"lifetime\":600.0,\"sequence\":65535,\"note\":\"x\\u001b[2Jy\"}\n"
	"{\"record\":\"status\",\"role\":\"ha\",\"ready\":true,\"site\":null}\n"
	"{\"end\":true,\"error\":null}\n", NULL};

static void text_is_aligned_and_harmless(void **state)
{
	(void)state;
	char out[4096];
	serve(answer, false);
	assert_int_equal(roamctl("show bindings", out, sizeof out), 0);
	assert_string_equal(out,
		"binding\n"
		"home-address     lifetime  sequence  note\n"
		"2001:db8:1::100    12.500         7  -\n"
		"2001:db8:1::1     600.000     65535  x?[2Jy\n"
		"\n"
		"status\n"
		"  role    ha\n"
		"  ready   yes\n"
		"  site    -\n");
	serve_end("{\"cmd\":\"show\",\"what\":\"bindings\"}\n");
}

static void json_is_the_records(void **state)
{
	(void)state;
	char out[4096];
	serve(answer, false);
	assert_int_equal(roamctl("show status --json", out, sizeof out), 0);
	char *line = strtok(out, "\n");
	for (int i = 0; i < 3; i++, line = strtok(NULL, "\n")) {
		json_t *o = json_loads(line, 0, NULL);
		assert_true(json_is_object(o) && !json_object_get(o, "end"));
		json_decref(o);
	}
	assert_null(line);
	serve_end("{\"cmd\":\"show\",\"what\":\"status\"}\n");
}

static void commands_go_as_words_and_bring_the_verdict(void **state)
{
	(void)state;
	static const char *const refusal[] = {"{\"end\":true,\"error\":\"no such router\"}\n", NULL}, *const half[] = {"{\"record\":\"x\"}\n", NULL};
	char out[4096];
	serve(refusal, false);
	assert_int_equal(roamctl("handover w0 02:00:5e:00:53:01", out, sizeof out), 1);
	assert_string_equal(out, "roamctl: no such router\n");
	serve_end("{\"cmd\":\"ctl\",\"args\":[\"handover\",\"w0\",\"02:00:5e:00:53:01\"]}\n");
	serve(half, false); /* the daemon dies in the middle: half an answer is not shown as one */
	assert_int_equal(roamctl("show mobiles", out, sizeof out), 3);
	assert_string_equal(out, "roamctl: roamd closed the connection\n");
	serve_end(NULL);
}

static void wrong_words_ask_nobody(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "show", "show everything", "handover", "drop", "drop a b", "reload now", "key", "key old x", "dance"};
	char out[4096];
	unlink(sock_path);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(roamctl(wrong[i], out, sizeof out), 2);
	assert_int_equal(roamctl("trace 10.0.0.1.1", out, sizeof out), 2);
	assert_int_equal(roamctl("show bindings", out, sizeof out), 3);
	assert_int_equal(roamctl("--help", out, sizeof out), 0);
}

static void trace_shows_one_mobile(void **state)
{
	(void)state;
	static const char *const events[] = {
		"{\"event\":\"a\",\"role\":\"mma\",\"severity\":\"info\",\"mobile\":\"2001:db8:1::100\",\"text\":\"first\",\"time\":1.5}\n"
		"{\"event\":\"b\",\"role\":\"mma\",\"severity\":\"info\",\"mobile\":\"2001:db8:1::101\",\"text\":\"other\",\"time\":1.5}\n"
		"{\"event\":\"d\",\"role\":\"ha\",\"severity\":\"info\",\"mobile\":\"10.1.0.100\",\"text\":\"dotted\",\"time\":1.5}\n"
		"{\"event\":\"c\",\"role\":\"mma\",\"severity\":\"info\",\"mobile\":null,\"text\":\"nobody\",\"time\":1.5,\"lost\":3}\n", NULL};
	char out[4096];
	serve(events, false);
	assert_int_equal(roamctl("trace 2001:0db8:1:0::100", out, sizeof out), 3); /* the stream ended: roamd did */
	assert_non_null(strstr(out, "first"));
	assert_null(strstr(out, "other"));
	assert_null(strstr(out, "nobody"));
	assert_null(strstr(out, "dotted"));
	serve_end("{\"cmd\":\"monitor\"}\n");
	serve(events, false);
	assert_int_equal(roamctl("trace 10.1.0.100", out, sizeof out), 3); /* H-7 */
	assert_non_null(strstr(out, "dotted"));
	assert_null(strstr(out, "first"));
	serve_end("{\"cmd\":\"monitor\"}\n");
	serve(events, false);
	assert_int_equal(roamctl("monitor", out, sizeof out), 3);
	assert_non_null(strstr(out, "nobody\n(3 events before this one were lost"));
	serve_end("{\"cmd\":\"monitor\"}\n");
}

static void new_keys_are_private_and_never_overwrite(void **state)
{
	(void)state;
	char path[96], one[128] = "", two[128] = "";
	struct stat st;
	snprintf(path, sizeof path, "%s/key", dir);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(keygen_new(path), 0);
		assert_int_not_equal(keygen_new(path), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		FILE *f = fopen(path, "r");
		assert_non_null(fgets(i ? two : one, 128, f));
		fclose(f);
		unlink(path);
	}
	assert_int_equal(strlen(one), 4 + 64 + 1);
	assert_int_equal(strncmp(one, "hex:", 4), 0);
	assert_string_not_equal(one, two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_of_devices_become_words), cmocka_unit_test(lines_may_come_in_any_pieces),
		cmocka_unit_test(nonsense_and_silence_are_errors),
		cmocka_unit_test(text_is_aligned_and_harmless),
		cmocka_unit_test(json_is_the_records),
		cmocka_unit_test(commands_go_as_words_and_bring_the_verdict),
		cmocka_unit_test(wrong_words_ask_nobody),
		cmocka_unit_test(trace_shows_one_mobile),
		cmocka_unit_test(new_keys_are_private_and_never_overwrite),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
