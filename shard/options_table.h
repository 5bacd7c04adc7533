/* options_table.h — the table of relay's options, for shard/options.c. */
#ifndef RELAY_OPTIONS_TABLE_H
#define RELAY_OPTIONS_TABLE_H

#include "option_table.h"

/* Fills struct relay_options (options.h). */
extern const struct option_table relay_options_table;

#endif
