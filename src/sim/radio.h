/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Air: a link on which an agent and a mobile reach each other only while the scenario lets the agent hear the mobile (`air`). Agents hear none of
 * each other, nor mobiles. At an interval of the link's each agent's process is told how strong it hears whom, as a driver or a
 * feed would tell the daemon; and at once when a radio has lost a station, unless it does not notice.
 *
 * No packet may reach a mobile by air that is for another, and nobody may play the gateway to whom he does not serve.
 */
#include "sim/net/link.h"

/* In place of what heard this mobile before. is_silent: agents that no longer hear it are not told. */
void radio_set(struct nic *mobile, const struct ear *ears, uint32_t n, bool is_silent);
/* The measurements begin. */
void radios_start(struct sim *s);
/* Always true on other links. */
bool radio_reaches(const struct nic *a, const struct nic *b);
const struct ear *radio_ear(const struct nic *mobile, const struct nic *base); /* NULL: it is not heard */
/* A frame goes out. */
void radio_check(const struct nic *from, const struct frame *f);
