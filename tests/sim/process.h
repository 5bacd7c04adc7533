/* process.h — a process of a shard in the simulated deployment: shard.c without sockets.
 *
 * The core, the registrar, the restore and the handover are the real ones, called in the order of
 * shard.c. Around them are queues instead of sockets, and a clock that somebody else moves:
 *
 *     process_wake ─► answers of the registry, datagrams ─► the end of the round ─► on_sent
 *
 * Whoever has the process wakes it at process_next, or does not while it is paused. Freeing it is
 * SIGKILL: nothing leaves any more.
 */
#ifndef RELAY_TESTS_PROCESS_H
#define RELAY_TESTS_PROCESS_H

#include "choices.h"
#include "ownership_model.h"

#include "counter_page.h"
#include "restore.h"
#include "simulated_sockets.h"
#include "turn_server.h"

enum { PROCESS_RELAYS_MAX = 64 };

/* What leaves a process. */
enum sent_kind { SENT_ANSWER, SENT_TO_PEER, SENT_TO_CLIENT };

struct sent {
    enum sent_kind kind;
    struct five_tuple five_tuple;
    struct turn_relay_id relay_id; /* not ANSWER */
    uint16_t port;                 /* not ANSWER: the relay port */
    struct transport_addr peer;    /* TO_PEER */
    struct bytes bytes;
};

struct process;

struct process_config {
    uint32_t shard;
    uint32_t shards;
    uint16_t lowest_port; /* of the host */
    uint16_t highest_port;
    uint32_t quota;
    uint64_t serial; /* of the process, on the host */
    bool is_direct;  /* its registry: ownership_model.h */
    struct ownership_network *network;
    const struct turn_config *turn; /* shard, ports and counters are filled in */
    struct choices *choices;
    /* The sockets that outlive it. */
    struct datagram_queue *listener;
    struct datagram_queue *redirected;
    bool (*port_is_taken)(void *context, uint16_t port);
    enum shard_process_state (*process_of)(void *context, uint32_t shard);
    /* An answer is made (it leaves with on_sent); something leaves. */
    void (*on_answer)(void *context, struct process *process, const struct sent *sent);
    void (*on_sent)(void *context, struct process *process, const struct sent *sent);
    void (*on_handed_over)(void *context, uint32_t shard, const struct redirected *redirected);
    /* Does not return. */
    void (*failed)(void *context, const char *message);
    void *context;
};

struct process_relay {
    bool is_open;
    struct turn_relay_id id;
    uint16_t port;
};

struct process {
    struct process_config config;
    struct turn_server *server;
    struct ownership *ownership;
    struct registrar *registrar;
    struct restore *restore;
    struct handover *handover;
    struct redirect redirect;
    struct datagram_queue from_peers;
    struct datagram_queue answers; /* and data for clients: they leave at the end of the round */
    struct process_relay relays[PROCESS_RELAYS_MAX];
    uint64_t values[COUNTER_PAGE_VALUES];
    uint64_t random_count;
    struct turn_now now;
    struct mono_time started_at;
    struct mono_time deadline;
    bool is_round_open;
    bool may_send;
    bool is_ready;
    bool is_restored;
    bool is_adopted;
    bool is_draining;
    bool is_closing;
    uint8_t hops;
    struct mono_time unsent_since; /* nothing may be sent; else NEVER */
};

struct process *process_start(const struct process_config *config, struct mono_time now);
void process_kill(struct process *process);

/* process_set_draining: membership_set_draining. */
void process_set_draining(struct process *process, bool is_draining);

/* What others see of |process|, NULL when it is dead. */
enum shard_process_state process_state(const struct process *process);

/* process_wake: one turn of its event loop at |now|. */
void process_wake(struct process *process, struct mono_time now);

/* process_next: when something is there for it; NEVER. */
struct mono_time process_next(const struct process *process);

/* process_relay_of: the open relay with |port|, or NULL. */
const struct process_relay *process_relay_of(const struct process *process, uint16_t port);

/* process_dump writes what the core holds, allocations before what is beneath each, and returns
 * how many records those are; at most |max|. Between rounds. */
size_t process_dump(struct process *process, struct turn_record *ret, size_t max);

/* simulated_now: both clocks at |mono|. */
struct turn_now simulated_now(struct mono_time mono);

/* For process_join.c, which puts the parts together as membership.c does: the round, the commands
 * that no datagram led to, and what is for this shard to deal with. */
struct turn_now process_begin(void *context);
void process_run_own_commands(void *context, struct turn_now now);
void process_on_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                        struct bytes datagram);
bool process_join(struct process *process, const struct shard_lease *lease, struct turn_now now,
                  uint32_t capacity);

#endif
