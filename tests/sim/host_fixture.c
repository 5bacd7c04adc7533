/* host_fixture.c — a few simulated shards of one host, step by step, for unit tests. */
#include "host_fixture.h"

#include "wire.h"

#include <stdio.h>
#include <stdlib.h>

#define MSEC INT64_C(1000)

enum { ANSWER_MSEC = 500 };

static int64_t delay(void *context)
{
    const struct host *host = context;
    return host->delay_usec;
}

static bool port_is_taken(void *context, uint16_t port)
{
    const struct host *host = context;
    for (size_t i = 0; i < HOST_SHARDS_MAX; i++)
        if (host->slots[i].process && process_relay_of(host->slots[i].process, port))
            return true;
    return port == host->taken_port;
}

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    const struct host *host = context;
    return shard < HOST_SHARDS_MAX ? process_state(host->slots[shard].process) : SHARD_PROCESS_NONE;
}

static void on_answer(void *context, struct process *process, const struct sent *sent)
{
    (void)context;
    (void)process;
    (void)sent;
}

static void on_sent(void *context, struct process *process, const struct sent *sent)
{
    struct host *host = context;
    struct answer answer;
    (void)process;
    if (sent->kind == SENT_TO_PEER)
        host->relayed++;
    if (sent->kind != SENT_ANSWER)
        return;
    if (answer_read(sent->bytes, &answer) != NULL)
        abort();
    host->answers++;
    host->error = answer.error_code;
    for (size_t i = 0; i < HOST_CLIENTS; i++)
        if (five_tuple_equal(&host->clients[i].tuple, &sent->five_tuple))
            client_take_answer(&host->clients[i], &answer);
}

static void on_handed_over(void *context, uint32_t shard, const struct redirected *redirected)
{
    struct host *host = context;
    const struct queued head = {.five_tuple = redirected->five_tuple, .hops = redirected->hops};
    host->handed_over++;
    host->handed_to = shard;
    if (shard < HOST_SHARDS_MAX)
        datagram_queue_add(&host->slots[shard].redirected, &head, redirected->datagram);
}

static void failed(void *context, const char *message)
{
    (void)context;
    fprintf(stderr, "%s\n", message);
    abort();
}

void host_init(struct host *host, uint32_t shards)
{
    memset(host, 0, sizeof(*host));
    host->choices = choices_of_seed(1);
    host->shards = shards;
    host->now = (struct mono_time){.usec = 1000 * USEC_PER_SEC};
    host->delay_usec = 2 * MSEC;
    host->network =
        (struct ownership_network){.delay = delay, .context = host, .wall_sec = TEST_WALL_SEC};
    if (crypto_new(&host->crypto) != ERR_OK)
        abort();
    server_setup_init(&host->setup);
    host->setup.config.lowest_port = 50000;
    host->setup.config.highest_port = 50023;
    for (size_t i = 0; i < HOST_CLIENTS; i++) {
        char at[32];
        (void)snprintf(at, sizeof(at), "7.7.7.%zu:4000", i + 1);
        client_init(&host->clients[i], host->crypto, test_addr(at), test_addr("203.0.113.9:3478"),
                    TEST_USERNAME, TEST_PASSWORD, TEST_REALM);
    }
}

void host_deinit(struct host *host)
{
    for (uint32_t i = 0; i < HOST_SHARDS_MAX; i++) {
        host_kill(host, i);
        datagram_queue_clear(&host->slots[i].listener);
        datagram_queue_clear(&host->slots[i].redirected);
    }
    ownership_network_deinit(&host->network);
    crypto_free(host->crypto);
}

void host_start(struct host *host, uint32_t shard)
{
    struct host_shard *slot = &host->slots[shard];
    const struct process_config config = {.shard = shard,
                                          .shards = host->shards,
                                          .lowest_port = host->setup.config.lowest_port,
                                          .highest_port = host->setup.config.highest_port,
                                          .quota = host->quota,
                                          .serial = ++host->serials,
                                          .is_direct = host->is_direct,
                                          .network = &host->network,
                                          .turn = &host->setup.config,
                                          .choices = &host->choices,
                                          .listener = &slot->listener,
                                          .redirected = &slot->redirected,
                                          .port_is_taken = port_is_taken,
                                          .process_of = process_of,
                                          .on_answer = on_answer,
                                          .on_sent = on_sent,
                                          .on_handed_over = on_handed_over,
                                          .failed = failed,
                                          .context = host};
    slot->process = process_start(&config, host->now);
    if (!host->network.is_away)
        host_link(host, shard, true);
}

