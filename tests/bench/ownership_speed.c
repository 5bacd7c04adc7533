/* ownership_speed.c — prints what the operations of an ownership registry cost the shard that asks.
 *
 *     ownership_speed URL [STATE-DIR [ALLOCATIONS]]      such as: ownership_speed local /run/test
 *
 * For each operation: how many a second, and the CPU time of this process for each, flushed one by
 * one and in batches. What is recorded is forgotten at the end. Not run by ctest.
 */
#include "ownership_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { ALLOCATIONS = 10000, BATCH = 64, ALONE_SHARE = 5 };

static struct ownership_client client;

static double seconds(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static double cpu_now(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
}

static double wall_now(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum err claim(unsigned number)
{
    struct turn_record record = client_allocation(&client, number);

    return ownership_claim(client.ownership, client.now, &client.writer, &record, 0, false,
                           client_note, &client);
}

static enum err refresh(unsigned number)
{
    struct turn_record record = client_allocation(&client, number);

    record.allocation.expires.usec += number;
    return ownership_record(client.ownership, client.now, &client.writer, &record, client_note,
                            &client);
}

static enum err bind_channel(unsigned number)
{
    struct turn_record record = client_channel(&client, number, 0x4000);

    return ownership_record(client.ownership, client.now, &client.writer, &record, client_note,
                            &client);
}

static enum err find(unsigned number)
{
    struct turn_record record = client_allocation(&client, number);

    return ownership_find(client.ownership, client.now, &record.five_tuple, client_note, &client);
}

static enum err forget(unsigned number)
{
    struct turn_record record = client_allocation(&client, number);

    return ownership_forget(client.ownership, client.now, &client.writer, &record, client_note,
                            &client);
}

static void measure(const char *name, enum err (*operation)(unsigned number), unsigned count,
                    unsigned batch)
{
    double wall = wall_now(), cpu = cpu_now();
    unsigned answers = client.answers;

    for (unsigned i = 0; i < count; i += batch) {
        unsigned in_batch = count - i < batch ? count - i : batch;

        for (unsigned k = 0; k < in_batch; k++)
            if (operation(i + k) != ERR_OK)
                exit(1);
        answers += in_batch;
        client_wait(&client, answers);
        if (client.answer.outcome != OWNERSHIP_DONE) {
            (void)fprintf(stderr, "%s: outcome %u\n", name, client.answer.outcome);
            exit(1);
        }
    }
    wall = wall_now() - wall;
    cpu = cpu_now() - cpu;
    printf("%-10s %5u %10.0f /s %10.2f us CPU\n", name, batch, count / wall, cpu * 1e6 / count);
}

static void measure_all(unsigned count, unsigned batch)
{
    measure("claim", claim, count, batch);
    measure("channel", bind_channel, count, batch);
    measure("refresh", refresh, count, batch);
    measure("find", find, count, batch);
    measure("forget", forget, count, batch);
}

int main(int argc, char **argv)
{
    unsigned count = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : ALLOCATIONS;

    if (argc < 2 || (strcmp(argv[1], "local") == 0 && argc < 3)) {
        (void)fprintf(stderr, "usage: ownership_speed URL [STATE-DIR [ALLOCATIONS]]\n");
        return 2;
    }
    if (strcmp(argv[1], "local") == 0)
        client_open_local(&client, argv[2], 1, 0, 0);
    else
        client_open(&client, argv[1], 1, 0);
    if (client_take_lease(&client) != OWNERSHIP_DONE)
        return 1;
    printf("operation  batch\n");
    measure_all(count / ALONE_SHARE, 1);
    measure_all(count, BATCH);
    client_close(&client);
    return 0;
}
