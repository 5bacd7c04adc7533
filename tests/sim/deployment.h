/* deployment.h — a host of several shards with its ownership registry, its clients and their peers,
 * in one process, on a clock that jumps.
 *
 *     clients ──► steering, wrong on purpose ──► shard 0 … shard N-1 ◄──► registry, behind a
 *     peers   ◄──────── relay sockets ──────────┘   hand over              network
 *
 * Processes are killed, paused, drained, and started in another number. The life of a deployment
 * is chapters; each ends with everybody healthy and a look at everything (deployment_check.c).
 *
 * What is asserted, beside what the core and the backends assert themselves:
 *
 * (a) One owner. An allocation is in at most one process that runs and may send; and when
 *     another one has begun to relay for a five-tuple, the former one never does again. What
 *     was adopted counts from when it is claimed, a round trip later: until then its shard does
 *     not serve, but passes on what peers send.
 *     Asserted from the moment DEPLOYMENT_SETTLE_SEC after the registry last was away, lost
 *     something or took longer than a time-out to answer anybody. In between, shards go on with
 *     what they have and with what they were asked for (design.md part 2 rule 3), so two of them
 *     can relay for one five-tuple; afterwards the older allocation is the one that is left.
 * (b) Nothing is lost. What a client was told with success is still so: the same relay
 *     port, the lifetime, the channels. And (c) no 437 answers a Refresh or ChannelBind of such a
 *     client, but for MISS_REMEMBERED_SEC after its Allocate: that long it is known to be
 *     nobody's where it was looked up before (owner_cache.h), from when a pause is over if the
 *     look-up was answered in one.
 *     Asserted in CHAPTER_STRICT: the registry answers, nobody is paused or gone for
 *     as long as a lease is good, and a process starts later than what its predecessor
 *     wrote last takes to arrive (records are written before an answer leaves, not waited for).
 * (d) At the end of a chapter the registry has exactly what the shards hold, each of one of them.
 * (e) Then nothing is under way any more, data passes both ways whichever shard it comes to,
 *     and once all lifetimes are over nothing is left anywhere.
 * (f) Nothing waits for the registry: a process does not send for at most
 *     DEPLOYMENT_SILENT_MSEC, and only after it was paused for longer than LEASE_PAUSE_MSEC; while
 *     the registry answers some things and not others, for DEPLOYMENT_SILENT_IN_TROUBLE_MSEC.
 * (g) A draining shard makes no allocation. What it has is kept, by (b); and who owns what another
 *     one makes in its place is as in (a), (c) and (d).
 */
#ifndef RELAY_TESTS_DEPLOYMENT_H
#define RELAY_TESTS_DEPLOYMENT_H

#include "event_queue.h"
#include "process.h"

enum {
    DEPLOYMENT_SHARDS_MAX = 4,
    DEPLOYMENT_CLIENTS = 6,
    DEPLOYMENT_CHANNELS = 3,
    DEPLOYMENT_RECORDS_MAX = 64,
    DEPLOYMENT_SETTLE_SEC = 5,
    DEPLOYMENT_SILENT_MSEC = 1000,
    DEPLOYMENT_SILENT_IN_TROUBLE_MSEC = 3100,
    ASKED_MAX = 64,
    FORMER_MAX = 32,
};

enum chapter { CHAPTER_STRICT, CHAPTER_LAX, CHAPTER_TROUBLED };

/* Things that happen, counted: a simulation in which something never happens shows nothing of it.
 */
#define DEPLOYMENT_COUNTS(X)                                                                       \
    X(KILLED)                                                                                      \
    X(KILLED_WHILE_STARTING)                                                                       \
    X(PAUSED)                                                                                      \
    X(PAUSED_TOO_LONG)                                                                             \
    X(DRAINED)                                                                                     \
    X(UNDRAINED)                                                                                   \
    X(RESIZED)                                                                                     \
    X(STORE_AWAY)                                                                                  \
    X(STORE_EMPTIED)                                                                               \
    X(LINK_LOST)                                                                                   \
    X(MESSAGE_LOST)                                                                                \
    X(TWO_SENT_IN_TROUBLE)                                                                         \
    X(PROMISES_KEPT)                                                                               \
    X(PROMISES_OVER_A_RESTART)                                                                     \
    X(PROBES)                                                                                      \
    X(LIVED_TO_THE_END)

enum deployment_count {
#define X(name) DEPLOYMENT_##name,
    DEPLOYMENT_COUNTS(X)
#undef X
        DEPLOYMENT_COUNT_COUNT
};

/* What a client has been told with success. */
struct promise {
    bool is_made;
    uint64_t serial; /* of the process that held it last time somebody looked */
    uint16_t port;
    struct mono_time made_at;
    struct mono_time expires;
    struct mono_time channels[DEPLOYMENT_CHANNELS]; /* bound until; 0 = never bound */
};

