/* ownership_local_table.c — a transaction's view of the embedded store: keys and values. */
#include "ownership_local_table.h"

#include "ownership_local_guard.h"

/* A call of LMDB, for the guard. */
struct call {
    struct local_table *table;
    MDB_val key;
    MDB_val value;
    MDB_cursor_op op;
};

static MDB_val val_of(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)(uintptr_t)bytes.data};
}

static MDB_val val_of_key(const struct local_key *key)
{
    return val_of((struct bytes){.data = (const uint8_t *)key->text, .len = key->len});
}

static struct bytes bytes_of(const MDB_val *val)
{
    return (struct bytes){.data = val->mv_data, .len = val->mv_size};
}

/* Has the ends of what was found read here, under the guard: callers read it without. */
static void touch(const MDB_val *val)
{
    const volatile uint8_t *data = val->mv_data;

    if (val->mv_size > 0) {
        (void)data[0];
        (void)data[val->mv_size - 1];
    }
}

static int call_get(void *context)
{
    struct call *call = context;
    int rc = mdb_get(call->table->txn, call->table->dbi, &call->key, &call->value);

    if (rc == 0)
        touch(&call->value);
    return rc;
}

static int call_put(void *context)
{
    struct call *call = context;

    return mdb_put(call->table->txn, call->table->dbi, &call->key, &call->value, 0);
}

static int call_delete(void *context)
{
    struct call *call = context;

    return mdb_del(call->table->txn, call->table->dbi, &call->key, NULL);
}

static int call_cursor_get(void *context)
{
    struct call *call = context;
    struct local_table *table = call->table;
    int rc = 0;

    if (table->cursor == NULL)
        rc = mdb_cursor_open(table->txn, table->dbi, &table->cursor);
    if (rc == 0)
        rc = mdb_cursor_get(table->cursor, &call->key, &call->value, call->op);
    if (rc == 0) {
        touch(&call->key);
        touch(&call->value);
    }
    return rc;
}

static int call_cursor_delete(void *context)
{
    struct call *call = context;

    return mdb_cursor_del(call->table->cursor, 0);
}

/* Notes what went wrong; to find nothing is no error. */
static bool carry_out(struct call *call, int (*run)(void *context))
{
    int rc;

    if (call->table->error != 0)
        return false;
    rc = local_guard_run(run, call);
    if (rc != 0 && rc != MDB_NOTFOUND)
        call->table->error = rc;
    return rc == 0;
}

bool local_table_get(struct local_table *table, const struct local_key *key, struct bytes *ret)
{
    struct call call = {.table = table, .key = val_of_key(key)};

    if (!carry_out(&call, call_get))
        return false;
    *ret = bytes_of(&call.value);
    return true;
}

void local_table_put(struct local_table *table, const struct local_key *key, struct bytes value)
{
    struct call call = {.table = table, .key = val_of_key(key), .value = val_of(value)};

    (void)carry_out(&call, call_put);
}

bool local_table_delete(struct local_table *table, const struct local_key *key)
{
    struct call call = {.table = table, .key = val_of_key(key)};

    return carry_out(&call, call_delete);
}

static bool give(struct call *call, const struct local_key *prefix, struct bytes *ret_key,
                 struct bytes *ret_value)
{
    if (!carry_out(call, call_cursor_get) || call->key.mv_size < prefix->len ||
        memcmp(call->key.mv_data, prefix->text, prefix->len) != 0)
        return false;
    *ret_key = bytes_of(&call->key);
    *ret_value = bytes_of(&call->value);
    return true;
}

bool local_table_seek(struct local_table *table, const struct local_key *prefix,
                      const struct local_key *from, struct bytes *ret_key, struct bytes *ret_value)
{
    struct call call = {
        .table = table, .key = val_of_key(from != NULL ? from : prefix), .op = MDB_SET_RANGE};

    return give(&call, prefix, ret_key, ret_value);
}

bool local_table_next(struct local_table *table, const struct local_key *prefix,
                      struct bytes *ret_key, struct bytes *ret_value)
{
    struct call call = {.table = table, .op = MDB_NEXT};

    return give(&call, prefix, ret_key, ret_value);
}

void local_table_delete_all(struct local_table *table, const struct local_key *prefix)
{
    struct call call = {.table = table};
    struct bytes key, value;

    while (local_table_seek(table, prefix, NULL, &key, &value))
        if (!carry_out(&call, call_cursor_delete))
            return;
}
