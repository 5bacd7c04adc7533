/* mirror.c — the records that a server has given out, as a registry would hold them. */
#include "mirror.h"

#include <stdlib.h>

static uint16_t number_of(const struct turn_record *record)
{
    return record->kind == TURN_RECORD_CHANNEL ? record->channel.number : 0;
}

const struct turn_record *mirror_find(const struct mirror *mirror, enum turn_record_kind kind,
                                      const struct five_tuple *five_tuple, uint16_t number)
{
    for (size_t i = 0; i < mirror->count; i++) {
        const struct turn_record *record = &mirror->records[i];
        if (record->kind == kind && five_tuple_equal(&record->five_tuple, five_tuple) &&
            number_of(record) == number)
            return record;
    }
    return NULL;
}

static void forget(struct mirror *mirror, const struct turn_record *named)
{
    for (size_t i = mirror->count; i-- > 0;) {
        const struct turn_record *record = &mirror->records[i];
        if (five_tuple_equal(&record->five_tuple, &named->five_tuple) &&
            (named->kind == TURN_RECORD_ALLOCATION ||
             (record->kind == named->kind && number_of(record) == number_of(named))))
            mirror->records[i] = mirror->records[--mirror->count];
    }
}

void mirror_apply(struct mirror *mirror, enum turn_command_kind kind,
                  const struct turn_record *record)
{
    if (kind == TURN_COMMAND_FORGET) {
        forget(mirror, record);
        return;
    }
    if (kind == TURN_COMMAND_RECORD &&
        !mirror_find(mirror, TURN_RECORD_ALLOCATION, &record->five_tuple, 0))
        return;
    const struct turn_record *found =
        mirror_find(mirror, record->kind, &record->five_tuple, number_of(record));
    if (found) {
        mirror->records[found - mirror->records] = *record;
        return;
    }
    if (mirror->count == mirror->capacity) {
        mirror->capacity = mirror->capacity ? 2 * mirror->capacity : 16;
        mirror->records = realloc(mirror->records, mirror->capacity * sizeof(*mirror->records));
        if (!mirror->records)
            abort();
    }
    mirror->records[mirror->count++] = *record;
}

void mirror_deinit(struct mirror *mirror)
{
    free(mirror->records);
    *mirror = (struct mirror){0};
}
