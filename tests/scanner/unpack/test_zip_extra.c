/* Extra fields of both headers, one archive per rule. */
#include "tests/ch_test.h"
#include "zip_rows.h"

#define PKG_A_CRC "\63\232\14\241" /* of "pkg/a.py", little-endian */

/* clang-format off */
static const struct zip_row rows[] = {
    {"Unicode path, another", {FILE_NAMED("pkg/a.py"), .extra = S("up\7\0\1\0\0\0\0xy")}, AS_IS,
     "zip-unsafe-path", false},
    {"Unicode path, the same",
     {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\1" PKG_A_CRC "pkg/a.py")}, AS_IS, "", true},
    {"Unicode path of another version",
     {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\2" PKG_A_CRC "pkg/a.py")}, AS_IS,
     "zip-unsafe-path", true},
    {"Unicode path of another name",
     {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\1" "\62\232\14\241" "pkg/a.py")}, AS_IS,
     "zip-unsafe-path", true},
    {"Unicode path with the checksum of this name",
     {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\1" PKG_A_CRC "pkg/b.py")}, AS_IS,
     "zip-unsafe-path", false},
    {"Unicode path that ends in its checksum", {FILE_NAMED(""), .extra = S("up\1\0\1")}, AS_IS,
     "zip-unsafe-path", false},
    {"Unicode path twice",
     {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\1" PKG_A_CRC "pkg/a.py"
                                         "up\15\0\1" PKG_A_CRC "pkg/a.py")}, AS_IS,
     "zip-unsafe-path", true},
    {"Unicode path cut short", {FILE_NAMED("pkg/a.py"), .extra = S("up\15\0\1")}, AS_IS,
     "zip-extra-field", false},
    {"Unicode path in the directory alone",
     {FILE_NAMED("pkg/a.py"), .local_extra = S(""), .extra = S("up\15\0\1" PKG_A_CRC "pkg/b.py")}, AS_IS,
     "zip-unsafe-path", true},
    {"Unicode path in the directory alone, the same and another",
     {FILE_NAMED("pkg/a.py"), .local_extra = S(""),
      .extra = S("up\15\0\1" PKG_A_CRC "pkg/a.py" "up\15\0\1" PKG_A_CRC "pkg/b.py")}, AS_IS,
     "zip-unsafe-path", true},
    {"two harmless fields",
     {FILE_NAMED("pkg/a.py"), .extra = S("UT\5\0\1\0\0\0\0ux\3\0\1\0\0")}, AS_IS, "", true},
    {"ZIP64 field with nothing", {FILE_NAMED("pkg/a.py"), .extra = S("\1\0\0\0")}, AS_IS, "", true},
    {"ZIP64 field with nothing where a size is needed",
     {FILE_NAMED("pkg/a.py"), .size_off = UINT32_MAX - 30, .local_size_off = -(UINT32_MAX - 30LL),
      .extra = S("\1\0\0\0"), .local_extra = S("")}, AS_IS,
     "zip-header-differs zip-size-differs zip-zip64", false},
    {"ZIP64 field of the size alone",
     {FILE_NAMED("pkg/a.py"), .size_off = UINT32_MAX - 30, .local_size_off = -(UINT32_MAX - 30LL),
      .extra = S("\1\0\10\0\36\0\0\0\0\0\0\0"), .local_extra = S("")}, AS_IS, "", true},
    {"ZIP64 field of the size alone in the local header",
     {FILE_NAMED("pkg/a.py"), .local_size_off = UINT32_MAX - 30, .extra = S(""),
      .local_extra = S("\1\0\10\0\36\0\0\0\0\0\0\0")}, AS_IS, "zip-zip64", true},
    {"ZIP64 field repeating the sizes in the directory",
     {FILE_NAMED("pkg/a.py"), .local_extra = S(""),
      .extra = S("\1\0\20\0\36\0\0\0\0\0\0\0\36\0\0\0\0\0\0\0")}, AS_IS, "zip-zip64", true},
    {"ZIP64 field repeating a size of ZIP64",
     {FILE_NAMED("pkg/a.py"), .local_size_off = UINT32_MAX - 30, .extra = S(""),
      .local_extra = S("\1\0\20\0\377\377\377\377\0\0\0\0\36\0\0\0\0\0\0\0")}, AS_IS,
     "zip-header-differs zip-zip64", true},
    {"ZIP64 field repeating a packed size of ZIP64",
     {FILE_NAMED("pkg/a.py"), .local_packed_off = UINT32_MAX - 30, .extra = S(""),
      .local_extra = S("\1\0\20\0\36\0\0\0\0\0\0\0\377\377\377\377\0\0\0\0")}, AS_IS,
     "zip-zip64", true},
    {"ZIP64 field repeating more than the sizes",
     {FILE_NAMED("pkg/a.py"), .extra = S(""),
      .local_extra = S("\1\0\24\0\36\0\0\0\0\0\0\0\36\0\0\0\0\0\0\0\0\0\0\0")}, AS_IS,
     "zip-zip64", true},
    {"ZIP64 field repeating another size",
     {FILE_NAMED("pkg/a.py"), .extra = S(""),
      .local_extra = S("\1\0\20\0\37\0\0\0\0\0\0\0\36\0\0\0\0\0\0\0")}, AS_IS, "zip-zip64", true},
    {"ZIP64 field repeating another packed size",
     {FILE_NAMED("pkg/a.py"), .extra = S(""),
      .local_extra = S("\1\0\20\0\36\0\0\0\0\0\0\0\37\0\0\0\0\0\0\0")}, AS_IS, "zip-zip64", true},
    {"ZIP64 field of 28 bytes where none is needed",
     {FILE_NAMED("pkg/a.py"), .local_extra = S(""),
      .extra = S("\1\0\34\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")}, AS_IS,
     "zip-zip64", true},
    {"packed size of ZIP64 without its field",
     {FILE_NAMED("pkg/a.py"), .packed_off = UINT32_MAX - 30, .local_packed_off = -(UINT32_MAX - 30LL),
      .last = true}, AS_IS, "zip-header-differs zip-overlap zip-size-differs zip-zip64", false},
    {"4 GiB less a byte by ZIP64",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .zip64 = true, .size_off = UINT32_MAX - 30}, AS_IS,
     "zip-ratio", false},
    {"extra field cut short", {FILE_NAMED("pkg/a.py"), .extra = S("UT\11\0\1\0\0\0\0")}, AS_IS,
     "zip-extra-field", false},
    {"ZIP64 twice", {FILE_NAMED("pkg/a.py"), .extra = S("\1\0\0\0\1\0\0\0")}, AS_IS,
     "zip-zip64", true},
    {"ZIP64 not needed", {FILE_NAMED("pkg/a.py"), .extra = S("\1\0\10\0\0\0\0\0\0\0\0\0")}, AS_IS,
     "zip-zip64", true},
    {"ASi Unix: a link, as Info-ZIP makes one of it where the directory states no mode",
     {FILE_NAMED("pkg/a.py"), .extra = S("\x6e\x75\16\0\0\0\0\0\377\241\0\0\0\0\0\0\0\0")}, AS_IS,
     "zip-extra-type", true},
    {"ASi Unix in the directory alone",
     {FILE_NAMED("pkg/a.py"), .local_extra = S(""), .extra = S("\x6e\x75\0\0")}, AS_IS,
     "zip-extra-type", true},
    {"ASi Unix in the local header alone",
     {FILE_NAMED("pkg/a.py"), .local_extra = S("\x6e\x75\0\0"), .extra = S("")}, AS_IS,
     "zip-extra-type", true},
    {"PKWARE Unix: where a link leads",
     {FILE_NAMED("pkg/a.py"), .extra = S("\15\0\16\0\0\0\0\0\0\0\0\0\0\0\0\0xy")}, AS_IS,
     "zip-extra-type", true},
    {"external attributes in the local header: executable, as libarchive takes them",
     {FILE_NAMED("pkg/a.py"), .extra = S("\x78\x6c\11\0\7\24\3\0\0\0\0\355\201")}, AS_IS,
     "zip-extra-type", true},
    {"the nearest: who owns it, and when it was changed",
     {FILE_NAMED("pkg/a.py"), .extra = S("ux\13\0\1\4\0\0\0\0\4\0\0\0\0UT\5\0\1\0\0\0\0")}, AS_IS,
     "", true},
    {"encryption that no flag tells of", {FILE_NAMED("pkg/a.py"), .extra = S("\1\231\7\0\2\0AE\3\10\0")},
     AS_IS, "zip-extra-field", true},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(zip_rows_wrong(rows, CH_ARRAY_LEN(rows)), 0);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return zip_rows_write(argv[1], rows, CH_ARRAY_LEN(rows));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
