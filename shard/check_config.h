/* check_config.h — `relay check-config`: the configuration in effect, for a person. */
#ifndef RELAY_CHECK_CONFIG_H
#define RELAY_CHECK_CONFIG_H

#include <stdio.h>

struct relay_options;

/*
 * check_config_print prints a table of all values in effect, with where each came
 * from, then the operator's peer ranges and the ports of each shard. No secret.
 *
 * |options|  checked and loaded, without drawing a secret.
 */
void check_config_print(const struct relay_options *options, FILE *out);

#endif
