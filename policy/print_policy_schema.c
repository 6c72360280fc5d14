/* Prints the JSON Schema of policy.yaml, or, asked for "default", the policy that init writes. */
#include <stdio.h>
#include <string.h>

#include "customhouse/policy.h"

int main(int argc, char **argv)
{
    enum { ROOM = 1 << 20 };
    if (argc == 2 && strcmp(argv[1], "default") == 0) {
        return fputs(ch_policy_default_text(), stdout) == EOF || fflush(stdout) != 0;
    }
    struct ch_buf b;
    ch_buf_init(&b, ROOM);
    ch_policy_json_schema(&b);
    CH_ASSERT(!b.failed);
    bool written = fwrite(b.ptr, 1, b.len, stdout) == b.len && fflush(stdout) == 0;
    ch_buf_done(&b);
    return written ? 0 : 1;
}
