/* standard_streams.h — the descriptors 0 to 2 are there, whatever our parent left open. */
#ifndef RELAY_STANDARD_STREAMS_H
#define RELAY_STANDARD_STREAMS_H

#include <stdbool.h>

/*
 * standard_streams_hold opens /dev/null in the place of each standard stream that is closed.
 * Otherwise the next file or socket would get its number, and what is logged would be written
 * there: into the counters, or to clients. To be called before anything is opened. False with
 * errno.
 */
bool standard_streams_hold(void);

#endif
