/* SPDX-License-Identifier: BSD-2-Clause */
#include "store/checkpoint.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>

struct checkpoint {
	sqlite3 *db;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool is_due, is_over;
};

static void *work(void *arg)
{
	struct checkpoint *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->is_over) {
		if (!c->is_due) {
			pthread_cond_wait(&c->wake, &c->lock);
			continue;
		}
		c->is_due = false;
		pthread_mutex_unlock(&c->lock);
		sqlite3_wal_checkpoint_v2(c->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		pthread_mutex_lock(&c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

/* Signals are the loop's business. */
static bool start_thread(struct checkpoint *c)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	int rc = pthread_create(&c->thread, NULL, work, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0;
}

struct checkpoint *checkpoint_start(const char *path)
{
	struct checkpoint *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->wake, NULL);
	if (sqlite3_open_v2(path, &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK && start_thread(c))
		return c;
	sqlite3_close(c->db);
	free(c);
	return NULL;
}

void checkpoint_wake(struct checkpoint *c)
{
	pthread_mutex_lock(&c->lock);
	c->is_due = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
}

void checkpoint_stop(struct checkpoint *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->is_over = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	sqlite3_close(c->db);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->wake);
	free(c);
}
