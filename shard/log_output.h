/* log_output.h — where log lines go, without waiting for who reads them. */
#ifndef RELAY_LOG_OUTPUT_H
#define RELAY_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/* log_output_set sends what follows to |fd|, which stays the caller's and open. Before it: standard
 * error. */
void log_output_set(int fd);

/*
 * log_output_write writes |len| bytes, at most LOG_LINE_MAX, in one piece. False when they are
 * lost: a pipe, socket or terminal whose reader has stopped takes none, and a shard that waited
 * for it would relay nothing. Files are waited for.
 */
bool log_output_write(const char *text, size_t len);

#endif
