/* notify.h — tells a service manager how we are, by the sd_notify(3) protocol.
 *
 * One datagram of lines such as READY=1 to the AF_UNIX socket that NOTIFY_SOCKET names, a path
 * or, beginning with @, an abstract name. That is all there is to it, and so it is done here:
 * libsystemd would bring its own libraries, compressors among them, into a process that
 * strangers send datagrams to.
 */
#ifndef RELAY_NOTIFY_H
#define RELAY_NOTIFY_H

#include "err.h"
#include "problem.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Who wants to know, and how often. */
struct notify {
    int fd; /* -1: nobody; close-on-exec */
    union {
        struct sockaddr any;
        struct sockaddr_un path;
    } to;
    socklen_t to_len;
    int64_t watchdog_usec; /* WATCHDOG=1 is due before this is over; 0: never */
};

#define NOTIFY_NOBODY ((struct notify){.fd = -1})

enum { NOTIFY_TEXT_MAX = 256 }; /* bytes of one datagram, with its zero */

/*
 * notify_take takes over what a service manager has said in NOTIFY_SOCKET, WATCHDOG_USEC and
 * WATCHDOG_PID. The variables are unset in any case, so that nothing started later speaks for us.
 * Without them |ret| is NOTIFY_NOBODY.
 *   ERR_OK, or ERR_MALFORMED (no address, no number), ERR_RANGE (an address that is too long),
 *   ERR_IO, with |problem| written and |ret| NOTIFY_NOBODY.
 */
enum err notify_take(struct notify *ret, struct problem *problem) MUST_CHECK;

/* notify_close closes it. NOTIFY_NOBODY is fine. */
void notify_close(struct notify *notify);

/*
 * notify_send sends |lines|, parted by newlines; cut to NOTIFY_TEXT_MAX. Never waits.
 * False when it could not be sent now, such as when the service manager is behind; true when
 * it was, or when nobody wants to know. errno is kept.
 */
bool notify_send(const struct notify *notify, const char *lines, ...)
    __attribute__((format(printf, 2, 3)));

#endif
