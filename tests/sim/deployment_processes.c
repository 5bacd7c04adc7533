/* deployment_processes.c — the processes of a simulated deployment, and what the host gives them.
 */
#include "deployment.h"

#include <stdlib.h>

struct caller *deployment_caller(struct deployment *d, const struct five_tuple *five_tuple)
{
    for (size_t i = 0; i < DEPLOYMENT_CLIENTS; i++)
        if (five_tuple_equal(&d->callers[i].client.tuple, five_tuple))
            return &d->callers[i];
    abort();
}

bool deployment_port_is_open(const struct deployment *d, uint16_t port)
{
    for (size_t i = 0; i < DEPLOYMENT_SHARDS_MAX; i++)
        if (d->slots[i].process && process_relay_of(d->slots[i].process, port))
            return true;
    return false;
}

static bool port_is_taken(void *context, uint16_t port)
{
    return deployment_port_is_open(context, port);
}

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    const struct deployment *d = context;
    return shard < DEPLOYMENT_SHARDS_MAX ? process_state(d->slots[shard].process)
                                         : SHARD_PROCESS_NONE;
}

static void on_answer(void *context, struct process *process, const struct sent *sent)
{
    promise_on_answer(context, process, sent);
}

static void on_sent(void *context, struct process *process, const struct sent *sent)
{
    struct deployment *d = context;
    promise_on_sent(d, process, sent);
    if (sent->kind != SENT_ANSWER)
        return;
    const struct caller *caller = deployment_caller(d, &sent->five_tuple);
    deployment_send(
        d, (struct event){.kind = EVENT_TO_CLIENT, .client = (size_t)(caller - d->callers)},
        sent->bytes);
}

static void on_handed_over(void *context, uint32_t shard, const struct redirected *redirected)
{
    struct deployment *d = context;
    const struct queued head = {.five_tuple = redirected->five_tuple, .hops = redirected->hops};
    if (shard < d->shards)
        datagram_queue_add(&d->slots[shard].redirected, &head, redirected->datagram);
}

static _Noreturn void failed(void *context, const char *message)
{
    deployment_fail(context, "%s", message);
}

void deployment_start(struct deployment *d, size_t slot)
{
    const struct process_config config = {.shard = (uint32_t)slot,
                                          .shards = d->shards,
                                          .lowest_port = d->setup.config.lowest_port,
                                          .highest_port = d->setup.config.highest_port,
                                          .quota = d->quota,
                                          .serial = ++d->serials,
                                          .is_direct = d->is_direct,
                                          .network = &d->network,
                                          .turn = &d->setup.config,
                                          .choices = &d->choices,
                                          .listener = &d->slots[slot].listener,
                                          .redirected = &d->slots[slot].redirected,
                                          .port_is_taken = port_is_taken,
                                          .process_of = process_of,
                                          .on_answer = on_answer,
                                          .on_sent = on_sent,
                                          .on_handed_over = on_handed_over,
                                          .failed = failed,
                                          .context = d};
    d->slots[slot].is_paused = false;
    d->slots[slot].woken_at = d->now;
    d->slots[slot].process = process_start(&config, d->now);
    process_set_draining(d->slots[slot].process, d->slots[slot].is_draining);
    if (!d->network.is_away)
        ownership_model_set_link(d->slots[slot].process->ownership, true);
    memset(d->slots[slot].holds, 0, sizeof(d->slots[slot].holds));
}

void deployment_drain(struct deployment *d, size_t slot, bool is_draining)
{
    struct slot *s = &d->slots[slot];
    deployment_say(d, "shard %zu %s", slot, is_draining ? "is drained" : "is drained no more");
    deployment_count(d, is_draining ? DEPLOYMENT_DRAINED : DEPLOYMENT_UNDRAINED);
    s->is_draining = is_draining;
    s->draining_since = d->now;
    process_set_draining(s->process, is_draining);
}

void deployment_kill(struct deployment *d, size_t slot)
{
    struct process *process = d->slots[slot].process;
    if (!process)
        return;
    deployment_say(d, "shard %zu is killed", slot);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        d->values[i] += process->values[i];
    d->slots[slot].process = NULL;
    d->slots[slot].is_paused = false;
    process_kill(process);
}

void deployment_wake(struct deployment *d, size_t slot)
{
    struct slot *s = &d->slots[slot];
    if (!s->process || !s->is_paused)
        return;
    deployment_say(d, "shard %zu wakes", slot);
    s->is_paused = false;
    s->is_waking = true;
    /* The time in which it stood still was not its own. */
    if (!mono_time_is_never(s->process->unsent_since))
        s->process->unsent_since = d->now;
}
