/* registry_reader.h — the ownership registry as a tool reads it: one question, one answer, with an
 * end to the waiting. */
#ifndef RELAY_REGISTRY_READER_H
#define RELAY_REGISTRY_READER_H

#include "option_table.h"
#include "ownership.h"

/* As given by options or environment; NULL when not. */
struct registry_options {
    const char *state_dir;
    const char *coordination;
    const char *instance;
};

/* registry_read_url and registry_read_instance are the |read| of the options below. */
const char *registry_read_url(const struct option_spec *spec, const char *value, void *field);
const char *registry_read_instance(const struct option_spec *spec, const char *value, void *field);

/* The options for a table whose fields are |type| with a struct registry_options |member|. The
 * variables are those of relay, so that both read the same environment file. */
#define REGISTRY_OPTIONS(type, member)                                                             \
    {                                                                                              \
        .name = "state-dir",                                                                       \
        .kind = OPTION_TEXT,                                                                       \
        .argument = "DIR",                                                                         \
        .env = {"STATE_DIR"},                                                                      \
        .default_shown = "that of a relay started by this user",                                   \
        .help = "State directory of the relay",                                                    \
        OPTION_FIELD(type, member.state_dir),                                                      \
    },                                                                                             \
        {                                                                                          \
            .name = "coordination",                                                                \
            .kind = OPTION_CUSTOM,                                                                 \
            .argument = "URL",                                                                     \
            .env = {"COORDINATION"},                                                               \
            .default_text = "local",                                                               \
            .help = "Where ownership is recorded, as for relay",                                   \
            .read = registry_read_url,                                                             \
            .is_secret = true,                                                                     \
            OPTION_FIELD(type, member.coordination),                                               \
        },                                                                                         \
    {                                                                                              \
        .name = "instance", .kind = OPTION_CUSTOM, .argument = "NAME", .env = {"INSTANCE"},        \
        .default_shown = "host name", .help = "Whose shards: the relay's name in the registry",    \
        .rule = "an instance name: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen",          \
        .read = registry_read_instance, OPTION_FIELD(type, member.instance),                       \
    }

struct registry_reader;

/*
 * registry_reader_open opens the registry and waits until it answers, some seconds at most.
 * ERR_OK, ERR_UNAVAILABLE (it does not answer), or another error; |problem| is written.
 */
enum err registry_reader_open(const struct registry_options *options, struct registry_reader **ret,
                              struct problem *problem) MUST_CHECK;

/* registry_reader_close: NULL is fine. */
void registry_reader_close(struct registry_reader *reader);

/* registry_reader_host: whose shards are meant. registry_reader_dir: the open state directory. */
const char *registry_reader_host(const struct registry_reader *reader);
const struct state_dir *registry_reader_dir(const struct registry_reader *reader);

/*
 * Each waits for the answer: true, or false when the registry did not answer. As in ownership.h;
 * |found| of find_port is false when nothing is recorded of the port.
 */
bool registry_reader_leases(struct registry_reader *reader, ownership_each_lease *each,
                            void *context);
bool registry_reader_list(struct registry_reader *reader, const struct owner *owner,
                          ownership_each_record *each, void *context);
bool registry_reader_find_port(struct registry_reader *reader, uint16_t port,
                               ownership_each_record *each, void *context, bool *ret_found);

#endif
