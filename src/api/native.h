/* SPDX-License-Identifier: Apache-2.0 */
/* native.h - what is asked otherwise than as AWS is: probes, metrics, whole reports. */
#ifndef NATIVE_H
#define NATIVE_H

#include "service.h"

void native_live(struct service *service, struct http_exchange *exchange);
void native_ready(struct service *service, struct http_exchange *exchange);
void native_metrics(struct service *service, struct http_exchange *exchange);
void native_probe(struct service *service, struct http_exchange *exchange);
void native_test(struct service *service, struct http_exchange *exchange);
void native_report(struct service *service, struct http_exchange *exchange);

/* Answer STATUS with {"message": WORDS}. */
void native_refuse(struct http_exchange *exchange, int status, const char *words);

#endif
