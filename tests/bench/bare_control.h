/* bare_control.h — the set-up that a bare forwarder answers: 401, Allocate, ChannelBind.
 *
 * The core answers, so that relay-bench sees what it sees of the relay. Data never comes here.
 */
#ifndef RELAY_BARE_CONTROL_H
#define RELAY_BARE_CONTROL_H

#include "bytes.h"
#include "err.h"
#include "transport_addr.h"
#include "turn_command.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BARE_LISTENING_PORT = 3478,
    BARE_LOWEST_PORT = 49152,
    BARE_HIGHEST_PORT = 65535,
    BARE_RELAYS_MAX = BARE_HIGHEST_PORT - BARE_LOWEST_PORT + 1,
};

/* What the set-up asks of the forwarder. */
struct bare_control_calls {
    bool (*open_relay)(void *context, const struct five_tuple *five_tuple, uint32_t index,
                       uint16_t port);
    void (*close_relay)(void *context, uint32_t index);
    /* |number| and |peer| are bound to each other for |five_tuple|'s client. */
    void (*bind_channel)(void *context, const struct five_tuple *five_tuple, uint16_t number,
                         const struct transport_addr *peer);
    void (*answer)(void *context, const struct five_tuple *five_tuple, struct bytes answer);
    void *context;
};

struct bare_control;

/* bare_control_new serves the one user of |line|, "username:KEY" as in a users file, on
 * 127.0.0.1. Any error of turn_server_new or turn_users_add_line. */
enum err bare_control_new(const char *line, const struct bare_control_calls *calls,
                          struct bare_control **ret) MUST_CHECK;
void bare_control_free(struct bare_control *control);

/* bare_control_datagram handles a STUN message of |five_tuple|'s client. */
void bare_control_datagram(struct bare_control *control, const struct five_tuple *five_tuple,
                           struct bytes datagram);

#endif
