/* Findings: immutable facts that inspection reports about bytes. One table names them all.
 *
 * Class decides what policy may do with a finding (threats.md T9):
 *   attack     deny; no exception, until a newer inspector on the same bytes no longer reports it
 *   irregular  hold; can be excepted
 *   note       information
 * A file that cannot be parsed is a finding that holds, never "nothing found". */
#ifndef CUSTOMHOUSE_FINDING_H
#define CUSTOMHOUSE_FINDING_H

#include "customhouse/bytes.h"

enum ch_finding_class { CH_CLASS_NOTE = 0, CH_CLASS_IRREGULAR, CH_CLASS_ATTACK };
enum ch_severity { CH_SEVERITY_INFO = 0, CH_SEVERITY_LOW, CH_SEVERITY_MEDIUM, CH_SEVERITY_HIGH };

/* code, wire number (never reused), "name" shown to users and written in policies, class, severity,
 * sentence for people */
#define CH_FINDINGS(X)                                                                             \
    /* 1 to 29: ZIP structure, scanner/unpack/zip.c, rules of scanning.md 2.2 */                   \
    X(CH_F_ZIP_UNREADABLE, 1, "zip-unreadable", IRREGULAR, HIGH, "is not a readable ZIP archive")  \
    X(CH_F_ZIP_TRAILING, 2, "zip-trailing-data", ATTACK, HIGH,                                     \
      "has bytes outside the archive's own records (before, between or after them)")               \
    X(CH_F_ZIP_LFH_CD_DIFFER, 3, "zip-header-differs", ATTACK, HIGH,                               \
      "has a local header that differs from the central directory")                                \
    X(CH_F_ZIP_MEMBER_HIDDEN, 4, "zip-member-hidden", ATTACK, HIGH,                                \
      "has a member that only one of its two directories lists")                                   \
    X(CH_F_ZIP_DUPLICATE, 5, "zip-duplicate-name", ATTACK, HIGH,                                   \
      "has two members of the same name (also after case, Unicode and separator folding)")         \
    X(CH_F_ZIP_OVERLAP, 6, "zip-overlap", ATTACK, HIGH, "has members whose data overlap")          \
    X(CH_F_ZIP_PATH, 7, "zip-unsafe-path", ATTACK, HIGH,                                           \
      "has a member name that leaves the target folder or that readers understand differently")    \
    X(CH_F_ZIP_SIZE, 8, "zip-size-differs", ATTACK, HIGH,                                          \
      "has a member whose inflated size is not the stated one")                                    \
    X(CH_F_ZIP_CRC, 9, "zip-crc-differs", IRREGULAR, HIGH,                                         \
      "has a member whose checksum does not match its content")                                    \
    X(CH_F_ZIP_METHOD, 10, "zip-method", IRREGULAR, HIGH,                                          \
      "uses a compression method other than stored or deflate, or encryption")                     \
    X(CH_F_ZIP_BOMB, 11, "zip-ratio", ATTACK, HIGH,                                                \
      "expands far beyond what packages do (decompression bomb)")                                  \
    X(CH_F_ZIP_ZIP64, 12, "zip-zip64", IRREGULAR, HIGH, "uses ZIP64 fields where none are needed") \
    X(CH_F_ZIP_EXTRA, 13, "zip-extra-field", IRREGULAR, MEDIUM,                                    \
      "has an extra field that changes how readers see a member")                                  \
    X(CH_F_ZIP_COMMENT, 14, "zip-comment", IRREGULAR, LOW, "has a comment in its directory")       \
    X(CH_F_ZIP_DESCRIPTOR, 15, "zip-data-descriptor", NOTE, LOW,                                   \
      "states sizes after the data (verified against the directory)")                              \
    X(CH_F_ZIP_SYMLINK, 16, "zip-symlink", IRREGULAR, HIGH, "contains a symbolic link or device")  \
    X(CH_F_ZIP_POLYGLOT, 17, "zip-polyglot", ATTACK, HIGH, "is another kind of file as well")      \
    X(CH_F_ZIP_NAME_UNICODE, 18, "zip-name-unicode", IRREGULAR, MEDIUM,                            \
      "has a member name that file systems may spell otherwise")                                   \
    X(CH_F_ZIP_EXTRA_TYPE, 19, "zip-extra-type", IRREGULAR, HIGH,                                  \
      "has an extra field that makes a link, or another mode, of a member for some readers")       \
    /* 30 to 39: limits and the inspection itself */                                               \
    X(CH_F_LIMIT, 30, "limit", IRREGULAR, HIGH, "goes beyond a limit of the inspection")           \
    X(CH_F_INSPECTION_FAILED, 31, "inspection-failed", IRREGULAR, HIGH,                            \
      "could not be inspected completely")                                                         \
    X(CH_F_DIFFERENTIAL, 32, "parser-differential", ATTACK, HIGH,                                  \
      "is read differently by two independent archive readers")                                    \
    /* 33 was for types without inspector, which are held by their type, and of no program */      \
    X(CH_F_INSPECTION_INTERRUPTED, 34, "inspection-interrupted", NOTE, LOW,                        \
      "was not inspected completely, since the inspection was ended from outside each time")       \
    /* 40 to 59: what the index said against what arrived, the keeper */                           \
    X(CH_F_HASH_MISMATCH, 40, "hash-mismatch", ATTACK, HIGH,                                       \
      "is not the file whose hash the index stated")                                               \
    X(CH_F_SIZE_MISMATCH, 41, "size-mismatch", IRREGULAR, HIGH,                                    \
      "is not of the size the index stated")                                                       \
    X(CH_F_SIDECAR_DIFFERS, 42, "metadata-differs", ATTACK, HIGH,                                  \
      "has metadata other than the sidecar the upstream shows to resolvers")                       \
    X(CH_F_BYTES_CHANGED, 43, "bytes-changed", IRREGULAR, HIGH,                                    \
      "is not what arrived under this name before, and the index states no sha256")                \
    X(CH_F_RECORD_DIFFERS, 44, "record-differs", IRREGULAR, HIGH,                                  \
      "is said to solvers to be another build, to be installed otherwise, or to need more than "   \
      "it says itself")                                                                            \
    X(CH_F_RECORD_PATCHED, 45, "record-patched", NOTE, LOW,                                        \
      "is said to solvers to need other versions, or less, than it says itself (channels patch "   \
      "records)")                                                                                  \
    X(CH_F_FILE_MISSING, 46, "file-missing", IRREGULAR, HIGH,                                      \
      "is listed by the index, and its upstream does not have it")                                 \
    X(CH_F_EXTERNAL_FAILED, 47, "external-failed", IRREGULAR, HIGH,                                \
      "did not pass an external scanner, as that says")                                            \
    /* 60 to 79: wheels, and core metadata of wheels and sdists, scanner/eco/pypi */               \
    X(CH_F_WHEEL_NAME, 60, "wheel-name", IRREGULAR, HIGH, "has no valid wheel file name")          \
    X(CH_F_WHEEL_DIST_INFO, 61, "wheel-dist-info", ATTACK, HIGH,                                   \
      "has no .dist-info folder of its own, or a second one")                                      \
    X(CH_F_WHEEL_METADATA, 62, "wheel-metadata", IRREGULAR, HIGH, "has unreadable METADATA")       \
    X(CH_F_WHEEL_NAME_DIFFERS, 63, "wheel-name-differs", ATTACK, HIGH,                             \
      "names another project or version inside than outside")                                      \
    X(CH_F_WHEEL_WHEEL, 64, "wheel-tags", IRREGULAR, HIGH,                                         \
      "has an unreadable WHEEL file, or other tags than its name")                                 \
    X(CH_F_WHEEL_RECORD, 65, "wheel-record", IRREGULAR, HIGH,                                      \
      "has a RECORD that is unreadable or does not list exactly its files")                        \
    X(CH_F_WHEEL_RECORD_HASH, 66, "wheel-record-hash", ATTACK, HIGH,                               \
      "has a file that differs from its hash in RECORD")                                           \
    X(CH_F_DIRECT_REFERENCE, 67, "direct-reference", ATTACK, HIGH,                                 \
      "makes installers fetch code from an address of its own choice")                             \
    X(CH_F_PYC_UNCHECKED, 68, "pyc-unchecked", ATTACK, HIGH,                                       \
      "has compiled code that Python runs without looking at its source")                          \
    X(CH_F_ENTRY_POINTS, 69, "entry-points", IRREGULAR, HIGH,                                      \
      "has an unreadable entry_points.txt or a script name that leaves the scripts folder")        \
    X(CH_F_WHEEL_DATA, 70, "wheel-data-folder", IRREGULAR, HIGH,                                   \
      "has a .data folder of another wheel, or parts in it that installers do not know")           \
    X(CH_F_LICENCE_EXPRESSION, 71, "licence-expression", NOTE, LOW,                                \
      "states a License-Expression that is not one SPDX expression (PEP 639)")                     \
    X(CH_F_LICENCE_CONTRADICTS, 72, "licence-contradicts", NOTE, LOW,                              \
      "states licences that contradict each other: by expression, field, classifier, file")        \
    X(CH_F_WHEEL_RENAMED, 73, "wheel-tags-renamed", NOTE, LOW,                                     \
      "states plain linux, or any platform, inside where its name states which systems")           \
    X(CH_F_WHEEL_RECORD_FORM, 74, "wheel-record-form", IRREGULAR, LOW,                             \
      "has a RECORD with hashes in hexadecimal digits, or files of its own package that are not "  \
      "there")                                                                                     \
    /* 80 to 109: TAR and compressed streams, scanner/unpack, rules of scanning.md 2.2 */          \
    X(CH_F_STREAM_UNREADABLE, 80, "stream-unreadable", IRREGULAR, HIGH,                            \
      "is not readable as the compressed stream that it begins as")                                \
    X(CH_F_STREAM_TRAILING, 81, "stream-trailing-data", ATTACK, HIGH,                              \
      "has bytes after the end of its compressed stream")                                          \
    X(CH_F_STREAM_MEMBERS, 82, "stream-members", IRREGULAR, HIGH,                                  \
      "consists of several compressed streams, of which some readers take only the first")         \
    X(CH_F_STREAM_CHECKSUM, 83, "stream-checksum", IRREGULAR, HIGH,                                \
      "has a compressed stream whose checksum or stated size is not that of its content")          \
    X(CH_F_STREAM_WINDOW, 84, "stream-window", IRREGULAR, HIGH,                                    \
      "has a compressed stream that needs a dictionary or too large a window")                     \
    X(CH_F_STREAM_SKIPPABLE, 85, "stream-skippable-frame", IRREGULAR, HIGH,                        \
      "has frames in its compressed stream that most readers skip")                                \
    X(CH_F_STREAM_BOMB, 86, "stream-ratio", ATTACK, HIGH,                                          \
      "expands far beyond what packages do (decompression bomb)")                                  \
    X(CH_F_GZIP_HEADER, 87, "gzip-header", IRREGULAR, HIGH,                                        \
      "has fields in its gzip header that readers treat differently")                              \
    X(CH_F_TAR_UNREADABLE, 88, "tar-unreadable", IRREGULAR, HIGH, "is not a readable TAR archive") \
    X(CH_F_TAR_CHECKSUM, 89, "tar-checksum", IRREGULAR, HIGH,                                      \
      "has a TAR header whose checksum is not exact")                                              \
    X(CH_F_TAR_NUMBER, 90, "tar-number", IRREGULAR, HIGH,                                          \
      "has a number in a TAR header that readers understand differently")                          \
    X(CH_F_TAR_HEADER, 91, "tar-header", IRREGULAR, HIGH,                                          \
      "has a TAR header that no known format describes")                                           \
    X(CH_F_TAR_TYPE, 92, "tar-type", IRREGULAR, HIGH,                                              \
      "has a member of a type that readers treat differently")                                     \
    X(CH_F_TAR_SPARSE, 93, "tar-sparse", ATTACK, HIGH,                                             \
      "has a sparse member, whose content readers put together differently")                       \
    X(CH_F_TAR_DEVICE, 94, "tar-device", IRREGULAR, HIGH, "contains a device or a pipe")           \
    X(CH_F_TAR_LINK, 95, "tar-unsafe-link", ATTACK, HIGH,                                          \
      "has a link that leaves the archive or whose target is no member before it")                 \
    X(CH_F_TAR_PATH, 96, "tar-unsafe-path", ATTACK, HIGH,                                          \
      "has a member name that leaves the target folder or that readers understand differently")    \
    X(CH_F_TAR_NAME_UNICODE, 97, "tar-name-unicode", IRREGULAR, MEDIUM,                            \
      "has a member name that file systems may spell otherwise")                                   \
    X(CH_F_TAR_DUPLICATE, 98, "tar-duplicate-name", ATTACK, HIGH,                                  \
      "has two members of the same name (also after case, Unicode and separator folding)")         \
    X(CH_F_TAR_SIZE, 99, "tar-size-differs", ATTACK, HIGH, "states two sizes for one member")      \
    X(CH_F_TAR_CONTENT, 100, "tar-hidden-content", ATTACK, HIGH,                                   \
      "has a member other than a file that states a content, which some readers take for members") \
    X(CH_F_TAR_PAX, 101, "tar-pax", IRREGULAR, HIGH,                                               \
      "has an extended header that is not of the exact form or that readers treat differently")    \
    X(CH_F_TAR_PAX_GLOBAL, 102, "tar-pax-global", ATTACK, HIGH,                                    \
      "has a global header that changes names, sizes or links of its members")                     \
    X(CH_F_TAR_LONG_NAME, 103, "tar-long-name", IRREGULAR, HIGH,                                   \
      "has a GNU long name or link that is not of the exact form")                                 \
    X(CH_F_TAR_EXTENDED, 104, "tar-extended-twice", ATTACK, HIGH,                                  \
      "has more than one extended header for the same thing of one member, or one for none")       \
    X(CH_F_TAR_END, 105, "tar-end", IRREGULAR, HIGH, "does not end in two blocks of zeros")        \
    X(CH_F_TAR_TRAILING, 106, "tar-trailing-data", ATTACK, HIGH, "has data after its end")         \
    X(CH_F_TAR_POLYGLOT, 107, "tar-polyglot", ATTACK, HIGH, "is a ZIP archive as well")            \
    X(CH_F_TAR_PADDING, 108, "tar-padding", IRREGULAR, LOW,                                        \
      "has other bytes than zeros between the content of a member and the next header")            \
    X(CH_F_TAR_REPEATED, 109, "tar-repeated-member", IRREGULAR, LOW,                               \
      "has a file twice, the same byte for byte")                                                  \
    /* 110 to 129: sdists, scanner/eco/pypi */                                                     \
    X(CH_F_SDIST_NAME, 110, "sdist-name", IRREGULAR, HIGH,                                         \
      "has no valid file name of a source distribution")                                           \
    X(CH_F_SDIST_FOLDER, 111, "sdist-folder", IRREGULAR, HIGH,                                     \
      "does not keep everything in one folder that is named like itself")                          \
    X(CH_F_SDIST_METADATA, 112, "sdist-metadata", IRREGULAR, HIGH, "has no readable PKG-INFO")     \
    X(CH_F_SDIST_NAME_DIFFERS, 113, "sdist-name-differs", ATTACK, HIGH,                            \
      "names another project inside than outside")                                                 \
    X(CH_F_SDIST_VERSION_DIFFERS, 114, "sdist-version-differs", IRREGULAR, HIGH,                   \
      "names another version inside than outside")                                                 \
    X(CH_F_SDIST_PACKING, 115, "sdist-packing", IRREGULAR, HIGH,                                   \
      "is packed otherwise than its name says")                                                    \
    X(CH_F_SDIST_BUILD, 116, "sdist-build", IRREGULAR, HIGH,                                       \
      "has a setup.py, setup.cfg or pyproject.toml that does not tell clearly how it is built")    \
    X(CH_F_SDIST_BACKEND_PATH, 117, "sdist-backend-path", IRREGULAR, HIGH,                         \
      "is built by code from outside of its own folder")                                           \
    /* 130 to 169: content of members, scanner/content */                                          \
    X(CH_F_TEST_CONTENT, 130, "test-content", IRREGULAR, MEDIUM,                                   \
      "has among its tests and examples what would hold it elsewhere")                             \
    X(CH_F_TYPE_DIFFERS, 131, "type-differs", NOTE, LOW,                                           \
      "has a member whose content is of another type than its name says")                          \
    X(CH_F_NATIVE_DISGUISED, 132, "native-disguised", IRREGULAR, HIGH,                             \
      "has native code under the name of a text, a picture or a document")                         \
    X(CH_F_NATIVE_IN_PURE, 133, "native-in-pure-wheel", IRREGULAR, HIGH,                           \
      "is a wheel for any platform that has native code")                                          \
    X(CH_F_NATIVE_IN_SOURCE, 134, "native-in-source", IRREGULAR, MEDIUM,                           \
      "is a source archive that has native code")                                                  \
    X(CH_F_NATIVE_MACHINE, 135, "native-machine", IRREGULAR, MEDIUM,                               \
      "has a native module for another machine than its platform tag names")                       \
    X(CH_F_NATIVE_RWX, 136, "native-writable-code", IRREGULAR, HIGH,                               \
      "has native code with memory that is both writable and executable")                          \
    X(CH_F_NATIVE_STACK, 137, "native-executable-stack", IRREGULAR, LOW,                           \
      "has native code that asks for an executable stack")                                         \
    X(CH_F_NATIVE_MALFORMED, 138, "native-malformed", IRREGULAR, HIGH,                             \
      "has native code whose headers are malformed")                                               \
    X(CH_F_NATIVE_PARTIAL, 139, "native-partly-read", NOTE, LOW,                                   \
      "has native code so large that not all of its headers were read")                            \
    X(CH_F_NESTED_UNREADABLE, 140, "nested-unreadable", IRREGULAR, HIGH,                           \
      "has an archive inside that cannot be read")                                                 \
    X(CH_F_NESTED_FORGED, 141, "nested-forged", IRREGULAR, HIGH,                                   \
      "has an archive inside that code is loaded from and that readers understand differently")    \
    X(CH_F_NESTED_ODD, 142, "nested-odd", IRREGULAR, LOW,                                          \
      "has an archive of data inside that is not as strict as packages must be")                   \
    X(CH_F_NESTED_ENCRYPTED, 143, "nested-encrypted", IRREGULAR, HIGH,                             \
      "has an encrypted archive inside")                                                           \
    X(CH_F_NESTED_LIMIT, 144, "nested-limit", IRREGULAR, HIGH,                                     \
      "has an archive inside that is larger or deeper than is read")                               \
    X(CH_F_NESTED_APPENDED, 145, "nested-appended", IRREGULAR, HIGH,                               \
      "has an archive appended to a text or a picture, which Python can run as well")              \
    X(CH_F_PYC_UNREADABLE, 150, "pyc-unreadable", IRREGULAR, HIGH,                                 \
      "has compiled Python code that cannot be read")                                              \
    X(CH_F_PYC_WITHOUT_SOURCE, 151, "pyc-without-source", IRREGULAR, HIGH,                         \
      "has compiled Python code without its source")                                               \
    X(CH_F_PYC_DIFFERS, 152, "pyc-differs", IRREGULAR, HIGH,                                       \
      "has compiled Python code that is not that of the source beside it")                         \
    X(CH_F_PYC_DISGUISED, 153, "pyc-disguised", IRREGULAR, HIGH,                                   \
      "has compiled Python code under the name of something else")                                 \
    X(CH_F_NOTEBOOK_ACTIVE, 160, "notebook-active", NOTE, LOW,                                     \
      "has a notebook with outputs that run when it is shown")                                     \
    X(CH_F_SYMLINK, 161, "symlink", NOTE, LOW, "has a symbolic link that stays inside it")         \
    /* 170 to 219: Python source, scanner/source, precision as in scanning.md 3 */                 \
    X(CH_F_SOURCE_REFUSED, 170, "source-refused", NOTE, LOW,                                       \
      "has Python source that Python itself would refuse")                                         \
    X(CH_F_SOURCE_ENCODING, 171, "source-encoding", IRREGULAR, HIGH,                               \
      "has Python source in an encoding that lets other code run than is seen")                    \
    X(CH_F_SOURCE_HIDDEN_CODE, 172, "hidden-code", IRREGULAR, HIGH,                                \
      "runs code that it decodes or puts together first, so that it cannot be read")               \
    X(CH_F_SOURCE_REMOTE_CODE, 173, "remote-code", IRREGULAR, HIGH, "downloads code and runs it")  \
    X(CH_F_SOURCE_HIDDEN_NAME, 174, "hidden-name", IRREGULAR, HIGH,                                \
      "hides which function it calls: its name is put together from pieces")                       \
    X(CH_F_SOURCE_COMPUTED_IMPORT, 175, "computed-import", NOTE, LOW,                              \
      "imports modules whose names it computes")                                                   \
    X(CH_F_SOURCE_INSTALL_NETWORK, 176, "install-network", IRREGULAR, HIGH,                        \
      "uses the network while it is built or installed")                                           \
    X(CH_F_SOURCE_INSTALL_PROCESS, 177, "install-process", IRREGULAR, LOW,                         \
      "starts other programs while it is built or installed")                                      \
    X(CH_F_SOURCE_IMPORT_NETWORK, 178, "import-network", IRREGULAR, HIGH,                          \
      "uses the network as soon as it is imported")                                                \
    X(CH_F_SOURCE_IMPORT_PROCESS, 179, "import-process", IRREGULAR, LOW,                           \
      "starts other programs as soon as it is imported")                                           \
    X(CH_F_SOURCE_START_CODE, 180, "start-code", IRREGULAR, HIGH,                                  \
      "uses the network or starts programs whenever any Python starts")                            \
    X(CH_F_SOURCE_SECRET_THEFT, 181, "secret-theft", IRREGULAR, HIGH,                              \
      "reads keys, passwords or wallets of the user and sends data out")                           \
    X(CH_F_SOURCE_SECRET_NETWORK, 182, "secret-and-network", IRREGULAR, LOW,                       \
      "names a file of credentials in code that also sends data out")                              \
    X(CH_F_SOURCE_DROP_ADDRESS, 183, "drop-address", IRREGULAR, HIGH,                              \
      "has the address and key of a chat channel that receives data")                              \
    X(CH_F_SOURCE_DROP_HOST, 184, "drop-host", IRREGULAR, LOW,                                     \
      "names a host for anonymous uploads, tunnels or call-backs")                                 \
    X(CH_F_SOURCE_BARE_ADDRESS, 185, "bare-address", IRREGULAR, LOW,                               \
      "names a server by a bare public IP address")                                                \
    X(CH_F_SOURCE_REVERSE_SHELL, 186, "reverse-shell", IRREGULAR, HIGH,                            \
      "gives a shell to whoever listens at the other end of a connection")                         \
    X(CH_F_SOURCE_PERSISTENCE, 187, "persistence", IRREGULAR, HIGH,                                \
      "makes code run by itself later: shell profile, scheduler, autostart")                       \
    X(CH_F_SOURCE_DOWNLOAD_RUN, 188, "download-run", IRREGULAR, HIGH,                              \
      "downloads a program and starts it")                                                         \
    X(CH_F_SOURCE_HIDDEN_COMMAND, 189, "hidden-command", IRREGULAR, HIGH,                          \
      "starts a shell command that is encoded, or that runs what it downloads")                    \
    X(CH_F_SOURCE_ANTI_ANALYSIS, 190, "anti-analysis", IRREGULAR, MEDIUM,                          \
      "looks for debuggers, sandboxes and virtual machines")                                       \
    X(CH_F_SOURCE_LONG_LITERAL, 191, "long-literal", NOTE, LOW,                                    \
      "has long literals that look encoded or encrypted")                                          \
    X(CH_F_SOURCE_WIDE_BLANKS, 192, "wide-blanks", IRREGULAR, HIGH,                                \
      "has code far to the right, behind blanks, where no editor shows it")                        \
    X(CH_F_SOURCE_BIDI, 193, "bidi-control", IRREGULAR, HIGH,                                      \
      "has control characters that make source look other than it runs")                           \
    X(CH_F_SOURCE_LOOK_ALIKE, 194, "look-alike-name", IRREGULAR, HIGH,                             \
      "has names in letters that only look like those of well-known names")                        \
    X(CH_F_SOURCE_SELF_DELETE, 195, "self-delete", IRREGULAR, HIGH, "deletes its own source file") \
    X(CH_F_SOURCE_ENVIRONMENT_THEFT, 196, "environment-theft", IRREGULAR, HIGH,                    \
      "sends all environment variables out")                                                       \
    X(CH_F_SOURCE_HOST_THEFT, 197, "host-theft", IRREGULAR, HIGH,                                  \
      "tells somebody the name of the machine or its user, unasked")                               \
    X(CH_F_SOURCE_DNS_THEFT, 198, "dns-theft", IRREGULAR, HIGH,                                    \
      "looks up host names that it makes of local data (a way out past firewalls)")                \
    X(CH_F_SOURCE_KEYLOGGER, 199, "keylogger", IRREGULAR, MEDIUM,                                  \
      "records keys that are pressed, and sends data out")                                         \
    X(CH_F_SOURCE_CLIPBOARD, 200, "clipboard-wallet", IRREGULAR, HIGH,                             \
      "looks for addresses of wallets and changes the clipboard")                                  \
    X(CH_F_SOURCE_EMBEDDED_OBJECT, 201, "embedded-object", IRREGULAR, MEDIUM,                      \
      "unpacks serialised objects, which may be code, from its own source at import")              \
    X(CH_F_SOURCE_MINER, 202, "miner", IRREGULAR, HIGH, "names a server for mining coins")         \
    X(CH_F_SOURCE_MILD, 203, "source-in-tests", NOTE, LOW,                                         \
      "has code in tests, examples or documentation that would hold elsewhere")                    \
    X(CH_F_SOURCE_START_FILE, 204, "start-file", IRREGULAR, LOW,                                   \
      "writes files that run whenever any Python starts (.pth, sitecustomize.py)")                 \
    X(CH_F_SOURCE_OWN_PROGRAM, 205, "own-program", IRREGULAR, HIGH,                                \
      "starts a program or script that it brings along, as soon as it is imported")                \
    X(CH_F_SOURCE_DATA_CODE, 206, "data-code", IRREGULAR, HIGH,                                    \
      "runs a file as code that is no source by its name, or of which nobody can say which it is") \
    X(CH_F_SOURCE_PATCH, 207, "library-patched", IRREGULAR, HIGH,                                  \
      "replaces a function of another library by one that sends data out")                         \
    X(CH_F_SOURCE_TOOL_SETTINGS, 208, "tool-settings", IRREGULAR, HIGH,                            \
      "changes settings of pip, uv, git, an editor or its assistant, without being asked")         \
    X(CH_F_SOURCE_LOGIN_KEY, 209, "login-key", IRREGULAR, HIGH,                                    \
      "lets somebody log in to the machine: it writes authorized_keys")                            \
    /* 220 to 229: YARA rules, shipped and the site's, scanner/rules */                            \
    X(CH_F_RULE_NOTE, 220, "rule-note", NOTE, INFO,                                                \
      "matches a rule that only points something out")                                             \
    X(CH_F_RULE_SUSPICIOUS, 221, "rule-suspicious", IRREGULAR, MEDIUM,                             \
      "matches a rule for what is rarely honest")                                                  \
    X(CH_F_RULE_MALICIOUS, 222, "rule-malicious", IRREGULAR, HIGH,                                 \
      "matches a rule for what attacks do")                                                        \
    X(CH_F_RULE_TIMEOUT, 223, "rule-timeout", IRREGULAR, HIGH,                                     \
      "has a member on which the rules did not come to an end in time")                            \
    X(CH_F_RULE_OVERFLOW, 224, "rule-overflow", IRREGULAR, HIGH,                                   \
      "has a member with more matches of rules, or more source, than can be looked at")            \
    X(CH_F_RULE_INSIDE, 225, "rule-inside", IRREGULAR, HIGH,                                       \
      "has an archive inside that the rules could not look into to its end")                       \
    X(CH_F_RULE_INSIDE_TEST, 226, "rule-inside-test", NOTE, LOW,                                   \
      "has an archive among its tests that the rules could not look into to its end")              \
    X(CH_F_RULE_PARTIAL, 227, "rule-partial", NOTE, MEDIUM,                                        \
      "has a member of which the site's rules saw only the beginning")                             \
    /* 230 to 249: conda packages, scanner/eco/conda */                                            \
    X(CH_F_CONDA_MEMBERS, 230, "conda-members", IRREGULAR, HIGH,                                   \
      "has other members than metadata.json and the two archives named like it")                   \
    X(CH_F_CONDA_NAME, 231, "conda-name", IRREGULAR, HIGH,                                         \
      "is named unlike a conda package, or unlike what is expected")                               \
    X(CH_F_CONDA_INDEX, 232, "conda-index", IRREGULAR, HIGH,                                       \
      "has an info/index.json that cannot be read, or says something else than its name")          \
    X(CH_F_CONDA_PATHS, 233, "conda-paths", IRREGULAR, HIGH,                                       \
      "has no info/paths.json that can be read")                                                   \
    X(CH_F_CONDA_DIFFERS, 234, "conda-differs", ATTACK, HIGH,                                      \
      "has content that info/paths.json says otherwise")                                           \
    X(CH_F_CONDA_UNLISTED, 235, "conda-unlisted", ATTACK, HIGH,                                    \
      "has a file that info/paths.json does not list, or lists one that it has not")               \
    X(CH_F_CONDA_OUTSIDE, 236, "conda-outside", ATTACK, HIGH,                                      \
      "would write outside of the environment that it is installed to")                            \
    X(CH_F_CONDA_ENTRY_POINT, 237, "conda-entry-point", ATTACK, HIGH,                              \
      "has an entry point that is no name, module and function, and would be written or run as "   \
      "something else")                                                                            \
    X(CH_F_CONDA_LINK_SCRIPT, 238, "conda-link-script", IRREGULAR, MEDIUM,                         \
      "runs a script when it is installed or removed")                                             \
    X(CH_F_CONDA_ACTIVATE, 239, "conda-activate", NOTE, LOW,                                       \
      "runs a script whenever its environment is activated")                                       \
    X(CH_F_CONDA_MENU, 240, "conda-menu", NOTE, LOW, "adds entries to the desktop's menu")         \
    X(CH_F_CONDA_PLACEHOLDER, 241, "conda-placeholder", IRREGULAR, MEDIUM,                         \
      "has a prefix to be replaced that is no absolute path")                                      \
    X(CH_F_CONDA_COLLISION, 242, "conda-collision", ATTACK, HIGH,                                  \
      "has two paths that are one where case does not count")                                      \
    X(CH_F_CONDA_RECORD, 243, "conda-record", NOTE, LOW,                                           \
      "has a file that the RECORD of its Python package says otherwise (builders change some)")    \
    X(CH_F_CONDA_LINK, 244, "conda-link", IRREGULAR, HIGH,                                         \
      "has a link by which code would run that was not judged for that")                           \
    X(CH_F_CONDA_PYTHON, 246, "conda-python", IRREGULAR, HIGH,                                     \
      "tells Python of a package in a way, or at a place, that is not read")                       \
    X(CH_F_CONDA_META, 245, "conda-meta", IRREGULAR, HIGH,                                         \
      "has a file where installers keep their own records of an environment")                      \
    /* 260 to 299: images, and what registries name, scanner/eco/oci */                            \
    X(CH_F_OCI_MANIFEST, 260, "oci-manifest", IRREGULAR, HIGH,                                     \
      "is no manifest or index that can be read")                                                  \
    X(CH_F_OCI_AMBIGUOUS, 261, "oci-ambiguous", ATTACK, HIGH,                                      \
      "is one thing to one client and another to the next")                                        \
    X(CH_F_OCI_DATA, 262, "oci-data", ATTACK, HIGH,                                                \
      "carries content that clients take from it unasked, or that is not what its digest says")    \
    X(CH_F_OCI_SCHEMA1, 263, "oci-schema1", IRREGULAR, HIGH,                                       \
      "is of Docker's first format, which does not say what its layers unpack to")                 \
    X(CH_F_OCI_FOREIGN, 264, "oci-foreign", IRREGULAR, HIGH,                                       \
      "has content that clients would get from somewhere else")                                    \
    X(CH_F_OCI_TYPE, 265, "oci-type", IRREGULAR, HIGH,                                             \
      "has content of a media type that nothing here reads as its clients do")                     \
    X(CH_F_OCI_CONTENTS, 266, "oci-contents", IRREGULAR, HIGH,                                     \
      "has a layer that some clients unpack by a table of contents, not by its bytes")             \
    X(CH_F_OCI_CONFIG, 267, "oci-config", IRREGULAR, HIGH,                                         \
      "has a configuration that cannot be read, or that clients read differently")                 \
    X(CH_F_OCI_ROOT, 268, "oci-root", NOTE, LOW, "runs as root where nobody says otherwise")       \
    X(CH_F_OCI_HISTORY, 269, "oci-history", NOTE, LOW,                                             \
      "has a history of other layers than it has")                                                 \
    X(CH_F_OCI_EMPTY, 270, "oci-empty", IRREGULAR, HIGH,                                           \
      "stands for an empty document, and is another")                                              \
    X(CH_F_OCI_STATEMENT, 271, "oci-statement", IRREGULAR, HIGH,                                   \
      "is no statement about a build that can be read")                                            \
    X(CH_F_OCI_SECRET, 272, "oci-secret", IRREGULAR, HIGH,                                         \
      "has a credential or a private key that everybody gets with it")                             \
    X(CH_F_OCI_PASSWORD, 273, "oci-password", IRREGULAR, MEDIUM,                                   \
      "sets something that is called like a secret")                                               \
    X(CH_F_OCI_SECRET_TEST, 274, "oci-secret-test", NOTE, LOW,                                     \
      "has what looks like a credential or private key among tests, examples or documentation")    \
    X(CH_F_OCI_WHITEOUT, 275, "oci-whiteout", IRREGULAR, HIGH,                                     \
      "deletes something in a way that clients read differently")                                  \
    X(CH_F_OCI_PLACE, 276, "oci-below-link", IRREGULAR, HIGH,                                      \
      "has an entry below a link, or below something else that is no folder")                      \
    X(CH_F_OCI_DEVICE, 277, "oci-device", IRREGULAR, HIGH, "has a device")                         \
    X(CH_F_OCI_NODE, 278, "oci-node", NOTE, LOW,                                                   \
      "has a pipe, or a device that every container has")                                          \
    X(CH_F_OCI_LINK, 279, "oci-link", NOTE, LOW,                                                   \
      "has a link to something that is not in the same layer, or above the root")                  \
    X(CH_F_OCI_PYTHON_LINK, 280, "oci-python-link", IRREGULAR, MEDIUM,                             \
      "has a link among Python packages that leads to what was not judged as one")                 \
    X(CH_F_OCI_SETUID, 281, "oci-setuid", NOTE, MEDIUM,                                            \
      "has a program of a package that runs with more rights than who starts it")                  \
    X(CH_F_OCI_SETUID_UNOWNED, 282, "oci-setuid-unowned", IRREGULAR, MEDIUM,                       \
      "has a program of no package that runs with more rights than who starts it")                 \
    X(CH_F_OCI_WRITABLE, 283, "oci-writable", IRREGULAR, MEDIUM,                                   \
      "has commands, or a folder of commands, that everybody may change")                          \
    X(CH_F_OCI_UNOWNED, 284, "oci-unowned", NOTE, LOW, "has a program that no package owns")       \
    X(CH_F_OCI_INVENTORY, 285, "oci-inventory", IRREGULAR, HIGH,                                   \
      "has a list of packages that cannot be read, so that what is installed is not known")        \
    X(CH_F_OCI_INVENTORY_UNREAD, 286, "oci-inventory-unread", NOTE, MEDIUM,                        \
      "has packages in a form that nothing here reads")                                            \
    X(CH_F_OCI_RECORD, 287, "oci-record", NOTE, LOW,                                               \
      "has a file that the RECORD of its Python package says otherwise")                           \
    X(CH_F_OCI_DIFF_ID, 288, "oci-diff-id", IRREGULAR, HIGH,                                       \
      "unpacks to something else than the configuration of its image says")

