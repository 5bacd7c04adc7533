/* turn_server.h — the façade of the sans-IO TURN server: inputs, one deadline, commands.
 *
 * One server is one shard. It does no I/O and reads no clock: bytes, addresses
 * and |now| go in, verdicts and commands come out. Same inputs, same outputs.
 *
 *     datagram ──► turn_server_client_datagram ──► DROP | RELAY | CONTROL | NOT_MINE
 *     datagram ──► turn_server_peer_datagram   ──► DROP | RELAY
 *     outcome  ──► turn_server_relay_opened / _relay_failed / _claim_result / _lost
 *     record   ──► turn_server_restore
 *     wish     ──► turn_server_publish, turn_server_delete
 *     time     ──► turn_server_timeout
 *                                 after each input: turn_server_next_command until false
 *
 * THE RULE: after every input the caller drains turn_server_next_command until
 * it returns false, before the next input. This is asserted. (RELAY and DROP
 * queue no commands, nor does NOT_MINE, so the datapath need not ask after them.)
 *
 * After turn_server_new nothing is allocated from the heap on the path of
 * ChannelData and peers' datagrams.
 */
#ifndef RELAY_TURN_SERVER_H
#define RELAY_TURN_SERVER_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "transport_addr.h"
#include "turn_command.h"
#include "turn_counters.h"
#include "turn_credential.h"
#include "turn_peer_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct turn_server;

/* Everything a server is made from. Copied by turn_server_new, apart from what
 * |policy|, |users|, |random_context| and |counters| point to, which must
 * outlive the server. */
struct turn_config {
    /* What XOR-RELAYED-ADDRESS tells clients; port 0. Family NONE when the relay
     * does not have that family; at least one is set. */
    struct transport_addr public_v4;
    struct transport_addr public_v6;
    /* This shard's slice of relay ports, both inclusive, 1 <= lowest <= highest. */
    uint16_t lowest_port;
    uint16_t highest_port;
    /* Which shard this is, below 65536: part of its RESERVATION-TOKENs. */
    uint16_t shard;
    /* An Allocate makes no more when there are so many; 0 = no limit but the room and the ports. */
    uint32_t max_allocations;
    /* Room for allocations; 0 = as many as the slice has ports. Restored ones keep ports outside
     * the slice, so that they and new ones can be more than that. */
    uint32_t capacity;
    /* Most channels of one allocation (1..4096), and of all allocations together. */
    uint32_t channels_per_allocation;
    uint32_t max_channels;
    /* Channel numbers 0x5000–0x7FFF of RFC 5766 are good too, for clients of that time. */
    bool rfc5766_channels;
    /* Most allocations of one username on this shard; 0 = no limit. */
    uint32_t user_quota;
    /* Largest lifetime granted, at least TURN_DEFAULT_LIFETIME_SEC. */
    uint32_t max_lifetime_sec;
    /* How long a freed port rests; 0 = not at all. */
    uint32_t port_rest_sec;
    /* Who owns what is recorded outside (RECORD, FORGET), an Allocate is answered when its
     * claim is granted (CLAIM), and what others may own is NOT_MINE. */
    bool recorded;
    /* Until turn_server_admit only Binding is answered, and who has an allocation already: those
     * who might hand out credentials for this server do not know it yet. */
    bool awaits_admission;
    /* Answers to unauthenticated datagrams for each source prefix and second; 0 = no limit. */
    uint32_t unauthenticated_rate;
    /* 1..TURN_REALM_MAX bytes, without quotes or control characters. */
    const char *realm;
    /* SOFTWARE attribute, 1..TURN_SOFTWARE_MAX bytes. */
    const char *software;
    /* Set of enum turn_scheme, at least one; |users| is needed for TURN_SCHEME_STATIC. */
    unsigned schemes;
    /* Shared secret of stamp and rest, as text; nonces and tokens are keyed from it
     * too, so that they hold on every shard and after a restart. Not empty. */
    struct bytes secret;
    const struct turn_users *users;
    const struct turn_peer_policy *policy;
    /* Fills |len| bytes at |out| with randomness: a CSPRNG, or a counter in tests. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
    /* TURN_COUNTER_COUNT values; the server adds to them. */
    uint64_t *counters;
};

enum turn_verdict {
    TURN_VERDICT_DROP,     /* nothing to do; |drop| says why and has been counted */
    TURN_VERDICT_RELAY,    /* send |payload| on, see below */
    TURN_VERDICT_CONTROL,  /* a control message; commands may be queued */
    TURN_VERDICT_NOT_MINE, /* its five-tuple has no allocation here: look up who owns it and
                              hand it over as it is, or, if nobody does, give it once more as
                              SETTLED (while draining: turn_server_set_draining). Nothing was
                              changed or counted. */
};

