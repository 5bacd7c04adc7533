/* options_values.h — reads the values of relay's options that are more than text or a number.
 *
 * Each is the |read| of a struct option_spec (option_table.h): NULL, or what the value is not.
 */
#ifndef RELAY_OPTIONS_VALUES_H
#define RELAY_OPTIONS_VALUES_H

#include "option_table.h"

const char *option_read_public_v4(const struct option_spec *spec, const char *value, void *field);
const char *option_read_public_v6(const struct option_spec *spec, const char *value, void *field);
const char *option_read_scheme(const struct option_spec *spec, const char *value, void *field);
const char *option_read_realm(const struct option_spec *spec, const char *value, void *field);
const char *option_read_allowed(const struct option_spec *spec, const char *value, void *field);
const char *option_read_denied(const struct option_spec *spec, const char *value, void *field);
const char *option_read_coordination(const struct option_spec *spec, const char *value,
                                     void *field);
const char *option_read_instance(const struct option_spec *spec, const char *value, void *field);
const char *option_read_http_addr(const struct option_spec *spec, const char *value, void *field);
const char *option_read_portal_url(const struct option_spec *spec, const char *value, void *field);
const char *option_read_portal_name(const struct option_spec *spec, const char *value, void *field);

#endif
