/* portal_channel.c — the channel to the control plane as a sans-IO state machine. */
#include "portal/portal_channel.h"

#include "crypto.h"
#include "portal/portal_backoff.h"
#include "portal/portal_message.h"
#include "portal/portal_retry_after.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    COMMANDS_MAX = 4, /* of one input */
    NOTES_MAX = 8,    /* IGNORED of one connection: a flood must not fill the log */
};

struct portal_channel {
    struct portal_channel_config config;
    struct portal_backoff backoff;
    struct portal_status status;

    struct mono_time attempt_ends; /* CONNECTING */
    struct mono_time join_ends;    /* while a join is unanswered */
    struct mono_time heartbeat_at; /* while the connection is up */
    struct mono_time retry_at;     /* WAITING */
    struct mono_time give_up_at;   /* while not admitted, with a budget */

    uint64_t next_ref;
    uint64_t join_ref;
    uint64_t unanswered[PORTAL_UNANSWERED_MAX]; /* refs of heartbeats, oldest first */
    unsigned unanswered_count;
    unsigned rejoins;
    unsigned notes;

    struct portal_command commands[COMMANDS_MAX];
    unsigned command_count, command_next;
    size_t outgoing_len;
    char outgoing[PORTAL_OUTGOING_MAX];
    char reason[PORTAL_ERROR_MAX];
};

static bool is_up(const struct portal_channel *channel)
{
    return channel->status.state == PORTAL_STATE_JOINING ||
           channel->status.state == PORTAL_STATE_ADMITTED;
}

static bool has_ended(const struct portal_channel *channel)
{
    return channel->status.state >= PORTAL_STATE_REFUSED;
}

static struct portal_command *command(struct portal_channel *channel, enum portal_command_kind kind)
{
    struct portal_command *ret = &channel->commands[channel->command_count];

    assert(channel->command_count < COMMANDS_MAX);
    channel->command_count++;
    *ret = (struct portal_command){.kind = kind, .reason = channel->reason};
    return ret;
}

/* Every input begins here: what the one before left is done with. */
static void begin_input(struct portal_channel *channel)
{
    assert(channel->command_next == channel->command_count);
    channel->command_count = channel->command_next = 0;
    crypto_wipe(channel->outgoing, channel->outgoing_len);
    channel->outgoing_len = 0;
}

__attribute__((format(printf, 2, 3))) static void say(struct portal_channel *channel,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(channel->reason, sizeof(channel->reason), format, args);
    va_end(args);
}

static void enter(struct portal_channel *channel, struct turn_now now, enum portal_state state)
{
    if (channel->status.state == PORTAL_STATE_ADMITTED && state != PORTAL_STATE_ADMITTED) {
        channel->status.lost_sec = now.wall.sec;
        if (channel->config.give_up_sec > 0)
            channel->give_up_at = mono_time_add_sec(now.mono, channel->config.give_up_sec);
    }
    channel->status.state = state;
    channel->status.since_sec = now.wall.sec;
}

/* The reason that was said last is what ended an attempt or a connection. */
static void note_error(struct portal_channel *channel, struct turn_now now)
{
    channel->status.error_sec = now.wall.sec;
    (void)snprintf(channel->status.error, sizeof(channel->status.error), "%s", channel->reason);
}

static void forget_connection(struct portal_channel *channel)
{
    channel->attempt_ends = channel->join_ends = channel->heartbeat_at = MONO_TIME_NEVER;
    channel->unanswered_count = 0;
}

static void connect_now(struct portal_channel *channel, struct turn_now now)
{
    enter(channel, now, PORTAL_STATE_CONNECTING);
    channel->status.attempts++;
    channel->status.retry_sec = 0;
    channel->retry_at = MONO_TIME_NEVER;
    channel->attempt_ends = mono_time_add_sec(now.mono, PORTAL_ATTEMPT_SEC);
    command(channel, PORTAL_COMMAND_CONNECT);
}

static void wait_for(struct portal_channel *channel, struct turn_now now, int64_t wait_usec)
{
    forget_connection(channel);
    note_error(channel, now);
    enter(channel, now, PORTAL_STATE_WAITING);
    channel->retry_at = mono_time_add_usec(now.mono, wait_usec);
    channel->status.retry_sec =
        now.wall.sec + (uint64_t)((wait_usec + USEC_PER_SEC - 1) / USEC_PER_SEC);
    command(channel, PORTAL_COMMAND_RETRY)->wait_usec = wait_usec;
}

