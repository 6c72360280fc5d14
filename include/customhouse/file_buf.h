/* A buffer that lies in a file without a name: what is in it the kernel may put out of memory, and
 * read back. For documents of several hundred MB, of which little is looked at afterwards. */
#ifndef CUSTOMHOUSE_FILE_BUF_H
#define CUSTOMHOUSE_FILE_BUF_H

#include "customhouse/bytes.h"
#include "customhouse/err.h"

struct ch_blobs;

struct ch_file_buf {
    struct ch_buf buf; /* to be written to, not to be freed; no longer than its room */
    size_t mapped;     /* bytes of it that are mapped; 0: there is none */
    int write_fd;      /* -1 once it is sealed */
    int read_fd;       /* cannot write: may be given away */
};

/* With all of its room set aside on the disk: CH_E_FULL where that is not there, CH_E_UNSUPPORTED where the file
 * system does not do that (a mapping that cannot be written to would end the process). May be called
 * from any thread. */
enum ch_code ch_file_buf_open(struct ch_blobs *b, size_t room, struct ch_file_buf *ret,
                              struct ch_err *err) CH_MUST_CHECK;
/* Nothing writes to it from now on, nor can: the file is as long as what is in it. Bytes stay where
 * they are. */
enum ch_code ch_file_buf_seal(struct ch_file_buf *f, struct ch_err *err) CH_MUST_CHECK;
void ch_file_buf_done(struct ch_file_buf *f); /* accepts one that was not opened, and zeroed memory */

/* A file without a name that grows: what is in it stays where it is. Written through *ret_write_fd; *ret_read_fd cannot
 * write, and may be given away. close() both. Nothing is set aside: writing may find the disk full. */
enum ch_code ch_file_nameless(struct ch_blobs *b, int *ret_write_fd, int *ret_read_fd,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
