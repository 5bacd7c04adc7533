/* ownership_local_expiry.c — removes what is over from the embedded registry, a few at a time. */
#include "ownership_local_expiry.h"

#include "ownership_local_allocations.h"

#include <string.h>

/* In a transaction: see CHANGE_PAGES of ownership_local_room.c. */
enum { SWEEP_MAX = 16 };

/* Copies the first entry that is over: an END, and the key that it is of. */
static bool first_due(struct local_table *table, struct mono_time now, struct local_key *ret)
{
    char digits[LOCAL_END_DIGITS + 1];
    struct local_key prefix;
    struct bytes key, value;

    local_end_write(now.usec, digits);
    local_key_make(&prefix, LOCAL_EXPIRY, "", "", "");
    if (!local_table_seek(table, &prefix, NULL, &key, &value) ||
        key.len <= prefix.len + LOCAL_END_DIGITS ||
        memcmp(key.data + prefix.len, digits, LOCAL_END_DIGITS) > 0)
        return false;
    ret->len = key.len;
    memcpy(ret->text, key.data, key.len);
    ret->text[ret->len] = '\0';
    return true;
}

/* What is recorded under |target| may have been given a later end: that has its own entry. */
static bool is_over(struct local_table *table, const struct local_key *target,
                    const struct local_key *entry)
{
    bool is_allocation = strncmp(target->text, LOCAL_ALLOCATION, strlen(LOCAL_ALLOCATION)) == 0;
    struct bytes stored, value;
    struct local_head head;
    struct local_key again;

    if (!local_table_get(table, target, &stored))
        return false;
    if ((is_allocation ? local_head_read_allocation(stored, &head, &value)
                       : local_head_read_lease(stored, &head, &value)) != ERR_OK)
        return true;
    local_key_expiry(&again, head.end, target->text);
    return strcmp(again.text, entry->text) == 0;
}

static void end(struct local_table *table, const struct local_key *entry)
{
    const char *text = entry->text + strlen(LOCAL_EXPIRY) + LOCAL_END_DIGITS + 1;
    struct local_key target;

    local_key_make(&target, text, "", "", "");
    if (is_over(table, &target, entry)) {
        if (strncmp(text, LOCAL_ALLOCATION, strlen(LOCAL_ALLOCATION)) == 0)
            local_allocation_remove(table, text + strlen(LOCAL_ALLOCATION));
        else
            (void)local_table_delete(table, &target);
    }
    (void)local_table_delete(table, entry);
}

void local_expiry_sweep(struct local_table *table, struct mono_time now)
{
    struct local_key entry;

    for (unsigned i = 0; i < SWEEP_MAX && first_due(table, now, &entry); i++)
        end(table, &entry);
}
