/* bench_clients.h — many TURN clients at once: their allocations and channels, made and ended. */
#ifndef RELAY_BENCH_CLIENTS_H
#define RELAY_BENCH_CLIENTS_H

#include "bench_plan.h"
#include "err.h"
#include "histogram.h"
#include "turn_client.h"

struct bench_client {
    int fd; /* connected to the server */
    uint32_t index;
    uint32_t bound; /* channels, from CHANNEL_NUMBER_MIN on */
    bool is_busy;   /* a request is under way */
    bool has_allocation;
    bool has_failed;
    struct mono_time refresh_at; /* when the allocation and its channels are to be prolonged */
    struct transport_addr relayed;
    uint64_t request_began_nsec;
    struct turn_client turn;
};

struct bench_clients {
    const struct bench_plan *plan;
    const struct turn_client_config *config;
    struct bench_client *clients; /* plan->allocations of them */
    int epoll;                    /* level-triggered, of every client's socket: data.u32 = index */
    struct transport_addr *peers; /* plan->channels of them: what channel i is bound to */
    struct histogram allocate_nsec;
    uint64_t setup_nsec;  /* how long setting up took in all */
    uint64_t delete_nsec; /* how long deleting took in all */
    uint32_t made;        /* clients that have all they asked for */
    uint32_t failed;      /* clients of which a request failed */
    uint32_t deleted;     /* allocations that were there to be deleted in the end */
    struct turn_result first_failure;
    uint16_t first_failure_method;
    uint64_t retransmissions;
    bool is_ending; /* nothing new is asked for */
};

/*
 * bench_clients_open makes the sockets. |plan|, |config| and |peers| must outlive the clients.
 *   ERR_OK, ERR_NO_MEMORY, ERR_IO with errno set. bench_clients_close after every result.
 */
enum err bench_clients_open(struct bench_clients *clients, const struct bench_plan *plan,
                            const struct turn_client_config *config,
                            struct transport_addr *peers) MUST_CHECK;
void bench_clients_close(struct bench_clients *clients);

/* bench_clients_set_up makes all allocations with their channels, many at a time. True when each
 * has succeeded; else |failed| and |first_failure| say more. */
bool bench_clients_set_up(struct bench_clients *clients);

/* bench_clients_tear_down deletes the allocations there are, waiting at most two seconds. */
void bench_clients_tear_down(struct bench_clients *clients);

/* bench_clients_prolong sends what is due so that nothing expires; call it every now and then.
 * bench_clients_answer takes a datagram of client |index| that is no ChannelData. */
void bench_clients_prolong(struct bench_clients *clients);
void bench_clients_answer(struct bench_clients *clients, uint32_t index, struct bytes datagram);

/* bench_clients_serve does both, waiting for answers a few milliseconds: for as long as nobody else
 * reads the sockets, call it again and again. Data that comes is lost. */
void bench_clients_serve(struct bench_clients *clients);

#endif
