/* registry_reader.h — the ownership registry as a tool reads it: one question, one answer, with an
 * end to the waiting. */
#ifndef RELAY_REGISTRY_READER_H
#define RELAY_REGISTRY_READER_H

#include "ownership.h"
#include "relay_place.h"

#include <stdbool.h>

struct registry_reader;

/*
 * registry_reader_open opens the registry and waits until it answers, some seconds at most. When
 * |is_said_away|, since no shard gets an answer, its first failure is believed.
 * |place| must outlive the reader: its shards are those meant.
 * ERR_OK, ERR_UNAVAILABLE (it does not answer), or another error; |problem| is written.
 */
enum err registry_reader_open(const struct relay_place *place, bool is_said_away,
                              struct registry_reader **ret, struct problem *problem) MUST_CHECK;

/* registry_reader_close: NULL is fine. */
void registry_reader_close(struct registry_reader *reader);

/* Each waits for the answer: true, or false when the registry did not answer. As in ownership.h. */
bool registry_reader_leases(struct registry_reader *reader, ownership_each_lease *each,
                            void *context);
bool registry_reader_list(struct registry_reader *reader, const struct owner *owner,
                          ownership_each_record *each, void *context);
bool registry_reader_find_port(struct registry_reader *reader, uint16_t port,
                               ownership_each_record *each, void *context);

#endif
