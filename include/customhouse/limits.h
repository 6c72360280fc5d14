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
    /* configuration and policy */                                                                 \
    X(yaml_bytes, 1048576, "bytes", "a configuration or policy file")                              \
    X(yaml_nodes, 20000, "values", "of one such file")                                             \
    X(yaml_depth, 16, "levels", "nesting of one such file")                                        \
    X(policy_rules, 2000, "rules", "of one policy")                                                \
    X(pip_output_bytes, 262144, "bytes", "what the host's pip says about its configuration")       \
    X(pip_run_ms, 30000, "ms", "time for the host's pip to say it")                                \
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
