/* mirror.h — the records that a server has given out, as a registry would hold them. */
#ifndef RELAY_TESTS_MIRROR_H
#define RELAY_TESTS_MIRROR_H

#include "turn_command.h"

#include <stddef.h>

struct mirror {
    struct turn_record *records; /* in no order */
    size_t count;
    size_t capacity;
};

/* mirror_apply carries out a CLAIM, RECORD or FORGET. Without its allocation nothing is recorded;
 * a FORGET of an allocation takes what is beneath along. */
void mirror_apply(struct mirror *mirror, enum turn_command_kind kind,
                  const struct turn_record *record);

/* mirror_find: the record of that kind, of channel |number| if it is one; NULL when there is none.
 * Dies with the next mirror_apply. */
const struct turn_record *mirror_find(const struct mirror *mirror, enum turn_record_kind kind,
                                      const struct five_tuple *five_tuple, uint16_t number);

void mirror_deinit(struct mirror *mirror);

#endif
