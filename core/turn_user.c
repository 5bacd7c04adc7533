/* turn_user.c — the usernames that hold something, each with its number of allocations. */
#include "turn_user.h"

#include <assert.h>
#include <string.h>

enum err turn_user_table_init(struct turn_user_table *table, uint32_t capacity,
                              struct siphash_key hash_key)
{
    *table = (struct turn_user_table){.hash_key = hash_key};
    enum err err = pool_init(&table->pool, sizeof(struct turn_user), capacity);
    return err != ERR_OK ? err : hash_index_init(&table->by_name, capacity);
}

void turn_user_table_deinit(struct turn_user_table *table)
{
    hash_index_deinit(&table->by_name);
    pool_deinit(&table->pool);
}

bool turn_user_is(const struct turn_user *user, struct bytes name)
{
    return bytes_equal((struct bytes){.data = user->name, .len = user->name_len}, name);
}

static struct turn_user *find(const struct turn_user_table *table, struct bytes name, uint64_t hash)
{
    for (struct hash_link *link = hash_index_first(&table->by_name, hash); link;
         link = hash_index_next(link)) {
        struct turn_user *user = (struct turn_user *)(void *)link;
        if (turn_user_is(user, name))
            return user;
    }
    return NULL;
}

struct turn_user *turn_user_find(const struct turn_user_table *table, struct bytes name)
{
    return find(table, name, siphash(&table->hash_key, name.data, name.len));
}

struct turn_user *turn_user_refer(struct turn_user_table *table, struct bytes name)
{
    assert(name.len <= STUN_USERNAME_MAX);
    uint64_t hash = siphash(&table->hash_key, name.data, name.len);
    struct turn_user *user = find(table, name, hash);
    if (!user) {
        user = pool_take(&table->pool);
        if (!user)
            return NULL;
        user->references = 0;
        user->allocations = 0;
        user->name_len = (uint16_t)name.len;
        if (name.len > 0)
            memcpy(user->name, name.data, name.len);
        hash_index_insert(&table->by_name, &user->by_name, hash);
    }
    user->references++;
    return user;
}

void turn_user_drop(struct turn_user_table *table, struct turn_user *user)
{
    assert(user->references > 0);
    if (--user->references > 0)
        return;
    hash_index_remove(&table->by_name, &user->by_name);
    pool_give(&table->pool, user);
}
