/* Every bound of the program, as a table: no number inside a parser (style.md 4.9).
 * name, default, unit, reason */
#ifndef CUSTOMHOUSE_LIMITS_H
#define CUSTOMHOUSE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define CH_LIMITS(X)                                                                               \
    /* messages */                                                                                 \
    X(channel_queue_bytes, 16777216, "bytes", "unwritten frames of one channel")                   \
    X(text_bytes, 4096, "bytes", "a message field that is text for people")                        \
    /* HTTP server */                                                                              \
    X(http_connections, 4096, "connections", "open at once in one gateway process")                \
    X(http_connections_per_address, 512, "connections", "of one client; a CI farm behind NAT")     \
    X(http_line_bytes, 8192, "bytes", "request line, and each header line")                        \
    X(http_head_bytes, 65536, "bytes", "request line and headers; bearer tokens are long")         \
    X(http_head_lines, 100, "lines", "headers of a request; eight Accept lines are normal")        \
    X(http_path_segments, 32, "segments", "of a request path")                                     \
    X(http_body_buffer_bytes, 16384, "bytes", "room for one read of a request body")              \
    X(http_trailer_bytes, 8192, "bytes", "trailer section of a chunked body; discarded")           \
    X(http_reason_bytes, 256, "bytes", "reason phrase; our sentences are up to 200")               \
    X(http_header_ms, 15000, "ms", "from the first byte of a request, or accept, to its head")     \
    X(http_idle_ms, 75000, "ms", "between requests of a connection")                               \
    X(http_rate_window_ms, 30000, "ms", "over which the least rate is measured")                   \
    X(http_rate_bytes_s, 256, "bytes/s", "least progress of a body in either direction")           \
    X(http_linger_ms, 2000, "ms", "to let a refused client read the answer before the close")      \
    X(http_linger_bytes, 1048576, "bytes", "discarded of what a refused client still sends")        \
    X(http_accept_pause_ms, 100, "ms", "after accept failed for want of descriptors")              \
    X(http_answer_head_bytes, 65536, "bytes", "head of an answer")                                \
    X(http_tls_gather_bytes, 16384, "bytes", "given to one SSL_write; a record has 16 KB")         \
    X(http_write_bytes, 4194304, "bytes", "offered to one writev: other connections get turns")    \
    /* names */                                                                                    \
    X(project_name_bytes, 214, "bytes", "longest name the package indexes accept")                 \
    X(file_name_bytes, 255, "bytes", "a file name on every file system")                           \
    X(version_bytes, 128, "bytes", "a version; PEP 440 sets none")                                 \
    X(url_bytes, 4096, "bytes", "an upstream URL")                                                 \
    /* index pages */                                                                              \
    X(page_bytes, 67108864, "bytes", "one upstream project page; 10,000 files are about 7 MB")     \
    X(page_files, 100000, "files", "files of one project")                                         \
    X(root_bytes, 268435456, "bytes", "an upstream's project list; 40 MB measured")                \
    X(root_names, 5000000, "names", "projects of one upstream")                                    \
    X(metadata_bytes, 8388608, "bytes", "core metadata; descriptions reach 1 MiB")                 \
    X(metadata_headers, 20000, "lines", "header lines of core metadata")                           \
    X(json_depth, 32, "levels", "nesting of a JSON document")                                      \
    /* archives */                                                                                 \
    X(artifact_bytes, 4294967296, "bytes", "one artifact as fetched")                              \
    X(archive_members, 100000, "members", "members of one archive")                                \
    X(archive_unpacked_bytes, 17179869184, "bytes", "sum of unpacked members")                     \
    X(archive_ratio, 50, "times", "unpacked to packed, over archive_ratio_from_bytes")             \
    X(archive_ratio_from_bytes, 67108864, "bytes", "smaller members may compress as they like")    \
    X(member_path_bytes, 1024, "bytes", "a member's path")                                         \
    X(member_whole_bytes, 67108864, "bytes", "members up to this are unpacked whole (libdeflate)") \
    X(record_file_bytes, 67108864, "bytes", "RECORD of a wheel")                                   \
    X(findings, 200, "findings", "kept of one inspection; one more says there were more")          \
    /* jails */                                                                                    \
    X(scan_output_bytes, 268435456, "bytes", "a jail's answer")                                    \
    X(scan_memory_bytes, 805306368, "bytes", "address space of a jail beyond its input mapping")   \
    X(scan_cpu_seconds, 600, "seconds", "CPU time of a jail")                                      \
    X(scan_wall_ms, 900000, "ms", "time of a jail")                                                \
    X(scan_parallel, 2, "jails", "at once per scanner parent")

struct ch_limits {
#define CH_LIMIT_FIELD(name, value, unit, reason) uint64_t name;
    CH_LIMITS(CH_LIMIT_FIELD)
#undef CH_LIMIT_FIELD
};

/* The limits in force. Written once at start-up, before any input is read. */
extern struct ch_limits ch_limits;

#endif