/* The connection or the attempt is gone, for the reason said. */
static void retry(struct portal_channel *channel, struct turn_now now)
{
    uint32_t random;

    channel->config.random(channel->config.random_context, (uint8_t *)&random, sizeof(random));
    wait_for(channel, now, portal_backoff_failed(&channel->backoff, now.mono, random));
}

/* The same, and it is for us to drop it. */
static void drop_and_retry(struct portal_channel *channel, struct turn_now now)
{
    command(channel, PORTAL_COMMAND_CLOSE);
    retry(channel, now);
}

static void end(struct portal_channel *channel, struct turn_now now, enum portal_state state)
{
    if (is_up(channel) || channel->status.state == PORTAL_STATE_CONNECTING)
        command(channel, PORTAL_COMMAND_CLOSE);
    forget_connection(channel);
    enter(channel, now, state);
    channel->retry_at = channel->give_up_at = MONO_TIME_NEVER;
    channel->status.retry_sec = 0;
    command(channel, PORTAL_COMMAND_END);
}

static void note_ignored(struct portal_channel *channel)
{
    if (channel->notes >= NOTES_MAX)
        return;
    channel->notes++;
    command(channel, PORTAL_COMMAND_IGNORED);
}

static void send_outgoing(struct portal_channel *channel)
{
    command(channel, PORTAL_COMMAND_SEND)->text = (struct bytes){
        .data = (const uint8_t *)channel->outgoing,
        .len = channel->outgoing_len,
    };
}

static void join(struct portal_channel *channel, struct turn_now now)
{
    channel->join_ref = channel->next_ref++;
    channel->join_ends = mono_time_add_sec(now.mono, PORTAL_JOIN_SEC);
    channel->outgoing_len =
        portal_message_join(channel->config.secret, channel->join_ref, channel->outgoing);
    send_outgoing(channel);
}

static void heartbeat(struct portal_channel *channel, struct turn_now now)
{
    if (channel->unanswered_count == PORTAL_UNANSWERED_MAX) {
        say(channel, "%d heartbeats in a row were not answered", PORTAL_UNANSWERED_MAX);
        drop_and_retry(channel, now);
        return;
    }
    channel->heartbeat_at = mono_time_add_sec(channel->heartbeat_at, PORTAL_HEARTBEAT_SEC);
    if (mono_time_due(channel->heartbeat_at, now.mono)) /* we were asleep */
        channel->heartbeat_at = mono_time_add_sec(now.mono, PORTAL_HEARTBEAT_SEC);
    channel->unanswered[channel->unanswered_count++] = channel->next_ref;
    channel->status.heartbeat_sent_sec = now.wall.sec;
    channel->outgoing_len = portal_message_heartbeat(channel->next_ref++, channel->outgoing);
    send_outgoing(channel);
}

/* An answer to a heartbeat shows that the control plane is there: earlier ones are forgiven. */
static void heartbeat_answered(struct portal_channel *channel, struct turn_now now, uint64_t ref)
{
    for (unsigned i = 0; i < channel->unanswered_count; i++) {
        if (channel->unanswered[i] != ref)
            continue;
        channel->unanswered_count -= i + 1;
        memmove(channel->unanswered, channel->unanswered + i + 1,
                channel->unanswered_count * sizeof(channel->unanswered[0]));
        channel->status.heartbeat_answered_sec = now.wall.sec;
        return;
    }
}

static void admitted(struct portal_channel *channel, struct turn_now now)
{
    channel->join_ends = channel->give_up_at = MONO_TIME_NEVER;
    portal_backoff_admitted(&channel->backoff, now.mono);
    enter(channel, now, PORTAL_STATE_ADMITTED);
    channel->status.admitted_sec = now.wall.sec;
    channel->status.attempts = 0;
    channel->status.admissions++;
    command(channel, PORTAL_COMMAND_ADMITTED);
}

