/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/etcd/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

enum { ANSWER_MAX_OCT = 64 << 20, CONNECTIONS_MAX = 32 };

struct http {
	CURLM *multi;
	struct event_base *base;
	struct event *timer;
	struct http_request *requests;
	struct http_tls tls;           /* the caller's text */
	int priority;
};

struct http_request {
	struct http *h;
	CURL *easy;
	struct curl_slist *headers;
	struct http_request *next;
	const struct http_ops *ops;
	void *ctx;
	char *text;
	size_t len_oct, cap_oct;
	bool is_new;                   /* something has come that data has not seen */
	char why[CURL_ERROR_SIZE];
};

struct watched { struct event *ev; };

static size_t on_bytes(char *p, size_t one, size_t n, void *ctx)
{
	struct http_request *r = ctx;
	const size_t more = one * n;

	if (r->len_oct + more + 1 > r->cap_oct) {
		const size_t cap = (r->len_oct + more + 1) * 2;
		char *text = cap <= ANSWER_MAX_OCT ? realloc(r->text, cap) : NULL;
		if (!text)
			return 0;
		r->text = text;
		r->cap_oct = cap;
	}
	memcpy(r->text + r->len_oct, p, more);
	r->len_oct += more;
	r->text[r->len_oct] = '\0';
	r->is_new = true;
	return more;
}

static void request_free(struct http_request *r)
{
	struct http_request **at = &r->h->requests;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	curl_multi_remove_handle(r->h->multi, r->easy);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	free(r->text);
	free(r);
}

void http_cancel(struct http_request *r)
{
	if (r)
		request_free(r);
}

/* --- what has happened -------------------------------------------------------------------------------------- */

/* The first whose bytes nobody has seen. */
static struct http_request *next_new(const struct http *h)
{
	struct http_request *r = h->requests;

	while (r && !(r->is_new && r->ops->data))
		r = r->next;
	return r;
}

static bool is_there(const struct http *h, const struct http_request *which)
{
	const struct http_request *r = h->requests;

	while (r && r != which)
		r = r->next;
	return r;
}

static void give_data(struct http *h)
{
	struct http_request *r;

	while ((r = next_new(h)) != NULL) {
		r->is_new = false;
		const size_t n = r->ops->data(r->ctx, r->text, r->len_oct);
		if (!is_there(h, r)) /* cancelled meanwhile */
			continue;
		memmove(r->text, r->text + n, r->len_oct - n);
		r->len_oct -= n;
	}
}

static void give_ends(struct http *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_request *r;
		long status = 0;
		if (msg->msg != CURLMSG_DONE)
			continue;
		const CURLcode code = msg->data.result;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &r);
		if (code == CURLE_OK)
			curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
		struct http_request copy = *r; /* gone before its owner hears of it */
		r->text = NULL;
		request_free(r);
		copy.ops->done(copy.ctx, status, copy.text ? copy.text : "", copy.len_oct, copy.why[0] ? copy.why : curl_easy_strerror(code));
		free(copy.text);
	}
}

static void act(struct http *h, curl_socket_t fd, int what)
{
	int running;

	curl_multi_socket_action(h->multi, fd, what, &running);
	give_data(h);
	give_ends(h);
}

static void on_socket(evutil_socket_t fd, short what, void *ctx)
{
	act(ctx, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timeout(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

/* --- what libcurl wants to be told of ------------------------------------------------------------------------ */

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *of_socket)
{
	struct http *h = ctx;
	struct watched *w = of_socket;
	const short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (w)
		event_free(w->ev);
	if (what == CURL_POLL_REMOVE) {
		free(w);
		curl_multi_assign(h->multi, fd, NULL);
		return 0;
	}
	if (!w && !(w = calloc(1, sizeof *w)))
		return -1;
	w->ev = event_new(h->base, fd, (short)(events | EV_PERSIST), on_socket, h);
	if (w->ev && !event_priority_set(w->ev, h->priority) && !event_add(w->ev, NULL)) {
		curl_multi_assign(h->multi, fd, w);
		return 0;
	}
	if (w->ev)
		event_free(w->ev);
	free(w);
	curl_multi_assign(h->multi, fd, NULL);
	return -1;
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *h = ctx;
	const struct timeval after = {ms / 1000, ms % 1000 * 1000};

	(void)multi;
	if (ms < 0)
		event_del(h->timer);
	else
		event_add(h->timer, &after);
	return 0;
}

/* --- open, post, close ----------------------------------------------------------------------------------------- */

int http_open(struct http **out, struct event_base *base, int priority, const struct http_tls *tls)
{
	struct http *h = calloc(1, sizeof *h);

	*out = NULL;
	if (!h)
		return ERR_NOMEM;
	*h = (struct http){.base = base, .priority = priority, .tls = *tls};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = curl_multi_init();
	h->timer = event_new(base, -1, 0, on_timeout, h);
	if (!h->multi || !h->timer || event_priority_set(h->timer, priority)) {
		http_close(h);
		return ERR_NOMEM;
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_MAX);
	*out = h;
	return 0;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	while (h->requests)
		request_free(h->requests);
	if (h->multi)
		curl_multi_cleanup(h->multi);
	if (h->timer)
		event_free(h->timer);
	free(h);
}

static void set_tls(CURL *easy, const struct http_tls *tls)
{
	if (tls->ca && tls->ca[0])
		curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca);
	if (tls->cert && tls->cert[0])
		curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->cert);
	if (tls->key && tls->key[0])
		curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key);
}

static bool add_header(struct http_request *r, const char *line)
{
	struct curl_slist *more = curl_slist_append(r->headers, line);

	r->headers = more ? more : r->headers;
	return more;
}

static bool set_headers(struct http_request *r, const char *authorization)
{
	char line[600];

	snprintf(line, sizeof line, "Authorization: %s", authorization ? authorization : "");
	return add_header(r, "Expect:") /* bodies go at once */ && add_header(r, "Content-Type: application/json") &&
	       (!authorization || !authorization[0] || add_header(r, line)) &&
	       curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers) == CURLE_OK;
}

struct http_request *http_post(struct http *h, const struct http_post *p)
{
	struct http_request *r = calloc(1, sizeof *r);

	if (!r || !(r->easy = curl_easy_init())) {
		free(r);
		return NULL;
	}
	r->h = h;
	r->ops = p->ops;
	r->ctx = p->ctx;
	r->next = h->requests;
	h->requests = r;
	curl_easy_setopt(r->easy, CURLOPT_URL, p->url);
	curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
	curl_easy_setopt(r->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(r->easy, CURLOPT_TCP_KEEPALIVE, 1L); /* a stream may be silent for hours */
	curl_easy_setopt(r->easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1); /* a stream that is cancelled ends its connection */
	curl_easy_setopt(r->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->why);
	curl_easy_setopt(r->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)p->connect_ms);
	curl_easy_setopt(r->easy, CURLOPT_TIMEOUT_MS, (long)p->timeout_ms);
	set_tls(r->easy, &h->tls);
	if (!set_headers(r, p->authorization) || curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS, p->body) != CURLE_OK ||
	    curl_multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		request_free(r);
		return NULL;
	}
	return r;
}
