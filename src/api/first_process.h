/* SPDX-License-Identifier: Apache-2.0 */
/* first_process.h - what is expected of process 1, where a container makes the service that. */
#ifndef FIRST_PROCESS_H
#define FIRST_PROCESS_H

/*
 * As process 1: fork, stay behind and be what process 1 has to be - reap whoever lost its parents,
 * pass signals on, end as the service ends - and return in the child, which is the service and has
 * no children but its own. As any other: nothing.
 */
void first_process_stay_behind(void);

#endif
