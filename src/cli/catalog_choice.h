/* SPDX-License-Identifier: Apache-2.0 */
/* catalog_choice.h - which catalog a command works with, and how its errors end the program. */
#ifndef CATALOG_CHOICE_H
#define CATALOG_CHOICE_H

#include "catalog.h"

/* What the command line said. */
extern struct catalog_choice {
    const char *url;
    const char *key_file;
    int limit_ms; /* of each wait for the catalog; 0: the catalog's own */
    const char *encrypt;
} catalog_choice;

/* The rows of every command that works with a catalog. */
#define CATALOG_CHOICE_ROWS                                                                        \
    {"catalog",                                                                                    \
     'C',                                                                                          \
     "URL",                                                                                        \
     OPTION_TEXT,                                                                                  \
     &catalog_choice.url,                                                                          \
     NULL,                                                                                         \
     NULL,                                                                                         \
     "where stored connections are: sqlite:PATH, postgresql://HOST/DATABASE or "                   \
     "glue://REGION "                                                                              \
     "(default: $TESTCONN_CATALOG, else testconn/catalog.db in $XDG_STATE_HOME or "                \
     "~/.local/state)"},                                                                           \
    {                                                                                              \
        "key-file", 0, "FILE", OPTION_TEXT, &catalog_choice.key_file, NULL, NULL,                  \
            "the key of the catalog (default: PATH.key); postgresql: needs one, the same on "      \
            "each agent"                                                                           \
    }

/* The row of every command that stores passwords. */
#define CATALOG_ENCRYPT_ROW                                                                        \
    {                                                                                              \
        "encrypt-passwords", 0, "KEY", OPTION_TEXT, &catalog_choice.encrypt, NULL, NULL,           \
            "store passwords as ENCRYPTED_PASSWORD under this KMS key: id, alias or ARN "          \
            "(default: $TESTCONN_ENCRYPT_PASSWORDS)"                                               \
    }

/* The KMS key that passwords are stored under, by the command line or TESTCONN_ENCRYPT_PASSWORDS;
 * NULL: they are stored as they are. */
const char *catalog_choice_encryption(void);

/* The URL of the chosen catalog, of TESTCONN_CATALOG, or of the user's own; the caller frees it.
 * NULL with ERR set. */
char *catalog_choice_url(struct error *err);

/* Take the passwords in a catalog's URL out of what `ps` shows of us: ARGV gets copies. */
void catalog_choice_conceal(int argc, char **argv);

/* Open the chosen catalog, or the one of TESTCONN_CATALOG, or the user's own. NULL with ERR set. */
struct catalog *catalog_choice_open(struct error *err);

/* "testconn COMMAND: message", and what to do, on stderr. */
void catalog_complain(const char *command, const struct error *err);

/* The exit code that goes with ERR, which a call ended with by RESULT. */
int catalog_exit_code(enum catalog_result result, const struct error *err);

/* The stored name nearest to NAME, which the caller frees; NULL when none is near. */
char *catalog_nearest(struct catalog *catalog, const char *name);

#endif
