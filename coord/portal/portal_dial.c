/* portal_dial.c — which of a host's addresses is dialled when; pure. */
#include "portal/portal_dial.h"

#include <string.h>

static void start_clock(struct portal_dial *dial, struct mono_time now)
{
    bool is_last = dial->at + 1 >= dial->addresses.count;

    dial->due_at =
        is_last ? MONO_TIME_NEVER : mono_time_add_usec(now, PORTAL_DIAL_MSEC * INT64_C(1000));
}

void portal_dial_begin(struct portal_dial *dial, const struct portal_addresses *addresses,
                       struct mono_time now)
{
    size_t good = 0;

    while (good < addresses->count && strcmp(addresses->text[good], dial->good) != 0)
        good++;
    dial->addresses = *addresses;
    if (good < addresses->count) {
        memcpy(dial->addresses.text[0], addresses->text[good], sizeof(addresses->text[0]));
        memcpy(dial->addresses.text[1], addresses->text[0], good * sizeof(addresses->text[0]));
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
}