enum ch_finding_code {
    CH_F_NONE = 0,
#define CH_FINDING_ENUM(code, number, name, cls, severity, text) code = (number),
    CH_FINDINGS(CH_FINDING_ENUM)
#undef CH_FINDING_ENUM
};

struct ch_finding_row {
    enum ch_finding_code code;
    const char *name;
    enum ch_finding_class cls;
    enum ch_severity severity;
    const char *text; /* completes "FILE ..." */
};

const struct ch_finding_row *ch_finding_row(uint32_t code); /* NULL when there is no such code */
const struct ch_finding_row *ch_finding_by_name(struct ch_str name);
const struct ch_finding_row *ch_finding_at(size_t i); /* walks the table; NULL past its end */
const char *ch_finding_class_name(enum ch_finding_class cls); /* "attack" */
const char *ch_severity_name(enum ch_severity severity);      /* "high" */
bool ch_severity_from_name(struct ch_str name, enum ch_severity *ret);

/* One finding as inspection reports it. Slices are borrowed; evidence is already escaped (T20) and at
 * most CH_EVIDENCE_MAX bytes. */
#define CH_EVIDENCE_MAX 256
struct ch_finding {
    enum ch_finding_code code;
    struct ch_str member;   /* path inside the artifact, absent for the whole; raw bytes. Of what a record
                             * says otherwise: that, since it is part of the finding's identity */
    struct ch_str evidence;
};

#endif
