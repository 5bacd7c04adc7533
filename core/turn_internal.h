/* turn_internal.h — the server's state and the request under way; for core/turn_*.c only. */
#ifndef RELAY_TURN_INTERNAL_H
#define RELAY_TURN_INTERNAL_H

#include "stun_error.h"
#include "stun_writer.h"
#include "turn_allocation.h"
#include "turn_auth.h"
#include "turn_channel.h"
#include "turn_counters.h"
#include "turn_ports.h"
#include "turn_rate_limit.h"
#include "turn_reservation.h"
#include "turn_server.h"
#include "turn_user.h"

/* Commands wait here until the caller has taken them. Empty between inputs. */
struct turn_command_queue {
    struct turn_command commands[TURN_COMMANDS_MAX];
    uint8_t responses[TURN_COMMANDS_MAX][TURN_RESPONSE_MAX];
    struct turn_record records[TURN_COMMANDS_MAX];
    size_t count;
    size_t taken;
};

struct turn_server {
    struct turn_config config; /* realm, software and secret point to copies below */
    struct bytes realm;
    struct bytes software;
    uint8_t *secret;
    struct turn_auth auth;
    struct siphash_key reservation_key;
    struct siphash_key key_check_key;
    struct siphash_key rate_key;
    struct turn_allocation_table allocations;
    struct turn_channel_table channels;
    struct turn_reservation_table reservations;
    struct turn_user_table users;
    struct turn_ports ports;
    struct turn_rate_limit rate_limit;
    struct turn_command_queue queue;
    uint8_t families; /* that have a public address */
    uint32_t unclaimed_count;
    bool is_draining;
    bool is_admitted;
};

/* What an answer needs of its request. */
struct turn_reply_to {
    struct five_tuple five_tuple;
    uint16_t method;
    uint8_t transaction_id[STUN_TRANSACTION_ID_LEN];
    size_t request_len;
    bool authenticated; /* else the reflection bound holds */
    bool fingerprint;
    bool integrity_sha256;
    bool has_key;
    struct turn_key key;
};

/* A request that is being handled. */
struct turn_request {
    struct turn_now now;
    enum turn_arrival arrival;
    struct stun_message message;
    struct turn_reply_to reply;
    struct bytes username;
};

/* Counters. */
static inline void turn_count(struct turn_server *server, enum turn_counter counter)
{
    server->config.counters[counter]++;
}

static inline void turn_count_add(struct turn_server *server, enum turn_counter counter, size_t n)
{
    server->config.counters[counter] += n;
}

static inline void turn_gauge(struct turn_server *server, enum turn_counter counter, size_t value)
{
    server->config.counters[counter] = value;
}

/* turn_server.c: counts |drop| and fills |ret|. */
enum turn_verdict turn_drop(struct turn_server *server, enum turn_drop drop,
                            struct turn_relay *ret);
/* turn_server.c: whose datagram it is has to be looked up, unless |shard| is known. */
enum turn_verdict turn_not_mine(uint32_t shard, struct turn_relay *ret);
/* turn_server.c: sets the gauges that the port and object tables stand behind. */
void turn_update_gauges(struct turn_server *server);

/* turn_command.c: asserts that the caller has drained the commands of the last input. */
void turn_command_begin_input(const struct turn_server *server);
/* turn_command.c: a fresh command of |kind|; its place is reserved. */
struct turn_command *turn_command_push(struct turn_server *server, enum turn_command_kind kind,
                                       const struct five_tuple *five_tuple);

/* turn_command.c: a fresh command of |kind|, one of those with a record, about |five_tuple|. */
struct turn_record *turn_command_push_record(struct turn_server *server,
                                             enum turn_command_kind kind,
                                             enum turn_record_kind record_kind,
                                             const struct five_tuple *five_tuple);

/* turn_recording.c — what is written down outside. Nothing unless turn_config.recorded. */
void turn_claim(struct turn_server *server, const struct turn_allocation *allocation);
void turn_record_allocation(struct turn_server *server, const struct turn_allocation *allocation);
void turn_record_channel(struct turn_server *server, const struct turn_channel *channel);
void turn_forget_allocation(struct turn_server *server, const struct turn_allocation *allocation);
void turn_forget_channel(struct turn_server *server, const struct turn_channel *channel);
/* turn_recording.c: marks |allocation| as claimed or not. */
void turn_set_unclaimed(struct turn_server *server, struct turn_allocation *allocation,
                        bool unclaimed);
