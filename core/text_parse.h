/* text_parse.h — strict reading of numbers and durations from text.
 *
 * The whole text must be the value: no blanks, no sign, no leading zeros, no
 * trailing characters; so a number has one form only. |ret| is untouched on
 * failure.
 */
#ifndef RELAY_TEXT_PARSE_H
#define RELAY_TEXT_PARSE_H

#include "err.h"

#include <stddef.h>
#include <stdint.h>

/* text_parse_u64 reads the |len| characters at |text| (no terminating zero needed) as a
 * decimal number, |min| <= value <= |max|. ERR_OK, ERR_MALFORMED (not a number), or
 * ERR_RANGE (a number outside the bounds, however long). */
enum err text_parse_u64(const char *text, size_t len, uint64_t min, uint64_t max,
                        uint64_t *ret) MUST_CHECK;

/* text_parse_duration reads seconds as "90", "90s", "15m", "1h", "2d". Zero is a value.
 * ERR_OK, ERR_MALFORMED, or ERR_RANGE past |max| seconds. */
enum err text_parse_duration(const char *text, uint64_t max, uint64_t *ret_sec) MUST_CHECK;

/* text_parse_hex reads exactly 2 * |len| hex digits of either case into |ret|.
 * ERR_OK or ERR_MALFORMED. */
enum err text_parse_hex(const char *text, size_t text_len, uint8_t *ret, size_t len) MUST_CHECK;

#endif
