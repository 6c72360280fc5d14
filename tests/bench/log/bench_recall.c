/* How long the keeper's start takes to read the log of an installation (bench_audit) back:
 * milliseconds. */
#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/audit/audit_self.h"

int main(int argc, char **argv)
{
    struct keeper *k = ch_calloc(1, sizeof(*k));
    struct audit *a = ch_calloc(1, sizeof(*a));
    struct ch_err err;
    char folder[4096];
    uint64_t waiting = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_recall STATE\n");
        return 2;
    }
    snprintf(folder, sizeof(folder), "%s/db", argv[1]);
    k->child.setup.state_dir = ch_str_of(argv[1]);
    k->audit = a;
    if (ch_store_open(folder, &k->store, &err) != CH_OK ||
        ch_store_log_ends(k->store, &a->next, &waiting, &err) != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    int64_t from = ch_now_unix_us();
    audit_recall(k);
    printf("recall %.1f\n", (double)(ch_now_unix_us() - from) / 1e3);
    if (a->recalled.unread[0] != '\0') {
        fprintf(stderr, "%s\n", a->recalled.unread);
        return 1;
    }
    said_free(a->recalled.said);
    ch_store_close(k->store);
    free(a);
    free(k);
    return 0;
}
