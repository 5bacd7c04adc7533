/* portal_dial.c — which of a host's addresses is dialled when; pure. */
#include "portal/portal_dial.h"

#include <string.h>

static void start_clock(struct portal_dial *dial, struct mono_time now)
{
    bool is_last = dial->at + 1 >= dial->addresses.count;

    dial->due_at =
        is_last ? MONO_TIME_NEVER : mono_time_add_usec(now, PORTAL_DIAL_MSEC * INT64_C(1000));
}

/* 0 is dialled first. */
static unsigned rank_of(const struct portal_dial *dial, const char *address)
{
    return strcmp(address, dial->good) == 0 ? 0 : strcmp(address, dial->bad) == 0 ? 2 : 1;
}

void portal_dial_begin(struct portal_dial *dial, const struct portal_addresses *addresses,
                       struct mono_time now)
{
    struct portal_addresses *order = &dial->addresses;

    order->count = 0;
    for (unsigned rank = 0; rank <= 2; rank++) {
        for (size_t i = 0; i < addresses->count; i++) {
            if (rank_of(dial, addresses->text[i]) == rank)
                memcpy(order->text[order->count++], addresses->text[i], sizeof(order->text[0]));
        }
    }
    dial->at = 0;
    start_clock(dial, now);
}

bool portal_dial_next(struct portal_dial *dial, struct mono_time now)
{
    if (dial->at + 1 >= dial->addresses.count)
        return false;
    dial->at++;
    start_clock(dial, now);
    return true;
}

void portal_dial_worked(struct portal_dial *dial)
{
    dial->due_at = MONO_TIME_NEVER;
    memcpy(dial->good, dial->addresses.text[dial->at], sizeof(dial->good));
    dial->bad[0] = '\0';
}

void portal_dial_failed(struct portal_dial *dial)
{
    memcpy(dial->bad, dial->addresses.text[dial->at], sizeof(dial->bad));
    dial->good[0] = '\0';
}