/* The control plane does not know the channel that this connection is for: it lost it. */
static void rejoin(struct portal_channel *channel, struct turn_now now)
{
    if (channel->rejoins == PORTAL_REJOIN_MAX) {
        say(channel, "the control plane lost the channel %d times in one connection",
            PORTAL_REJOIN_MAX + 1);
        drop_and_retry(channel, now);
        return;
    }
    channel->rejoins++;
    say(channel, "the control plane lost the channel (unmatched topic); joining again");
    note_ignored(channel);
    if (channel->status.state == PORTAL_STATE_ADMITTED)
        enter(channel, now, PORTAL_STATE_JOINING);
    join(channel, now);
}

static void reply(struct portal_channel *channel, struct turn_now now,
                  const struct portal_message *message)
{
    bool is_join_pending = !mono_time_is_never(channel->join_ends);
    bool is_of_join = is_join_pending && message->has_ref && message->ref == channel->join_ref;
    bool is_unmatched = message->is_relay_topic && !message->is_ok &&
                        strcmp(message->reason, "unmatched topic") == 0;

    if (is_unmatched && (is_of_join || !is_join_pending)) {
        rejoin(channel, now);
    } else if (is_of_join && message->is_ok) {
        admitted(channel, now);
    } else if (is_of_join) {
        say(channel, "the control plane refused the join: %s",
            message->reason[0] != '\0' ? message->reason : "no reason given");
        drop_and_retry(channel, now);
    } else if (message->has_ref) {
        heartbeat_answered(channel, now, message->ref);
    }
}

static void handle(struct portal_channel *channel, struct turn_now now,
                   const struct portal_message *message)
{
    switch (message->event) {
    case PORTAL_EVENT_REPLY:
        reply(channel, now, message);
        return;
    case PORTAL_EVENT_INIT:
        if (!message->is_relay_topic)
            break;
        channel->status.init_sec = now.wall.sec;
        command(channel, PORTAL_COMMAND_INIT);
        return;
    case PORTAL_EVENT_CLOSE:
        if (!message->is_relay_topic)
            break;
        say(channel, "the control plane closed the channel (phx_close)");
        drop_and_retry(channel, now);
        return;
    case PORTAL_EVENT_DISCONNECT:
        /* A token that is really gone is answered with 401 next. */
        say(channel, "the control plane disconnected this relay: %s",
            message->reason[0] != '\0' ? message->reason : "no reason given");
        drop_and_retry(channel, now);
        return;
    case PORTAL_EVENT_ERROR:
    case PORTAL_EVENT_OTHER:
        break;
    }
    say(channel, "a message of the control plane means nothing to a relay: event %s",
        message->name);
    note_ignored(channel);
}

enum err portal_channel_new(const struct portal_channel_config *config, struct portal_channel **ret)
{
    struct portal_channel *channel;

    if (config->secret.len > AUTH_SECRET_MAX || !auth_secret_is_printable(config->secret))
        return ERR_RANGE;
    channel = calloc(1, sizeof(*channel));
    if (channel == NULL)
        return ERR_NO_MEMORY;
    channel->config = *config;
    channel->backoff = PORTAL_BACKOFF_START;
    channel->retry_at = channel->give_up_at = MONO_TIME_NEVER;
    forget_connection(channel);
    *ret = channel;
    return ERR_OK;
}

void portal_channel_free(struct portal_channel *channel)
{
    if (channel == NULL)
        return;
    crypto_wipe(channel, sizeof(*channel));
    free(channel);
}

void portal_channel_start(struct portal_channel *channel, struct turn_now now)
{
    begin_input(channel);
    if (channel->config.give_up_sec > 0)
        channel->give_up_at = mono_time_add_sec(now.mono, channel->config.give_up_sec);
    connect_now(channel, now);
}

void portal_channel_opened(struct portal_channel *channel, struct turn_now now)
{
    begin_input(channel);
    if (channel->status.state != PORTAL_STATE_CONNECTING)
        return;
    enter(channel, now, PORTAL_STATE_JOINING);
    forget_connection(channel);
    channel->next_ref = 0;
    channel->rejoins = channel->notes = 0;
    channel->heartbeat_at = mono_time_add_sec(now.mono, PORTAL_HEARTBEAT_SEC);
    join(channel, now);
}

void portal_channel_refused(struct portal_channel *channel, struct turn_now now, unsigned status,
                            struct bytes retry_after)
{
    int64_t wait;

