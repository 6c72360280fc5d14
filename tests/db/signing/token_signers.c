#include "token_signers.h"

#include "tests/ch_test.h"

#include <stdlib.h>
#include <unistd.h>

#include "db/signing/key_files.h"
#include "db/signing/purpose.h"

void token_signers_make(struct ch_signer *ret[2])
{
    static const struct ch_purpose purpose = {CH_PURPOSE_TOKEN, CH_KEY_ECDSA_P256};
    char folder[] = "token-signers-XXXXXX";
    struct ch_err err;
    int fd;
    assert_non_null(mkdtemp(folder));
    assert_ch_ok(&err, ch_keys_open_folder(folder, &fd, &err));
    for (size_t i = 0; i < 2; i++) {
        struct ch_sha256 id;
        assert_ch_ok(&err, ch_key_file_make(fd, &purpose, &id, &err));
        assert_ch_ok(&err, ch_key_file_open(fd, &purpose, &id, &ret[i], &err));
        assert_ch_ok(&err, ch_key_file_remove(fd, &purpose, &id, &err));
    }
    close(fd);
    assert_int_equal(rmdir(folder), 0);
}
