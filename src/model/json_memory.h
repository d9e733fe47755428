/* SPDX-License-Identifier: Apache-2.0 */
/* json_memory.h - JSON holds definitions and credentials: what is freed of it is wiped. */
#ifndef JSON_MEMORY_H
#define JSON_MEMORY_H

/* From now on, for the whole process. Called before the first JSON is made. */
void json_memory_wipe(void);

#endif
