/* blast.c — sends one datagram over and over from a connected socket that it inherits, until
 * SIGTERM, and prints how many it has sent: a flood from a processor that does nothing else.
 *
 *     blast FD TRAIN < DATAGRAM
 *
 * With TRAIN > 1 so many go to the kernel as one message (UDP_SEGMENT).
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, DATAGRAM_MAX = 1472, MESSAGE_MAX = 65000 };

static uint8_t message[MESSAGE_MAX];
static volatile sig_atomic_t is_ended;

static void end(int signal_number)
{
    (void)signal_number;
    is_ended = 1;
}

/* Returns how many messages it has sent, 0 when that does not work. */
static uint64_t send_until_end(int fd, size_t len)
{
    static struct mmsghdr messages[BATCH];
    struct iovec part = {.iov_base = message, .iov_len = len};
    uint64_t total = 0;

    for (size_t i = 0; i < BATCH; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    while (!is_ended) {
        int sent = sendmmsg(fd, messages, BATCH, 0);

        if (sent > 0)
            total += (uint64_t)sent;
        else if (errno != ECONNREFUSED && errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
            return 0;
    }
    return total;
}

int main(int argc, char **argv)
{
    unsigned long train = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    size_t len = fread(message, 1, DATAGRAM_MAX, stdin);

    if (len == 0 || train == 0 || train > MESSAGE_MAX / len) {
        fputs("blast: FD TRAIN, and a datagram on standard input\n", stderr);
        return 2;
    }
    int fd = (int)strtol(argv[1], NULL, 10);
    int segment = (int)len;

    for (size_t i = 1; i < train; i++)
        memcpy(message + i * len, message, len);
    if (train > 1 && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) != 0) {
        perror("blast: UDP_SEGMENT");
        return 1;
    }
    (void)signal(SIGTERM, end);
    uint64_t sent = send_until_end(fd, len * train);

    if (sent == 0) {
        perror("blast: send");
        return 1;
    }
    printf("%" PRIu64 "\n", sent * train);
    return 0;
}
