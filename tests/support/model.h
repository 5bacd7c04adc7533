/* model.h — what must be true of a server, kept apart from it: allocations, channels, ports.
 *
 * The model learns only from what goes in and what comes out. It is small and
 * slow on purpose: arrays and loops, no timers, no deletion but by rule.
 */
#ifndef RELAY_TESTS_MODEL_H
#define RELAY_TESTS_MODEL_H

#include "mono_time.h"
#include "stun_message.h"
#include "transport_addr.h"
#include "turn_command.h"

enum {
    MODEL_ALLOCATIONS_MAX = 128,
    MODEL_CHANNELS_MAX = 32,
    MODEL_PORTS_MAX = 512,
    MODEL_USERNAME_MAX = 513,
};

struct model_channel {
    uint16_t number;
    struct transport_addr peer;
    struct mono_time bound_until;
};

struct model_allocation {
    enum { MODEL_OPENING, MODEL_OPEN, MODEL_LIVE } state; /* LIVE: the client was told */
    struct five_tuple five_tuple;
    char username[MODEL_USERNAME_MAX];
    struct turn_relay_id relay_id;
    uint16_t port;
    uint8_t families;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN]; /* of the Allocate */
    struct mono_time expires;                        /* NEVER until LIVE */
    struct model_channel channels[MODEL_CHANNELS_MAX];
    size_t channel_count;
    bool unclaimed; /* the registry does not know of it */
};

/* A port that may not be given out before |until|: resting, or kept for |token|. */
struct model_port {
    uint16_t port;
    struct mono_time until;
    bool reserved;
    uint8_t token[8]; /* when reserved, and whose it is */
    char username[MODEL_USERNAME_MAX];
};

struct model {
    struct model_allocation allocations[MODEL_ALLOCATIONS_MAX];
    size_t allocation_count;
    struct model_port ports[MODEL_PORTS_MAX];
    size_t port_count;
};

struct model_allocation *model_by_tuple(struct model *model, const struct five_tuple *tuple);
struct model_allocation *model_by_id(struct model *model, struct turn_relay_id id);
struct model_allocation *model_by_port(struct model *model, uint16_t port);

/* model_add and model_remove keep no order; pointers die with the next call. */
struct model_allocation *model_add(struct model *model);
void model_remove(struct model *model, struct model_allocation *allocation);

/* A channel that is bound or reserved at |now|, by number or by peer; NULL when there is none. */
struct model_channel *model_channel_by_number(struct model_allocation *allocation, uint16_t number,
                                              struct mono_time now);
struct model_channel *model_channel_by_peer(struct model_allocation *allocation,
                                            const struct transport_addr *peer,
                                            struct mono_time now);

/* model_channel_bound: data may pass. Bound, not only reserved, and of an open family. */
bool model_channel_bound(const struct model_allocation *allocation,
                         const struct model_channel *channel, struct mono_time now);

/* model_bind binds or rebinds. NULL, or which rule of RFC 8656 §12.2 forbids that. The caller
 * has looked at the number's range. */
const char *model_bind(struct model_allocation *allocation, uint16_t number,
                       const struct transport_addr *peer, struct mono_time now);

/* model_channel_count counts bound and reserved channels of all allocations at |now|. */
size_t model_channel_count(struct model *model, struct mono_time now);

/* model_keep_port and model_port_kept: a resting or reserved port. NULL when it is not kept. */
void model_keep_port(struct model *model, struct model_port port, struct mono_time now);
struct model_port *model_port_kept(struct model *model, uint16_t port, struct mono_time now);

/* model_peer brings a peer's address into the form that the server relays to:
 * IPv4-mapped IPv6 (RFC 4291 §2.5.5.2) becomes IPv4. */
struct transport_addr model_peer(const struct transport_addr *peer);

#endif
