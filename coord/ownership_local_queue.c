/* ownership_local_queue.c — operations on the embedded registry under way, and when they are tried.
 */
#include "ownership_local_queue.h"

#include "ownership_local_availability.h"
#include "ownership_local_expiry.h"
#include "ownership_local_listing.h"

#include <stdlib.h>
#include <time.h>

#include <event2/event.h>

enum {
    /* Operations of a transaction; they change fewer pages than CHANGE_PAGES of
     * ownership_local_room.c. */
    CHUNK = 48,
};

struct list {
    struct local_operation *head;
    struct local_operation **tail;
};

struct local_queue {
    struct local_queue_config config;
    int64_t timeout_usec;
    struct event *timer;
    struct event *soon; /* carries out in another turn of the loop */
    struct list free;   /* of the first |used| places */
    size_t used;        /* places that were needed so far */
    struct list waiting;
    struct list listing;
    struct list finished;
    struct local_availability availability;
    bool is_transacting;
    bool is_closing;
    struct local_operation all[OWNERSHIP_PENDING_MAX];
};

static void list_init(struct list *list)
{
    list->head = NULL;
    list->tail = &list->head;
}

static void list_put(struct list *list, struct local_operation *operation)
{
    operation->next = NULL;
    *list->tail = operation;
    list->tail = &operation->next;
}

static struct local_operation *list_take(struct list *list)
{
    struct local_operation *operation = list->head;

    if (operation != NULL && (list->head = operation->next) == NULL)
        list->tail = &list->head;
    return operation;
}

static struct mono_time clock_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct mono_time){.usec = now.tv_sec * USEC_PER_SEC + now.tv_nsec / 1000};
}

static void finish(struct local_queue *queue, struct local_operation *operation)
{
    list_put(&queue->finished, operation);
}

static void finish_away(struct local_queue *queue, struct local_operation *operation)
{
    operation->answer = (struct ownership_answer){.outcome = OWNERSHIP_AWAY};
    operation->is_lost = false;
    finish(queue, operation);
}

/* When to try again. */

static void set_timer(struct local_queue *queue)
{
    struct mono_time at = queue->availability.retry_at;

    if (queue->waiting.head != NULL && mono_time_before(queue->waiting.head->due, at))
        at = queue->waiting.head->due;
    if (mono_time_is_never(at)) {
        (void)event_del(queue->timer);
        return;
    }
    /* Not early, or it would spin. */
    int64_t usec = mono_time_until(at, clock_now()) + 1;
    struct timeval wait = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};

    (void)event_add(queue->timer, &wait);
}

/* Carrying out. */

static enum local_result begin(struct local_queue *queue, bool is_write, struct local_table *ret)
{
    struct problem problem;
    enum local_result result = local_store_begin(queue->config.store, is_write, ret, &problem);

    if (result == LOCAL_OK)
        queue->is_transacting = true;
    else
        local_availability_failed(&queue->availability, result, &problem, clock_now());
    return result;
}

static enum local_result end(struct local_queue *queue, struct local_table *table, bool lacked_room)
{
    struct problem problem;
    bool is_write = table->is_write;
    bool is_full = lacked_room || (is_write && queue->availability.state == LOCAL_IS_FULL &&
                                   !table->has_much_room);
    enum local_result result = local_store_end(queue->config.store, table, is_write, &problem);

    queue->is_transacting = false;
    if (result == LOCAL_OK)
        local_availability_succeeded(&queue->availability,
                                     local_store_generation(queue->config.store), is_write, is_full,
                                     clock_now());
    else
        local_availability_failed(&queue->availability, result, &problem, clock_now());
    return result;
}

/* Moves the first operations of |queue| that one transaction can carry out to |chunk|. */
static bool take_chunk(struct local_queue *queue, struct list *chunk)
{
    bool has_writes = false;

    list_init(chunk);
    for (unsigned i = 0;
         i < CHUNK && queue->waiting.head != NULL && !local_operation_gives(queue->waiting.head);
         i++) {
        struct local_operation *operation = list_take(&queue->waiting);

        has_writes = has_writes || local_operation_writes(operation);
        list_put(chunk, operation);
    }
    return has_writes;
}

/* Puts |chunk| back in front. */
static void put_back(struct local_queue *queue, struct list *chunk)
{
    if (queue->waiting.head == NULL)
        queue->waiting.tail = chunk->tail;
    *chunk->tail = queue->waiting.head;
    queue->waiting.head = chunk->head;
}

