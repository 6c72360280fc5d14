#include "customhouse/policy.h"

/* The domain keeps a fingerprint from being the hash of anything else. Fields are length-prefixed,
 * so that no two findings share an encoding. */
struct ch_sha256 ch_finding_fingerprint(const struct ch_sha256 *artifact,
                                        const struct ch_finding *f)
{
    struct ch_buf b;
    ch_buf_init(&b, f->member.len + 256);
    ch_put_str(&b, CH_STR("customhouse finding 1"));
    ch_put_sha256(&b, artifact);
    ch_put_u32(&b, (uint32_t)f->code);
    ch_put_str(&b, f->member);
    CH_ASSERT(!b.failed);
    struct ch_sha256 d = ch_sha256_of(b.ptr, b.len);
    ch_buf_done(&b);
    return d;
}