void host_kill(struct host *host, uint32_t shard)
{
    if (host->slots[shard].process)
        process_kill(host->slots[shard].process);
    host->slots[shard].process = NULL;
}

void host_link(struct host *host, uint32_t shard, bool is_up)
{
    ownership_model_set_link(host->slots[shard].process->ownership, is_up);
}

static struct mono_time earlier(struct mono_time a, struct mono_time b)
{
    return mono_time_before(a, b) ? a : b;
}

void host_run(struct host *host, int64_t msec)
{
    struct mono_time end = mono_time_add_usec(host->now, msec * MSEC);
    for (;;) {
        struct mono_time next = ownership_network_next(&host->network);
        for (size_t i = 0; i < HOST_SHARDS_MAX; i++)
            if (host->slots[i].process && !host->slots[i].is_paused)
                next = earlier(next, process_next(host->slots[i].process));
        if (mono_time_before(end, next))
            break;
        if (mono_time_before(host->now, next))
            host->now = next;
        ownership_network_move(&host->network, host->now);
        for (size_t i = 0; i < HOST_SHARDS_MAX; i++) {
            struct process *process = host->slots[i].process;
            if (process && !host->slots[i].is_paused &&
                mono_time_due(process_next(process), host->now))
                process_wake(process, host->now);
        }
    }
    host->now = end;
}

void host_pause(struct host *host, uint32_t shard, int64_t msec)
{
    host->slots[shard].is_paused = true;
    host_run(host, msec);
    host->slots[shard].is_paused = false;
}

static void arrive(struct host *host, unsigned client, uint32_t shard, struct bytes datagram)
{
    const struct queued head = {.five_tuple = host->clients[client].tuple};
    datagram_queue_add(&host->slots[shard].listener, &head, datagram);
}

int host_ask(struct host *host, unsigned client, uint32_t shard, uint16_t method,
             const struct attr *attrs)
{
    struct test_client *self = &host->clients[client];
    struct message message = client_message(self, method, attrs);
    unsigned before = host->answers;
    client_build(self, host->crypto, &message);
    arrive(host, client, shard, (struct bytes){.data = self->request, .len = self->request_len});
    for (int i = 0; i < ANSWER_MSEC && host->answers == before; i++)
        host_run(host, 1);
    return host->answers == before ? HOST_NO_ANSWER : host->error;
}

int host_allocate(struct host *host, unsigned client, uint32_t shard)
{
    if (host->clients[client].nonce_len == 0)
        (void)host_ask(host, client, shard, TURN_ALLOCATE, ATTRS(UDP));
    return host_ask(host, client, shard, TURN_ALLOCATE, ATTRS(UDP));
}

int host_bind(struct host *host, unsigned client, uint32_t shard)
{
    return host_ask(host, client, shard, TURN_CHANNEL_BIND,
                    ATTRS(CHANNEL(0x4000), PEER(test_addr("8.8.4.4:5000"))));
}

void host_send(struct host *host, unsigned client, uint32_t shard)
{
    static const uint8_t datagram[] = {0x40, 0, 0, 4, 'd', 'a', 't', 'a'};
    arrive(host, client, shard, (struct bytes){.data = datagram, .len = sizeof(datagram)});
}

bool host_has(const struct host *host, uint32_t shard, unsigned client)
{
    const struct process *process = host->slots[shard].process;
    return process && turn_server_has(process->server, &host->clients[client].tuple);
}

int host_owner(struct host *host, unsigned client)
{
    const struct store_record *found =
        store_find(&host->network.store, host->now, &host->clients[client].tuple);
    return found ? (int)found->owner.shard : -1;
}

uint64_t host_count(const struct host *host, uint32_t shard, size_t counter)
{
    return host->slots[shard].process->values[counter];
}
