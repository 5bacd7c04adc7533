/* ownership_redis_request.c — requests to Redis under way: sent in order, each finished in
 * time. */
#include "ownership_redis_request.h"

#include "mono_time.h"
#include "ownership_redis_reply.h"

#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

/* A Redis that has said nothing for so many time-outs, while it was asked, is given up. */
enum { SILENCE_TIMEOUTS = 3 };

struct request {
    struct redis_requests *requests;
    struct request *next;
    struct redis_purpose purpose;
    struct redis_expected expected;
    struct mono_time due;
    char *text; /* the command; NULL when finished */
    size_t len;
    bool is_repeatable;
};

struct queue {
    struct request *head;
    struct request **tail;
};

struct redis_requests {
    struct redis_link *link;
    int64_t timeout_usec;
    struct event *timer;      /* runs while something is under way */
    struct event *fail_event; /* finishes what is in |failed|, in another turn of the loop */
    struct queue free;        /* of the first |used| places */
    size_t used;              /* places that were needed so far */
    struct queue waiting;     /* for the link, or for the scripts to be loaded */
    struct queue sent;        /* in the order of their replies */
    struct queue redo;
    struct queue failed;
    struct request *unfinished; /* the first of |sent| that is; the ones behind it are too */
    struct mono_time heard;     /* from Redis, or began to listen */
    bool is_down;
    bool is_reloading; /* some script was not there: what follows is held back */
    bool is_closing;
    struct request all[OWNERSHIP_PENDING_MAX];
};

static void queue_init(struct queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

static void queue_put(struct queue *queue, struct request *request)
{
    request->next = NULL;
    *queue->tail = request;
    queue->tail = &request->next;
}

static struct request *queue_take(struct queue *queue)
{
    struct request *request = queue->head;

    if (request != NULL && (queue->head = request->next) == NULL)
        queue->tail = &queue->head;
    return request;
}

/* queue_move puts all of |from| behind |to|. */
static void queue_move(struct queue *to, struct queue *from)
{
    if (from->head == NULL)
        return;
    *to->tail = from->head;
    to->tail = from->tail;
    queue_init(from);
}

static struct mono_time clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono_time){.usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

static bool is_finished(const struct request *request)
{
    return request->text == NULL;
}

/* The text is what a request has to be done again with: a finished one is not. */
static void set_finished(struct request *request)
{
    free(request->text);
    request->text = NULL;
}

static void release(struct request *request)
{
    set_finished(request);
    /* The place that was used last is used first. */
    struct queue *places = &request->requests->free;

    if (places->head == NULL)
        places->tail = &request->next;
    request->next = places->head;
    places->head = request;
}

/* The place is free before the purpose is told, so that a next step finds one. */
static void finish(struct request *request, const struct redisReply *reply)
{
    struct redis_purpose purpose = request->purpose;
    bool was_finished = is_finished(request);

    release(request);
    if (!was_finished)
        purpose.finish(&purpose, reply);
}

static struct mono_time silence_end(const struct redis_requests *requests)
{
    return mono_time_add_usec(requests->heard, SILENCE_TIMEOUTS * requests->timeout_usec);
}

/* Sets the timer to the first instant at which something has to be done, if there is one. */
static void set_timer(struct redis_requests *requests, struct mono_time now)
{
    struct mono_time at = MONO_TIME_NEVER;

    if (requests->sent.head != NULL)
        at = silence_end(requests);
    if (requests->unfinished != NULL && mono_time_before(requests->unfinished->due, at))
        at = requests->unfinished->due;
    if (requests->redo.head != NULL && mono_time_before(requests->redo.head->due, at))
        at = requests->redo.head->due;
    if (requests->waiting.head != NULL && mono_time_before(requests->waiting.head->due, at))
        at = requests->waiting.head->due;
    if (mono_time_is_never(at))
        return;
    /* Not early, or it would spin. */
    int64_t usec = mono_time_until(at, now) + 1;
    struct timeval wait = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};

