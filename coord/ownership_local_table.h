/* ownership_local_table.h — a transaction's view of the embedded store: keys and values.
 *
 * Errors stick: after the first one everything reads as absent and nothing is written, so
 * that a caller looks at |error| once, at its end.
 */
#ifndef RELAY_OWNERSHIP_LOCAL_TABLE_H
#define RELAY_OWNERSHIP_LOCAL_TABLE_H

#include "ownership_local_keys.h"

#include <stdbool.h>

#include <lmdb.h>

struct local_table {
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_cursor *cursor; /* NULL until a scan needs it */
    bool is_write;
    bool has_room;      /* for more than there is; both are told at the beginning, and false */
    bool has_much_room; /* for reading */
    int error;          /* of LMDB or the system; 0 */
};

/* local_table_get views the value of |key| until the next change of the table. */
bool local_table_get(struct local_table *table, const struct local_key *key, struct bytes *ret);

/* local_table_put writes; the views are copied. local_table_delete tells whether it was there. */
void local_table_put(struct local_table *table, const struct local_key *key, struct bytes value);
bool local_table_delete(struct local_table *table, const struct local_key *key);

/*
 * local_table_seek gives the first entry whose key begins with |prefix| and is not before |from|
 * (NULL: any such); local_table_next the one after the last given. Nothing may be changed
 * between. The views live until the next change. False when there is none.
 */
bool local_table_seek(struct local_table *table, const struct local_key *prefix,
                      const struct local_key *from, struct bytes *ret_key, struct bytes *ret_value);
bool local_table_next(struct local_table *table, const struct local_key *prefix,
                      struct bytes *ret_key, struct bytes *ret_value);

/* local_table_delete_all removes everything whose key begins with |prefix|. */
void local_table_delete_all(struct local_table *table, const struct local_key *prefix);

#endif
