/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The redundancy group's synchronisation, small enough to be looked at whole: three members, one mobile that registers twice and then
 * leaves (versions 1, 2, 3), datagrams that are lost, repeated and late without limit, one member that crashes, loses its disk and comes
 * back. `doc/model/check` has Spin visit every state.
 *
 * One process, one choice after the other: that is what interleaving amounts to here, since all that members share is in the arrays.
 *
 * Properties, in every state:
 *   KEPT      what the mobile was told, some member that is up has (or something newer);
 *   NO_GHOST  a member that has taken the deletion never takes an older version for alive again, not even when it has
 *             forgotten the deletion.
 *
 * With -DEARLY_ACK a member tells the mobile before another one has it, with -DEARLY_FORGET it forgets a deletion while an older
 * registration may still live elsewhere, with -DLAST_WINS it takes whatever comes last, with -DSERVE_EARLY it serves before it has asked for
 * the table: each breaks a property, or the check checks nothing.
 */
#define N 3
#define DELETION 3
#define AT(v, m) ((v) * N + (m))

byte ver[N];            /* what a member has; 0: nothing */
bool up[N], ready[N];   /* ready: it has the group's table, and serves */
bool had_deletion[N], is_ghost;
bool view[9];           /* AT(m, n): m believes that n lives */
byte origin[4];         /* who took version v from the mobile */
bool asked[4], told[4], acked[4];
bool wait[12];          /* AT(v, n): the origin has no acknowledgement of n */
bool sent[4];           /* some datagram with version v may still be anywhere */
byte next = 1;          /* the mobile's next request */
bool has_crashed, has_returned, lapsed;
byte crashed;

inline take(m, v) {
	if
#ifdef LAST_WINS
	:: true ->
#else
	:: v > ver[m] ->
#endif
		if
		:: had_deletion[m] && v < DELETION && !lapsed -> is_ghost = true
		:: else
		fi;
		ver[m] = v;
		had_deletion[m] = had_deletion[m] || v == DELETION
	:: else
	fi
}

/* The mobile's next request, to any member that serves; it goes on to the next whether or not it was answered. */
inline request(m) {
	ver[m] = next;
	had_deletion[m] = had_deletion[m] || next == DELETION;
	origin[next] = m;
	asked[next] = true;
	sent[next] = true;
	wait[AT(next, 0)] = m != 0 && view[AT(m, 0)];
	wait[AT(next, 1)] = m != 1 && view[AT(m, 1)];
	wait[AT(next, 2)] = m != 2 && view[AT(m, 2)];
	next++
}

#define WAITS(v) (wait[AT(v, 0)] || wait[AT(v, 1)] || wait[AT(v, 2)])
#ifdef EARLY_ACK
#define COMMITTED(v) true
#else
#define COMMITTED(v) (acked[v] || !WAITS(v))
#endif

#ifdef EARLY_FORGET
#define MAY_FORGET true
#else
#define MAY_FORGET lapsed
#endif

/* KEPT for one version. Once every lifetime is over there is nothing to keep. */
#define HELD(v) (!told[v] || lapsed || (up[0] && ver[0] >= v) || (up[1] && ver[1] >= v) || (up[2] && ver[2] >= v))

inline lost(n) { /* n is taken for dead by m: nobody waits for it */
	view[AT(m, n)] = false;
	if
	:: asked[1] && origin[1] == m -> wait[AT(1, n)] = false
	:: else
	fi;
	if
	:: asked[2] && origin[2] == m -> wait[AT(2, n)] = false
	:: else
	fi;
	if
	:: asked[3] && origin[3] == m -> wait[AT(3, n)] = false
	:: else
	fi
}

inline found(n) { /* n lives again: it gets what still waits */
	view[AT(m, n)] = true;
	if
	:: asked[1] && origin[1] == m && WAITS(1) -> wait[AT(1, n)] = true
	:: else
	fi;
	if
	:: asked[2] && origin[2] == m && WAITS(2) -> wait[AT(2, n)] = true
	:: else
	fi;
	if
	:: asked[3] && origin[3] == m && WAITS(3) -> wait[AT(3, n)] = true
	:: else
	fi
}

active proctype group() {
	byte m, n, v;
	d_step {
		m = 0;
		do
		:: m < N -> up[m] = true; ready[m] = true; view[AT(m, 0)] = m != 0; view[AT(m, 1)] = m != 1; view[AT(m, 2)] = m != 2; m++
		:: else -> break
		od;
		m = 0
	}
	do
	:: atomic {
		/* which members and version this step is about */
		if :: m = 0 :: m = 1 :: m = 2 fi;
		if :: n = 0 :: n = 1 :: n = 2 fi;
		if :: v = 1 :: v = 2 :: v = 3 fi;
		if
		/* the mobile asks */
		:: next <= DELETION && up[m] && ready[m] && ver[m] < next && !lapsed && (next > 1 || m == 0) -> request(m) /* members are alike: the first is 0's */
		/* an update arrives, now or again or late; its acknowledgement too, or not */
		:: m != n && asked[v] && origin[v] == m && up[m] && up[n] && wait[AT(v, n)] ->
			take(n, v);
			if
			:: wait[AT(v, n)] = false; acked[v] = true
			:: skip
			fi
		:: sent[v] && up[n] && m == 0 -> take(n, v)
		/* the mobile is told */
		:: asked[v] && !told[v] && up[origin[v]] && ver[origin[v]] >= v && COMMITTED(v) && m == 0 && n == 0 ->
			told[v] = true;
			acked[v] = false; wait[AT(v, 0)] = false; wait[AT(v, 1)] = false; wait[AT(v, 2)] = false /* matters no more: it may still arrive */
		/* one machine is lost, with its disk */
		:: !has_crashed && n == 0 && v == 1 ->
			has_crashed = true;
			crashed = m;
			up[m] = false;
			ready[m] = false;
			ver[m] = 0;
			had_deletion[m] = false
		/* and comes back */
		:: has_crashed && !has_returned && m == crashed && n == 0 && v == 1 ->
			has_returned = true;
			up[m] = true
		/* the table, from a member that has it */
		:: m != n && up[m] && !ready[m] && up[n] && ready[n] && v == 1 ->
			if
			:: ver[n] > 0 -> take(m, ver[n])
			:: else
			fi;
			ready[m] = true
		/* hellos stay away, or come */
		:: m != n && up[m] && view[AT(m, n)] && !up[n] && v == 1 -> lost(n)
		:: m != n && up[m] && up[n] && !view[AT(m, n)] && v == 1 -> found(n)
		/* every lifetime is over */
		:: next > DELETION && !lapsed && m == 0 && n == 0 && v == 1 -> lapsed = true
		/* a deletion is forgotten */
		:: up[m] && ver[m] == DELETION && n == 0 && v == 1 && MAY_FORGET -> ver[m] = 0
		:: else
		fi;
		assert(HELD(1) && HELD(2) && HELD(3)); /* KEPT */
		assert(!is_ghost);                     /* NO_GHOST */
		m = 0; n = 0; v = 0                    /* no part of the state */
	}
	od
}
