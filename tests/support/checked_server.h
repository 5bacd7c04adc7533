/* checked_server.h — a server whose every step is held against the model and the invariants.
 *
 * Wraps the inputs of turn_server.h. After each one it drains the commands,
 * keeps them in |seen| until the next, moves the model on, and looks at:
 *
 *   nothing before authentication; answers to what is not authenticated are small
 *   a verdict, its counter and its commands agree
 *   OPEN before the success that names the port, CLOSE exactly once
 *   no port twice, none before it has rested, ports and allocations add up
 *   data passes if and only if the model knows a bound channel
 *   no deadline in the past, and none too late
 *   what was recorded outside is what is
 *
 * With turn_config.recorded it is the registry as well: it keeps what CLAIM, RECORD and FORGET
 * say in |mirror|, grants every claim, and takes NOT_MINE for nobody's. These commands are not
 * in |seen|, unless the test is about them and sets |shows_records|; then it answers claims.
 */
#ifndef RELAY_TESTS_CHECKED_SERVER_H
#define RELAY_TESTS_CHECKED_SERVER_H

#include "answer.h"
#include "mirror.h"
#include "model.h"
#include "server_setup.h"

/* What the sender of a datagram knows about it. */
enum trust {
    FORGED,    /* surely not authenticated: no integrity, a wrong one, a foreign nonce … */
    AUTHENTIC, /* may be authenticated */
};

struct seen_command {
    struct turn_command command; /* views point into this element */
    uint8_t bytes[TURN_RESPONSE_MAX];
    uint8_t username[512];
    struct turn_record record; /* CLAIM, RECORD, FORGET */
    struct answer answer;      /* SEND: what it says */
};

struct checked_server {
    struct turn_server *server;
    struct turn_config config;
    struct turn_now now;
    struct model model;
    struct mirror mirror;
    bool shows_records;
    bool has_claim; /* not yet answered: */
    struct turn_relay_id claim;
    struct turn_record claimed;
    struct seen_command *seen; /* commands of the last input, in order */
    size_t seen_count;
    size_t seen_capacity;
    enum turn_verdict verdict;
    struct turn_relay relay;
    uint64_t before[TURN_COUNTER_COUNT]; /* the counters before the last input */
    /* How a broken invariant is reported; does not return. The default prints and aborts. */
    void (*failed)(const char *message);
};

/* checked_server_init makes the server from |setup|, which must outlive it. */
void checked_server_init(struct checked_server *cs, const struct server_setup *setup);
void checked_server_deinit(struct checked_server *cs);

/* The inputs. Results are in |verdict|, |relay| and |seen|. The datagram of a peer has
 * TURN_HEADROOM writable bytes in front. */
void checked_client_datagram(struct checked_server *cs, const struct five_tuple *tuple,
                             struct bytes datagram, enum trust trust);
void checked_peer_datagram(struct checked_server *cs, struct turn_relay_id relay_id,
                           const struct transport_addr *peer, uint8_t *datagram, size_t len);
void checked_opened(struct checked_server *cs, struct turn_relay_id relay_id);
void checked_open_failed(struct checked_server *cs, struct turn_relay_id relay_id,
                         enum turn_relay_failure failure, uint8_t families);

/* For tests that set |shows_records|. checked_settled gives a datagram that was NOT_MINE once
 * more. */
void checked_settled(struct checked_server *cs, const struct five_tuple *tuple,
                     struct bytes datagram, enum trust trust);
void checked_claim_result(struct checked_server *cs, struct turn_relay_id relay_id,
                          enum turn_claim result);
bool checked_publish(struct checked_server *cs, struct turn_publication *publication);
void checked_lost(struct checked_server *cs, const struct five_tuple *tuple);

/* checked_delete deletes one allocation of |client|; false when there is none. */
bool checked_delete(struct checked_server *cs, const struct transport_addr *client);

/* checked_restart kills the server and rebuilds it from what is recorded. */
void checked_restart(struct checked_server *cs);

/* checked_advance moves both clocks on by |usec| and carries out everything that is due. */
void checked_advance(struct checked_server *cs, int64_t usec);

/* checked_let_all_end lets every lifetime pass, after which nothing may be left. */
void checked_let_all_end(struct checked_server *cs);

/* checked_fail reports; for the users of this module as well. */
_Noreturn void checked_fail(const struct checked_server *cs, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* command_describe writes one line about a command and returns |text|. */
char *command_describe(const struct seen_command *seen, char *text, size_t size);

/* "deleted", "expired", … */
const char *command_end_text(enum turn_end end);

static inline uint64_t checked_count(const struct checked_server *cs, enum turn_counter counter)
{
    return cs->config.counters[counter];
}

#endif
