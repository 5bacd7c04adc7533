/* shed_filter.c — has the kernel drop a share of the clients' data before it waits in a socket. */
#include "shed_filter.h"

#include "wire.h"

#include <assert.h>
#include <linux/filter.h>
#include <sys/socket.h>

enum {
    INSTRUCTIONS_MAX = 24,
    /* A filter of a UDP socket sees the datagram from its UDP header on. */
    SOURCE_PORT_AT = 0,
    PAYLOAD_AT = 8,
    /* In the header of IP. */
    V4_SOURCE_AT = 12,
    V6_SOURCE_AT = 8,
};

struct program {
    struct sock_filter code[INSTRUCTIONS_MAX];
    unsigned short len;
};

static void add(struct program *program, uint16_t code, uint32_t value)
{
    assert(program->len < INSTRUCTIONS_MAX);
    program->code[program->len++] = (struct sock_filter){.code = code, .k = value};
}

/* Goes on when the test holds; else the datagram passes, which complete() sees to. */
static void require(struct program *program, uint16_t test, uint32_t value)
{
    add(program, (uint16_t)(BPF_JMP | BPF_K | test), value);
}

static void require_source(struct program *program, const struct transport_addr *client)
{
    bool is_v4 = client->family == IP_FAMILY_V4;
    uint32_t at = (uint32_t)SKF_NET_OFF + (is_v4 ? V4_SOURCE_AT : V6_SOURCE_AT);

    for (unsigned i = 0; i < (is_v4 ? 4U : 16U); i += 4) {
        add(program, BPF_LD | BPF_W | BPF_ABS, at + i);
        require(program, BPF_JEQ, wire_load_u32(client->ip + i));
    }
    add(program, BPF_LD | BPF_H | BPF_ABS, SOURCE_PORT_AT);
    require(program, BPF_JEQ, client->port);
}

/* The last two instructions: what comes to their first is dropped. */
static void complete(struct program *program)
{
    add(program, BPF_RET | BPF_K, 0);
    add(program, BPF_RET | BPF_K, UINT32_MAX);
    unsigned last = program->len - 1U;

    for (unsigned i = 0; i < last; i++)
        if (BPF_CLASS(program->code[i].code) == BPF_JMP)
            program->code[i].jf = (uint8_t)(last - (i + 1));
}

bool shed_filter_attach(int fd, enum ip_family family, const struct transport_addr *client,
                        uint32_t pass)
{
    struct program program = {.len = 0};

    add(&program, BPF_LD | BPF_W | BPF_LEN, 0);
    require(&program, BPF_JGT, PAYLOAD_AT);
    add(&program, BPF_LD | BPF_B | BPF_ABS, PAYLOAD_AT);
    require(&program, BPF_JSET, 0xC0);
    assert(client == NULL || client->family == family);
    if (client != NULL)
        require_source(&program, client);
    add(&program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
    require(&program, BPF_JGE, pass);
    complete(&program);
    struct sock_fprog attached = {.len = program.len, .filter = program.code};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) == 0;
}

void shed_filter_detach(int fd)
{
    int unused = 0;

    (void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}