/* An allocation in a process. */
struct holder {
    uint64_t serial;
    struct turn_relay_id relay_id;
};

struct caller {
    struct test_client client;
    struct promise promise;
    struct mono_time deleted_at; /* by its own wish, last */
    uint32_t steered_to;
    struct {
        uint8_t transaction_id[STUN_TRANSACTION_ID_LEN];
        uint16_t method;
        unsigned channel;
    } asked[ASKED_MAX];
    size_t asked_count;
    bool was_calm;        /* when somebody last relayed */
    struct holder sender; /* for its five-tuple, last */
    struct holder former[FORMER_MAX];
    size_t former_count;
    unsigned probed_up; /* channels */
    unsigned probed_down;
};

/* The sockets of a shard, with the process behind them. */
struct slot {
    struct process *process; /* NULL: it is dead */
    bool is_paused;
    bool is_waking;            /* has not run since it was paused */
    struct mono_time woken_at; /* after its last pause of some length */
    bool is_draining;          /* kept over the ends of processes */
    struct mono_time draining_since;
    struct datagram_queue listener;
    struct datagram_queue redirected;
    bool holds[DEPLOYMENT_CLIENTS]; /* as of its last turn */
};

struct deployment {
    struct choices choices;
    struct crypto *crypto;
    struct server_setup setup;
    struct ownership_network network;
    struct event_queue queue;
    struct mono_time now;
    bool is_verbose;
    bool is_direct;
    uint32_t quota;
    enum chapter chapter;
    bool is_healed;             /* nothing bad happens till the end of the chapter */
    bool is_quiet;              /* and clients do nothing of themselves */
    bool is_over;               /* no acts but probes */
    struct mono_time calm_from; /* the registry answers; NEVER in trouble */
    size_t acts_left;
    uint32_t shards;
    uint64_t serials;
    struct slot slots[DEPLOYMENT_SHARDS_MAX];
    struct caller callers[DEPLOYMENT_CLIENTS];
    struct turn_record scratch[DEPLOYMENT_RECORDS_MAX]; /* too large for the stack */
    uint64_t counts[DEPLOYMENT_COUNT_COUNT];
    uint64_t values[COUNTER_PAGE_VALUES]; /* of processes that are no more */
    void (*failed)(const char *message);
};

/* deployment_init makes one with everything chosen. |failed| is told of a broken invariant. */
void deployment_init(struct deployment *d, struct choices choices, size_t acts,
                     void (*failed)(const char *message));
/* deployment_run lives through its chapters. */
void deployment_run(struct deployment *d);
void deployment_deinit(struct deployment *d);

/* For the parts. */
_Noreturn void deployment_fail(const struct deployment *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* deployment_say writes a line when the deployment is verbose. */
void deployment_say(const struct deployment *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void deployment_count(struct deployment *d, enum deployment_count count)
{
    d->counts[count]++;
}

static inline bool deployment_is_calm(const struct deployment *d)
{
    return mono_time_due(d->calm_from, d->now);
}

/* deployment_send puts |event| into the network: delayed, in another order, maybe lost. */
void deployment_send(struct deployment *d, struct event event, struct bytes bytes);
void deployment_after(struct deployment *d, int64_t usec, struct event event);
/* deployment_advance lives through |usec|. */
void deployment_advance(struct deployment *d, int64_t usec);

/* deployment_processes.c */
void deployment_start(struct deployment *d, size_t slot);
void deployment_kill(struct deployment *d, size_t slot);
/* deployment_drain has a live process begin to drain, or end that. */
void deployment_drain(struct deployment *d, size_t slot, bool is_draining);
/* deployment_wake ends the pause of a process. */
void deployment_wake(struct deployment *d, size_t slot);
/* The client whose five-tuple it is; aborts when it is nobody's. */
struct caller *deployment_caller(struct deployment *d, const struct five_tuple *five_tuple);
bool deployment_port_is_open(const struct deployment *d, uint16_t port);

/* deployment_acts.c */
void deployment_client_acts(struct deployment *d, size_t client);
void deployment_operator_acts(struct deployment *d);
void deployment_trouble_ends(struct deployment *d, const struct event *event);
void deployment_heal(struct deployment *d);
struct transport_addr deployment_peer(unsigned channel);
void deployment_send_data(struct deployment *d, size_t client, unsigned channel);
void deployment_send_back(struct deployment *d, uint16_t port, unsigned channel);

/* deployment_promises.c: (a), (b) and (c) as things leave. */
void promise_on_answer(struct deployment *d, struct process *process, const struct sent *sent);
void promise_on_sent(struct deployment *d, struct process *process, const struct sent *sent);
/* |record|s of one five-tuple as the core has them make the promise. */
void promise_make(struct promise *promise, const struct turn_record *records, size_t count);

/* deployment_check.c */
void deployment_check_process(struct deployment *d, size_t slot);
void deployment_check_all(struct deployment *d);

#endif
