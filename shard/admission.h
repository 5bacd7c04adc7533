/* admission.h — has the control plane admitted this relay? Until then a shard serves nobody new. */
#ifndef RELAY_ADMISSION_H
#define RELAY_ADMISSION_H

#include "err.h"
#include "options.h"
#include "state_dir.h"
#include "turn_server.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

/* Between two looks, while an admission is awaited. Clients learn of a relay a second after it has
 * joined. */
enum { ADMISSION_LOOK_MSEC = 200 };

struct admission {
    const struct state_dir *dir;
    const char *relay_id;
    struct turn_server *server;
    uint64_t *values; /* COUNTER_PAGE_VALUES of them: SHARD_COUNT_ADMITTED */
    struct event look;
};

/*
 * admission_watch has |server| admitted as soon as portal/portal_status.h says that an init has
 * come, now or later. What comes after that, such as a lost connection, changes nothing.
 * |options|, |dir|, |server| and |values| must outlive it. ERR_OK, or ERR_IO: the event loop takes
 * no events.
 */
enum err admission_watch(const struct relay_options *options, const struct state_dir *dir,
                         struct event_base *base, struct turn_server *server, uint64_t *values,
                         struct admission *ret) MUST_CHECK;

/* admission_unwatch: also when it is not watched, or never was, as long as it is zeroed. */
void admission_unwatch(struct admission *admission);

#endif
