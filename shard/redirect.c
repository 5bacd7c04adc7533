/* redirect.c — hands misrouted datagrams to the shards that own them. */
#include "redirect.h"

#include "counter_page.h"
#include "pool.h"
#include "redirect_socket.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct message {
    struct message *next;
    struct wire_writer content; /* of |bytes| */
    unsigned datagrams;
    uint8_t bytes[REDIRECT_MESSAGE_MAX];
};

/* A shard that datagrams are handed to. */
struct target {
    struct redirect *redirect; /* NULL: never used, all zero */
    uint32_t shard;
    int fd; /* connected to its socket; -1 before the first message */
    struct event writable;
    bool is_waiting;       /* for |writable|: its socket is full */
    struct message *first; /* the last one is being filled */
    struct message *last;
    unsigned count;
    bool is_listed; /* among those to be flushed */
    struct target *next_listed;
};

struct redirect {
    struct redirect_config config;
    struct pool messages;
    struct target *targets; /* |config.shards| of them */
    struct target *listed;
    uint8_t received[REDIRECT_MESSAGE_MAX];
};

static void count(struct redirect *redirect, enum shard_counter counter, uint64_t value)
{
    redirect->config.values[counter] += value;
}

enum err redirect_new(const struct redirect_config *config, struct redirect **ret)
{
    struct redirect *redirect = calloc(1, sizeof(*redirect));

    if (redirect == NULL)
        return ERR_NO_MEMORY;
    redirect->config = *config;
    redirect->targets = calloc(config->shards, sizeof(*redirect->targets));
    if (redirect->targets == NULL || pool_init(&redirect->messages, sizeof(struct message),
                                               REDIRECT_MESSAGES_MAX + config->shards) != ERR_OK) {
        redirect_free(redirect);
        return ERR_NO_MEMORY;
    }
    *ret = redirect;
    return ERR_OK;
}

static void disconnect(struct target *target)
{
    if (target->fd < 0)
        return;
    (void)event_del(&target->writable);
    close(target->fd);
    target->fd = -1;
    target->is_waiting = false;
}

void redirect_free(struct redirect *redirect)
{
    if (redirect == NULL)
        return;
    if (redirect->targets != NULL) {
        for (uint32_t i = 0; i < redirect->config.shards; i++) {
            if (redirect->targets[i].redirect != NULL)
                disconnect(&redirect->targets[i]);
        }
    }
    free(redirect->targets);
    pool_deinit(&redirect->messages);
    free(redirect);
}

static void remove_first(struct target *target)
{
    struct message *message = target->first;

    target->first = message->next;
    if (target->first == NULL)
        target->last = NULL;
    target->count--;
    pool_give(&target->redirect->messages, message);
}

/* Drops everything queued for |target|. */
static void drop_all(struct target *target, enum shard_counter counter)
{
    while (target->first != NULL) {
        count(target->redirect, counter, target->first->datagrams);
        remove_first(target);
    }
}

static void send_queued(struct target *target);

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct target *target = arg;

    (void)fd;
    (void)what;
    target->is_waiting = false;
    send_queued(target);
}

/* False with errno. */
static bool connect_target(struct target *target)
{
    const struct redirect_config *config = &target->redirect->config;

    target->fd = redirect_socket_connect(config->dir, target->shard);
    if (target->fd < 0)
        return false;
    if (event_assign(&target->writable, config->base, target->fd, EV_WRITE, on_writable, target) ==
        0)
        return true;
    close(target->fd);
    target->fd = -1;
    errno = ENOMEM;
    return false;
}

static bool is_gone(int error)
{
    return error == ECONNREFUSED || error == ENOENT || error == ECONNRESET || error == ENOTCONN ||
           error == EPIPE;
}

/* Sends one message, over a new connection when the owner has made its socket anew. */
static bool send_message(struct target *target, const struct message *message)
{
    for (bool was_connected = target->fd >= 0;; was_connected = false) {
        if (target->fd < 0 && !connect_target(target))
            return false;
        if (send(target->fd, message->bytes, message->content.len, MSG_DONTWAIT | MSG_NOSIGNAL) >=
            0)
            return true;
        if (!was_connected || !is_gone(errno))
            return false;
        disconnect(target);
    }
}