static void finish_chunk(struct local_queue *queue, struct list *chunk, bool is_carried_out)
{
    struct local_operation *operation;

    while ((operation = list_take(chunk)) != NULL)
        if (is_carried_out)
            finish(queue, operation);
        else
            finish_away(queue, operation);
}

static enum local_result run_chunk(struct local_queue *queue)
{
    struct local_table table;
    struct list chunk;
    bool has_writes = take_chunk(queue, &chunk), lacked_room = false;
    enum local_result result = begin(queue, has_writes, &table);

    if (result == LOCAL_BUSY && queue->availability.state != LOCAL_IS_LOCKED) {
        put_back(queue, &chunk);
        return result;
    }
    if (result == LOCAL_OK) {
        if (has_writes)
            local_expiry_sweep(&table, chunk.head->now.mono);
        for (struct local_operation *at = chunk.head; at != NULL && table.error == 0;
             at = at->next) {
            local_operation_carry_out(at, &table);
            lacked_room = lacked_room ||
                          (!table.has_room && has_writes && at->answer.outcome == OWNERSHIP_AWAY);
        }
        result = end(queue, &table, lacked_room);
    }
    finish_chunk(queue, &chunk, result == LOCAL_OK);
    return result == LOCAL_BUSY ? LOCAL_OK : result;
}

/* A step of |operation|, which is in no list; it is put where it belongs. */
static enum local_result run_step(struct local_queue *queue, struct local_operation *operation)
{
    struct local_table table;
    enum local_result result = begin(queue, false, &table);
    bool goes_on = false;

    if (result == LOCAL_BUSY && queue->availability.state != LOCAL_IS_LOCKED)
        return result;
    if (result == LOCAL_OK) {
        uint64_t generation = local_store_generation(queue->config.store);

        if (operation->listing.generation == 0)
            operation->listing.generation = generation;
        /* What another store has cannot follow on what was given. */
        if (operation->listing.generation == generation) {
            goes_on = local_listing_step(operation, &table);
        } else {
            operation->answer = (struct ownership_answer){.outcome = OWNERSHIP_AWAY};
        }
        result = end(queue, &table, false);
    }
    if (result != LOCAL_OK)
        finish_away(queue, operation);
    else if (goes_on)
        list_put(&queue->listing, operation);
    else
        finish(queue, operation);
    return result == LOCAL_BUSY ? LOCAL_OK : result;
}

static void give_up(struct local_queue *queue)
{
    struct local_operation *operation;

    while ((operation = list_take(&queue->listing)) != NULL)
        finish_away(queue, operation);
    while ((operation = list_take(&queue->waiting)) != NULL)
        finish_away(queue, operation);
}

static void carry_out(struct local_queue *queue)
{
    enum local_result result = LOCAL_OK;

    while (queue->waiting.head != NULL && result != LOCAL_BUSY &&
           queue->availability.state != LOCAL_IS_BROKEN) {
        if (!local_operation_gives(queue->waiting.head)) {
            result = run_chunk(queue);
            continue;
        }
        struct local_operation *operation = list_take(&queue->waiting);

        result = run_step(queue, operation);
        if (result == LOCAL_BUSY) {
            operation->next = queue->waiting.head;
            if (queue->waiting.head == NULL)
                queue->waiting.tail = &operation->next;
            queue->waiting.head = operation;
        }
    }
    if (queue->availability.state == LOCAL_IS_BROKEN)
        give_up(queue);
}

/* One step of each listing that is there now. */
static void go_on_listing(struct local_queue *queue)
{
    struct list listing = queue->listing;
    struct local_operation *operation;

    if (listing.head == NULL)
        return;
    list_init(&queue->listing);
    while ((operation = list_take(&listing)) != NULL)
        if (run_step(queue, operation) == LOCAL_BUSY)
            finish_away(queue, operation);
}

static void finish_overdue(struct local_queue *queue)
{
    struct mono_time now = clock_now();

    while (queue->waiting.head != NULL && mono_time_due(queue->waiting.head->due, now))
        finish_away(queue, list_take(&queue->waiting));
}

static void look_for_loss(struct local_queue *queue, const struct local_operation *operation)
{
    if (operation->kind == LOCAL_TAKE_LEASE && operation->answer.outcome == OWNERSHIP_DONE)
        queue->availability.has_lease = true;
    if (operation->is_lost)
        local_availability_lost(&queue->availability);
}

