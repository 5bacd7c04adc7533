/* read_counters.c — prints the counter page of a shard, for the tests.
 *
 *     read_counters STATE_DIR SHARD
 *
 * One "name value" a line: pid, is_live, seen_mono_usec, then all counters. Exit 1 when there is no
 * page. One that is being set up this moment is waited for.
 */
#include "counter_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TRIES_MAX = 1000, WAIT_NSEC = 1000000 };

static enum err read_page(const struct state_dir *dir, uint32_t shard, struct counter_snapshot *ret)
{
    static const struct timespec wait = {.tv_nsec = WAIT_NSEC};
    struct problem problem;
    enum err err = counter_page_read(dir, shard, ret, &problem);

    for (unsigned i = 0; i < TRIES_MAX && err == ERR_UNAVAILABLE; i++) {
        (void)nanosleep(&wait, NULL);
        err = counter_page_read(dir, shard, ret, &problem);
    }
    return err;
}

int main(int argc, char **argv)
{
    static struct counter_snapshot snapshot;
    struct state_dir dir;
    struct problem problem;
    char *end;

    if (argc != 3)
        return EXIT_FAILURE;
    unsigned long shard = strtoul(argv[2], &end, 10);

    if (*end != '\0' || state_dir_open(argv[1], STATE_DIR_INSPECT, &dir, &problem) != ERR_OK ||
        read_page(&dir, (uint32_t)shard, &snapshot) != ERR_OK)
        return EXIT_FAILURE;
    state_dir_close(&dir);
    printf("pid %" PRId64 "\nis_live %d\nseen_mono_usec %" PRId64 "\n", snapshot.page.pid,
           snapshot.is_live, snapshot.page.seen_mono_usec);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        printf("%s %" PRIu64 "\n", counter_info_of(i)->name, snapshot.page.values[i]);
    return EXIT_SUCCESS;
}
