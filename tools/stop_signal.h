/* stop_signal.h — SIGINT and SIGTERM as a flag that long loops look at. */
#ifndef RELAY_STOP_SIGNAL_H
#define RELAY_STOP_SIGNAL_H

#include <stdbool.h>

/* stop_signal_catch sets the flag on the first SIGINT or SIGTERM; a second one ends the
 * process at once. Waiting system calls return early. */
void stop_signal_catch(void);

/* stop_signal_came: the flag is set. */
bool stop_signal_came(void);

#endif
