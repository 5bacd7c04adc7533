/* turn_link.h — one TURN client on its own socket, for requests one after another. */
#ifndef RELAY_TURN_LINK_H
#define RELAY_TURN_LINK_H

#include "turn_client.h"

#include <stdbool.h>

struct turn_link {
    int fd; /* connected to the server, non-blocking; -1 when closed */
    struct turn_client client;
    bool refused;   /* ICMP port unreachable came */
    int send_errno; /* why sending failed, 0 = it did not */
};

/* turn_link_open connects a socket to |server|. ERR_OK, or ERR_IO with |send_errno| set. */
enum err turn_link_open(struct turn_link *link, const struct turn_client_config *config,
                        const struct transport_addr *server) MUST_CHECK;

/* turn_link_close closes the socket and wipes the key; the allocation, if any, stays. */
void turn_link_close(struct turn_link *link);

/*
 * turn_link_request runs |request| to its end, for at most |limit_usec|, and throws away any
 * other datagram that comes meanwhile. True when it succeeded. Else the client's result says
 * why, together with |refused| and |send_errno|; a request that the limit or a
 * signal ended counts as NO_ANSWER.
 */
bool turn_link_request(struct turn_link *link, const struct turn_request *request,
                       int64_t limit_usec);

#endif
