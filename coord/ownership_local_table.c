/* ownership_local_table.c — a transaction's view of the embedded store: keys and values. */
#include "ownership_local_table.h"

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

/* Notes what went wrong; to find nothing is no error. */
static bool succeeded(struct local_table *table, int rc)
{
    if (rc != 0 && rc != MDB_NOTFOUND)
        table->error = rc;
    return rc == 0;
}

bool local_table_get(struct local_table *table, const struct local_key *key, struct bytes *ret)
{
    MDB_val key_val = val_of_key(key), val;

    if (table->error != 0 || !succeeded(table, mdb_get(table->txn, table->dbi, &key_val, &val)))
        return false;
    *ret = bytes_of(&val);
    return true;
}

void local_table_put(struct local_table *table, const struct local_key *key, struct bytes value)
{
    MDB_val key_val = val_of_key(key), val = val_of(value);

    if (table->error == 0)
        (void)succeeded(table, mdb_put(table->txn, table->dbi, &key_val, &val, 0));
}

bool local_table_delete(struct local_table *table, const struct local_key *key)
{
    MDB_val key_val = val_of_key(key);

    return table->error == 0 && succeeded(table, mdb_del(table->txn, table->dbi, &key_val, NULL));
}

static bool give(struct local_table *table, const struct local_key *prefix, MDB_val *key,
                 MDB_cursor_op op, struct bytes *ret_key, struct bytes *ret_value)
{
    MDB_val val;

    if (!succeeded(table, mdb_cursor_get(table->cursor, key, &val, op)) ||
        key->mv_size < prefix->len || memcmp(key->mv_data, prefix->text, prefix->len) != 0)
        return false;
    *ret_key = bytes_of(key);
    *ret_value = bytes_of(&val);
    return true;
}

bool local_table_seek(struct local_table *table, const struct local_key *prefix,
                      const struct local_key *from, struct bytes *ret_key, struct bytes *ret_value)
{
    MDB_val key = val_of_key(from != NULL ? from : prefix);

    if (table->error != 0 ||
        (table->cursor == NULL &&
         !succeeded(table, mdb_cursor_open(table->txn, table->dbi, &table->cursor))))
        return false;
    return give(table, prefix, &key, MDB_SET_RANGE, ret_key, ret_value);
}

bool local_table_next(struct local_table *table, const struct local_key *prefix,
                      struct bytes *ret_key, struct bytes *ret_value)
{
    MDB_val key;

    return table->error == 0 && give(table, prefix, &key, MDB_NEXT, ret_key, ret_value);
}

void local_table_delete_all(struct local_table *table, const struct local_key *prefix)
{
    struct bytes key, value;

    while (local_table_seek(table, prefix, NULL, &key, &value))
        if (!succeeded(table, mdb_cursor_del(table->cursor, 0)))
            return;
}
