/* spoof_flood.c — sends ChannelData from made-up sources to a relay on loopback, at a given rate.
 *
 *     spoof_flood COUNT RATE
 *
 * Each datagram is one of a five-tuple that nobody has: random address in 127/8, random port.
 * Prints how many were sent in how many milliseconds. Needs CAP_NET_RAW. The seed is
 * fixed, so every run sends the same.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 64, PORT = 3478, DATA_LEN = 8, LISTED_MAX = 100000000 };

struct packet {
    struct iphdr ip;
    struct udphdr udp;
    uint8_t data[DATA_LEN];
};

static struct packet packets[BATCH];
static struct iovec parts[BATCH];
static struct mmsghdr messages[BATCH];
static uint64_t state = 0x9e3779b97f4a7c15;

static uint32_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 32);
}

static uint64_t now_nsec(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ChannelData with four bytes of payload. The checksums are the kernel's: of the IP header it makes
 * it, and UDP over IPv4 does without. */
static void prepare(struct sockaddr_in *to)
{
    static const uint8_t data[DATA_LEN] = {0x40, 0, 0, 4, 'a', 'b', 'c', 'd'};

    *to = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < BATCH; i++) {
        struct packet *packet = &packets[i];

        packet->ip.version = 4;
        packet->ip.ihl = 5;
        packet->ip.ttl = 64;
        packet->ip.protocol = IPPROTO_UDP;
        packet->ip.tot_len = htons(sizeof(*packet));
        packet->ip.daddr = htonl(INADDR_LOOPBACK);
        packet->udp.dest = htons(PORT);
        packet->udp.len = htons(sizeof(packet->udp) + DATA_LEN);
        memcpy(packet->data, data, sizeof(data));
        parts[i] = (struct iovec){.iov_base = packet, .iov_len = sizeof(*packet)};
        messages[i].msg_hdr = (struct msghdr){
            .msg_name = to, .msg_namelen = sizeof(*to), .msg_iov = &parts[i], .msg_iovlen = 1};
    }
}

static unsigned send_batch(int fd, unsigned count)
{
    unsigned done = 0;

    for (unsigned i = 0; i < count; i++) {
        packets[i].ip.saddr = htonl(0x7f000000U | (draw() & 0xffffffU) | 2U);
        packets[i].udp.source = htons((uint16_t)(1024 + draw() % 60000));
    }
    while (done < count) {
        int sent = sendmmsg(fd, messages + done, count - done, 0);

        if (sent <= 0 && errno != EINTR && errno != ENOBUFS) {
            perror("spoof_flood: sendmmsg");
            exit(1);
        }
        done += sent > 0 ? (unsigned)sent : 0;
    }
    return done;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || value < 1 || value > LISTED_MAX) {
        fprintf(stderr, "spoof_flood: '%s' is not a number from 1 to %d\n", text, LISTED_MAX);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: spoof_flood COUNT RATE\n", stderr);
        return 2;
    }
    unsigned long count = number(argv[1]);
    unsigned long rate = number(argv[2]);
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    struct sockaddr_in to;
    unsigned long sent = 0;

    if (fd < 0) {
        perror("spoof_flood: raw socket");
        return 1;
    }
    prepare(&to);
    uint64_t began = now_nsec();

    while (sent < count) {
        uint64_t due = (now_nsec() - began) * rate / 1000000000;
        unsigned long left = count - sent;

        if (due <= sent) {
            struct timespec pause = {.tv_nsec = 100000};

            (void)nanosleep(&pause, NULL);
            continue;
        }
        left = left < due - sent ? left : due - sent;
        sent += send_batch(fd, (unsigned)(left < BATCH ? left : BATCH));
    }
    printf("%lu %lu\n", sent, (unsigned long)((now_nsec() - began) / 1000000));
    return 0;
}