/* How a client's datagram came. */
enum turn_arrival {
    TURN_ARRIVAL_FIRST,   /* from the network */
    TURN_ARRIVAL_SETTLED, /* it is for this shard to deal with: never NOT_MINE */
};

/* turn_relay.shard: not known, look it up. */
#define TURN_SHARD_UNKNOWN UINT32_MAX

/* What the datapath has to do with a datagram. */
struct turn_relay {
    enum turn_drop drop;           /* DROP */
    struct turn_relay_id relay_id; /* RELAY: the allocation */
    struct transport_addr peer;    /* RELAY client → peer: where to send, from the relay
                                      socket of peer.family */
    struct five_tuple five_tuple;  /* RELAY peer → client: send to .client from .server */
    struct bytes payload;          /* RELAY: a view of the datagram; towards the client it
                                      begins with the header, written into the headroom */
    uint32_t shard;                /* NOT_MINE: the shard that a RESERVATION-TOKEN names, to be
                                      handed over without a look-up, else TURN_SHARD_UNKNOWN */
};

/*
 * turn_server_new makes a server. Tables are reserved for the configured
 * limits; pages that are never needed are never touched.
 *   ERR_OK, ERR_RANGE (a value of |config| breaks its rule), ERR_NO_MEMORY, ERR_CRYPTO.
 */
enum err turn_server_new(const struct turn_config *config, struct turn_server **ret) MUST_CHECK;

/* turn_server_free wipes keys and frees everything. NULL is fine. */
void turn_server_free(struct turn_server *server);

/*
 * turn_server_client_datagram handles a datagram from the listening port.
 *
 * |five_tuple|  client = where it came from, server = the address it came to.
 * |datagram|    at most 65535 bytes; views in |ret| point into it.
 * |arrival|     see above.
 * |ret|         filled according to the verdict.
 *
 * Cost: ChannelData is two table look-ups, O(1), no allocation.
 */
enum turn_verdict turn_server_client_datagram(struct turn_server *server, struct turn_now now,
                                              const struct five_tuple *five_tuple,
                                              struct bytes datagram, enum turn_arrival arrival,
                                              struct turn_relay *ret);

/*
 * turn_server_peer_datagram handles a datagram that came to a relay socket.
 *
 * |relay_id|  as in OPEN_RELAY; a closed or reused one is recognised and dropped.
 * |peer|      where it came from.
 * |datagram|  |len| bytes with at least TURN_HEADROOM writable bytes in front.
 *
 * Verdicts: DROP or RELAY. O(1), no allocation. RFC 8656 §12.7.
 */
enum turn_verdict turn_server_peer_datagram(struct turn_server *server, struct turn_now now,
                                            struct turn_relay_id relay_id,
                                            const struct transport_addr *peer, uint8_t *datagram,
                                            size_t len, struct turn_relay *ret);

/* How opening a relay failed. */
enum turn_relay_failure {
    TURN_RELAY_PORT_TAKEN,     /* someone else has the port: try another one */
    TURN_RELAY_FAMILY_MISSING, /* the host lacks |families|: 440, or a partial success */
    TURN_RELAY_NO_RESOURCES,   /* descriptors or memory are used up: 508 */
};

/* turn_server_relay_opened: all families of the OPEN_RELAY are open. Queues the CLAIM, or the
 * answer when nothing is recorded; nothing for a restored one. */
void turn_server_relay_opened(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id);

/*
 * turn_server_relay_failed: the OPEN_RELAY failed and none of its sockets is open.
 * |families| counts for FAMILY_MISSING only: which ones. Queues another
 * OPEN_RELAY with the same relay_id, or the answer to the client. A restored
 * allocation is given up, with no command: whether its record stays is the caller's to say.
 */
void turn_server_relay_failed(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id, enum turn_relay_failure failure,
                              uint8_t families);

/* What came of a CLAIM. */
enum turn_claim {
    TURN_CLAIM_GRANTED,
    TURN_CLAIM_HELD,        /* another shard owns the five-tuple */
    TURN_CLAIM_OVER_QUOTA,  /* the username has all it may have */
    TURN_CLAIM_PORT_HELD,   /* its relay port is recorded for another allocation */
    TURN_CLAIM_UNAVAILABLE, /* the registry is away: the allocation goes on, marked as such */
};

/*
 * turn_server_claim_result answers a CLAIM. For an Allocate under way: GRANTED and
 * UNAVAILABLE queue the success, OVER_QUOTA CLOSE_RELAY and 486, HELD CLOSE_RELAY alone:
 * the caller hands the Allocate to the owner. So does PORT_HELD: the port rests, and the
 * client's retransmission is given another one. For a claim made by turn_server_publish: HELD
 * ends the allocation, and the rest tells whether its claim is recorded now.
 */
