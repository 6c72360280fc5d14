#include "tests/scanner/source/source_look.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scanner/source/source_int.h"
#include "tests/ch_test.h"

const char *at_path;
const char *at_called;

void look_at(const char *source, size_t len, const char *second, enum ch_code_place place,
             enum ch_code_place second_place, struct ch_buf *ret)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 20);
    struct ch_source *s = ch_source_new(w);
    if (at_called != NULL) {
        CH_IGNORE(ch_source_called(s, ch_str_of(at_called)));
    }
    ch_source_see(s, ch_str_of(at_path != NULL ? at_path : "pkg/m.py"), place,
                  (struct ch_str){source, len});
    if (second != NULL) {
        ch_source_see(s, CH_STR("pkg/second.py"), second_place, ch_str_of(second));
    }
    ch_source_end(s);
    ch_source_free(s);
    assert_ch_ok(&err, ch_scan_write_end(w, &sha256, len, &err));
    ch_scan_writer_free(w);
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(size + 1);
    assert_int_equal(pread(fd, stream, size, 0), size);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){stream, size});
    ch_buf_putc(ret, ' ');
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_FINDING) {
            ch_buf_puts(ret, ch_str_of(ch_finding_row((uint32_t)rec.u.finding.code)->name));
            ch_buf_putc(ret, ' ');
        } else if (rec.type == CH_REC_FACT) {
            ch_buf_puts(ret, rec.u.fact.name);
            ch_buf_putc(ret, '=');
            ch_buf_puts(ret, rec.u.fact.value);
            ch_buf_putc(ret, ' ');
        }
    }
    free(stream);
    close(fd);
}

void look(const char *source, size_t len, enum ch_code_place place, struct ch_buf *ret)
{
    look_at(source, len, NULL, place, place, ret);
}
