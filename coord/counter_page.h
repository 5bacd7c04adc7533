/* counter_page.h — the counters of one shard in a page that other processes map.
 *
 * One file for each shard, shard-K.counters in the state directory, 4096 bytes:
 *
 *     header  magic, version, layout, shard, shards, pid, start, state, last sign of life, starts
 *     values  TURN_COUNTER_COUNT of the core, then those of the shard, its histograms last
 *
 * The shard writes with plain 64-bit stores; a reader sees each value whole, but not all of
 * them at one instant. Counters belong to one incarnation of the shard: they
 * start at zero when the process starts, and the last ones stay readable after
 * its end. An idle shard still wakes up for its lease, every few seconds, so that one whose last
 * sign of life is older hangs. The writer holds a lock on the file for as long as it lives, so a
 * second live process for the same shard is refused and a reader can tell a
 * live shard from one that died.
 */
#ifndef RELAY_COUNTER_PAGE_H
#define RELAY_COUNTER_PAGE_H

#include "err.h"
#include "mono_time.h"
#include "problem.h"
#include "state_dir.h"
#include "turn_counters.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "name", "help"): gauges of a shard. */
#define SHARD_GAUGES(X)                                                                            \
    X(CAPACITY, "capacity",                                                                        \
      "Allocations that fit: relay ports, descriptors and --max-allocations")                      \
    X(RELAY_SOCKETS, "relay_sockets", "Open relay sockets")                                        \
    X(REGISTRY_AVAILABLE, "registry_available", "1 while the ownership registry answers")          \
    X(LEASE_HELD, "lease_held", "1 while this shard has its lease in the registry")                \
    X(ADMITTED, "admitted", "1 unless this shard waits for the control plane's init")              \
    X(OVERLOADED, "overloaded",                                                                    \
      "1 while clients send more than this shard can relay: a share of their data is shed then")   \
    X(HTTP_LISTENING, "http_listening", "1 while this shard listens on --http-addr")               \
    X(HTTP_CONNECTIONS, "http_connections", "Open HTTP connections")                               \
    X(RESTORE_USEC, "restore_usec",                                                                \
      "From the start of the process until it served, with all that was recorded")                 \
    X(RESTORED, "restored", "1 once all that was recorded of this shard is here again")

