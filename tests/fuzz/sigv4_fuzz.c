/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_fuzz.c - any bytes as the signed parts of a request: an Authorization header, a line break,
 * a path, a line break, a query. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sigv4.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct sigv4_request *request)
{
    struct sigv4_claim claim = SIGV4_CLAIM_INIT;
    if (sigv4_read(request, &claim) == SIGV4_FINE)
        sigv4_verify(request, &claim, "secret", 1727784000);
    if (!text_is_utf8(claim.message, strlen(claim.message)))
        abort();
    sigv4_claim_release(&claim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = xstrndup((const char *)data, size);
    char *rest = text;
    const char *authorization = strsep(&rest, "\n");
    const char *path = rest ? strsep(&rest, "\n") : "/";
    const char *query = rest ? rest : "";
    struct sigv4_header headers[] = {
        {"host", "h"}, {"x-amz-date", "20241001T120000Z"}, {"authorization", authorization}};
    struct sigv4_request request = {.method = "GET",
                                    .path = path,
                                    .query = query,
                                    .headers = headers,
                                    .header_count = 3,
                                    .payload_hash = SIGV4_UNSIGNED_PAYLOAD};
    judge(&request);
    request.header_count = 2;
    judge(&request);
    struct sigv4_key key = {"a", "b", "c", "d", *path == 's' ? "s3" : "e"};
    free(sigv4_presign(&request, &key, 1, 0));
    free(text);
    return 0;
}