static void send_queued(struct target *target)
{
    struct redirect *redirect = target->redirect;

    while (target->first != NULL) {
        const struct message *message = target->first;

        if (send_message(target, message)) {
            count(redirect, SHARD_COUNT_REDIRECT_SENT, message->datagrams);
            count(redirect, SHARD_COUNT_REDIRECT_SENT_MESSAGES, 1);
            remove_first(target);
        } else if (errno == EAGAIN && event_add(&target->writable, NULL) == 0) {
            count(redirect, SHARD_COUNT_REDIRECT_WAITS, 1);
            target->is_waiting = true;
            return;
        } else {
            drop_all(target, is_gone(errno) ? SHARD_COUNT_REDIRECT_OWNER_GONE
                                            : SHARD_COUNT_REDIRECT_ERRORS);
        }
    }
}

/* A further message for |target| to fill; NULL when it has as many as it may. Everybody may have
 * one, so that owners who take nothing do not stop those who do. */
static struct message *add_message(struct target *target)
{
    struct pool *messages = &target->redirect->messages;

    if (target->count > 0 &&
        (target->count >= REDIRECT_QUEUE_MAX || pool_in_use(messages) >= REDIRECT_MESSAGES_MAX))
        return NULL;
    struct message *message = pool_take(messages);

    message->next = NULL;
    message->datagrams = 0;
    message->content =
        (struct wire_writer){.start = message->bytes, .capacity = sizeof(message->bytes)};
    if (target->last != NULL)
        target->last->next = message;
    else
        target->first = message;
    target->last = message;
    target->count++;
    return message;
}

/* Writes |redirected| into the last message, or into one more. */
static bool enqueue(struct target *target, const struct redirected *redirected)
{
    struct message *message = target->last;

    if (message != NULL && redirect_message_add(&message->content, redirected)) {
        message->datagrams++;
        return true;
    }
    /* What is full may as well leave now: its owner can begin. */
    if (message != NULL && !target->is_waiting)
        send_queued(target);
    message = add_message(target);
    if (message == NULL)
        return false;
    message->datagrams++;
    return redirect_message_add(&message->content, redirected);
}

void redirect_send(struct redirect *redirect, uint32_t shard, const struct redirected *redirected)
{
    struct redirected next = *redirected;

    if (redirected->hops >= REDIRECT_HOPS_MAX) {
        count(redirect, SHARD_COUNT_REDIRECT_HOP_LIMIT, 1);
        return;
    }
    if (shard >= redirect->config.shards) {
        count(redirect, SHARD_COUNT_REDIRECT_OWNER_GONE, 1);
        return;
    }
    struct target *target = &redirect->targets[shard];

    if (target->redirect == NULL)
        *target = (struct target){.redirect = redirect, .shard = shard, .fd = -1};
    next.hops++;
    if (!enqueue(target, &next)) {
        count(redirect, SHARD_COUNT_REDIRECT_OWNER_BUSY, 1);
        return;
    }
    if (!target->is_listed) {
        target->is_listed = true;
        target->next_listed = redirect->listed;
        redirect->listed = target;
    }
}

void redirect_flush(struct redirect *redirect)
{
    while (redirect->listed != NULL) {
        struct target *target = redirect->listed;

        redirect->listed = target->next_listed;
        target->is_listed = false;
        if (!target->is_waiting)
            send_queued(target);
    }
}

unsigned redirect_read(struct redirect *redirect, struct turn_now now)
{
    const struct redirect_config *config = &redirect->config;
    ssize_t len =
        recv(config->fd, redirect->received, sizeof(redirect->received), MSG_DONTWAIT | MSG_TRUNC);
    struct redirected redirected;
    struct wire_reader reader;
    unsigned datagrams = 0;

    if (len < 0) {
        if (errno != EAGAIN && errno != EINTR)
            count(redirect, SHARD_COUNT_RECEIVE_ERRORS, 1);
        return 0;
    }
    /* Of one that was cut, nothing is believed. */
    enum err err =
        (size_t)len > sizeof(redirect->received)
            ? ERR_MALFORMED
            : redirect_message_begin((struct bytes){.data = redirect->received, .len = (size_t)len},
                                     &reader);

    while (err == ERR_OK && (err = redirect_message_next(&reader, &redirected)) == ERR_OK) {
        datagrams++;
        config->on_datagram(config->context, now, &redirected);
    }
    if (err == ERR_MALFORMED)
        count(redirect, SHARD_COUNT_REDIRECT_MALFORMED, 1);
    count(redirect, SHARD_COUNT_REDIRECT_RECEIVED, datagrams);
    count(redirect, SHARD_COUNT_REDIRECT_RECEIVED_MESSAGES, 1);
    return datagrams;
}
