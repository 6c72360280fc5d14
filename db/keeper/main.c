/* keeper: the only writer. Holds the store, the blobs and the policy; decides; answers gateways; has
 * fetcher and scanners work for it. It parses only our own length-checked messages and the site's own
 * policy text. */
#include "keeper_int.h"

#include <stdlib.h>

int main(void)
{
    struct keeper *k = ch_calloc(1, sizeof(*k));
    struct ch_err err;
    enum ch_code rc = ch_child_start(CH_ROLE_KEEPER, &k->child, &err);
    rc = rc == CH_OK ? keeper_init(k, &err) : rc;
    /* Confined before it opens anything: what it opens lies where it may. */
    rc = rc == CH_OK ? ch_child_confine(&k->child, &err) : rc;
    rc = rc == CH_OK ? keeper_open(k, &err) : rc;
    if (rc == CH_OK) {
        keeper_begin(k);
        rc = ch_child_run(&k->child, &err);
    }
    if (rc != CH_OK) {
        keeper_log("end", "error=\"%s\"", err.msg);
    }
    keeper_close(k);
    ch_child_done(&k->child);
    free(k);
    return rc == CH_OK ? 0 : 1;
}