/* turn_recording.c: a value that differs when |key| does. */
void turn_key_check(const struct turn_server *server, const struct turn_key *key,
                    uint8_t ret[static TURN_KEY_CHECK_LEN]);

/* turn_reply.c — answers. begin starts one with SOFTWARE, send appends integrity and
 * FINGERPRINT and queues it. */
void turn_reply_begin(struct turn_server *server, const struct turn_reply_to *to,
                      enum stun_class class, struct stun_writer *writer);
void turn_reply_send(struct turn_server *server, const struct turn_reply_to *to,
                     struct stun_writer *writer);
/* An answer without further attributes. */
void turn_reply_success(struct turn_server *server, const struct turn_reply_to *to);
/* An error: 401 and 438 carry REALM and a NONCE of |now|. */
void turn_reply_error(struct turn_server *server, const struct turn_reply_to *to,
                      struct mono_time now, enum stun_error error);
/* 420 with UNKNOWN-ATTRIBUTES. */
void turn_reply_unknown(struct turn_server *server, const struct turn_reply_to *to,
                        const uint16_t *types, size_t count);

/* One file each: the methods. The request is authenticated, apart from Binding. */
void turn_handle_binding(struct turn_server *server, const struct turn_request *request);
void turn_handle_allocate(struct turn_server *server, const struct turn_request *request);
void turn_handle_refresh(struct turn_server *server, const struct turn_request *request);
void turn_handle_channel_bind(struct turn_server *server, const struct turn_request *request);
void turn_handle_create_permission(struct turn_server *server, const struct turn_request *request);

/* turn_allocate.c: has |message| a RESERVATION-TOKEN? Then the shard that it names. */
bool turn_token_shard(const struct turn_server *server, const struct stun_message *message,
                      uint32_t *ret_shard);

/* turn_control.c: a datagram that looks like STUN. */
enum turn_verdict turn_control(struct turn_server *server, struct turn_now now,
                               const struct five_tuple *five_tuple, struct bytes datagram,
                               enum turn_arrival arrival, struct turn_relay *ret);
/* turn_relay.c: ChannelData from a client. */
enum turn_verdict turn_relay_channel_data(struct turn_server *server, struct turn_now now,
                                          const struct five_tuple *five_tuple,
                                          struct bytes datagram, enum turn_arrival arrival,
                                          struct turn_relay *ret);

/* turn_opening.c: gives |allocation|, which is OPENING, a port (that of |reservation| if not NULL,
 * which ends) and queues OPEN_RELAY; or abandons it and queues the error. */
void turn_begin_opening(struct turn_server *server, struct turn_allocation *allocation,
                        struct turn_reservation *reservation, struct mono_time now);
/* turn_opening.c: queues OPEN_RELAY for the port and families that |allocation| has. */
void turn_queue_open(struct turn_server *server, const struct turn_allocation *allocation);
/* turn_opening.c: the success of an Allocate, also a second time. */
void turn_reply_allocated(struct turn_server *server, const struct turn_allocation *allocation,
                          const struct turn_reply_to *reply);

/* turn_refresh.c: the lifetime granted for a requested one (RFC 8656 §7.2). |sec| is
 * 0 when the request had none. */
uint32_t turn_granted_lifetime(const struct turn_server *server, uint32_t sec);
/* turn_end.c: ends an allocation with everything it has; CLOSE_RELAY and, unless somebody else
 * has it now, FORGET are queued. */
void turn_end_allocation(struct turn_server *server, struct turn_allocation *allocation,
                         struct mono_time now, enum turn_end end);
/* turn_end.c: the same for one of two families. */
void turn_end_family(struct turn_server *server, struct turn_allocation *allocation,
                     uint8_t family_set);
/* turn_end.c: takes apart an allocation whose relay is not open; nothing is queued. */
void turn_abandon_allocation(struct turn_server *server, struct turn_allocation *allocation,
                             struct mono_time now);
/* turn_end.c: ends a reservation; its port rests. */
void turn_end_reservation(struct turn_server *server, struct turn_reservation *reservation,
                          struct mono_time now);

#endif
