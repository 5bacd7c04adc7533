/* shard_internal.h — what the files of the shard share.
 *
 *     shard.c        made, served, taken apart
 *     shard_round.c  what happens in a round of its event loop
 */
#ifndef RELAY_SHARD_INTERNAL_H
#define RELAY_SHARD_INTERNAL_H

#include "shard.h"

#include "admission.h"
#include "bytes.h"
#include "control.h"
#include "datapath.h"
#include "drain.h"
#include "http.h"
#include "membership.h"
#include "mono_time.h"
#include "options.h"
#include "random_pool.h"
#include "redirect.h"
#include "relay_commands.h"
#include "relay_table.h"
#include "round.h"
#include "shard_report.h"
#include "shard_resources.h"
#include "turn_server.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

struct shard {
    const struct relay_options *options;
    struct shard_resources resources;
    struct random_pool random;
    struct event_base *base;
    struct relay_table relays;
    struct turn_server *server;
    struct datapath *datapath;
    struct redirect *redirect;
    struct membership *membership;
    struct http *http;
    struct admission admission;
    struct drain drain;
    struct control *control;
    struct relay_commands commands;
    struct round round;
    struct shard_report report;
    bool may_send; /* in this round: membership.h */
    uint8_t hops;  /* of the datagram that is being handled */
    struct event readable_v4;
    struct event readable_v6;
    struct event readable_redirect;
    struct event terminate;
    struct event interrupt;
    unsigned relay_credit; /* datagrams of peers that this round still takes */
};

/* Callbacks of the modules that a shard is made of; |context| is the shard. What each is called for
 * the headers of those say: round.h, datapath.h, membership.h and redirect.h. */
void shard_begin_round(void *context, struct turn_now now);
struct mono_time shard_end_round(void *context, struct turn_now now);
struct turn_now shard_current_round(void *context);
void shard_run_commands(void *context, struct turn_now now, struct bytes datagram);
void shard_run_own_commands(void *context, struct turn_now now);
void shard_write_before_answers(void *context);
void shard_not_mine(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                    struct bytes datagram, uint32_t owner);
void shard_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                   struct bytes datagram);
void shard_handle_redirected(void *context, struct turn_now now,
                             const struct redirected *redirected);

/* Callbacks of libevent: a socket is readable. |arg| is the shard; of a relay socket the latter. */
void shard_v4_readable(evutil_socket_t fd, short what, void *arg);
void shard_v6_readable(evutil_socket_t fd, short what, void *arg);
void shard_redirect_readable(evutil_socket_t fd, short what, void *arg);
void shard_relay_readable(evutil_socket_t fd, short what, void *arg);

#endif