void turn_server_claim_result(struct turn_server *server, struct turn_now now,
                              struct turn_relay_id relay_id, enum turn_claim result);

/* turn_server_lost: another shard owns |five_tuple|. Its allocation here, if any, ends:
 * CLOSE_RELAY with TURN_END_LOST, and nothing is written. One that is not claimed yet stays: its
 * claim will tell. */
void turn_server_lost(struct turn_server *server, struct turn_now now,
                      const struct five_tuple *five_tuple);

/*
 * turn_server_restore takes back what RECORD and CLAIM gave out, an allocation before what
 * is beneath it. An allocation queues OPEN_RELAY with |restored| on its former port, which
 * may be outside the slice, and relays as soon as that is open. Lifetimes go on as they
 * were, within the limits of the configuration.
 *
 *   ERR_OK         also for permissions, which have no effect in this profile
 *   ERR_EXPIRED    it has run out meanwhile
 *   ERR_AUTH       its username stands for another key now, or its peer is not allowed any more
 *   ERR_RANGE      a family, relay port or channel number that this host does not serve
 *   ERR_EXISTS     its port, five-tuple, number or peer is in use
 *   ERR_NOT_FOUND  beneath: no such allocation is here
 *   ERR_LIMIT      no room
 * Only with ERR_OK is anything queued or changed.
 */
enum err turn_server_restore(struct turn_server *server, struct turn_now now,
                             const struct turn_record *record) MUST_CHECK;

/* How far turn_server_publish has come. Zero at the start, but for the choice. */
struct turn_publication {
    bool only_unclaimed; /* leave out what is claimed already */
    uint32_t allocation;
    uint32_t channel;
};

/*
 * turn_server_publish queues a CLAIM of the next allocation and RECORDs of its channels, as
 * if each were new: for a registry that has lost them. False when there is none left,
 * with nothing queued. An allocation with many channels takes several calls: until
 * |publication->channel| is 0 again no other input may come between.
 */
bool turn_server_publish(struct turn_server *server, struct turn_publication *publication);

/*
 * turn_server_set_draining: a draining server makes no new allocation, but on ports for which
 * it has given out a RESERVATION-TOKEN; all else goes on. An Allocate that asks for a new one is
 * NOT_MINE: the caller hands it to the owner of its five-tuple, if that has one, or to
 * another shard. When there is none it is given once more as SETTLED, and answered with 508.
 */
void turn_server_set_draining(struct turn_server *server, bool is_draining);

/*
 * turn_server_delete ends one allocation of |client|, whatever its server address, as
 * Refresh with lifetime 0 does, but without an answer: CLOSE_RELAY with TURN_END_REMOVED, and
 * FORGET. |ret_five_tuple| and |ret_port| say which. False when there is none any more. An Allocate
 * under way is none yet. O(room for allocations).
 */
bool turn_server_delete(struct turn_server *server, struct turn_now now,
                        const struct transport_addr *client, struct five_tuple *ret_five_tuple,
                        uint16_t *ret_port);

/* How far turn_server_list has come. Zero at the start. */
struct turn_listing {
    uint32_t allocation;
    uint32_t generation;
    uint32_t told; /* of this one: itself, then its channels */
};

/*
 * turn_server_list writes down, as RECORD would, at most |max| of what there is, each allocation
 * before its channels. False when there is no more. Inputs may come between the calls:
 * what they change is told as it was, as it is, or twice; where a channel ends or is made, another
 * one of its allocation may be missing or told twice. Changes nothing. O(|max|), and the channels
 * of one allocation.
 */
bool turn_server_list(const struct turn_server *server, struct turn_listing *listing,
                      struct turn_record *records, size_t max, size_t *ret_count);

/* turn_server_admit ends what turn_config.awaits_admission began, for good. No commands. */
void turn_server_admit(struct turn_server *server);

/* turn_server_next_deadline: when turn_server_timeout is next due, NEVER when it is not. O(1). */
struct mono_time turn_server_next_deadline(const struct turn_server *server);

/*
 * turn_server_timeout ends what has expired: a bounded number of things a call,
 * so that its commands fit; the next deadline stays in the past until all is done.
 */
void turn_server_timeout(struct turn_server *server, struct turn_now now);

/*
 * turn_server_next_command gives the next command. |ret|'s views live until
 * the next input. False when there is none.
 */
bool turn_server_next_command(struct turn_server *server, struct turn_command *ret);

/* turn_server_has: |five_tuple| has an allocation here, in whatever state. O(1). */
bool turn_server_has(const struct turn_server *server, const struct five_tuple *five_tuple);

/* What the caller needs to say about capacity: allocations, those being opened among them. */
size_t turn_server_allocation_count(const struct turn_server *server);

#endif
