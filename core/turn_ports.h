/* turn_ports.h — the shard's slice of relay ports: drawn at random, rested after use.
 *
 * Every draw is O(1), also when the slice is nearly full: the free ports, the
 * free even ones, and the free pairs (even port with its successor, RFC 8656
 * §18.8) are kept as dense sets from which one is picked uniformly. A freed port
 * rests before it is given out again, so that late datagrams of its last user's
 * peers do not reach the next one.
 */
#ifndef RELAY_TURN_PORTS_H
#define RELAY_TURN_PORTS_H

#include "err.h"
#include "mono_time.h"

#include <stdbool.h>
#include <stdint.h>

/* A set of offsets into the slice, with O(1) insert, remove and pick. */
struct turn_port_set {
    uint16_t *members;
    uint16_t *positions; /* by offset; UINT16_MAX = not a member */
    uint32_t count;
};

struct turn_ports {
    uint16_t lowest;
    uint32_t count; /* ports in the slice, at most 65535 */
    struct turn_port_set free;
    struct turn_port_set even;
    struct turn_port_set pairs;     /* by the even port */
    struct turn_port_rest *resting; /* a ring, oldest first */
    uint32_t resting_first;
    uint32_t resting_count;
    uint32_t rest_sec;
};

enum turn_port_want {
    TURN_PORT_ANY,
    TURN_PORT_EVEN,
    TURN_PORT_PAIR, /* an even port, and the next one with it */
};

/* turn_ports_init: 1 <= lowest <= highest. ERR_OK or ERR_NO_MEMORY. */
enum err turn_ports_init(struct turn_ports *ports, uint16_t lowest, uint16_t highest,
                         uint32_t rest_sec) MUST_CHECK;
void turn_ports_deinit(struct turn_ports *ports);

/* turn_ports_available counts the free ports that fit |want|. O(1). */
uint32_t turn_ports_available(const struct turn_ports *ports, enum turn_port_want want);

/*
 * turn_ports_take takes the free port number |pick| of those that fit |want|;
 * a uniformly random |pick| below turn_ports_available gives a uniformly random
 * port. PAIR takes the port after it as well.
 */
uint16_t turn_ports_take(struct turn_ports *ports, enum turn_port_want want, uint32_t pick);

/* turn_ports_take_port takes |port| itself, for an allocation that has had it before: so also when
 * it rests. A port outside the slice is nobody's here, and so always to be had. False when it is
 * taken. O(1) for a free one, else O(resting). */
bool turn_ports_take_port(struct turn_ports *ports, uint16_t port);

/* turn_ports_release ends the use of one taken port; it rests from |now|. A port outside the
 * slice is let go. */
void turn_ports_release(struct turn_ports *ports, uint16_t port, struct mono_time now);

/* turn_ports_wake frees the ports that have rested enough at |now|. O(woken). */
void turn_ports_wake(struct turn_ports *ports, struct mono_time now);

#endif