    (void)event_add(requests->timer, &wait);
}

static void start_timer(struct redis_requests *requests, struct mono_time now)
{
    if (!event_pending(requests->timer, EV_TIMEOUT, NULL))
        set_timer(requests, now);
}

static void finish_overdue(struct queue *queue, struct mono_time now)
{
    while (queue->head != NULL && mono_time_due(queue->head->due, now))
        finish(queue_take(queue), NULL);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis_requests *requests = arg;
    struct mono_time now = clock_now();
    struct request *request;
    struct problem silence;

    (void)fd;
    (void)what;
    if (requests->sent.head != NULL && mono_time_due(silence_end(requests), now)) {
        problem_set(&silence, "it has not answered for %lld ms",
                    (long long)(SILENCE_TIMEOUTS * requests->timeout_usec / 1000));
        redis_link_drop(requests->link, silence.text);
    }
    /* Each of these may begin and end others. */
    while ((request = requests->unfinished) != NULL && mono_time_due(request->due, now)) {
        struct redis_purpose purpose = request->purpose;

        requests->unfinished = request->next;
        set_finished(request);
        purpose.finish(&purpose, NULL);
    }
    finish_overdue(&requests->redo, now);
    finish_overdue(&requests->waiting, now);
    set_timer(requests, now);
}

static void send_request(struct redis_requests *requests, struct redis_connection *connection,
                         struct request *request)
{
    if (redis_connection_send(connection, request->text, request->len, &request->expected) !=
        ERR_OK) {
        queue_put(&requests->failed, request);
        event_active(requests->fail_event, EV_TIMEOUT, 0);
        return;
    }
    if (requests->sent.head == NULL)
        requests->heard = clock_now();
    queue_put(&requests->sent, request);
    if (requests->unfinished == NULL)
        requests->unfinished = request;
}

/* Loads the scripts and sends what was held back for it. */
static void reload(struct redis_requests *requests)
{
    struct redis_connection *connection = redis_link_connection(requests->link);
    struct request *request;

    requests->is_reloading = false;
    if (connection == NULL)
        return;
    redis_link_load_scripts(requests->link);
    while ((request = queue_take(&requests->redo)) != NULL)
        send_request(requests, connection, request);
    while ((request = queue_take(&requests->waiting)) != NULL)
        send_request(requests, connection, request);
}

/*
 * Scripts are forgotten all at once, by SCRIPT FLUSH, but another client may load them again
 * while we have commands in the pipe, so that a later one is carried out and an earlier one not.
 * Then the later one is done again after it: that leaves what their order should have left.
 */
static bool has_to_be_redone(const struct request *request, enum redis_error error)
{
    if (is_finished(request))
        return false;
    return error == REDIS_ERROR_NO_SCRIPT ||
           (request->requests->is_reloading && request->is_repeatable && error == REDIS_ERROR_NONE);
}

static void on_reply(void *context, const struct redisReply *reply)
{
    struct request *request = context;
    struct redis_requests *requests = request->requests;
    enum redis_error error = redis_reply_error(reply);
    char text[REDIS_ERROR_TEXT_MAX];

    requests->heard = clock_now();
    (void)queue_take(&requests->sent); /* this one: replies come in order */
    if (requests->unfinished == request)
        requests->unfinished = request->next;
    if (error == REDIS_ERROR_NO_SCRIPT)
        requests->is_reloading = true;
    if (has_to_be_redone(request, error))
        queue_put(&requests->redo, request);
    else
        finish(request, error == REDIS_ERROR_NONE ? reply : NULL);
    if (error == REDIS_ERROR_PASSWORD || error == REDIS_ERROR_SERVICE) {
        redis_reply_error_write(reply, text);
        redis_link_drop(requests->link, text);
    } else if (requests->is_reloading && requests->sent.head == NULL) {
        reload(requests);
    }
}

