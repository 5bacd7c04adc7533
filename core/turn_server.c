/* turn_server.c — the façade of the sans-IO TURN server: construction, dispatch and time. */
#include "turn_server.h"

#include "turn_internal.h"

#include <stdlib.h>
#include <string.h>

/* CLOSE_RELAY and FORGET. */
enum { TURN_COMMANDS_PER_END = 2 };

/* Things ended by one turn_server_timeout. */
enum { TIMEOUT_BATCH = TURN_COMMANDS_MAX / TURN_COMMANDS_PER_END };

static bool config_ok(const struct turn_config *config)
{
    size_t realm_len = config->realm ? strlen(config->realm) : 0;
    size_t software_len = config->software ? strlen(config->software) : 0;
    return (config->public_v4.family || config->public_v6.family) && config->lowest_port >= 1 &&
           config->lowest_port <= config->highest_port && config->channels_per_allocation >= 1 &&
           config->channels_per_allocation <= 4096 && config->max_channels >= 1 &&
           config->max_lifetime_sec >= TURN_DEFAULT_LIFETIME_SEC && realm_len >= 1 &&
           realm_len <= TURN_REALM_MAX && software_len >= 1 && software_len <= TURN_SOFTWARE_MAX &&
           config->schemes != 0 && (!(config->schemes & TURN_SCHEME_STATIC) || config->users) &&
           config->secret.len >= 1 && config->policy && config->random && config->counters;
}

/* A key of its own for each purpose, from the deployment's secret. */
static enum err derive_key(struct turn_server *server, const char *purpose, struct siphash_key *ret)
{
    uint8_t digest[SHA256_LEN];
    const struct bytes text = bytes_of_text(purpose);
    enum err err = crypto_hmac_sha256(server->auth.crypto, server->config.secret, &text, 1, digest);
    if (err == ERR_OK)
        *ret = siphash_key_from(digest);
    crypto_wipe(digest, sizeof digest);
    return err;
}

/* A key that only this process needs to know. */
static struct siphash_key draw_key(struct turn_server *server)
{
    uint8_t random[16];
    server->config.random(server->config.random_context, random, sizeof random);
    return siphash_key_from(random);
}

