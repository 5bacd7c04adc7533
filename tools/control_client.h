/* control_client.h — asks a shard over its control socket, and waits for the answers. */
#ifndef RELAY_CONTROL_CLIENT_H
#define RELAY_CONTROL_CLIENT_H

#include "control_message.h"
#include "err.h"
#include "problem.h"
#include "state_dir.h"

#include <stdint.h>

enum {
    CONTROL_CLIENT_WAIT_MSEC = 3000, /* without any byte for so long, the shard hangs, … */
    CONTROL_CLIENT_HUNG_MSEC = 300,  /* … and for so long, when its counter page says so too */
};

/* Is given each answer before the last one. */
typedef void control_client_each(void *context, const struct control_answer *answer);

/*
 * control_client_ask has shard |shard| of |dir| carry out |request|. Waits
 * as above for each piece of the answer.
 *   ERR_OK           |ret_count| is that of "done"
 *   ERR_NOT_FOUND    no process of that shard listens: it does not run, is starting, or could make
 *                    no socket
 *   ERR_TIMEOUT      it runs and does not answer; the problem says for how long it has not moved
 *   ERR_AUTH         we may not ask it
 *   ERR_UNAVAILABLE  it refused, and says why; or too many others ask
 *   ERR_MALFORMED    what it said is no answer, or it ended in the middle
 *   ERR_IO           the system refused
 * |problem| is written with every error; |each| may have been called before it. |each| may be NULL.
 */
enum err control_client_ask(const struct state_dir *dir, uint32_t shard,
                            const struct control_request *request, control_client_each *each,
                            void *context, uint64_t *ret_count, struct problem *problem) MUST_CHECK;

#endif