/* Only what is there now: it may begin others, which have failed by then, and so on. */
static void finish_failed(struct redis_requests *requests)
{
    struct request *request;
    struct queue failed;

    queue_init(&failed);
    queue_move(&failed, &requests->failed);
    while ((request = queue_take(&failed)) != NULL)
        finish(request, NULL);
}

static void on_fail_event(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    finish_failed(arg);
}

void redis_requests_down(struct redis_requests *requests)
{
    requests->is_down = true;
    requests->is_reloading = false;
    requests->unfinished = NULL;
    queue_move(&requests->failed, &requests->redo);
    queue_move(&requests->failed, &requests->sent);
    queue_move(&requests->failed, &requests->waiting);
    finish_failed(requests);
}

void redis_requests_up(struct redis_requests *requests)
{
    struct redis_connection *connection = redis_link_connection(requests->link);
    struct request *request;

    requests->is_down = false;
    while ((request = queue_take(&requests->waiting)) != NULL)
        send_request(requests, connection, request);
    start_timer(requests, clock_now());
}

/* A place for a request, or NULL. What was never needed is never touched, and takes no memory. */
static struct request *take_place(struct redis_requests *requests)
{
    struct request *request = queue_take(&requests->free);

    if (request != NULL || requests->used == OWNERSHIP_PENDING_MAX)
        return request;
    request = &requests->all[requests->used++];
    request->requests = requests;
    request->expected = (struct redis_expected){.handler = on_reply, .context = request};
    return request;
}

enum err redis_requests_submit(struct redis_requests *requests, struct redis_command *command,
                               bool is_repeatable, const struct redis_purpose *purpose)
{
    struct redis_connection *connection = redis_link_connection(requests->link);
    struct request *request = requests->is_closing ? NULL : take_place(requests);
    struct mono_time now = clock_now();

    if (request == NULL)
        return ERR_LIMIT;
    if (redis_command_format(command, &request->text, &request->len) != ERR_OK) {
        request->text = NULL;
        release(request);
        return ERR_LIMIT;
    }
    request->purpose = *purpose;
    request->is_repeatable = is_repeatable;
    request->due = mono_time_add_usec(now, requests->timeout_usec);
    if (requests->is_down) {
        queue_put(&requests->failed, request);
        event_active(requests->fail_event, EV_TIMEOUT, 0);
        return ERR_OK;
    }
    if (connection != NULL && !requests->is_reloading)
        send_request(requests, connection, request);
    else
        queue_put(&requests->waiting, request);
    start_timer(requests, now);
    return ERR_OK;
}

void redis_requests_flush(struct redis_requests *requests)
{
    struct redis_connection *connection = redis_link_connection(requests->link);

    if (requests->is_closing)
        return;
    if (connection != NULL)
        redis_connection_flush(connection);
    finish_failed(requests);
}

struct redis_requests *redis_requests_new(struct event_base *base, uint32_t timeout_msec)
{
    struct redis_requests *requests = calloc(1, sizeof(*requests));

    if (requests == NULL)
        return NULL;
    requests->timeout_usec = timeout_msec * INT64_C(1000);
    requests->timer = evtimer_new(base, on_timer, requests);
    requests->fail_event = evtimer_new(base, on_fail_event, requests);
    queue_init(&requests->free);
    queue_init(&requests->waiting);
    queue_init(&requests->sent);
    queue_init(&requests->redo);
    queue_init(&requests->failed);
    if (requests->timer == NULL || requests->fail_event == NULL) {
        redis_requests_free(requests);
        return NULL;
    }
    return requests;
}

void redis_requests_attach(struct redis_requests *requests, struct redis_link *link)
{
    requests->link = link;
}

void redis_requests_free(struct redis_requests *requests)
{
    if (requests == NULL)
        return;
    requests->is_closing = true;
    redis_requests_down(requests);
    if (requests->timer != NULL)
        event_free(requests->timer);
    if (requests->fail_event != NULL)
        event_free(requests->fail_event);
    free(requests);
}
