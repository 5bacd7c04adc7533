/* record_fields.h — text of the form "v=1 name=value …", as the values of the registry are.
 *
 * A value holds no blank: whatever text it stands for is escaped, each byte but
 * [A-Za-z0-9._~:@/+-] as %XX.
 */
#ifndef RELAY_RECORD_FIELDS_H
#define RELAY_RECORD_FIELDS_H

#include "bytes.h"
#include "err.h"

#include <stdint.h>

/* Text being written into |text|, always terminated. What does not fit is cut: callers have
 * buffers for the longest. */
struct fields_writer {
    char *text;
    size_t size;
    size_t len;
};

void fields_begin(struct fields_writer *writer, char *text, size_t size); /* with "v=1" */
void fields_add_text(struct fields_writer *writer, const char *name, const char *value);
void fields_add_number(struct fields_writer *writer, const char *name, uint64_t value);
void fields_add_signed(struct fields_writer *writer, const char *name, int64_t value);
void fields_add_hex(struct fields_writer *writer, const char *name, struct bytes value);
void fields_add_escaped(struct fields_writer *writer, const char *name, struct bytes value);

/* fields_escape writes |value| escaped, zero-terminated, into |text| of 3 * |value.len| + 1 bytes,
 * and returns its length. */
size_t fields_escape(struct bytes value, char *text);

/*
 * Reading. fields_check looks at the version: ERR_OK, ERR_RANGE (an unknown one), or ERR_MALFORMED.
 * Each getter gives the first value of the name: ERR_OK, ERR_NOT_FOUND, or ERR_MALFORMED (it is no
 * such value, or out of bounds). |ret| is untouched on failure, but that of fields_get_escaped may
 * have been written to.
 */
enum err fields_check(struct bytes text) MUST_CHECK;
enum err fields_get(struct bytes text, const char *name, struct bytes *ret) MUST_CHECK;
enum err fields_get_number(struct bytes text, const char *name, uint64_t max,
                           uint64_t *ret) MUST_CHECK;
enum err fields_get_signed(struct bytes text, const char *name, int64_t *ret) MUST_CHECK;
enum err fields_get_hex(struct bytes text, const char *name, uint8_t *ret, size_t len) MUST_CHECK;
enum err fields_get_escaped(struct bytes text, const char *name, uint8_t *ret, size_t max,
                            size_t *ret_len) MUST_CHECK;

#endif
