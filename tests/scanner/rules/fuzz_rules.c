/* A member's bytes under the shipped rules; and libyara finds nothing where the gate says that there is
 * nothing. First byte: what the member is called. */
#include <sys/mman.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "gate_check.h"

static const char *const names[] = {"a.py", "setup.py", "a.pth", "a.sh", "a.bat", "a.js",
                                    "a.ipynb", "a.so", "a.png", "a.txt", "a.pye", "package.json"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    struct ch_err err;
    if (fd < 0) {
        fd = memfd_create("answer", MFD_CLOEXEC);
        if (ch_rules_load(NULL, 0, &err) != CH_OK) {
            abort();
        }
    }
    if (size == 0 || ftruncate(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0) {
        return 0;
    }
    struct ch_str bytes = {(const char *)data + 1, size - 1};
    struct ch_scan_writer *out = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct ch_rules_scan *s = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    if (gate_check(bytes) != NULL) {
        abort();
    }
    /* twice: once in pieces */
    for (size_t i = 0; i < 2; i++) {
        ch_rules_scan_member(s, ch_str_of(names[data[0] % CH_ARRAY_LEN(names)]));
        ch_rules_scan_add(s, ch_str_sub(bytes, 0, i * bytes.len / 3));
        ch_rules_scan_add(s, ch_str_sub(bytes, i * bytes.len / 3, SIZE_MAX));
        ch_rules_scan_member_end(s);
    }
    ch_rules_scan_free(s);
    struct ch_sha256 none = {{0}};
    if (ch_scan_write_end(out, &none, 0, &err) != CH_OK) {
        abort();
    }
    ch_scan_writer_free(out);
    return 0;
}
