/* SPDX-License-Identifier: Apache-2.0 */
/* request_id.h - the name of a request in headers, log and reports: a random UUID. */
#ifndef REQUEST_ID_H
#define REQUEST_ID_H

/* "0e1c2f6a-...": 36 characters and the NUL. */
void request_id_make(char out[37]);

#endif
