/* turn_reservation.c — ports held for a RESERVATION-TOKEN. */
#include "turn_reservation.h"

#include "wire.h"

#include <stddef.h>
#include <string.h>

enum { RANDOM_LEN = 4 };

enum err turn_reservation_table_init(struct turn_reservation_table *table, uint32_t capacity)
{
    *table = (struct turn_reservation_table){0};
    enum err err = pool_init(&table->pool, sizeof(struct turn_reservation), capacity);
    if (err == ERR_OK)
        err = hash_index_init(&table->by_port, capacity);
    if (err == ERR_OK)
        err = deadline_heap_init(&table->deadlines, capacity);
    return err;
}

void turn_reservation_table_deinit(struct turn_reservation_table *table)
{
    deadline_heap_deinit(&table->deadlines);
    hash_index_deinit(&table->by_port);
    pool_deinit(&table->pool);
}

static uint32_t mask_of(const struct siphash_key *key, const uint8_t *random)
{
    return (uint32_t)siphash(key, random, RANDOM_LEN);
}

void turn_reservation_seal(const struct siphash_key *key, const uint8_t random[static 4],
                           uint16_t shard, uint16_t port,
                           uint8_t ret_token[static TURN_RESERVATION_TOKEN_LEN])
{
    memcpy(ret_token, random, RANDOM_LEN);
    wire_store_u32(ret_token + RANDOM_LEN, ((uint32_t)shard << 16 | port) ^ mask_of(key, random));
}

void turn_reservation_unseal(const struct siphash_key *key,
                             const uint8_t token[static TURN_RESERVATION_TOKEN_LEN],
                             uint16_t *ret_shard, uint16_t *ret_port)
{
    uint32_t clear = wire_load_u32(token + RANDOM_LEN) ^ mask_of(key, token);
    *ret_shard = (uint16_t)(clear >> 16);
    *ret_port = (uint16_t)clear;
}

/* Ports are the server's choice, so their spread needs no key. */
static uint64_t hash_port(uint16_t port)
{
    return port * UINT64_C(0x9E3779B97F4A7C15);
}

struct turn_reservation *turn_reservation_new(
    struct turn_reservation_table *table, uint16_t port, uint8_t families, struct turn_user *user,
    const uint8_t token[static TURN_RESERVATION_TOKEN_LEN], struct mono_time until)
{
    struct turn_reservation *reservation = pool_take(&table->pool);
    if (!reservation)
        return NULL;
    *reservation = (struct turn_reservation){.user = user, .port = port, .families = families};
    memcpy(reservation->token, token, TURN_RESERVATION_TOKEN_LEN);
    hash_index_insert(&table->by_port, &reservation->by_port, hash_port(port));
    deadline_heap_set(&table->deadlines, &reservation->expiry, until);
    return reservation;
}

struct turn_reservation *turn_reservation_find(const struct turn_reservation_table *table,
                                               uint16_t port)
{
    /* The hash is a bijection of the port: equal hashes are equal ports. */
    return (struct turn_reservation *)(void *)hash_index_first(&table->by_port, hash_port(port));
}

void turn_reservation_end(struct turn_reservation_table *table,
                          struct turn_reservation *reservation)
{
    hash_index_remove(&table->by_port, &reservation->by_port);
    deadline_heap_cancel(&table->deadlines, &reservation->expiry);
    pool_give(&table->pool, reservation);
}

struct turn_reservation *turn_reservation_of_deadline(struct deadline *deadline)
{
    return (struct turn_reservation *)(void *)((char *)deadline -
                                               offsetof(struct turn_reservation, expiry));
}