static char *copy_text(const void *text, size_t len)
{
    char *copy = calloc(1, len + 1);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

static enum err copy_config(struct turn_server *server, const struct turn_config *config)
{
    server->config = *config;
    server->is_admitted = !config->awaits_admission;
    char *realm = copy_text(config->realm, strlen(config->realm));
    char *software = copy_text(config->software, strlen(config->software));
    server->secret = (uint8_t *)copy_text(config->secret.data, config->secret.len);
    server->config.realm = realm;
    server->config.software = software;
    server->config.secret.data = server->secret;
    if (!realm || !software || !server->secret)
        return ERR_NO_MEMORY;
    server->realm = bytes_of_text(realm);
    server->software = bytes_of_text(software);
    server->families = (uint8_t)(family_set_of(config->public_v4.family) |
                                 family_set_of(config->public_v6.family));
    return ERR_OK;
}

static enum err init_auth(struct turn_server *server)
{
    enum err err = crypto_new(&server->auth.crypto);
    if (err == ERR_OK)
        err = derive_key(server, "relay nonce", &server->auth.nonce_key);
    if (err == ERR_OK)
        err = derive_key(server, "relay reservation token", &server->reservation_key);
    if (err == ERR_OK)
        err = derive_key(server, "relay key check", &server->key_check_key);
    server->auth.credentials = (struct turn_credentials){.schemes = server->config.schemes,
                                                         .secret = server->config.secret,
                                                         .realm = server->realm,
                                                         .users = server->config.users};
    server->rate_key = draw_key(server);
    return err;
}

static enum err init_tables(struct turn_server *server)
{
    const struct turn_config *config = &server->config;
    uint32_t ports = (uint32_t)(config->highest_port - config->lowest_port) + 1;
    uint32_t allocations = config->capacity ? config->capacity : ports;
    if (!config->max_allocations)
        server->config.max_allocations = allocations;
    enum err err = turn_ports_init(&server->ports, config->lowest_port, config->highest_port,
                                   config->port_rest_sec);
    if (err == ERR_OK)
        err = turn_allocation_table_init(&server->allocations, allocations, draw_key(server));
    if (err == ERR_OK)
        err = turn_channel_table_init(&server->channels, config->max_channels, draw_key(server));
    if (err == ERR_OK)
        err = turn_reservation_table_init(&server->reservations, ports);
    if (err == ERR_OK)
        err = turn_user_table_init(&server->users, allocations + ports, draw_key(server));
    if (err == ERR_OK)
        err = turn_rate_limit_init(&server->rate_limit, config->unauthenticated_rate);
    return err;
}

enum err turn_server_new(const struct turn_config *config, struct turn_server **ret)
{
    if (!config_ok(config))
        return ERR_RANGE;
    struct turn_server *server = calloc(1, sizeof *server);
    if (!server)
        return ERR_NO_MEMORY;
    enum err err = copy_config(server, config);
    if (err == ERR_OK)
        err = init_auth(server);
    if (err == ERR_OK)
        err = init_tables(server);
    if (err != ERR_OK) {
        turn_server_free(server);
        return err;
    }
    turn_update_gauges(server);
    *ret = server;
    return ERR_OK;
}

void turn_server_free(struct turn_server *server)
{
    if (!server)
        return;
    turn_rate_limit_deinit(&server->rate_limit);
    turn_user_table_deinit(&server->users);
    turn_reservation_table_deinit(&server->reservations);
    turn_channel_table_deinit(&server->channels);
    turn_allocation_table_deinit(&server->allocations);
    turn_ports_deinit(&server->ports);
    crypto_free(server->auth.crypto);
    if (server->secret)
        crypto_wipe(server->secret, server->config.secret.len);
    free(server->secret);
    free((void *)(uintptr_t)server->config.realm);
    free((void *)(uintptr_t)server->config.software);
    crypto_wipe(server, sizeof *server);
    free(server);
}

enum turn_verdict turn_drop(struct turn_server *server, enum turn_drop drop, struct turn_relay *ret)
{
    ret->drop = drop;
    turn_count(server, (enum turn_counter)(TURN_COUNT_DROP_EMPTY + drop));
    return TURN_VERDICT_DROP;
}

enum turn_verdict turn_not_mine(uint32_t shard, struct turn_relay *ret)
{
    ret->shard = shard;
    return TURN_VERDICT_NOT_MINE;
}

void turn_update_gauges(struct turn_server *server)
{
    turn_gauge(server, TURN_COUNT_ALLOCATIONS, turn_server_allocation_count(server));
    turn_gauge(server, TURN_COUNT_CHANNELS, pool_in_use(&server->channels.pool));
    turn_gauge(server, TURN_COUNT_RESERVATIONS, pool_in_use(&server->reservations.pool));
    turn_gauge(server, TURN_COUNT_PORTS_RESTING, server->ports.resting_count);
    turn_gauge(server, TURN_COUNT_PORTS_FREE, turn_ports_available(&server->ports, TURN_PORT_ANY));
}

enum turn_verdict turn_server_client_datagram(struct turn_server *server, struct turn_now now,
                                              const struct five_tuple *five_tuple,
                                              struct bytes datagram, enum turn_arrival arrival,
                                              struct turn_relay *ret)
{
    turn_command_begin_input(server);
    if (five_tuple->client.port == 0)
        return turn_drop(server, TURN_DROP_SOURCE_PORT_ZERO, ret);
    if (datagram.len == 0)
        return turn_drop(server, TURN_DROP_EMPTY, ret);
    /* RFC 8656 §12, table 3: the first byte tells the protocols apart. */
    uint8_t first = datagram.data[0];
    if (first >= 64 && first <= (server->config.rfc5766_channels ? 127 : 79))
        return turn_relay_channel_data(server, now, five_tuple, datagram, arrival, ret);
    if (first <= 3)
        return turn_control(server, now, five_tuple, datagram, arrival, ret);
    return turn_drop(server, TURN_DROP_UNKNOWN_FIRST_BYTE, ret);
}

struct mono_time turn_server_next_deadline(const struct turn_server *server)
{
    const struct deadline *firsts[] = {
        deadline_heap_first(&server->allocations.deadlines),
        deadline_heap_first(&server->channels.deadlines),
        deadline_heap_first(&server->reservations.deadlines),
    };
    struct mono_time next = MONO_TIME_NEVER;
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++)
        if (firsts[i] && mono_time_before(firsts[i]->at, next))
            next = firsts[i]->at;
    return next;
}

/* The earliest element of |heap| if it is due. */
static struct deadline *due(const struct deadline_heap *heap, struct mono_time now)
{
    struct deadline *first = deadline_heap_first(heap);
    return first && mono_time_due(first->at, now) ? first : NULL;
}

static void end_channel(struct turn_server *server, struct turn_channel *channel)
{
    turn_forget_channel(server, channel);
    turn_channel_end(&server->channels, channel);
}

/* Ends one thing that is due; false when nothing is. */
static bool end_one(struct turn_server *server, struct mono_time now)
{
    struct deadline *deadline;
    /* Allocations first: their channels and the channels' deadlines go with them. */
    if ((deadline = due(&server->allocations.deadlines, now)))
        turn_end_allocation(server, turn_allocation_of_deadline(deadline), now, TURN_END_EXPIRED);
    else if ((deadline = due(&server->channels.deadlines, now)))
        end_channel(server, turn_channel_of_deadline(deadline));
    else if ((deadline = due(&server->reservations.deadlines, now)))
        turn_end_reservation(server, turn_reservation_of_deadline(deadline), now);
    else
        return false;
    return true;
}

void turn_server_timeout(struct turn_server *server, struct turn_now now)
{
    turn_command_begin_input(server);
    for (size_t i = 0; i < TIMEOUT_BATCH && end_one(server, now.mono); i++)
        continue;
    turn_ports_wake(&server->ports, now.mono);
    turn_update_gauges(server);
}

void turn_server_set_draining(struct turn_server *server, bool is_draining)
{
    server->is_draining = is_draining;
}

void turn_server_admit(struct turn_server *server)
{
    server->is_admitted = true;
}

bool turn_server_has(const struct turn_server *server, const struct five_tuple *five_tuple)
{
    return turn_allocation_find(&server->allocations, five_tuple) != NULL;
}

size_t turn_server_allocation_count(const struct turn_server *server)
{
    return pool_in_use(&server->allocations.pool);
}
