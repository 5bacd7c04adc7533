/* no_gro.c — a preloaded library under which sockets refuse to receive trains (UDP_GRO).
 *
 *     LD_PRELOAD=libno_gro.so build/shard/relay …
 *
 * Then the same relay gets every datagram by itself, as on a kernel without UDP_GRO:
 * what a mix of trains and single datagrams costs is held against that.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

typedef int set_option(int fd, int level, int name, const void *value, socklen_t len);

/* The names of glibc's own declaration are reserved. */
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name)
__attribute__((visibility("default"))) int setsockopt(int fd, int level, int name,
                                                      const void *value, socklen_t len)
{
    static set_option *next;
    if (level == IPPROTO_UDP && name == UDP_GRO) {
        errno = ENOPROTOOPT;
        return -1;
    }
    if (!next) {
        void *symbol = dlsym(RTLD_NEXT, "setsockopt");
        memcpy(&next, &symbol, sizeof next);
    }
    return next(fd, level, name, value, len);
}