/* X(NAME, "name", "help"): counters of events of a shard. */
#define SHARD_EVENTS(X)                                                                            \
    X(WAKEUPS, "wakeups", "Times that the event loop woke up for sockets")                         \
    X(LISTENER_RECEIVED, "listener_received_packets", "Datagrams received on port 3478")           \
    X(LISTENER_RECEIVED_BYTES, "listener_received_bytes", "Bytes of UDP payload received on 3478") \
    X(LISTENER_RECEIVED_BATCHES, "listener_received_batches", "Receive calls that gave datagrams") \
    X(LISTENER_SENT, "listener_sent_packets", "Datagrams sent from port 3478")                     \
    X(LISTENER_SENT_BYTES, "listener_sent_bytes", "Bytes of UDP payload sent from port 3478")      \
    X(LISTENER_SENT_BATCHES, "listener_sent_batches", "Send calls on port 3478")                   \
    X(RELAY_RECEIVED, "relay_received_packets", "Datagrams received on relay sockets")             \
    X(RELAY_RECEIVED_BYTES, "relay_received_bytes", "Bytes received on relay sockets")             \
    X(RELAY_RECEIVED_BATCHES, "relay_received_batches", "Receive calls on relay sockets")          \
    X(RELAY_SENT, "relay_sent_packets", "Datagrams sent from relay sockets")                       \
    X(RELAY_SENT_BYTES, "relay_sent_bytes", "Bytes of UDP payload sent from relay sockets")        \
    X(RELAY_SENT_BATCHES, "relay_sent_batches", "Send calls on relay sockets")                     \
    X(RECEIVE_ERRORS, "receive_errors", "Receive calls that failed for another reason than ICMP")  \
    X(ICMP_ERRORS, "icmp_errors", "ICMP errors reported on a socket")                              \
    X(SEND_PARTIAL_BATCHES, "send_partial_batches", "Send calls that took a part of the batch")    \
    X(RELAY_OPEN_PORT_TAKEN, "relay_open_port_taken", "Relay ports found taken by somebody else")  \
    X(RELAY_OPEN_FAILED, "relay_open_failed", "Relay sockets not opened: descriptors or memory")   \
    X(REGISTRY_WRITES, "registry_writes", "Claims and records sent to the ownership registry")     \
    X(REGISTRY_UNANSWERED, "registry_unanswered", "Operations that the registry did not answer")   \
    X(REGISTRY_PUBLISHED, "registry_published", "Allocations published again")                     \
    X(LEASES_LOST, "leases_lost", "Leases that the registry did not have any more")                \
    X(PAUSES, "pauses", "Times that this process stood still for longer than its lease")           \
    X(CLAIM_DATAGRAM_NOT_KEPT, "claim_datagram_not_kept",                                          \
      "Allocate requests that cannot be handed over should another shard own them: no room")       \
    X(RESTORE_DROPPED, "restore_dropped", "Records that could not be restored")                    \
    X(ADOPTED, "allocations_adopted", "Allocations taken over from shards that are no more")       \
    X(MISROUTED_TO_SHARD, "misrouted_to_shard", "Misrouted datagrams whose owner was known")       \
    X(MISROUTED_NOBODY, "misrouted_nobody", "Misrouted datagrams known to be nobody's")            \
    X(MISROUTED_ELSEWHERE, "misrouted_elsewhere", "Misrouted datagrams owned by another host")     \
    X(MISROUTED_KEPT, "misrouted_kept", "Misrouted datagrams kept while their owner is looked up") \
    X(MISROUTED_LOOK_UPS, "misrouted_look_ups", "Look-ups of owners that were not known")          \
    X(MISROUTED_CHECKS, "misrouted_checks", "Look-ups that check a known owner")                   \
    X(MISROUTED_UNANSWERED, "misrouted_unanswered", "Look-ups that the registry did not answer")   \
    X(REDIRECT_SENT, "redirect_sent_packets", "Misrouted datagrams handed to their owner")         \
    X(REDIRECT_SENT_MESSAGES, "redirect_sent_messages", "Messages in which they were handed over") \
    X(REDIRECT_RECEIVED, "redirect_received_packets",                                              \
      "Datagrams that other shards handed over to this one")                                       \
    X(REDIRECT_RECEIVED_MESSAGES, "redirect_received_messages", "Messages in which they came")     \
    X(REDIRECT_WAITS, "redirect_waits", "Times that the socket of an owner was full")              \
    X(REDIRECT_BUDGET_EXHAUSTED, "redirect_budget_exhausted",                                      \
      "Wake-ups that left messages of other shards for the next one")                              \
    X(DRAIN_HANDED_ON, "drain_handed_on",                                                          \
      "Allocate requests handed to another shard, since this one is draining")                     \
    X(DRAIN_REFUSED, "drain_refused",                                                              \
      "Allocate requests refused, since this shard is draining and no other one takes new ones")   \
    X(CONTROL_BUDGET_EXHAUSTED, "control_budget_exhausted",                                        \
      "Wake-ups that left control messages for the next one")                                      \
    X(DATA_BUDGET_EXHAUSTED, "data_budget_exhausted", "Wake-ups that left data for the next one")  \
    X(HTTP_REQUESTS, "http_requests", "HTTP requests answered")                                    \
    X(HTTP_REFUSED, "http_refused", "HTTP requests answered with an error of the client's")        \
    X(HTTP_TIMED_OUT, "http_timed_out", "HTTP connections closed: their time was over")            \
    X(HTTP_GAVE_WAY, "http_gave_way", "HTTP connections closed: others needed their place")

/* X(NAME, "name", "help"): reasons of a shard for dropping a datagram, beside those of the core. */
#define SHARD_DROPS(X)                                                                             \
    X(RECEIVE_TRUNCATED, "receive_truncated", "Datagrams dropped: larger than the buffer")         \
    X(RECEIVE_NO_ADDRESS, "receive_no_address", "Datagrams dropped: no address they came to")      \
    X(KERNEL_DROPS, "kernel_drops",                                                                \
      "Datagrams (several of a flow in a row may count as one) that the kernel dropped: receive "  \
      "buffer full, or shed by an overloaded shard")                                               \
    X(SEND_WOULD_BLOCK, "send_would_block", "Datagrams dropped: send buffer full")                 \
    X(SEND_UNREACHABLE, "send_unreachable",                                                        \
      "Datagrams dropped: host, network or port unreachable")                                      \
    X(SEND_MESSAGE_TOO_LONG, "send_message_too_long", "Datagrams dropped: larger than the MTU")    \
    X(SEND_NOT_PERMITTED, "send_not_permitted", "Datagrams dropped: a local firewall forbids")     \
    X(SEND_ERRORS, "send_errors_other", "Datagrams dropped: sending failed otherwise")             \
    X(SEND_AFTER_PAUSE, "send_after_pause",                                                        \
      "Datagrams dropped: this process stood still while it handled them")                         \
    X(MISROUTED_OWNER_UNKNOWN, "misrouted_owner_unknown",                                          \
      "Misrouted datagrams dropped: the registry did not say whose they are")                      \
    X(MISROUTED_NO_BUDGET, "misrouted_no_budget",                                                  \
      "Misrouted datagrams dropped: no look-ups left for this second")                             \
    X(MISROUTED_TOO_MANY, "misrouted_too_many",                                                    \
      "Misrouted datagrams dropped: too many look-ups under way")                                  \
    X(MISROUTED_ROOM_FULL, "misrouted_room_full",                                                  \
      "Misrouted datagrams dropped: no room for any to wait")                                      \
    X(MISROUTED_FLOW_FULL, "misrouted_flow_full",                                                  \
      "Misrouted datagrams dropped: too many of their five-tuple wait")                            \
    X(REDIRECT_OWNER_BUSY, "redirect_owner_busy",                                                  \
      "Misrouted datagrams dropped: too many wait for their owner")                                \
    X(REDIRECT_OWNER_GONE, "redirect_owner_gone",                                                  \
      "Misrouted datagrams dropped: nobody holds the socket of their owner")                       \
    X(REDIRECT_ERRORS, "redirect_errors",                                                          \
      "Misrouted datagrams dropped: handing over failed otherwise")                                \
    X(REDIRECT_HOP_LIMIT, "redirect_hop_limit",                                                    \
      "Misrouted datagrams dropped: handed over already")                                          \
    X(REDIRECT_MALFORMED, "redirect_malformed",                                                    \
      "Messages whose rest was dropped: not as a shard writes them")

