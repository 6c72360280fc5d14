/* Targets: inside_add, inside_end, and libarchive's readers below them. */
#include "customhouse/limits.h"
#include "scanner/unpack/second_int.h"

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PIECE = 300 };
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    struct ch_rules_scan *rules = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    struct inside inside;
    struct inside_member m;
    ch_limits.member_whole_bytes = 1 << 16;
    ch_limits.nested_bytes = 1 << 20;
    ch_limits.archive_members = 100;
    inside_init(&inside, rules, out);
    inside_begin(&m);
    for (size_t at = 0; at < size; at += PIECE) {
        inside_add(&m, ch_str_sub((struct ch_str){(const char *)data, size}, at, PIECE));
    }
    inside_end(&inside, &m, CH_STR("a/x.py.gz"));
    ch_rules_scan_free(rules);
    ch_scan_writer_free(out);
    return 0;
}
