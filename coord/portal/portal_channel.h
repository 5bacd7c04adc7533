/* portal_channel.h — the channel to the control plane as a sans-IO state machine.
 *
 * Which attempts are made when, the join, heartbeats, and what each message,
 * HTTP status and end of a connection means. It does no I/O and reads no clock:
 * what the connection did and |now| go in, commands come out. Same inputs, same
 * outputs.
 *
 *     portal_channel_start ──► CONNECT
 *     portal_channel_opened / _refused / _failed    what became of CONNECT
 *     portal_channel_text / _binary / _closed       while the connection is up
 *     portal_channel_timeout                        at portal_channel_next_deadline
 *                            after each input: portal_channel_next_command until false
 *
 * After CLOSE, and after _refused, _failed and _closed, the connection or
 * attempt is gone: what it still says is ignored until the next CONNECT, which
 * comes from a time-out.
 *
 * Messages are JSON objects of Phoenix's serializer version 1 in text frames.
 * Everything that comes in is untrusted: any bytes are fine.
 */
#ifndef RELAY_PORTAL_CHANNEL_H
#define RELAY_PORTAL_CHANNEL_H

#include "bytes.h"
#include "err.h"
#include "mono_time.h"
#include "portal/portal_status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PORTAL_MESSAGE_MAX = 65536, /* bytes of one message; longer ones end the connection */
    PORTAL_ATTEMPT_SEC = 15,    /* for DNS, TCP, TLS and upgrade together */
    PORTAL_JOIN_SEC = 5,        /* for the answer to a join */
    PORTAL_HEARTBEAT_SEC = 10,  /* between heartbeats, from the opening on */
    PORTAL_UNANSWERED_MAX = 3,  /* heartbeats; one more ends the connection */
    PORTAL_REJOIN_MAX = 3,      /* joins after an "unmatched topic" in one connection */
    PORTAL_GIVE_UP_MAX_SEC = 365 * 86400,
};

struct portal_channel;

struct portal_channel_config {
    /* The auth secret, printable ASCII (portal_channel_new checks it); must outlive the channel. */
    struct bytes secret;
    /* Ends when not admitted for so long; 0 = never. */
    uint32_t give_up_sec;
    /* Fills |len| bytes at |out| with randomness: a CSPRNG, or a counter in tests. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
};

enum portal_command_kind {
    PORTAL_COMMAND_CONNECT,  /* begin an attempt */
    PORTAL_COMMAND_SEND,     /* send |text| as one text frame, and wipe copies: it may hold the
                                secret */
    PORTAL_COMMAND_CLOSE,    /* drop the connection or the attempt */
    PORTAL_COMMAND_ADMITTED, /* for the log: the join was answered with ok */
    PORTAL_COMMAND_INIT,     /* an init has come: the shards may serve */
    PORTAL_COMMAND_RETRY,    /* for the log: |reason|, the next attempt is in |wait_usec| */
    PORTAL_COMMAND_IGNORED,  /* for the log: |reason|; at most a few for each connection */
    PORTAL_COMMAND_END,      /* the process ends: |reason|; portal_channel_status says how */
};

struct portal_command {
    enum portal_command_kind kind;
    struct bytes text;  /* SEND: valid until the next input */
    const char *reason; /* RETRY, IGNORED, END: one line, valid until the next input; may hold
                           text of the control plane, made printable */
    int64_t wait_usec;  /* RETRY */
};

/*
 * portal_channel_new makes a channel.
 *   ERR_OK, ERR_NO_MEMORY, or ERR_RANGE: the secret is empty or not printable ASCII.
 */
enum err portal_channel_new(const struct portal_channel_config *config,
                            struct portal_channel **ret) MUST_CHECK;

/* portal_channel_free wipes and frees. NULL is fine. */
void portal_channel_free(struct portal_channel *channel);

/* portal_channel_start begins; once, before every other input. */
void portal_channel_start(struct portal_channel *channel, struct turn_now now);

/* portal_channel_opened: the upgrade of the attempt has succeeded. */
void portal_channel_opened(struct portal_channel *channel, struct turn_now now);

/* portal_channel_refused: the upgrade was answered with another |status| than 101. 401 ends the
 * process. |retry_after| is the value of that header field, empty without one. */
void portal_channel_refused(struct portal_channel *channel, struct turn_now now, unsigned status,
                            struct bytes retry_after);

/* portal_channel_failed: the attempt came to nothing before there was a status. |reason| is one
 * sentence without a full stop, such as "TCP: connection refused". */
void portal_channel_failed(struct portal_channel *channel, struct turn_now now, const char *reason);

/* portal_channel_text: a whole text message, of any length. */
void portal_channel_text(struct portal_channel *channel, struct turn_now now, struct bytes message);

/* portal_channel_binary: a binary message. */
void portal_channel_binary(struct portal_channel *channel, struct turn_now now);

/* portal_channel_closed: the connection ended, for |reason|. */
void portal_channel_closed(struct portal_channel *channel, struct turn_now now, const char *reason);

/* portal_channel_stop: the process is to end. CLOSE follows if there is what to close. */
void portal_channel_stop(struct portal_channel *channel, struct turn_now now);

/* portal_channel_timeout: |now| has come. Does what is due, if anything. |stage|: what an attempt
 * waits for, such as "TCP: 192.0.2.1 port 443", printable; for the reason of one that took too
 * long. */
void portal_channel_timeout(struct portal_channel *channel, struct turn_now now, const char *stage);

/* portal_channel_next_deadline tells when to call portal_channel_timeout, MONO_TIME_NEVER when
 * never. It changes with every input. */
struct mono_time portal_channel_next_deadline(const struct portal_channel *channel);

/* portal_channel_next_command takes the next command. False when there is none; must be drained
 * after every input. */
bool portal_channel_next_command(struct portal_channel *channel, struct portal_command *ret);

/* portal_channel_status: how things are, for portal_status_write; changes with inputs only. */
const struct portal_status *portal_channel_status(const struct portal_channel *channel);

#endif
