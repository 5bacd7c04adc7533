/* log.h — one line for each event, for people or as JSON.
 *
 *     2026-11-24T08:30:00.125Z info  shard 3: relay port taken port=50012 tries=2
 *     {"time":"2026-11-24T08:30:00.125Z","level":"info","shard":3,"message":"relay port taken",
 *      "port":"50012","tries":"2"}                                       (on one line)
 *
 * A line leaves in one write(2), so that lines of several processes do not
 * mix. Nobody waits for a reader who has stopped: lines are lost, and the next
 * one that is written says how many (lines_lost). Values are untrusted (a
 * username comes from the network): control characters, quotes and broken UTF-8
 * are escaped, long values are cut.
 * Never log a packet, a Binding request or a secret.
 */
#ifndef RELAY_LOG_H
#define RELAY_LOG_H

#include "transport_addr.h"

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_HUMAN, LOG_FORMAT_JSON };

enum {
    LOG_SUPERVISOR = -1, /* stands for a shard number, as the next one */
    LOG_PORTAL = -2,     /* the connection to the control plane */
    LOG_VALUE_MAX = 256, /* bytes of a value; what is longer is cut and ends with an ellipsis */
    LOG_LINE_MAX = 4096, /* bytes of a line; fields that do not fit are left out */
};

/*
 * log_init sets where lines go and which. Before it: standard error, info, human, supervisor.
 *
 * |fd|     lines are written here, see log_output.h: 2, a pipe in tests. Not closed.
 * |shard|  number of this shard, LOG_SUPERVISOR or LOG_PORTAL. A forked shard calls log_init again.
 */
void log_init(enum log_level level, enum log_format format, int fd, int shard);

/* log_enabled: events of |level| are written. Ask before making values at a cost. */
bool log_enabled(enum log_level level);

/*
 * log_event writes one line: |message|, then pairs of const char *key, const char *value, then
 * NULL. Keys are identifiers of the source. A NULL value writes "-".
 * errno is kept.
 *
 *     log_event(LOG_LEVEL_WARNING, "relay socket not opened", "port", LOG_U64(port),
 *               "error", strerror(errno), NULL);
 */
void log_event(enum log_level level, const char *message, ...) __attribute__((sentinel));

/* log_number writes |number| in decimal into |text| and returns it. */
enum { LOG_NUMBER_MAX = 21 };
char *log_number(char text[static LOG_NUMBER_MAX], uint64_t number);

/* log_bytes makes text of |len| bytes at |data|, such as a username. Returns |text|. */
enum { LOG_BYTES_MAX = LOG_VALUE_MAX + 2 };
char *log_bytes(char text[static LOG_BYTES_MAX], const void *data, size_t len);

/* Values for log_event that live until the end of the enclosing block. */
#define LOG_U64(number)      log_number((char[LOG_NUMBER_MAX]){0}, (number))
#define LOG_ADDR(addr)       transport_addr_format((addr), (char[TRANSPORT_ADDR_TEXT_MAX]){0})
#define LOG_BYTES(data, len) log_bytes((char[LOG_BYTES_MAX]){0}, (data), (len))

#endif