/* Y(X, NAME, "name", "help", SUM): histograms of how many datagrams one system call takes or gives.
 * SUM counts those datagrams. */
#define SHARD_HISTOGRAMS(Y, X)                                                                     \
    Y(X, LISTENER_RECEIVE_BATCH, "listener_receive_batch",                                         \
      "Datagrams of a receive call on port 3478", LISTENER_RECEIVED)                               \
    Y(X, LISTENER_SEND_BATCH, "listener_send_batch", "Datagrams of a send call on port 3478",      \
      LISTENER_SENT)                                                                               \
    Y(X, RELAY_RECEIVE_BATCH, "relay_receive_batch",                                               \
      "Datagrams of a receive call on a relay socket", RELAY_RECEIVED)                             \
    Y(X, RELAY_SEND_BATCH, "relay_send_batch", "Datagrams of a send call on a relay socket",       \
      RELAY_SENT)

/* The buckets of one: up to that many datagrams, and more than the bucket before. */
#define COUNTER_BUCKETS(X, NAME, text, sentence, SUM)                                              \
    X(NAME##_1, text "_1", sentence ": 1")                                                         \
    X(NAME##_2, text "_2", sentence ": 2")                                                         \
    X(NAME##_4, text "_4", sentence ": 3 or 4")                                                    \
    X(NAME##_8, text "_8", sentence ": 5 to 8")                                                    \
    X(NAME##_16, text "_16", sentence ": 9 to 16")                                                 \
    X(NAME##_32, text "_32", sentence ": 17 to 32")                                                \
    X(NAME##_64, text "_64", sentence ": 33 to 64")

enum {
    COUNTER_BUCKET_COUNT = 7,
    COUNTER_HISTOGRAM_COUNT = 4,
};

/* Indices of values: those of the core (enum turn_counter), then these. */
enum shard_counter {
    SHARD_COUNTERS_BEFORE = TURN_COUNTER_COUNT - 1,
#define X(name, text, help) SHARD_COUNT_##name,
    SHARD_GAUGES(X) SHARD_EVENTS(X) SHARD_DROPS(X) SHARD_HISTOGRAMS(COUNTER_BUCKETS, X)
#undef X
        COUNTER_PAGE_VALUES
};

enum counter_kind {
    COUNTER_GAUGE,
    COUNTER_EVENT,
    COUNTER_DROP,   /* datagrams dropped, for one reason */
    COUNTER_BUCKET, /* of a histogram: counter_histograms */
};

struct counter_info {
    const char *name; /* lower-case words with underscores; unique */
    const char *help; /* one line */
    enum counter_kind kind;
};

/* counter_info_of describes value |index| < COUNTER_PAGE_VALUES. Static. */
const struct counter_info *counter_info_of(size_t index);

/* counter_drop_reason: the name of a COUNTER_DROP without the prefix that those of the core have.
 * Static. */
const char *counter_drop_reason(const struct counter_info *info);

/* Sums over |values| of a page: counter_sum_misrouted of the datagrams that were for another shard
 * or for nobody, counter_sum_dropped of those dropped for any reason. */
uint64_t counter_sum_misrouted(const uint64_t *values);
uint64_t counter_sum_dropped(const uint64_t *values);

/* A histogram among the values. */
struct counter_histogram {
    const char *name;
    const char *help;         /* one line */
    enum shard_counter first; /* of COUNTER_BUCKET_COUNT buckets, up to 1, 2, 4, ... */
    enum shard_counter sum;   /* counts what the buckets sort */
};

/* counter_histogram_of: histogram |index| < COUNTER_HISTOGRAM_COUNT. Static. */
const struct counter_histogram *counter_histogram_of(size_t index);

/* counter_bucket_of: which bucket |value| >= 1 belongs to; the last one has no end. */
static inline unsigned counter_bucket_of(unsigned value)
{
    unsigned bucket = value <= 1 ? 0 : 32 - (unsigned)__builtin_clz(value - 1);

    return bucket < COUNTER_BUCKET_COUNT ? bucket : COUNTER_BUCKET_COUNT - 1;
}

/* What a shard is doing, by its own word. */
enum shard_state {
    SHARD_STATE_STARTING,
    SHARD_STATE_SERVING,
    SHARD_STATE_DRAINING,
    SHARD_STATE_STOPPED,
};

/* shard_state_name: "starting", "serving", "draining", "stopped", else "unknown". Static. */
const char *shard_state_name(uint32_t state);

enum { COUNTER_PAGE_LEN = 4096 };

/* The page. Made of naturally aligned fields, in the order of the machine: it is
 * shared on one host only. */
struct counter_page {
    uint64_t magic;   /* written last: a page without it is being set up */
    uint64_t layout;  /* hash of the names of all values, in order */
    uint32_t version; /* of this header */
    uint32_t state;   /* enum shard_state; the shard writes it */
    uint32_t shard;
    uint32_t shards;
    int64_t pid;
    int64_t started_mono_usec;
    uint64_t started_wall_sec;
    int64_t seen_mono_usec; /* the last wake-up that went to its end: how old the figures are */
    uint64_t starts;        /* of this shard, this one included, since the file was made */
    uint64_t values[COUNTER_PAGE_VALUES];
};
_Static_assert(sizeof(struct counter_page) <= COUNTER_PAGE_LEN, "one page");

/* A page that this process writes. */
struct counter_writer {
    struct counter_page *page; /* NULL when closed */
    int fd;                    /* holds the lock; close-on-exec */
};

/*
 * counter_page_create makes or takes over the page of shard |shard| of |shards|
 * in |dir|, resets it and locks it, until counter_page_close or the end of the
 * process (or of the last process that it forks without closing |fd|).
 * The state is STARTING, the pid that of the caller.
 *
 *   ERR_OK
 *   ERR_EXISTS  a live process has it; |ret_holder_pid| says which, |problem| too
 *   ERR_IO      the system refused
 * |problem| is written with every error; |ret_holder_pid| with ERR_EXISTS only.
 */
enum err counter_page_create(const struct state_dir *dir, uint32_t shard, uint32_t shards,
                             struct turn_now now, struct counter_writer *ret,
                             int64_t *ret_holder_pid, struct problem *problem) MUST_CHECK;

/* counter_page_close unmaps and unlocks; the file stays. Also when closed already. */
void counter_page_close(struct counter_writer *writer);

/* A copy of somebody's page. */
struct counter_snapshot {
    struct counter_page page;
    bool is_live; /* the process that writes it holds its lock */
};

/*
 * counter_page_read takes a copy of the page of shard |shard| in |dir|. It waits for nobody and
 * works while the shard hangs.
 *
 *   ERR_OK
 *   ERR_NOT_FOUND   no such shard has run here
 *   ERR_UNAVAILABLE it is being set up this very moment
 *   ERR_MALFORMED   no counter page, or one of another version of the relay
 *   ERR_IO          the system refused
 * |problem| is written with every error. |is_live| is known with ERR_UNAVAILABLE and ERR_MALFORMED
 * as well.
 */
enum err counter_page_read(const struct state_dir *dir, uint32_t shard,
                           struct counter_snapshot *ret, struct problem *problem) MUST_CHECK;

/* A live shard whose figures are so old hangs: it wakes up several times a second (LEASE_SEEN_MSEC
 * of lease.h), and no wake-up of a healthy one takes nearly so long. */
enum { COUNTER_PAGE_HANGS_SEC = 3 };

/* counter_page_age tells how old the figures are at |now|, in microseconds, never negative: for how
 * long the shard has not ended a wake-up. */
int64_t counter_page_age(const struct counter_page *page, struct mono_time now);

/* counter_snapshot_hangs: the process is there, and its figures are COUNTER_PAGE_HANGS_SEC old or
 * older at |now|. */
bool counter_snapshot_hangs(const struct counter_snapshot *snapshot, struct mono_time now);

/*
 * counter_snapshot_state: how the shard is whose page counter_page_read took with |err|, in the one
 * word that every tool and page has for it. Static.
 *
 *     starting, serving, draining, stopped   by its own word (shard_state_name)
 *     hangs        counter_snapshot_hangs
 *     gone         its process is not there, and was not stopped
 *     missing      it has no page
 *     unreadable   its page cannot be read, or is one of another version of the relay
 */
const char *counter_snapshot_state(enum err err, const struct counter_snapshot *snapshot,
                                   struct mono_time now);

#endif
