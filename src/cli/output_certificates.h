/* SPDX-License-Identifier: Apache-2.0 */
/* output_certificates.h - checked files of certificates, for people and for programs. */
#ifndef OUTPUT_CERTIFICATES_H
#define OUTPUT_CERTIFICATES_H

#include <stdbool.h>
#include <stdio.h>

#include "certificate_audit.h"
#include "style.h"

/* One file that was checked. */
struct checked_file {
    const char *name; /* its path, or "standard input" */
    bool passed;
    struct certificate_audit audit; /* its error is that of reading where the file was not read */
};

/* What was asked. */
struct certificate_question {
    enum certificate_rules rules;
    const char *host; /* of --name; NULL: none */
};

/* One file: the verdict, each certificate, how they stand to each other, findings. */
void output_checked_file(FILE *out, const struct checked_file *file,
                         const struct certificate_question *question,
                         const struct text_style *style);

/* An element of "files" (share/schema/certificates.schema.json); the caller decrefs it. */
json_t *checked_file_to_json(const struct checked_file *file,
                             const struct certificate_question *question);

#endif