    begin_input(channel);
    if (channel->status.state != PORTAL_STATE_CONNECTING)
        return;
    channel->attempt_ends = MONO_TIME_NEVER;
    if (status == 401) {
        say(channel, "the control plane refused the token (HTTP 401)");
        note_error(channel, now);
        /* The attempt is over: there is nothing to close. */
        enter(channel, now, PORTAL_STATE_WAITING);
        end(channel, now, PORTAL_STATE_REFUSED);
        return;
    }
    say(channel, "the control plane answered with HTTP %u", status);
    if (portal_retry_after_parse(retry_after, now.wall, &wait) == ERR_OK)
        wait_for(channel, now, wait);
    else
        retry(channel, now);
}

void portal_channel_failed(struct portal_channel *channel, struct turn_now now, const char *reason)
{
    begin_input(channel);
    if (channel->status.state != PORTAL_STATE_CONNECTING)
        return;
    say(channel, "%s", reason);
    retry(channel, now);
}

void portal_channel_text(struct portal_channel *channel, struct turn_now now, struct bytes message)
{
    struct portal_message decoded;
    enum err err;

    begin_input(channel);
    if (!is_up(channel))
        return;
    if (message.len > PORTAL_MESSAGE_MAX) {
        say(channel, "a message of the control plane is longer than %d bytes", PORTAL_MESSAGE_MAX);
        drop_and_retry(channel, now);
        return;
    }
    err = portal_message_decode(message, &decoded);
    if (err == ERR_OK) {
        handle(channel, now, &decoded);
    } else if (err == ERR_TRUNCATED) {
        say(channel, "a message of the control plane ended before its JSON did");
        drop_and_retry(channel, now);
    } else {
        say(channel, "a message of the control plane is no message of a channel");
        note_ignored(channel);
    }
}

void portal_channel_binary(struct portal_channel *channel, struct turn_now now)
{
    (void)now;
    begin_input(channel);
    if (!is_up(channel))
        return;
    say(channel, "a binary message of the control plane");
    note_ignored(channel);
}

void portal_channel_closed(struct portal_channel *channel, struct turn_now now, const char *reason)
{
    begin_input(channel);
    if (!is_up(channel))
        return;
    say(channel, "%s", reason);
    retry(channel, now);
}

void portal_channel_stop(struct portal_channel *channel, struct turn_now now)
{
    begin_input(channel);
    if (has_ended(channel))
        return;
    say(channel, "stopped");
    end(channel, now, PORTAL_STATE_STOPPED);
}

void portal_channel_timeout(struct portal_channel *channel, struct turn_now now, const char *stage)
{
    begin_input(channel);
    if (mono_time_due(channel->give_up_at, now.mono)) {
        say(channel, "not admitted by the control plane for %u s; the last error: %s",
            channel->config.give_up_sec,
            channel->status.error[0] != '\0' ? channel->status.error : "none");
        end(channel, now, PORTAL_STATE_GAVE_UP);
    } else if (mono_time_due(channel->retry_at, now.mono)) {
        connect_now(channel, now);
    } else if (mono_time_due(channel->attempt_ends, now.mono)) {
        say(channel, "%s: not done within the %d s of an attempt", stage, PORTAL_ATTEMPT_SEC);
        drop_and_retry(channel, now);
    } else if (mono_time_due(channel->join_ends, now.mono)) {
        say(channel, "the join was not answered within %d s", PORTAL_JOIN_SEC);
        drop_and_retry(channel, now);
    } else if (mono_time_due(channel->heartbeat_at, now.mono)) {
        heartbeat(channel, now);
    }
}

struct mono_time portal_channel_next_deadline(const struct portal_channel *channel)
{
    const struct mono_time deadlines[] = {
        channel->give_up_at, channel->retry_at,     channel->attempt_ends,
        channel->join_ends,  channel->heartbeat_at,
    };
    struct mono_time next = MONO_TIME_NEVER;

    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        if (mono_time_before(deadlines[i], next))
            next = deadlines[i];
    }
    return next;
}

bool portal_channel_next_command(struct portal_channel *channel, struct portal_command *ret)
{
    if (channel->command_next == channel->command_count)
        return false;
    *ret = channel->commands[channel->command_next++];
    return true;
}

const struct portal_status *portal_channel_status(const struct portal_channel *channel)
{
    return &channel->status;
}
