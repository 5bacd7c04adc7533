/* version.h — the version of the relay and its tools. */
#ifndef RELAY_VERSION_H
#define RELAY_VERSION_H

/* relay_version returns the version of the project in CMakeLists.txt, such as "0.1.0". Static. */
const char *relay_version(void);

#endif
