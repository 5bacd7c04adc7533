/* process_usage.h — processor time and memory of a process with its descendants. */
#ifndef RELAY_PROCESS_USAGE_H
#define RELAY_PROCESS_USAGE_H

#include "err.h"

#include <stdint.h>
#include <sys/types.h>

struct process_usage {
    uint64_t cpu_nsec;       /* on a processor, user and system, of all living threads */
    uint64_t resident_bytes; /* RSS; shared pages count in each process */
    unsigned processes;
};

/*
 * process_usage_read reads /proc for |pid| and the children that it has, and theirs: a
 * supervisor's work is done by its children. Processor time is that of
 * the scheduler, in nanoseconds.
 *
 *   ERR_OK
 *   ERR_NOT_FOUND  there is no such process, or it may not be looked at
 * A thread or child that ends meanwhile is left out.
 */
enum err process_usage_read(pid_t pid, struct process_usage *ret) MUST_CHECK;

#endif
