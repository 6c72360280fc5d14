#include "scanner/content/launchers.h"

#include "customhouse/digest.h"

/* clang-format off */
static const struct {
    uint32_t bytes;
    const char *sha256;
} rows[] = {
    {96768, "352df104254095ddf925514d99bfb5411c95b5386e90caf06557979f82e16844"}, /* distlib t32.exe */
    {96768, "bda47146c8261d90553356fc445e2a6de7abdf018fe6eaa0451069cb214e489b"}, /* distlib t32.exe */
    {97792, "6b4195e640a85ac32eb6f9628822a622057df1e459df7c17a12f97aeabc9415b"}, /* distlib t32.exe */
    {180736, "84fb6546e0e0b6befebf9f052b1250ef419ac00c97bba237db6ba03741e18ad3"}, /* distlib t64-arm.exe */
    {182784, "ebc4c06b7d95e74e315419ee7e88e1d0f71e9e9477538c00a93a9ff8c66a6cfc"}, /* distlib t64-arm.exe */
    {105984, "a00a877acefcad45953343ad56a22152f7aaba5fcf2a10215d84169d47fbcd1d"}, /* distlib t64.exe */
    {106496, "6043ad7bafd3d6618df6b41beb1c8ab576a96afb9f7df2a6df8aea2368c4bea5"}, /* distlib t64.exe */
    {108032, "81a618f21cb87db9076134e70388b6e9cb7c2106739011b6a51772d22cae06b7"}, /* distlib t64.exe */
    {90112, "73607b8b45197d34433d7303f35811cf2c96c9e2b8e8ed7589037faa93f65b6d"}, /* distlib w32.exe */
    {90112, "949b6765d794c53656c9afc45b90d9a2cfcae6bb30444086b29225f19242217b"}, /* distlib w32.exe */
    {91648, "47872cc77f8e18cf642f868f23340a468e537e64521d9a3a416c8b84384d064b"}, /* distlib w32.exe */
    {166400, "fc9ee9f6c5f5a569a844d534a262b149a70b8fd67cb21b7950a10868f1fdb2a7"}, /* distlib w64-arm.exe */
    {168448, "c5dc9884a8f458371550e09bd396e5418bf375820a31b9899f6499bf391c7b2e"}, /* distlib w64-arm.exe */
    {99840, "d1a473a0dd813bd3565b810dcb8ff8bc7907478a994c564d55200925894e0d32"}, /* distlib w64.exe */
    {100864, "e9ea4f95cf93c30c99a0954b5e52cf792af56249fce79d56655020abae9568f6"}, /* distlib w64.exe */
    {101888, "7a319ffaba23a017d7b1e18ba726ba6c54c53d6446db55f92af53c279894f8ad"}, /* distlib w64.exe */
    {86016, "62aee48069f0715f96da0dbe35eab7868d5cb149f62133141ab0e126d62b9cfe"}, /* installer t_arm.exe */
    {83968, "091feafac1542754885b1b2bc57bf8a66e89351e6aa2c05ebf053fd7b66a2aba"}, /* installer w_arm.exe */
    {11776, "32acc1bc543116cbe2cff10cb867772df2f254ff2634c870aef0b46c4b696fdb"}, /* setuptools cli-32.exe */
    {65536, "75f12ea2f30d9c0d872dade345f30f562e6d93847b6a509ba53beec6d0b2c346"}, /* setuptools cli-32.exe */
    {14336, "bbb3de5707629e6a60a0c238cd477b28f07f0066982fda953fa6fcec39073a4a"}, /* setuptools cli-64.exe */
    {74752, "28b001bb9a72ae7a24242bfab248d767a1ac5dec981c672a3944f7a072375e9a"}, /* setuptools cli-64.exe */
    {13824, "b9a7d08da880dfac8bcf548eba4b06fb59b6f09b17d33148a0f6618328926c61"}, /* setuptools cli-arm64.exe */
    {137216, "a3d6a6c68c2e759f7c36f35687f6b60d163c2e1a0846a4c07a4c4006a96d88c7"}, /* setuptools cli-arm64.exe */
    {11776, "85dae1e95d77845f2cb59bcac3d4afe74bbe4c91a9bcc5bf4a71cd43104dbe7c"}, /* setuptools gui-32.exe */
    {65536, "5c1af46c7300e87a73dacf6cf41ce397e3f05df6bd9c7e227b4ac59f85769160"}, /* setuptools gui-32.exe */
    {14336, "3471b6140eadc6412277dbbefe3fef8c345a0f1a59776086b80a3618c3a83e3b"}, /* setuptools gui-64.exe */
    {75264, "69828c857d4824b9f850b1e0597d2c134c91114b7a0774c41dffe33b0eb23721"}, /* setuptools gui-64.exe */
    {13824, "e694f4743405c8b5926ff457db6fe7f1a12dec7c16a9c3864784d3f4e07ae097"}, /* setuptools gui-arm64.exe */
    {137728, "4c416738a0e2fa6ab766ccf1a9b0a80974e733f9615168dd22a069afa7d5b38d"}, /* setuptools gui-arm64.exe */
};
/* clang-format on */

bool launcher_is_known(struct ch_str bytes, uint64_t size_bytes)
{
    struct ch_sha256 real = {{0}};
    if (bytes.len != size_bytes) {
        return false;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_sha256 known;
        if (rows[i].bytes != size_bytes) {
            continue;
        }
        if (ch_sha256_is_zero(&real)) {
            real = ch_sha256_of(bytes.ptr, bytes.len);
        }
        if (ch_hex_decode(ch_str_of(rows[i].sha256), known.byte, CH_SHA256_BYTES) &&
            ch_sha256_eq(&known, &real)) {
            return true;
        }
    }
    return false;
}