static void tell_changes(struct local_queue *queue)
{
    struct local_news news;

    if (!local_availability_take_news(&queue->availability, &news) || queue->is_closing ||
        queue->config.on_change == NULL)
        return;
    if (news.is_gone)
        queue->config.on_change(queue->config.context, false, news.why.text);
    if (news.is_back)
        queue->config.on_change(queue->config.context, true, "");
}

static void release(struct local_queue *queue, struct local_operation *operation)
{
    /* The place that was used last is used first. */
    if (queue->free.head == NULL)
        queue->free.tail = &operation->next;
    operation->next = queue->free.head;
    queue->free.head = operation;
}

static void deliver(struct local_queue *queue)
{
    struct local_operation *operation;

    while ((operation = list_take(&queue->finished)) != NULL) {
        struct ownership_answer answer = operation->answer;
        ownership_done *done = operation->done;
        void *context = operation->context;
        struct shard_lease former;

        if (answer.former != NULL) {
            former = *answer.former;
            answer.former = &former;
        }
        look_for_loss(queue, operation);
        /* The place is free before the caller is told, so that a next step finds one. */
        release(queue, operation);
        done(context, &answer);
    }
    tell_changes(queue);
    if (queue->is_closing)
        return;
    set_timer(queue);
    if (queue->listing.head != NULL)
        event_active(queue->soon, EV_TIMEOUT, 0);
}

void local_queue_flush(struct local_queue *queue)
{
    if (queue->is_transacting || queue->is_closing)
        return;
    carry_out(queue);
    deliver(queue);
}

static void on_soon(evutil_socket_t fd, short what, void *arg)
{
    struct local_queue *queue = arg;

    (void)fd;
    (void)what;
    if (queue->is_transacting)
        return;
    go_on_listing(queue);
    local_queue_flush(queue);
}

/* Is the store there again? And what has no room is made some by what is over. */
static void probe(struct local_queue *queue)
{
    struct turn_now now = {.mono = clock_now()};
    bool is_new = queue->availability.state == LOCAL_IS_NEW;
    struct local_table table;

    if (begin(queue, !is_new, &table) != LOCAL_OK)
        return;
    if (!is_new)
        local_expiry_sweep(&table, now.mono);
    (void)end(queue, &table, false);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct local_queue *queue = arg;

    (void)fd;
    (void)what;
    if (queue->is_transacting)
        return;
    finish_overdue(queue);
    if (mono_time_due(queue->availability.retry_at, clock_now()) &&
        (queue->availability.state != LOCAL_IS_AVAILABLE || queue->waiting.head == NULL))
        probe(queue);
    local_queue_flush(queue);
}

struct local_operation *local_queue_place(struct local_queue *queue)
{
    if (queue->is_closing)
        return NULL;
    struct local_operation *operation = list_take(&queue->free);

    /* What was never needed is never touched, and takes no memory. */
    if (operation == NULL && queue->used < OWNERSHIP_PENDING_MAX)
        operation = &queue->all[queue->used++];
    return operation;
}

void local_queue_submit(struct local_queue *queue, struct local_operation *operation)
{
    operation->due = mono_time_add_usec(clock_now(), queue->timeout_usec);
    if (queue->waiting.head == NULL)
        event_active(queue->soon, EV_TIMEOUT, 0);
    list_put(&queue->waiting, operation);
}

bool local_queue_is_available(const struct local_queue *queue)
{
    return queue->availability.told == LOCAL_IS_AVAILABLE;
}

struct local_queue *local_queue_new(const struct local_queue_config *config)
{
    struct local_queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL)
        return NULL;
    queue->config = *config;
    queue->timeout_usec = config->timeout_msec * INT64_C(1000);
    queue->timer = evtimer_new(config->base, on_timer, queue);
    queue->soon = evtimer_new(config->base, on_soon, queue);
    list_init(&queue->free);
    list_init(&queue->waiting);
    list_init(&queue->listing);
    list_init(&queue->finished);
    if (queue->timer == NULL || queue->soon == NULL) {
        local_queue_free(queue);
        return NULL;
    }
    local_availability_init(&queue->availability, queue->timeout_usec, clock_now());
    set_timer(queue); /* the first contact */
    return queue;
}

void local_queue_free(struct local_queue *queue)
{
    if (queue == NULL)
        return;
    queue->is_closing = true;
    give_up(queue);
    deliver(queue);
    if (queue->timer != NULL)
        event_free(queue->timer);
    if (queue->soon != NULL)
        event_free(queue->soon);
    free(queue);
}
