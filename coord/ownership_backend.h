/* ownership_backend.h — what a backend of the ownership registry implements.
 *
 * A backend begins its own structure with a struct ownership. What each operation has to do is
 * said in ownership.h; the functions here are given valid arguments only.
 */
#ifndef RELAY_OWNERSHIP_BACKEND_H
#define RELAY_OWNERSHIP_BACKEND_H

#include "ownership.h"

struct ownership_backend {
    void (*close)(struct ownership *ownership); /* frees it */
    void (*flush)(struct ownership *ownership);
    bool (*is_available)(const struct ownership *ownership);
    enum err (*take_lease)(struct ownership *ownership, struct turn_now now,
                           const struct shard_lease *lease, ownership_done *done, void *context);
    enum err (*renew_lease)(struct ownership *ownership, struct turn_now now,
                            const struct shard_lease *lease, ownership_done *done, void *context);
    enum err (*end_lease)(struct ownership *ownership, struct turn_now now,
                          const struct shard_lease *lease, ownership_done *done, void *context);
    enum err (*claim)(struct ownership *ownership, struct turn_now now,
                      const struct ownership_writer *writer, const struct turn_record *record,
                      uint32_t quota, bool keep, ownership_done *done, void *context);
    enum err (*record)(struct ownership *ownership, struct turn_now now,
                       const struct ownership_writer *writer, const struct turn_record *record,
                       ownership_done *done, void *context);
    enum err (*forget)(struct ownership *ownership, struct turn_now now,
                       const struct ownership_writer *writer, const struct turn_record *record,
                       ownership_done *done, void *context);
    enum err (*find)(struct ownership *ownership, struct turn_now now,
                     const struct five_tuple *five_tuple, ownership_done *done, void *context);
    enum err (*find_records)(struct ownership *ownership, struct turn_now now,
                             const struct five_tuple *five_tuple, ownership_each_record *each,
                             ownership_done *done, void *context);
    enum err (*find_port)(struct ownership *ownership, struct turn_now now, const char *host,
                          uint16_t port, ownership_each_record *each, ownership_done *done,
                          void *context);
    enum err (*list)(struct ownership *ownership, struct turn_now now, const struct owner *owner,
                     ownership_each_record *each, ownership_done *done, void *context);
    enum err (*leases)(struct ownership *ownership, struct turn_now now, const char *host,
                       ownership_each_lease *each, ownership_done *done, void *context);
};

struct ownership {
    const struct ownership_backend *backend;
};

#endif
